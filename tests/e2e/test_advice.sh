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
