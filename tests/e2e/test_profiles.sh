#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every profile that is shipped, with all its roles, applied and scanned from three zones, against the
# tables of tests/unit/profiles. Something listens on every port: an open one is open because of the
# policy, and a silent one is silent because of it.
#
# long: eighteen policies, each scanned from three zones

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

TABLES=$LAB_ROOT/tests/unit/profiles

# The tables as one, without asking Rolewall: lines "PROFILE WHO PORT[-PORT] PROTO".
rows() {
	awk -F '\t' '!/^#/ {
		release = $2 == "26.x" ? "26" : $2
		print $1 "-" release, ($4 == "every-node" && $5 == 22 ? "internal,vpn" : $3), $5, $6
	}' "$TABLES/carbonio-ports-by-release.tsv"
	awk -F '\t' '!/^#/ { print $1, ($4 == 22 ? "internal,vpn" : $3), $4, $5 }' \
		"$TABLES/carbonio-corrections.tsv"
	awk -F '\t' '!/^#/ { sub(/\+$/, "", $3); n = split($4, ports, " ")
		for (i = 1; i <= n; i++) print $1, $3, ports[i], "tcp"; seen[$1] = 1 }
		END { for (profile in seen) print profile, "internal,vpn", 22, "tcp" }' \
		"$TABLES/other-stacks.tsv"
}

# Every port of every table, the ends and the middle of ranges, their neighbours, and some of nobody.
all_ports() {
	awk '{ n = split($3, ends, "-"); first = ends[1]; last = ends[n]
		print first; print last; print int((first + last) / 2)
		if (first > 1) print first - 1; print last + 1 }
		END { print 1; print 53; print 3389; print 65535 }' "$LAB_DIR/rows" | sort -nu | paste -sd,
}

# What a zone reaches by the tables, of the ports that are scanned: "PROTO/PORT ...".
expected_open() { # PROFILE ZONE
	awk -v profile="$1" -v zone="$2" -v ports="$PORTS" '
	BEGIN { count = split(ports, list, ",") }
	$1 != profile || $2 == "loopback" { next }
	$2 == "external" || ("," $2 ",") ~ ("," zone ",") {
		n = split($3, ends, "-")
		for (i = 1; i <= count; i++)
			if (list[i] >= ends[1] + 0 && list[i] <= ends[n] + 0) print $4 "/" list[i]
	}' "$LAB_DIR/rows" | sort -u | paste -sd' '
}

setup() {
	rows >"$LAB_DIR/rows"
	PORTS=$(all_ports)
	spawn node listeners "$PROBE" listen -t "$PORTS" -u "$PORTS"
}

prepare() {
	:
}

# assert_profile PROFILE [THE-ONE-WHOSE-TABLE-IT-HAS]
assert_profile() {
	local table=${2:-$1} roles

	[ -n "$(expected_open "$table" external)" ] || fail "there is no table of $table"
	roles=$(rolewall --json roles --profile "$1" |
		jq -c '[.profiles[0].roles[].role | select(. != "every-node")]')
	node_file ".profile = \"$1\" | .roles = $roles"
	assert_exit 0 rolewall apply
	assert_reach outside "$(expected_open "$table" external)" -t "$PORTS" -u "$PORTS" "$NODE_EXTERNAL"
	assert_reach inside "$(expected_open "$table" internal)" -t "$PORTS" -u "$PORTS" "$NODE_INTERNAL"
	assert_reach vpn "$(expected_open "$table" vpn)" -t "$PORTS" -u "$PORTS" "$NODE_VPN"
}

test_the_community_edition_agrees_with_its_tables() {
	local release

	for release in 23.10 24.1 25.6 25.9 26; do
		assert_profile "carbonio-ce-$release"
	done
}

test_the_commercial_edition_agrees_with_its_tables() {
	local release

	for release in 23.12 24.1 24.9 25.6 25.9; do
		assert_profile "carbonio-$release"
	done
	assert_profile carbonio-26 carbonio-25.9
}

test_other_stacks_agree_with_their_tables() {
	local profile

	for profile in grommunio iredmail mailcow mailu postfix-dovecot proxmox-mail-gateway zimbra-10; do
		assert_profile "$profile"
	done
}

test_no_profile_is_left_out() {
	assert_equal 18 "$(rolewall --json roles | jq '.profiles | length')" "profiles"
}

run_tests "$@"
