#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may tell the node its addresses and ways: on an external interface only if it lives on that.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

prepare() {
	node ip address change "$NODE_EXTERNAL/24" dev eth0 valid_lft forever preferred_lft forever
	node ip address change "$NODE6_EXTERNAL/64" dev eth0 valid_lft forever preferred_lft forever
	accept_ra 0
	node_file .
}

accept_ra() { # VALUE
	node sh -c "echo $1 >/proc/sys/net/ipv6/conf/eth0/accept_ra"
}

# assert_accepts NUMBER: 1 router advertisements, 2 DHCP, 3 both; of eth0, whose slot is the first
# (struct rw_policy_slot: `accepts` is its second byte).
assert_accepts() {
	local found generation

	assert_exit 0 rolewall apply
	generation=$(status_value .generation)
	found=$(node bpftool -j map lookup pinned "$LAB_DIR/bpf/rolewall/generation-$generation/policy" \
		key 2 0 0 0 | jq -r '.value[1]')
	assert_equal "$1" $((found)) "what eth0 accepts"
}

offer() {
	outside "$PROBE" send -p 67 "$NODE_EXTERNAL" 68 offer
}

test_a_static_interface_outside_takes_no_configuration() {
	local before

	assert_accepts 0
	before=$(drops_value no-connection)
	offer
	# shellcheck disable=SC2317,SC2329
	is_refused() { [ "$(drops_value no-connection)" -gt "$before" ]; }
	wait_for 5 is_refused || fail "the offer was not refused: $(rolewall status)"
}

test_an_interface_with_a_lease_takes_answers_of_dhcp_servers() {
	local before

	node ip address change "$NODE_EXTERNAL/24" dev eth0 valid_lft 3600 preferred_lft 3600
	assert_accepts 2
	before=$(status_value .passes.exempt)
	offer
	# shellcheck disable=SC2317,SC2329
	is_let_in() { [ "$(status_value .passes.exempt)" -gt "$before" ]; }
	wait_for 5 is_let_in || fail "the offer was refused: $(rolewall status)"
}

test_an_interface_without_an_ipv4_address_may_be_waiting_for_one() {
	node ip address delete "$NODE_EXTERNAL/24" dev eth0
	assert_accepts 2
	node ip address add "$NODE_EXTERNAL/24" dev eth0
	lab_route_default node "$OUTSIDE" "$OUTSIDE6" || true
}

test_where_the_kernel_takes_advertisements_they_pass() {
	accept_ra 1
	assert_accepts 1
	accept_ra 2
	assert_accepts 1
}

test_a_route_from_an_advertisement_says_that_they_are_used() {
	node ip -6 route add 2001:db8:77::/48 via "$OUTSIDE6" dev eth0 proto ra
	assert_accepts 1
	node ip -6 route delete 2001:db8:77::/48 via "$OUTSIDE6" dev eth0 proto ra
	assert_accepts 0
}

test_an_ipv6_address_with_a_lifetime_came_by_one_of_the_two() {
	node ip address change "$NODE6_EXTERNAL/64" dev eth0 valid_lft 3600 preferred_lft 3600
	assert_accepts 3
}

test_the_node_file_has_the_last_word() {
	node_file '.interfaces.eth0 += { dhcp: true, ra: true }'
	assert_accepts 3
	accept_ra 1
	node_file '.interfaces.eth0 += { dhcp: false, ra: false }'
	assert_accepts 0
}

run_tests "$@"
