#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Where does a packet come from? Zones by interface, by source prefix on one interface, services
# behind the VPN, and interfaces that nobody listed.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# Ports: 22 internal and vpn, 25 and 6071 external, 8301 internal (also UDP), 9999 nobody's.
setup() {
	local outside=$LAB_NAME-outside

	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 8301,9999
	# More faces of the outside host: a peer, an impostor of that peer's neighbour, a VPN client.
	ip -n "$outside" address add 203.0.113.70/24 dev eth0
	ip -n "$outside" address add 203.0.113.80/24 dev eth0
	ip -n "$outside" address add 2001:db8:1::70/64 dev eth0 nodad
	ip -n "$outside" address add 10.8.0.66/32 dev eth0
	# Answers to the impostor would find the way back: only the policy keeps it out.
	ip -n "$LAB_NAME-node" route add 10.8.0.66/32 via "$OUTSIDE" dev eth0
}

prepare() {
	node_file .
}

test_a_source_prefix_makes_a_zone_on_its_interface() {
	node_file '.interfaces.eth0.sources = { internal: ["203.0.113.64/26", "2001:db8:1::70"] }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer open outside udp "$NODE_EXTERNAL" 8301 -s 203.0.113.70
	assert_answer open outside tcp "$NODE6_EXTERNAL" 5432 -s 2001:db8:1::70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432 -s "$OUTSIDE"
	assert_answer silent outside udp "$NODE_EXTERNAL" 8301 -s "$OUTSIDE"
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 5432 -s "$OUTSIDE6"
}

test_the_longest_source_prefix_wins() {
	node_file '.interfaces.eth0.sources =
		{ internal: ["203.0.113.64/26"], external: ["203.0.113.80/32"] }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.80
}

test_a_vpn_address_on_the_public_interface_gets_nothing() {
	node_file '.vpn_only = ["admin-panel"]
		| .interfaces.vpn0.sources = { vpn: ["10.8.0.0/24"] }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25 -s 10.8.0.66
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071 -s 10.8.0.66
	assert_answer silent outside tcp "$NODE_EXTERNAL" 22 -s 10.8.0.66
	assert_json 'any(.attempts[]; .source == "10.8.0.66" and .port == 6071 and .interface == "eth0"
		and .zone == "external" and .reason == "zone-denied")' rolewall --json blocked
	assert_answer open vpn tcp "$NODE_VPN" 6071
}

# Whom the node talks to from a port that is open to a zone is not thereby let in beside that zone.
test_a_forged_peer_of_a_conversation_gets_nothing_on_the_public_interface() {
	local outside=$LAB_NAME-outside

	assert_exit 0 rolewall apply
	ip -n "$outside" address add "$INSIDE/32" dev eth0
	ip -n "$outside" address add "$INSIDE6/128" dev eth0 nodad
	node "$PROBE" send -p 8301 "$INSIDE" 8301 gossip
	node "$PROBE" send -p 8301 "$INSIDE6" 8301 gossip
	assert_answer open inside udp "$NODE_INTERNAL" 8301
	outside "$PROBE" send -s "$INSIDE" -p 8301 "$NODE_EXTERNAL" 8301 forged
	outside "$PROBE" send -s "$INSIDE6" -p 8301 "$NODE6_EXTERNAL" 8301 forged
	wait_for 3 forged_was_refused "$INSIDE" || fail "IPv4: $(rolewall blocked)"
	wait_for 3 forged_was_refused "$INSIDE6" || fail "IPv6: $(rolewall blocked)"
	ip -n "$outside" address delete "$INSIDE/32" dev eth0
	ip -n "$outside" address delete "$INSIDE6/128" dev eth0
}

forged_was_refused() { # SOURCE
	rolewall --json blocked --source "$1" --port 8301 |
		jq -e 'any(.attempts[]; .interface == "eth0" and .zone == "external"
			and .reason == "zone-denied")' >/dev/null
}

test_a_vpn_only_service_is_refused_outside_and_the_attempt_is_shown() {
	node_file '.vpn_only = ["admin-panel"]'
	assert_exit 0 rolewall apply
	assert_answer open vpn tcp "$NODE_VPN" 6071
	assert_answer open vpn tcp "$NODE6_VPN" 6071
	assert_answer silent inside tcp "$NODE_INTERNAL" 6071
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 6071 -s "$OUTSIDE6"
	assert_json "[.attempts[] | select(.port == 6071 and .source == \"$OUTSIDE\")] | length == 1 and
		(.[0] | .proto == \"tcp\" and .service == \"admin-panel\" and .zone == \"external\"
		and .interface == \"eth0\" and .reason == \"zone-denied\" and .packets >= 1
		and .bytes >= 40 * .packets and .first_seen <= .last_seen)" rolewall --json blocked
	assert_json "any(.attempts[]; .port == 6071 and .source == \"$OUTSIDE6\")" rolewall --json blocked
	assert_json "all(.attempts[]; .port == 6071)" rolewall --json blocked --port 6071
	assert_json ".attempts == []" rolewall --json blocked --port 6071 --source "$VPN"
}

test_a_management_source_reaches_ssh_from_outside() {
	node_file '.management = ["203.0.113.70"]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 22 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 22 -s "$OUTSIDE"
}

test_an_interface_that_appears_later_is_external() {
	assert_exit 0 rolewall apply
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_answer open vpn tcp 192.0.2.1 25
	assert_answer open vpn tcp 2001:db8:5::1 6071
	assert_answer silent vpn tcp 192.0.2.1 22
	assert_answer silent vpn udp 192.0.2.1 8301
	assert_answer silent vpn tcp 192.0.2.1 9999
	assert_answer silent vpn udp 2001:db8:5::1 9999
	assert_json 'any(.attempts[]; .interface == "late0" and .port == 9999 and .proto == "tcp"
		and .reason == "not-open") and any(.attempts[]; .interface == "late0" and .port == 22
		and .reason == "zone-denied" and .zone == "external")' rolewall --json blocked
	ip -n "$LAB_NAME-node" link delete late0
}

test_an_absent_interface_is_reported_and_closed() {
	node_file '.interfaces.tun9 = { zone: "vpn" } | .vpn_only = ["admin-panel"]'
	assert_exit 0 rolewall apply
	assert_json 'any(.interfaces[]; .name == "tun9" and .zone == "vpn")' rolewall --json status
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
}

test_plan_names_sources_and_protocols_that_change() {
	node_file '.interfaces.eth0.sources = { internal: ["192.0.2.0/25"], vpn: ["192.0.2.128/25"] }
		| .management = ["198.51.100.7"] | .protocols = ["esp"]'
	assert_exit 0 rolewall apply
	assert_json '.changes == false and .sources == []' rolewall --json plan

	node_file '.interfaces.eth0.sources = { internal: ["192.0.2.0/25", "192.0.2.128/25"] }
		| .protocols = ["esp", "gre"]'
	assert_json '.changes and .opened == [] and (.closed | map(.port) == [22])
		and (.settings == [{ name: "protocols", from: "esp", to: "gre,esp" }])
		and (.sources | map(select(.interface == "eth0")) == [
			{ interface: "eth0", source: "192.0.2.128/25", from: ["vpn"], to: ["internal"] },
			{ interface: "eth0", source: "198.51.100.7", from: ["external", "management"], to: [] } ])
		and (.sources | any(.interface == null and .source == "198.51.100.7"))' rolewall --json plan
	rolewall plan | grep -qE '^eth0 +192\.0\.2\.128/25 +vpn +internal' || fail "not in the table"
}

run_tests "$@"
