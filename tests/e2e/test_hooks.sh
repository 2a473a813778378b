#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# XDP and the cgroup hook: what XDP does not cover, or did not see in the shape in which it arrives, the cgroup
# hook judges; somebody else's XDP program is neither displaced nor let in.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# XDP is the subject: every interface asks for it by name that asks for nothing else. (tc: test_tc.sh)
eval "lab_$(declare -f node_file)"
node_file() { # JQ-FILTER
	lab_node_file "$1 | .interfaces[].hook //= \"xdp\""
}

STRANGER= # pin of an XDP program that is not ours
SCAN=(-t "22,25,5432,6071,9999" -u "8301,9999")

# Ports: 22 internal and vpn, 25 and 6071 external, 5432 and 8301 internal, 9999 nobody's.
setup() {
	STRANGER=$LAB_DIR/bpf/stranger
	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 8301,9999
	node "$PROBE" stranger "$STRANGER"
}

prepare() {
	local device

	for device in port0 br0 late0 other0 side0 ifb0; do
		node_ip link delete "$device" 2>/dev/null || true
	done
	node_file .
}

test_each_ability_may_be_missing_alone() {
	local name

	for name in ringbuf cgroup_lookup boot_clock frags links links,replace batch; do
		export ROLEWALL_PROBE_OFF=$name
		rolewall -q down || true
		assert_exit 0 rolewall apply
		assert_exit 0 rolewall apply
		assert_exit 0 rolewall status
		assert_external outside "$NODE_EXTERNAL"
	done
	rolewall -q down
	unset ROLEWALL_PROBE_OFF
}

