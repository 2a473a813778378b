#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tc hook: it judges like XDP, is put on and taken off whole, and leaves what others have there.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

SCAN=(-t "22,25,5432,6071,9999" -u "8301,9999")
BY_TC='.interfaces[].hook = "tc"'

setup() {
	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 8301,9999
}

prepare() {
	ip -n "$LAB_NAME-node" link delete late0 2>/dev/null || true
	rolewall -q down 2>/dev/null || true
	node_file "$BY_TC"
}

node_tc() {
	tc -n "$LAB_NAME-node" "$@"
}

# assert_hook NAME HOOK XDP-MODE [NOTE-PATTERN]
assert_hook() {
	assert_json ".interfaces[] | select(.name == \"$1\") | .hook == \"$2\" and .xdp_mode == \"$3\"
		and (.note // \"\" | test(\"${4:-}\"))" status_json
}

assert_ports() {
	assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	assert_reach inside "tcp/22 tcp/25 tcp/5432 tcp/6071 udp/8301" "${SCAN[@]}" \
		"$NODE_INTERNAL" "$NODE6_INTERNAL"
}

judges() {
	node_file "$BY_TC"
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none "asks for tc"
	assert_hook eth1 tc none
	assert_ports
	assert_json 'any(.attempts[]; .interface == "eth0" and .port == 9999 and .reason == "not-open")' \
		rolewall --json blocked
	assert_books_balance
	assert_json '.hook == "tc" and .verdict == "drop"' rolewall --json explain "$OUTSIDE" 9999/tcp
	# A second apply keeps it, another choice changes it, and it never stands beside XDP.
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none
	node_file '.interfaces[].hook = "xdp"'
	assert_exit 0 rolewall apply
	assert_hook eth0 xdp native
	assert_no_tc
	assert_ports
	node_file "$BY_TC"
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show eth0
	node_file '.interfaces[].hook = "cgroup"'
	assert_exit 0 rolewall apply
	assert_hook eth0 cgroup none "asks for the cgroup hook"
	assert_no_tc
	assert_ports
	assert_books_balance
}

# Neither a link's program (the pins say) nor a qdisc.
assert_no_tc() {
	local device

	for device in eth0 eth1 vpn0; do
		assert_equal "" "$(node_tc qdisc show dev "$device" clsact)" "clsact of $device"
	done
	assert_equal "" "$(find "$LAB_DIR/bpf/rolewall/links" -name 'tc-*' 2>/dev/null || true)" "pins of links"
}

test_tc_judges_as_xdp_does() {
	by_links_and_filters judges
}

# Programs with our maps: others may be about to go, or belong to another run.
tc_programs() { # MAP-ID
	bpftool -j prog show | jq --argjson map "$1" \
		'.[] | select(.name == "rolewall_tc" and (.map_ids // [] | index($map))) | .id'
}

leaves_nothing() {
	local map

	assert_exit 0 rolewall apply
	map=$(bpftool -j map show pinned "$LAB_DIR/bpf/rolewall/maps/policy" | jq .id)
	[ -n "$(tc_programs "$map")" ] || fail "no program is there"
	assert_exit 0 rolewall down
	assert_no_tc
	wait_for 10 eval "[ -z \"\$(tc_programs $map)\" ]" || fail "a program is left"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

test_down_leaves_nothing_of_tc() {
	by_links_and_filters leaves_nothing
}

foreign_filter() { # DEVICE DIRECTION
	node_tc filter add dev "$1" "$2" prio 1 protocol ip u32 match u32 0 0 classid 1:1
}

# On eth0 the qdisc was there before; the one of eth1 is ours, until another has a filter there as well.
keeps_others() {
	local device

	node_tc qdisc add dev eth0 clsact
	foreign_filter eth0 ingress
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none
	node_tc filter show dev eth0 ingress | grep -q u32 || fail "the filter of others is gone"
	assert_ports
	node_tc qdisc add dev eth1 clsact 2>/dev/null || true
	foreign_filter eth1 egress
	assert_exit 0 rolewall down
	for device in eth0 eth1; do
		node_tc qdisc show dev "$device" clsact | grep -q clsact || fail "the qdisc of others on $device is gone"
		node_tc qdisc del dev "$device" clsact
	done
	assert_no_tc
}

test_filters_of_others_stay() {
	by_links_and_filters keeps_others
}

# What is merged lies in pieces, of which only the headers are pulled; fragments have room.
test_what_gro_merged_passes_as_it_is() {
	node_file "$BY_TC | .services = [{ name: \"sink\", proto: \"tcp\", port: 6072, table: \"external\" }]"
	assert_exit 0 rolewall apply
	launch node sink socat -u TCP6-LISTEN:6072,fork,reuseaddr OPEN:/dev/null
	wait_for 10 eval 'node ss -Hltn "sport = 6072" | grep -q 6072' || fail "nobody listens"
	outside timeout 60 sh -c "head -c 50000000 /dev/zero | socat -u - TCP:$NODE_EXTERNAL:6072"
	outside ping -q -c 2 -W 5 -s 20000 "$NODE_EXTERNAL" >/dev/null || fail "no room for fragments"
	assert_json '.drops.malformed == 0' rolewall --json status
	assert_books_balance
}

# An unlisted VLAN is external, though its interface is not: the tag stands beside the frame there.
test_a_vlan_tag_is_seen_by_tc() {
	local mac

	assert_exit 0 rolewall apply
	mac=$(ip -n "$LAB_NAME-node" -j link show eth1 | jq -r '.[0].address')
	# 22 is open to eth1; what comes with a tag is not of eth1.
	inside "$PROBE" syn -i eth0 -m "$mac" -s "$INSIDE" -v 7 -w 300 "$NODE_INTERNAL" 22 || true
	assert_json 'any(.attempts[]; .interface == "eth1" and .port == 22 and .reason == "zone-denied"
		and .zone == "external")' rolewall --json blocked
	inside "$PROBE" syn -i eth0 -m "$mac" -s "$INSIDE" -v 7,8,9 -w 300 "$NODE_INTERNAL" 22 || true
	assert_json 'any(.attempts[]; .interface == "eth1" and .reason == "malformed")' rolewall --json blocked
}

test_a_tun_device_is_judged_by_tc() {
	spawn node wire "$PROBE" wire wire0 "/run/netns/$LAB_NAME-vpn" wire0
	ip -n "$LAB_NAME-node" address add 10.99.0.1 peer 10.99.0.2 dev wire0
	ip -n "$LAB_NAME-vpn" address add 10.99.0.2 peer 10.99.0.1 dev wire0
	ip -n "$LAB_NAME-node" link set wire0 up
	ip -n "$LAB_NAME-vpn" link set wire0 up
	node_file '.interfaces.wire0 = { zone: "internal", hook: "tc" }'
	assert_exit 0 rolewall apply
	assert_hook wire0 tc none
	assert_reach vpn "tcp/22 tcp/25 tcp/5432 tcp/6071 udp/8301" "${SCAN[@]}" 10.99.0.1
	assert_books_balance
}

# --- what "auto" makes of a device -----------------------------------------------------------------

# late0 becomes a port of br0, which is in the zone internal and has late0's addresses.
bridge_start() {
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	ip -n "$LAB_NAME-node" link add br0 type bridge
	ip -n "$LAB_NAME-node" address flush dev late0
	ip -n "$LAB_NAME-node" link set late0 master br0
	ip -n "$LAB_NAME-node" address add 192.0.2.1/24 dev br0
	ip -n "$LAB_NAME-node" address add 2001:db8:5::1/64 dev br0 nodad
	ip -n "$LAB_NAME-node" link set br0 up
	wait_for 5 vpn ping -q -c 1 -W 1 192.0.2.1 >/dev/null
}

test_tc_filters_where_the_driver_has_no_native_xdp() {
	bridge_start
	node_file '.interfaces.br0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_hook br0 tc none "no native XDP"
	assert_hook eth0 xdp native
	assert_reach vpn "tcp/22 tcp/25 tcp/5432 tcp/6071 udp/8301" "${SCAN[@]}" 192.0.2.1 2001:db8:5::1
	assert_books_balance
	# What a version before this one left there gives way; what is asked for by name stays.
	node_file '.interfaces.br0 = { zone: "internal", hook: "xdp" }'
	assert_exit 0 rolewall apply
	assert_hook br0 xdp generic "no native XDP"
	node_file '.interfaces.br0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_hook br0 tc none "no native XDP"
	ip -n "$LAB_NAME-node" link delete br0
}

test_auto_leaves_a_veth_to_tc() {
	node_file '.interfaces[].hook = "auto"'
	rolewall plan | grep -qE "^eth0 +hook auto: tc, native XDP " || fail "the plan does not foresee it: $(rolewall plan)"
	assert_json 'any(.hooks[]; .name == "eth0" and .hook == "tc")' rolewall --json plan
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none "native XDP would copy each packet"
	assert_ports
	assert_books_balance
	# What a version before this one has there gives way.
	node_file '.interfaces[].hook = "xdp"'
	assert_exit 0 rolewall apply
	assert_hook eth0 xdp native
	node_file '.interfaces[].hook = "auto"'
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none "native XDP would copy each packet"
}

test_tc_filters_beside_an_xdp_program_of_others() {
	node "$PROBE" stranger "$LAB_DIR/bpf/stranger"
	ip -n "$LAB_NAME-node" link set eth0 xdpdrv pinned "$LAB_DIR/bpf/stranger"
	node_file '.interfaces.eth0.hook = "auto"'
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none "another XDP program is attached"
	assert_hook eth1 xdp native
	assert_ports
	assert_exit 0 rolewall down
	assert_no_tc
	ip -n "$LAB_NAME-node" link set eth0 xdpdrv off
	rm "$LAB_DIR/bpf/stranger"
}

# --- what others do --------------------------------------------------------------------------------

# A filter is no link: another process can remove it. The daemon puts it back.
test_a_filter_that_was_removed_comes_back() {
	trap 'stop daemon; rolewall -q down' EXIT
	export ROLEWALL_PROBE_OFF=tcx
	assert_exit 0 rolewall apply
	daemon_start
	node_tc qdisc del dev eth0 clsact
	wait_for 5 eval 'node_tc filter show dev eth0 ingress | grep -q rolewall_tc' ||
		fail "it does not come back: $(<"$LAB_DIR/daemon.err")"
	wait_for 5 daemon_said "Rolewall's tc filter on eth0 had been removed; it is attached again" ||
		fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
	assert_hook eth0 tc none
	assert_ports
}

# Meanwhile, and without the daemon, the cgroup hook filters.
test_the_cgroup_hook_filters_where_the_filter_was_removed() {
	trap 'rolewall -q down 2>/dev/null || true' EXIT
	export ROLEWALL_PROBE_OFF=tcx
	assert_exit 0 rolewall apply
	node_tc qdisc del dev eth0 clsact
	assert_hook eth0 cgroup none "tc is not attached"
	assert_ports
	assert_exit 0 rolewall apply
	assert_hook eth0 tc none
}

# The pins that said whose it is are gone: it is found by its name, exchanged, and taken away.
test_a_filter_whose_pins_are_gone_is_taken_away_by_down() {
	trap 'rolewall -q down 2>/dev/null || true' EXIT
	export ROLEWALL_PROBE_OFF=links,tcx
	assert_exit 0 rolewall apply
	node rm -r "$LAB_DIR/bpf/rolewall"
	assert_exit 0 rolewall down
	assert_no_tc
}

# Whoever watches the exit code hears of it: what the cgroup hook judges alone is judged less well.
test_a_lost_program_is_said_and_attached_again() {
	local pin

	node_file '.interfaces[].hook = "auto"'
	assert_exit 0 rolewall apply
	assert_exit 0 rolewall status
	for pin in "$LAB_DIR"/bpf/rolewall/links/tc-*; do
		[ -e "$pin" ] || skip "without links there are no pins to lose"
		rm "$pin"
	done
	assert_exit 1 rolewall status
	grep -q "tc is not attached; 'rolewall apply' attaches it" <<<"$OUTPUT" || fail "it says: $OUTPUT"
	assert_exit 0 rolewall apply
	assert_exit 0 rolewall status
}

run_tests "$@"
