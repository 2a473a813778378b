#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A node moves from one release to the next in place: what changes is named before, and the counters
# of what stays go on.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

SERVED=25,389,21000,21255,8443

setup() {
	spawn node listeners "$PROBE" listen -t "$SERVED" -u 53
}

# passed PORT: what the rule of that TCP port has counted.
passed() {
	rolewall --json show | jq ".rules[] | select(.port == $1 and .proto == \"tcp\") | .passed"
}

test_from_23_10_to_24_1_only_the_sidecars_open_and_counters_go_on() {
	local before

	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer open inside tcp "$NODE_INTERNAL" 389
	assert_answer silent inside tcp "$NODE_INTERNAL" 21000
	before=$(passed 25)
	[ "$before" -gt 0 ]

	node_file '.profile = "carbonio-ce-24.1"'
	assert_json '.closed == [] and .moved == [] and
		(.opened | length == 1) and (.opened[0] |
			.proto == "tcp" and .port == 21000 and .port_end == 21255 and .zones == ["internal"]
			and .role == "mesh" and .service == "sidecar") and
		(.settings | map(.name) == ["profile"])' rolewall --json plan
	assert_exit 0 rolewall apply

	assert_answer open inside tcp "$NODE_INTERNAL" 21255
	assert_answer silent outside tcp "$NODE_EXTERNAL" 21255
	[ "$(passed 25)" -ge "$before" ]
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	[ "$(passed 25)" -gt "$before" ]
}

test_a_port_that_a_release_gave_up_closes() {
	node_file '.profile = "carbonio-ce-24.1" | .roles = ["appserver"]'
	assert_exit 0 rolewall apply
	assert_answer open inside tcp "$NODE_INTERNAL" 8443
	node_file '.profile = "carbonio-ce-25.6" | .roles = ["appserver"]'
	assert_json '(.opened | map(.port) == [9104, 9330]) and (.closed | map(.port) == [8443])' rolewall --json plan
	assert_exit 0 rolewall apply
	assert_answer silent inside tcp "$NODE_INTERNAL" 8443
}

test_the_single_server_of_26_shuts_all_that_is_internal() {
	node_file '.profile = "carbonio-ce-26" | .roles = ["mta", "proxy"]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent inside tcp "$NODE_INTERNAL" 389
}

# The files of docs/profiles.md: each stands behind a line that begins with its name.
documented_files() { # DIRECTORY
	awk -v directory="$1" '
		/^`example-2\// { split($0, part, "`"); file = directory "/" part[2] }
		/^```json/ { inside = 1; next }
		/^```/ { inside = 0 }
		inside { print >file }' "$LAB_ROOT/docs/profiles.md"
}

test_the_profile_that_the_documentation_writes_is_one() {
	local roles=$LAB_DIR/roles

	cp -r "$ROLES_DIR" "$roles"
	mkdir "$roles/example-2"
	documented_files "$roles"
	assert_equal "flows.json mta.json profile.json" "$(cd "$roles/example-2" && echo *)" "the files"
	assert_json '[.services[] | .port] == [25, 587, 8443, 7070, 10024]' \
		rolewall --json --roles-dir "$roles" roles --profile example-2 mta
	node_file '.profile = "example-2" | .roles = ["mta", "imap"]'
	assert_exit 0 rolewall --roles-dir "$roles" apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 8443
	printf '%s\n' 'installed example-mail-server' >"$LAB_DIR/packages"
	mkdir "$LAB_DIR/bin"
	printf '#!/bin/sh\ncat "%s/packages"\n' "$LAB_DIR" >"$LAB_DIR/bin/dpkg-query"
	chmod +x "$LAB_DIR/bin/dpkg-query"
	PATH=$LAB_DIR/bin:$PATH assert_json '.profile == "example-2" and (.roles | index("mta"))' \
		rolewall --json -q --roles-dir "$roles" init --stdout
}

prepare() {
	node_file .
}

run_tests "$@"
