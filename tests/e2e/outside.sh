# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# outside.sh - sourced, behind lib.sh: nodes whose outside alone is listed, and what of theirs is published.

# HOOK: of tc and xdp both are tried.
only_outside() { # HOOK [JQ-FILTER]
	node_file ".roles = [\"mta\"] | .interfaces = { eth0: { zone: \"external\", hook: \"$1\" } } | ${2:-.}"
	assert_exit 0 rolewall apply
}

by_each_hook() { # COMMAND...
	for HOOK in xdp tc; do
		rolewall -q down 2>/dev/null || true
		only_outside "$HOOK"
		assert_json ".interfaces[] | select(.name == \"eth0\") | .hook == \"$HOOK\"" rolewall --json status
		"$@"
	done
}

# 25 leads to 2525 of one container, and 8080 to 80 of another.
assert_published_by_outside_number() { # SERVICE: of 8080
	local address

	for address in "$NODE_EXTERNAL" "$NODE6_EXTERNAL"; do
		assert_answer open outside tcp "$address" 25
		assert_answer silent outside tcp "$address" 2525
		assert_answer silent outside tcp "$address" 8080
		assert_answer silent outside tcp "$address" 80
	done
	only_outside "$HOOK" ".services = [$1]"
	for address in "$NODE_EXTERNAL" "$NODE6_EXTERNAL"; do
		assert_answer open outside tcp "$address" 8080
		assert_answer silent outside tcp "$address" 80
	done
}