# assert_interface NAME HOOK XDP-MODE NOTE-PATTERN
assert_interface() {
	assert_json ".interfaces[] | select(.name == \"$1\") | .hook == \"$2\" and .xdp_mode == \"$3\"
		and (.note // \"\" | test(\"$4\"))" status_json
}

assert_external() { # HOST ADDRESS...
	local host=$1

	shift
	assert_reach "$host" "tcp/25 tcp/6071" "${SCAN[@]}" "$@"
}

assert_internal() { # HOST ADDRESS...
	local host=$1

	shift
	assert_reach "$host" "tcp/22 tcp/25 tcp/5432 tcp/6071 udp/8301" "${SCAN[@]}" "$@"
}

# assert_blocked JQ-CONDITION
assert_blocked() {
	assert_json "any(.attempts[]; $1)" rolewall --json blocked
}

node_ip() {
	ip -n "$LAB_NAME-node" "$@"
}

mac_of() { # HOST DEVICE
	ip -n "$LAB_NAME-$1" -j link show "$2" | jq -r '.[0].address'
}

# --- interfaces that XDP does not cover -----------------------------------------------------------

test_an_interface_added_after_apply_is_no_way_in() {
	assert_exit 0 rolewall apply
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_external vpn 192.0.2.1 2001:db8:5::1
	# By no address of the node.
	ip -n "$LAB_NAME-vpn" route replace "$NODE_INTERNAL/32" via 192.0.2.1 dev late0
	assert_external vpn "$NODE_INTERNAL"
	ip -n "$LAB_NAME-vpn" route delete "$NODE_INTERNAL/32"
	assert_blocked '.interface == "late0" and .port == 9999 and .proto == "udp"
		and .reason == "no-connection"'
	assert_books_balance
}

bridge_with_port() { # a bridge br0 with the port port0, whose other end is port0 of vpn
	node_ip link add br0 type bridge
	node_ip link add port0 type veth peer name port0 netns "$LAB_NAME-vpn"
	node_ip link set port0 master br0
	node_ip link set br0 up
	node_ip link set port0 up
}

# The kernel lets no program below one that is there.
test_a_bridge_that_is_listed_before_its_port_does_not_keep_xdp_from_it() {
	bridge_with_port
	node_file '.interfaces = { br0: { zone: "internal" }, port0: { zone: "internal" } } + .interfaces'
	assert_exit 0 rolewall apply
	assert_interface br0 xdp generic ""
	assert_interface port0 xdp native ""
}

# One that comes later gets below those that are there, which are covered again.
test_a_port_that_is_added_to_a_bridge_is_covered_by_xdp() {
	bridge_with_port
	node_file '.interfaces.br0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_interface br0 xdp generic ""
	node_file '.interfaces += { br0: { zone: "internal" }, port0: { zone: "internal" } }'
	assert_exit 0 rolewall apply
	assert_interface br0 xdp generic ""
	assert_interface port0 xdp native ""
	# In the place of the bridge, which is not listed any more.
	node_file '.interfaces.br0 = { zone: "internal" }'
	node_ip link set port0 nomaster
	assert_exit 0 rolewall apply
	node_ip link set port0 master br0
	node_file '.interfaces.port0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_interface port0 xdp native ""
}

has_program() { # DEVICE
	node_ip -j link show "$1" | jq -e '.[0].xdp.prog.id' >/dev/null
}

# assert_programs NAME=yes|no...
assert_programs() {
	local word found

	for word in "$@"; do
		found=no
		! has_program "${word%=*}" || found=yes
		assert_equal "${word#*=}" "$found" "a program on ${word%=*}"
	done
}

# Without a link the kernel changes no program below another one, and takes none away there.
test_programs_without_links_change_and_go_below_others() {
	bridge_with_port
	rolewall -q down || true
	node_file '.interfaces.port0 = { zone: "internal" }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	assert_programs port0=yes br0=no
	# The one above comes in the same apply that takes the lower one off the list.
	node_file '.interfaces.br0 = { zone: "internal" }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	assert_programs port0=no br0=yes
	node_file '.interfaces += { br0: { zone: "internal" }, port0: { zone: "internal" } }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	assert_programs port0=yes br0=yes
	# The one above stays.
	node_file '.interfaces.br0 = { zone: "internal" }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	assert_programs port0=no br0=yes
	node_file '.interfaces += { br0: { zone: "internal" }, port0: { zone: "internal" } }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	# Another build of the programs, and a kernel that has links.
	ROLEWALL_PROBE_OFF='' assert_exit 0 rolewall apply
	assert_interface br0 xdp generic ""
	assert_interface port0 xdp native ""
	ROLEWALL_PROBE_OFF='' assert_exit 0 rolewall down
	assert_programs port0=no br0=no
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	assert_programs port0=yes br0=yes
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall down
	assert_programs port0=no br0=no
}

test_a_foreign_program_that_keeps_ours_below_it_is_named() {
	bridge_with_port
	rolewall -q down || true
	node_file '.interfaces.port0 = { zone: "internal" }'
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall apply
	node_ip link set br0 xdpgeneric pinned "$STRANGER"
	ROLEWALL_PROBE_OFF=links assert_exit 1 rolewall down
	grep -q "cannot detach from the interface port0: .*br0" <<<"$OUTPUT" || fail "down: $OUTPUT"
	node_ip link set br0 xdpgeneric off
	ROLEWALL_PROBE_OFF=links assert_exit 0 rolewall down
	assert_programs port0=no
}

test_what_keeps_xdp_from_a_device_is_named() {
	bridge_with_port
	node_ip link set br0 xdpgeneric pinned "$STRANGER"
	node_file '.interfaces.port0 = { zone: "external" }'
	assert_exit 0 rolewall apply
	assert_interface port0 cgroup none "another XDP program is attached to br0"
}

# XDP on the port asks for sockets of the port; this one is bound to the device above it.
test_a_socket_bound_to_the_device_above_is_answered() {
	local address

	bridge_with_port
	node_ip address add 192.0.2.1/24 dev br0
	node_ip address add 2001:db8:5::1/64 dev br0 nodad
	ip -n "$LAB_NAME-vpn" address add 192.0.2.2/24 dev port0
	ip -n "$LAB_NAME-vpn" address add 2001:db8:5::2/64 dev port0 nodad
	ip -n "$LAB_NAME-vpn" address add fe80::2/64 dev port0 nodad
	ip -n "$LAB_NAME-vpn" link set port0 up
	node_file '.interfaces += { br0: { zone: "external" }, port0: { zone: "external" } }'
	assert_exit 0 rolewall apply
	assert_interface port0 xdp native ""
	launch vpn answerer socat TCP6-LISTEN:7777,fork,reuseaddr SYSTEM:"echo hello"
	wait_for 10 eval 'vpn ss -Hltn "sport = 7777" | grep -q 7777' || fail "nobody listens"
	for address in 192.0.2.2 '[2001:db8:5::2]' '[fe80::2%br0]'; do
		assert_equal hello "$(node timeout 20 socat -u "TCP:$address:7777,so-bindtodevice=br0" -)" \
			"answer of $address"
	done
	# Who was never asked is none of ours.
	assert_answer silent vpn tcp 192.0.2.1 9999
}

# --- what is said of interfaces -------------------------------------------------------------------

# What it brings comes in by the bridge.
test_a_port_whose_bridge_is_not_listed_is_external_and_said_to_be() {
	local verb

	bridge_with_port
	node_ip address add 192.0.2.1/24 dev br0
	ip -n "$LAB_NAME-vpn" address add 192.0.2.2/24 dev port0
	ip -n "$LAB_NAME-vpn" link set port0 up
	node_file '.interfaces.port0 = { zone: "internal" }'
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		grep -q 'port0 is a port of br0, .*list br0 in its place: "br0": { "zone": "internal" }' <<<"$OUTPUT" ||
			fail "$verb does not say so: $OUTPUT"
	done
	assert_reach vpn "tcp/25 tcp/6071" "${SCAN[@]}" 192.0.2.1
	assert_json '.interfaces[] | select(.name == "port0") | .zone == "external" and (.note | test("port of br0"))' \
		rolewall --json status
	node_file '.interfaces.br0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	! grep -q 'port of' <<<"$OUTPUT" || fail "it still complains: $OUTPUT"
	assert_internal vpn 192.0.2.1
}

test_interfaces_that_are_not_listed_are_shown_as_external() {
	local verb

	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		grep -q 'not in the node file, and so external: late0' <<<"$OUTPUT" || fail "$verb: $OUTPUT"
	done
	for verb in apply status; do
		assert_json '.interfaces[] | select(.name == "late0")
			| .zone == "external" and .hook == "cgroup" and .listed == false and .present' \
			rolewall --json "$verb"
		assert_json '.interfaces[] | select(.name == "eth0") | .listed' rolewall --json "$verb"
	done
	assert_exit 0 rolewall status
	grep -Eq '^late0 +external +cgroup +.*not listed' <<<"$OUTPUT" || fail "status: $OUTPUT"
}

test_a_name_that_no_interface_has_is_named_with_those_that_are_not_listed() {
	local verb

	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	node_file '.interfaces.lato0 = { zone: "internal" }'
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		grep -q 'there is no interface "lato0" on this host now.*did you mean "late0"' <<<"$OUTPUT" ||
			fail "$verb: $OUTPUT"
	done
}

test_an_interface_that_leaves_the_node_file_becomes_external_not_nothing() {
	assert_exit 0 rolewall apply
	node_file 'del(.interfaces.vpn0)'
	assert_exit 0 rolewall plan
	grep -q 'vpn0.*zone vpn -> external' <<<"$OUTPUT" || fail "plan: $OUTPUT"
	assert_json '.interfaces[] | select(.name == "vpn0") | .from == "vpn" and .to == "external"' \
		rolewall --json plan
}

# One that comes later is external until it is attached: status says what is, not what is wanted.
test_status_shows_the_zone_that_is_in_force() {
	node_file '.interfaces.late0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_json '.interfaces[] | select(.name == "late0")
		| .zone == "external" and (.note | test("internal once"))' status_json
	assert_exit 1 rolewall status
	assert_exit 0 rolewall apply
	assert_json '.interfaces[] | select(.name == "late0") | .zone == "internal"' rolewall --json status
}

# Nor is one that was listed, went, and comes back under its name.
test_a_listed_interface_that_was_replaced_is_external_until_apply() {
	node_file '.interfaces.late0 = { zone: "internal" }'
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_exit 0 rolewall apply
	assert_internal vpn 192.0.2.1 2001:db8:5::1
	node_ip link delete late0
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_external vpn 192.0.2.1 2001:db8:5::1
	assert_exit 0 rolewall apply
	assert_interface late0 xdp native ""
	assert_internal vpn 192.0.2.1 2001:db8:5::1
}

# Its number may be another's by then.
test_an_interface_that_went_to_another_namespace_takes_its_filter_along() {
	local index

	node_file '.interfaces.late0 = { zone: "internal" }'
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	assert_exit 0 rolewall apply
	index=$(node_ip -j link show late0 | jq '.[0].ifindex')
	node_ip link set late0 netns "$LAB_NAME-outside" name gone0
	node_ip link add late0 index "$index" type veth peer name late1
	assert_interface late0 cgroup none "not attached"
	assert_exit 0 rolewall apply
	assert_interface late0 xdp native ""
	node_ip -j link show late0 | jq -e '.[0].xdp.prog.id' >/dev/null || fail "nothing is attached"
	node_ip link delete late0
	ip -n "$LAB_NAME-outside" link delete gone0
}

test_an_interface_that_was_renamed_away_keeps_its_filter() {
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	node_file '.interfaces.late0 = { zone: "external" }'
	assert_exit 0 rolewall apply
	node_ip link set late0 down
	node_ip link set late0 name other0
	node_ip link set other0 up
	node_ip -6 address add 2001:db8:5::1/64 dev other0 nodad
	assert_external vpn 192.0.2.1 2001:db8:5::1
	assert_exit 0 rolewall apply
	assert_external vpn 192.0.2.1 2001:db8:5::1
}

# A kind of device whose first bytes are not known to be an IP header: 768 is ARPHRD_TUNNEL.
test_a_device_that_xdp_cannot_read_is_judged_by_the_cgroup_hook() {
	wire_start ipip0 -k 768
	node_file '.interfaces.ipip0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_interface ipip0 cgroup none "cannot read"
	assert_internal vpn 10.99.0.1
	assert_blocked '.interface == "ipip0" and .port == 9999 and .proto == "tcp"
		and .reason == "not-open"'
	assert_books_balance
}

# wire_start DEVICE WIRE-OPTION...: a point-to-point device to the vpn host, 10.99.0.1 to 10.99.0.2.
wire_start() {
	local device=$1

	shift
	spawn node wire "$PROBE" wire "$@" "$device" "/run/netns/$LAB_NAME-vpn" wire0
	node_ip address add 10.99.0.1 peer 10.99.0.2 dev "$device"
	ip -n "$LAB_NAME-vpn" address add 10.99.0.2 peer 10.99.0.1 dev wire0
	node_ip link set "$device" up
	ip -n "$LAB_NAME-vpn" link set wire0 up
}

test_a_tun_device_is_filtered_by_generic_xdp() {
	wire_start wire0
	node_file '.interfaces.wire0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_interface wire0 xdp generic "no native"
	assert_internal vpn 10.99.0.1
	assert_books_balance
}

# A bridge is Ethernet and has no native XDP.
test_a_bridge_is_filtered_by_generic_xdp() {
	bridge_start
	assert_exit 0 rolewall apply
	assert_interface br0 xdp generic "no native"
	assert_internal vpn 192.0.2.1 2001:db8:5::1
	assert_books_balance
}

# late0 becomes a port of br0, which is in the zone internal and has late0's addresses.
bridge_start() {
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	node_ip link add br0 type bridge
	node_ip address flush dev late0
	node_ip link set late0 master br0
	node_ip address add 192.0.2.1/24 dev br0
	node_ip address add 2001:db8:5::1/64 dev br0 nodad
	node_ip link set br0 up
	node_file '.interfaces.br0 = { zone: "internal" }'
	wait_for 5 vpn ping -q -c 1 -W 1 192.0.2.1 >/dev/null
	wait_for 5 vpn ping -q -c 1 -W 1 2001:db8:5::1 >/dev/null
}

# Drivers have reasons of their own to refuse native XDP: generic XDP is tried whatever they say.
test_a_card_whose_driver_is_out_of_memory_is_filtered_by_generic_xdp() {
	local call index

	needs links "only a link's attachment is one call of bpf()"
	command -v strace >/dev/null || skip "strace is not installed; 'make deps' installs it"
	rolewall down || true
	index=$(node_ip -j link show eth0 | jq '.[0].ifindex')
	node strace -qq -e trace=bpf -o "$LAB_DIR/trace" "$ROLEWALL" "${LAB_INSTANCE[@]}" -q apply
	call=$(grep -nE "BPF_LINK_CREATE.*target_(fd|ifindex)=[^,]*\\b($index|eth0)\\b.*BPF_XDP" "$LAB_DIR/trace" |
		head -n 1 | cut -d: -f1)
	[ -n "$call" ] || fail "no program is attached to eth0: $(grep BPF_LINK_CREATE "$LAB_DIR/trace")"
	rolewall down
	assert_exit 0 node strace -qq -e trace=bpf -e inject="bpf:error=ENOMEM:when=$call" \
		-o "$LAB_DIR/trace" "$ROLEWALL" "${LAB_INSTANCE[@]}" apply
	grep -q 'BPF_LINK_CREATE.*INJECTED' "$LAB_DIR/trace" || fail "another call failed"
	assert_interface eth0 xdp generic "no native"
	assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	rolewall down
}

# --- other people's programs ----------------------------------------------------------------------

test_a_foreign_xdp_program_stays_and_the_cgroup_hook_filters() {
	local mode

	rolewall down || true
	for mode in xdpdrv xdpgeneric; do
		node_ip link set eth0 "$mode" pinned "$STRANGER"
		assert_exit 0 rolewall apply
		grep -q "stranger" <<<"$OUTPUT" || fail "it does not say whose program it is: $OUTPUT"
		assert_interface eth0 cgroup none "another XDP program .stranger, id [0-9]+. is attached"
		assert_interface eth1 xdp native ""
		assert_exit 0 rolewall status
		grep -q "eth0: judged at sockets only" <<<"$OUTPUT" || fail "status does not say what is weaker: $OUTPUT"
		assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
		assert_blocked '.interface == "eth0" and .port == 9999 and .reason == "not-open"'
		assert_books_balance
		assert_stranger_stays eth0
		assert_exit 0 rolewall down
		assert_stranger_stays eth0
		node_ip link set eth0 "$mode" off
	done
}

assert_stranger_stays() { # DEVICE
	local id

	id=$(node_ip -d -j link show "$1" | jq '.[0].xdp.prog.id')
	assert_equal stranger "$(bpftool -j prog show id "$id" | jq -r .name)" "the program on $1"
}

# When it goes, XDP takes over with the next apply.
test_a_hook_that_becomes_free_is_taken_by_the_next_apply() {
	rolewall down || true
	node_ip link set eth0 xdpdrv pinned "$STRANGER"
	assert_exit 0 rolewall apply
	node_ip link set eth0 xdpdrv off
	assert_interface eth0 cgroup none "apply"
	assert_exit 1 rolewall status
	assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	assert_exit 0 rolewall apply
	assert_interface eth0 xdp native ""
	assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
}

test_nobody_displaces_our_program() {
	local mode

	needs links "only a link cannot be displaced"
	assert_exit 0 rolewall apply
	for mode in xdp xdpdrv xdpgeneric; do
		! node_ip -force link set eth0 "$mode" pinned "$STRANGER" || fail "$mode displaced it"
		node_ip link set eth0 "$mode" off || true
		assert_interface eth0 xdp native ""
	done
	assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
}

# --- packets that XDP saw in another shape, or not at all -----------------------------------------

# redirect_start DEVICE ACTION...: everything that arrives there goes on by the action.
redirect_start() {
	local device=$1

	shift
	tc -n "$LAB_NAME-node" qdisc add dev "$device" ingress
	tc -n "$LAB_NAME-node" filter add dev "$device" parent ffff: protocol all u32 match u32 0 0 "$@"
}

test_packets_that_come_by_way_of_an_ifb_are_judged() {
	node_ip link add ifb0 type ifb 2>/dev/null || lacks "this kernel has no ifb"
	node_ip link set ifb0 up
	lab_link node late0 vpn late0 192.0.2. 2001:db8:5::
	redirect_start eth0 action mirred egress redirect dev ifb0
	redirect_start late0 action mirred egress redirect dev ifb0
	assert_exit 0 rolewall apply
	assert_external outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	assert_external vpn 192.0.2.1 2001:db8:5::1
	[ "$(node_ip -s -j link show ifb0 | jq '.[0].stats64.tx.packets')" -gt 20 ] ||
		fail "nothing went through ifb0"
	assert_books_balance
	tc -n "$LAB_NAME-node" qdisc del dev eth0 ingress
}

# The kernel asks no generic XDP program about a packet that was redirected (netif_receive_generic_xdp).
test_packets_redirected_past_generic_xdp_are_judged() {
	bridge_start
	lab_link node side0 far side0 192.0.3. 2001:db8:6::
	redirect_start side0 action mirred ingress redirect dev br0
	ip -n "$LAB_NAME-far" route add 192.0.2.1/32 via 192.0.3.1 dev side0
	# Answers to ARP are redirected as well, and would be learned for the wrong device.
	ip -n "$LAB_NAME-far" neigh replace 192.0.3.1 dev side0 lladdr "$(mac_of node side0)"
	node_ip neigh replace 192.0.3.2 dev side0 lladdr "$(mac_of far side0)"
	assert_exit 0 rolewall apply
	assert_interface br0 xdp generic "no native"
	# br0 is internal, and so is what is said to have come by it; nobody's ports stay shut.
	assert_reach far "tcp/22 tcp/25 tcp/5432 tcp/6071" -t "22,25,5432,6071,9999" 192.0.2.1
	assert_blocked '.interface == "br0" and .source == "192.0.3.2" and .port == 9999
		and .proto == "tcp" and .reason == "not-open"'
	assert_books_balance
}

# What another layer makes of a packet after XDP is judged by what it has become.
test_packets_that_changed_behind_xdp_are_judged_by_what_they_became() {
	local before

	command -v nft >/dev/null || skip "nft is not installed"
	assert_exit 0 rolewall apply
	node nft add table ip translated
	node nft add chain ip translated arriving '{ type nat hook prerouting priority -100; }'
	node nft add rule ip translated arriving tcp dport 25 redirect to :9999
	before=$(drops_value not-open)
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	[ "$(drops_value not-open)" -gt "$before" ] || fail "not counted"
	assert_blocked '.interface == "eth0" and .port == 9999 and .reason == "not-open"'
	rolewall apply --observe
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	node nft delete table ip translated
}

# ipsec_state HOST FROM TO: ESP in transport mode, one direction.
ipsec_state() {
	ip -n "$LAB_NAME-$1" xfrm state add src "$2" dst "$3" proto esp spi 0x1000 mode transport \
		aead "rfc4106(gcm(aes))" 0x"$(printf '%040d' 7)" 128
}

ipsec_policies() { # HOST OWN PEER
	ip -n "$LAB_NAME-$1" xfrm policy add src "$2" dst "$3" dir out \
		tmpl src "$2" dst "$3" proto esp mode transport
	ip -n "$LAB_NAME-$1" xfrm policy add src "$3" dst "$2" dir in \
		tmpl src "$3" dst "$2" proto esp mode transport
}

# XDP sees ESP, which the policy lists; only the cgroup hook sees what is in it.
test_what_ipsec_carries_is_judged() {
	local host

	ipsec_state node "$OUTSIDE" "$NODE_EXTERNAL" 2>"$LAB_DIR/esp.err" ||
		lacks "this kernel has no ESP ($(<"$LAB_DIR/esp.err"))"
	ipsec_state node "$NODE_EXTERNAL" "$OUTSIDE"
	ipsec_state outside "$OUTSIDE" "$NODE_EXTERNAL"
	ipsec_state outside "$NODE_EXTERNAL" "$OUTSIDE"
	ipsec_policies node "$NODE_EXTERNAL" "$OUTSIDE"
	ipsec_policies outside "$OUTSIDE" "$NODE_EXTERNAL"
	node_file '.protocols = ["esp"]'
	assert_exit 0 rolewall apply
	assert_external outside "$NODE_EXTERNAL"
	assert_json '.passes["protocol-listed"] > 0' rolewall --json status
	assert_blocked ".source == \"$OUTSIDE\" and .port == 9999 and .reason == \"not-open\""
	for host in node outside; do
		ip -n "$LAB_NAME-$host" xfrm policy flush
		ip -n "$LAB_NAME-$host" xfrm state flush
	done
}

run_tests "$@"
