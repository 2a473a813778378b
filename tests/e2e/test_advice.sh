#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What "check" says about the host it runs on: interfaces that are not there, forwarding, bridges,
# firewalls beside it.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# A machine may have firewalls of its own whose traces no namespace hides (files in /etc and /run).
warnings() { # FILTER
	rolewall --json check | jq -r ".warnings[].what | select(test(\"$1\"))"
}

test_a_node_where_all_is_in_place_gets_no_advice_about_its_host() {
	assert_equal "" "$(warnings 'no interface|forwards|nftables')" "warnings"
}

test_an_interface_that_is_not_there_is_named() {
	node_file '.interfaces.eth9 = { zone: "external" }'
	warnings 'no interface' | grep -q '"eth9"'
}

test_an_absent_vpn_is_said_to_be_shut() {
	node_file '.interfaces.wg0 = { zone: "vpn" }'
	warnings 'no interface' | grep -q 'nothing comes in through that VPN'
}

test_a_file_that_is_named_is_judged_without_this_host() {
	node_file '.interfaces.eth9 = { zone: "external" }'
	assert_json '.ok and ([.warnings[].what | select(test("no interface"))] == [])' \
		rolewall --json check "$LAB_DIR/node.json"
}

swapped() { # more of the node file
	node_file '.interfaces.eth0.zone = "internal" | .interfaces.eth1.zone = "external"'"$1"
	warnings 'the default route leads there'
}

test_an_interface_towards_the_internet_that_is_internal_is_named() {
	assert_equal "" "$(warnings 'default route')" "warnings"
	swapped '' | grep -q '^eth0 is internal, but the default route leads there: .* open to internal '
	rolewall plan 2>&1 | grep -q '\[default-route-internal\]' || fail "plan does not tell"
	assert_equal "" "$(swapped '| .accept = ["default-route-internal"]')" "accepted"
	node_file 'del(.interfaces.eth1, .interfaces.vpn0) | .interfaces.eth0.zone = "vpn"'
	warnings 'default route' | grep -q '^eth0 is vpn, but '
}

# Behind NAT the Internet does not come by itself; beside an external interface it is one more way in.
test_private_addresses_alone_may_be_internal_behind_nat() {
	ip -n "$LAB_NAME-node" route replace default via "$INSIDE"
	ip -n "$LAB_NAME-node" -6 route delete default
	ip -n "$LAB_NAME-node" -6 address delete "$NODE6_INTERNAL/64" dev eth1
	node_file 'del(.interfaces.eth0, .interfaces.vpn0)'
	assert_equal "" "$(warnings 'default route')" "behind NAT"
	node_file .
	warnings 'default route' | grep -q '^eth1 is internal, but '
	ip -n "$LAB_NAME-node" -6 address add "$NODE6_INTERNAL/64" dev eth1 nodad
	ip -n "$LAB_NAME-node" route delete default
	lab_route_default node "$GATEWAY" "$GATEWAY6"
}

# All that this host asks may go through its VPN: "init" calls such a tunnel vpn.
test_a_tunnel_with_the_default_route_is_a_vpn() {
	ip -n "$LAB_NAME-node" tuntap add tun7 mode tun
	ip -n "$LAB_NAME-node" address add 198.51.100.65/30 dev tun7
	ip -n "$LAB_NAME-node" link set tun7 up
	ip -n "$LAB_NAME-node" route replace default dev tun7
	node_file '.interfaces.tun7 = { zone: "vpn" }'
	assert_equal "" "$(warnings 'default route')" "a tunnel is vpn"
	node_file '.interfaces.tun7 = { zone: "internal" }'
	warnings 'default route' | grep -q '^tun7 is internal, but '
	ip -n "$LAB_NAME-node" route replace default via "$GATEWAY"
	ip -n "$LAB_NAME-node" link delete tun7
}

test_forwarding_and_bridges_are_named() {
	node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	ip -n "$LAB_NAME-node" link add docker0 type bridge
	warnings 'forwards' | grep -q 'docker0'
	ip -n "$LAB_NAME-node" link delete docker0
	node sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	assert_equal "" "$(warnings forwards)" "warnings"
}

test_nftables_rules_beside_it_are_counted() {
	node nft -f - <<-'RULES'
		table inet other {
			chain input {
				type filter hook input priority 0
				tcp dport 8080 drop
				tcp dport 8081 drop
			}
		}
	RULES
	warnings 'other firewall' | grep -q 'nftables table inet other (2 rules)'
	node nft delete table inet other
	assert_equal "" "$(warnings 'nftables')" "warnings"
}

test_an_empty_nftables_table_is_no_firewall() {
	node nft add table inet empty
	assert_equal "" "$(warnings 'nftables')" "warnings"
	node nft delete table inet empty
}

prepare() {
	node_file .
}

run_tests "$@"
