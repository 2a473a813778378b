#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who reaches what? Scans with real sockets from each zone against the seed page's table: every port
# of the page and 200 others, TCP and UDP, IPv4 and IPv6. Something listens on all of them, so that
# an open port is open because of the policy and a silent one is silent because of it.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The 200 that a mistake would hit first: neighbours of the page's ports, both ends of the range,
# well-known ports; filled up with ports spread over the whole range.
other_ports() {
	seed_ports | awk '
	function take(port) {
		if (port >= 1 && port <= 65535 && !(port in seen) && count < 200) {
			seen[port] = 1; count++; print port
		}
	}
	{ seen[$1] = 1; page[++n] = $1 }
	END {
		take(1); take(65535); take(53); take(123); take(161); take(3306); take(6379)
		for (i = 1; i <= n; i++) { take(page[i] - 1); take(page[i] + 1) }
		for (i = 1; count < 200; i++) take(1 + (i * 7919) % 65535)
	}'
}

setup() {
	PORTS=$({ seed_ports; other_ports; } | sort -n | paste -sd,)
	spawn node listeners "$PROBE" listen -t "$PORTS" -u "$PORTS"
}

# expected_answers ZONE ROLES VPN-ONLY-SERVICES, as the probe prints them.
expected_answers() {
	seed_open "$2" "$3" | awk -v zone="$1" -v ports="$PORTS" '
	{ if (("," $3 ",") ~ ("," zone ",")) is_open[$1, $2] = 1 }
	END {
		split("tcp udp", protos, " "); split("ipv4 ipv6", families, " ")
		count = split(ports, list, ",")
		for (p = 1; p <= 2; p++) for (f = 1; f <= 2; f++) for (i = 1; i <= count; i++)
			print protos[p], families[f], list[i],
				((protos[p], list[i]) in is_open) ? "open" : "silent"
	}' | sort
}

# assert_scan HOST ZONE IPV4 IPV6 ROLES VPN-ONLY-SERVICES
assert_scan() {
	expected_answers "$2" "$5" "$6" >"$LAB_DIR/expected"
	"$1" "$PROBE" scan -t "$PORTS" -u "$PORTS" "$3" "$4" | sort >"$LAB_DIR/found"
	assert_equal 4 "$(cut -d' ' -f1,2 "$LAB_DIR/found" | sort -u | wc -l)" "kinds of scan"
	diff "$LAB_DIR/expected" "$LAB_DIR/found" || fail "$1 does not see what the page says"
}

ALL_ROLES="mta proxy postgres directory-server appserver videoserver mesh"

test_all_roles_from_outside_agree_with_the_page() {
	assert_exit 0 rolewall apply
	assert_scan outside external "$NODE_EXTERNAL" "$NODE6_EXTERNAL" "$ALL_ROLES" ""
}

test_all_roles_from_inside_agree_with_the_page() {
	assert_exit 0 rolewall apply
	assert_scan inside internal "$NODE_INTERNAL" "$NODE6_INTERNAL" "$ALL_ROLES" ""
}

test_all_roles_from_the_vpn_agree_with_the_page() {
	assert_exit 0 rolewall apply
	assert_scan vpn vpn "$NODE_VPN" "$NODE6_VPN" "$ALL_ROLES" ""
}

test_an_mta_opens_only_what_an_mta_needs() {
	node_file '.roles = ["mta"]'
	assert_exit 0 rolewall apply
	assert_scan inside internal "$NODE_INTERNAL" "$NODE6_INTERNAL" "mta" ""
}

VPN_ONLY="submission smtps pop3 imap imaps pop3s admin-panel"

test_vpn_only_services_are_shut_outside() {
	node_file '.vpn_only = ("'"$VPN_ONLY"'" | split(" "))'
	assert_exit 0 rolewall apply
	assert_scan outside external "$NODE_EXTERNAL" "$NODE6_EXTERNAL" "$ALL_ROLES" "$VPN_ONLY"
}

test_vpn_only_services_are_open_through_the_vpn() {
	node_file '.vpn_only = ("'"$VPN_ONLY"'" | split(" "))'
	assert_exit 0 rolewall apply
	assert_scan vpn vpn "$NODE_VPN" "$NODE6_VPN" "$ALL_ROLES" "$VPN_ONLY"
}

test_a_node_without_interfaces_opens_the_external_table_alone() {
	node_file '.interfaces = {}'
	assert_exit 0 rolewall apply
	assert_scan inside external "$NODE_INTERNAL" "$NODE6_INTERNAL" "$ALL_ROLES" ""
}

prepare() {
	node_file .
}

run_tests "$@"
