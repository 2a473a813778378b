#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sources with a name: a set on one port opens it to its sources, on its interfaces, and to nobody
# else. From outside, inside and the VPN, over IPv4 and IPv6.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# 9999 and 9998 are no role's.
setup() {
	local outside=$LAB_NAME-outside

	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9998,9999 -u 9999
	# More faces of the outside host.
	for address in 203.0.113.70/24 203.0.113.80/24; do
		ip -n "$outside" address add "$address" dev eth0
	done
	ip -n "$outside" address add 2001:db8:1::70/64 dev eth0 nodad
	ip -n "$outside" address add 2001:db8:1::80/64 dev eth0 nodad
}

prepare() {
	rm -f "$LAB_DIR"/*.list
	node_file .
}

# SETS: apply them, with 9999 open to the set "office".
office() {
	node_file ".sets = $1 | .services = [{ name: \"db\", proto: [\"tcp\", \"udp\"], port: 9999, from: [\"office\"] }]"
	assert_exit 0 rolewall apply
}

# HOST ADDRESS SOURCE ANSWER: at 9999, over TCP and UDP
assert_db() {
	assert_answer "$4" "$1" tcp "$2" 9999 -s "$3"
	assert_answer "$4" "$1" udp "$2" 9999 -s "$3"
}

test_a_set_opens_its_port_to_its_sources_and_to_nobody_else() {
	office '{ office: ["203.0.113.70", "2001:db8:1::70", "172.16.0.2", "2001:db8:3::/64"] }'
	assert_db outside "$NODE_EXTERNAL" 203.0.113.70 open
	assert_db outside "$NODE6_EXTERNAL" 2001:db8:1::70 open
	assert_db inside "$NODE_INTERNAL" "$INSIDE" open
	assert_db vpn "$NODE6_VPN" "$VPN6" open
	assert_db outside "$NODE_EXTERNAL" 203.0.113.80 silent
	assert_db outside "$NODE6_EXTERNAL" 2001:db8:1::80 silent
	assert_db inside "$NODE6_INTERNAL" "$INSIDE6" silent
	assert_db vpn "$NODE_VPN" "$VPN" silent
	# No other port, and no zone of its own.
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer open inside tcp "$NODE_INTERNAL" 5432 -s "$INSIDE"
	assert_json 'any(.attempts[]; .source == "203.0.113.80" and .port == 9999 and .reason == "zone-denied"
		and .zone == "external")' rolewall --json blocked
}

test_a_host_in_two_sets_has_both() {
	node_file '.sets = { office: ["203.0.113.64/26", "2001:db8:1::/64"], one: ["203.0.113.70", "2001:db8:1::70"],
			world: ["0.0.0.0/0"] }
		| .services = [{ name: "db", proto: "tcp", port: 9999, from: ["office"] },
			{ name: "two", proto: "tcp", port: 9998, from: ["one"] },
			{ name: "three", proto: "tcp", port: 5432, from: ["world"] }]'
	assert_exit 0 rolewall apply
	# The longest prefix does not hide those around it.
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.70
	assert_answer open outside tcp "$NODE_EXTERNAL" 9998 -s 203.0.113.70
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer open outside tcp "$NODE6_EXTERNAL" 9999 -s 2001:db8:1::70
	assert_answer open outside tcp "$NODE6_EXTERNAL" 9998 -s 2001:db8:1::70
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.80
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9998 -s 203.0.113.80
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 9998 -s 2001:db8:1::80
	# All of IPv4 is no IPv6.
	assert_answer open vpn tcp "$NODE_VPN" 5432
	assert_answer silent vpn tcp "$NODE6_VPN" 5432
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 5432 -s 2001:db8:1::70
}

test_a_set_and_the_zone_of_a_source_do_not_hide_each_other() {
	office '{ office: ["203.0.113.64/26"] }'
	node_file '.sets = { office: ["203.0.113.64/26"] }
		| .interfaces.eth0.sources = { internal: ["203.0.113.70", "203.0.113.0/25"] }
		| .services = [{ name: "db", proto: "tcp", port: 9999, from: ["office"] }]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.70
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.80
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999 -s "$OUTSIDE"
}

test_a_forged_source_on_another_interface_gets_nothing() {
	local outside=$LAB_NAME-outside

	ip -n "$outside" address add "$INSIDE/32" dev eth0
	ip -n "$outside" address add "$INSIDE6/128" dev eth0 nodad
	office '{ office: { sources: ["172.16.0.0/24", "2001:db8:2::/64"], on: ["eth1"] } }'
	assert_db inside "$NODE_INTERNAL" "$INSIDE" open
	assert_db inside "$NODE6_INTERNAL" "$INSIDE6" open
	outside "$PROBE" send -s "$INSIDE" -p 4000 "$NODE_EXTERNAL" 9999 forged
	outside "$PROBE" send -s "$INSIDE6" -p 4000 "$NODE6_EXTERNAL" 9999 forged
	wait_for 3 forged_was_refused "$INSIDE" || fail "IPv4: $(rolewall blocked)"
	wait_for 3 forged_was_refused "$INSIDE6" || fail "IPv6: $(rolewall blocked)"
	ip -n "$outside" address delete "$INSIDE/32" dev eth0
	ip -n "$outside" address delete "$INSIDE6/128" dev eth0
}

forged_was_refused() { # SOURCE
	rolewall --json blocked --source "$1" --port 9999 |
		jq -e 'any(.attempts[]; .interface == "eth0" and .reason == "zone-denied")' >/dev/null
}

test_an_interface_that_is_not_listed_takes_sets_without_on_only() {
	node_file 'del(.interfaces.eth0)
		| .sets = { office: ["203.0.113.70"], inner: { sources: ["203.0.113.80"], on: ["eth1"] } }
		| .services = [{ name: "db", proto: "tcp", port: 9999, from: ["office", "inner"] }]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.80
}

test_a_prefix_in_from_and_a_file_of_prefixes() {
	printf '# two\n203.0.113.80\n\n2001:db8:1::80 # by IPv6\n' >"$LAB_DIR/office.list"
	node_file '.sets = { office: ["@file:office.list"] }
		| .services = [{ name: "db", proto: "tcp", port: 9999, from: ["office", "203.0.113.70"] }]'
	assert_exit 0 rolewall apply
	for source in 203.0.113.70 203.0.113.80; do
		assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s "$source"
	done
	assert_answer open outside tcp "$NODE6_EXTERNAL" 9999 -s 2001:db8:1::80
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999 -s "$OUTSIDE"
	# What was applied needs the file no more.
	rm "$LAB_DIR/office.list"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s 203.0.113.80
	assert_exit 4 rolewall check
	[[ $OUTPUT = *office.list* ]] || fail "not named: $OUTPUT"
}

test_a_list_that_others_may_write_is_warned_of() {
	echo 203.0.113.80 >"$LAB_DIR/office.list"
	node_file '.sets = { office: ["@file:office.list"] }'
	assert_exit 0 rolewall apply
	! grep -q "office.list: warning" <<<"$OUTPUT" || fail "of root alone, and warned of: $OUTPUT"
	chmod 0666 "$LAB_DIR/office.list"
	assert_exit 0 rolewall apply
	grep -q "office.list: warning: others may write" <<<"$OUTPUT" || fail "not warned of: $OUTPUT"
	chown 65533 "$LAB_DIR/office.list"
	assert_exit 0 rolewall apply
	grep -q "office.list: warning: it does not belong to root" <<<"$OUTPUT" || fail "not warned of: $OUTPUT"
}

test_management_never_ban_and_vpn_only_take_sets() {
	node_file '.sets = { office: ["203.0.113.70"], spared: ["203.0.113.80"] }
		| .management = ["office"] | .never_ban = ["spared"] | .vpn_only = ["admin-panel", "office"]'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 22 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 22 -s 203.0.113.80
	assert_answer open outside tcp "$NODE_EXTERNAL" 6071 -s 203.0.113.70
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071 -s 203.0.113.80
	assert_answer open vpn tcp "$NODE_VPN" 6071
	for source in 203.0.113.70 203.0.113.80; do
		assert_exit 1 rolewall ban "$source"
	done
}

# --- what is told of them -------------------------------------------------------------------------

test_every_view_names_the_sets() {
	assert_exit 0 rolewall apply
	node_file '.sets = { office: ["203.0.113.64/26"], one: { sources: ["203.0.113.70", "name:gw.example.net"], on: ["eth0", "eth1"] } }
		| .services = [{ name: "db", proto: "tcp", port: 9999, from: ["internal", "office", "198.51.100.1"] },
			{ name: "two", proto: "tcp", port: 9998, from: ["one"] }]'
	assert_json '.sets | map([.name, .change, .added]) == [["office", "new", ["203.0.113.64/26"]], ["one", "new", ["203.0.113.70"]]]' \
		rolewall --json plan
	assert_json '.opened[] | select(.port == 9999) | .zones == ["internal"] and .sets == ["office", "198.51.100.1"]' \
		rolewall --json plan
	assert_exit 0 rolewall apply
	assert_json '.rules[] | select(.port == 9999) | .sets == ["office", "198.51.100.1"]' rolewall --json show
	rolewall show | grep -qE '^tcp +9999 +db +node +internal,office,198\.51\.100\.1 ' || fail "show: $(rolewall show)"
	assert_json '.sets == ["office", "one"] and .verdict == "drop"' rolewall --json explain 203.0.113.70 5432
	rolewall explain 203.0.113.70 9999 | grep -q "203.0.113.70 is in office,one" || fail "explain: $(rolewall explain 203.0.113.70 9999)"
	assert_json '.sets == []' rolewall --json explain "$OUTSIDE" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432 -s 203.0.113.70
	assert_json 'any(.attempts[]; .source == "203.0.113.70" and .sets == ["office", "one"])' rolewall --json blocked
	rolewall blocked | grep -q "external,office,one" || fail "blocked: $(rolewall blocked)"
	assert_json '.sets | map([.name, .on, (.sources | length), (.opens | map(.port))]) == [["office", null, 1, [9999]],
		["one", ["eth0", "eth1"], 1, [9998]], [null, null, 1, [9999]]]' rolewall --json sets
	rolewall sets | grep -qE '^one +1 +eth0,eth1 +9998/tcp two' || fail "sets: $(rolewall sets)"
	rolewall sets office | grep -qE '^203\.0\.113\.64/26 +.*node\.json:[0-9]+' || fail "sets office: $(rolewall sets office)"
	rolewall sets one | grep -q "gw.example.net" || fail "sets one: $(rolewall sets one)"
	assert_exit 2 rolewall sets ofice
	[[ $OUTPUT = *office* ]] || fail "no guess: $OUTPUT"
	assert_exit 0 rolewall check
	[[ $OUTPUT = *gw.example.net*name-unresolved* ]] || fail "not said: $OUTPUT"
}

test_plan_tells_what_a_set_gains_and_loses() {
	local before='{ office: ["203.0.113.70", "203.0.113.71"], other: ["198.51.100.1"] }'

	office "$before"
	# Another set comes first, and takes another bit: nothing opens or closes.
	node_file '.sets = { new: [], office: { sources: ["203.0.113.70", "203.0.113.72"], on: ["eth0"] } }
		| .services = [{ name: "db", proto: ["tcp", "udp"], port: 9999, from: ["office"] }]'
	assert_json '.opened == [] and .closed == [] and (.sets | map([.name, .change, .added, .removed, .on_to]) == [
		["new", "new", [], [], null], ["office", "changed", ["203.0.113.72"], ["203.0.113.71"], ["eth0"]],
		["other", "gone", [], ["198.51.100.1"], null]])' rolewall --json plan
	rolewall plan | grep -qE 'set office +\+203\.0\.113\.72, -203\.0\.113\.71; by eth0' || fail "plan: $(rolewall plan)"
	assert_exit 0 rolewall apply
	assert_json '.changes == false and .sets == []' rolewall --json plan
}

run_tests "$@"
