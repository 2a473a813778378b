#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Devices that are not a cable: WireGuard, VLANs, tunnels. Not every kernel has them: a test whose
# device cannot be made is skipped (vmtests/ runs them on kernels that have all).

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/devices.sh
. "$(dirname "$0")/devices.sh"

# Ports: 25 and 6071 external, 5432 internal, 22 internal and vpn, 9999 nobody's.
setup() {
	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 8301,9999
}

prepare() {
	local host device

	for host in node outside; do
		for device in wg0 tun1 tun6 eth0.10 eth0.20 xfrm0 br0 bond0 port0; do
			ip -n "$LAB_NAME-$host" link delete "$device" 2>/dev/null || true
		done
		ip -n "$LAB_NAME-$host" xfrm policy flush 2>/dev/null || true
		ip -n "$LAB_NAME-$host" xfrm state flush 2>/dev/null || true
	done
	node_file .
}

# --- a real driver --------------------------------------------------------------------------------

# CARD: an interface that the tests may have, of a virtual machine.
test_a_card_is_filtered_whatever_its_driver_says() {
	[ -n "${CARD:-}" ] || lacks "no card was given to the tests"
	ip link set "$CARD" netns "$LAB_NAME-node"
	trap 'ip -n "$LAB_NAME-node" link set "$CARD" netns 1' EXIT
	device_up node "$CARD" 10.0.2.15/24
	node_file ".interfaces[\"$CARD\"] = { zone: \"external\" }"
	assert_exit 0 rolewall apply
	assert_json ".interfaces[] | select(.name == \"$CARD\") | .hook == \"xdp\" or .hook == \"tc\"" rolewall --json status
	wait_for 5 node ping -q -c 1 10.0.2.2 >/dev/null || fail "its own ping is not answered"
	node_file .
	assert_exit 0 rolewall apply
}

# --- WireGuard ------------------------------------------------------------------------------------

wireguard_up() { # HOST PRIVATE-KEY PUBLIC-KEY-OF-PEER PEER ADDRESS...
	local host=$1 private=$2 public=$3 peer=$4

	shift 4
	device_add "$host" wg0 type wireguard
	echo "$private" >"$LAB_DIR/wg.key"
	"$host" wg set wg0 listen-port 51820 private-key "$LAB_DIR/wg.key" peer "$public" \
		endpoint "$peer:51820" allowed-ips 0.0.0.0/0,::/0
	device_up "$host" wg0 "$@"
}

wireguard_pair() {
	local one two

	command -v wg >/dev/null || lacks "wg is not installed (package wireguard-tools)"
	one=$(wg genkey) two=$(wg genkey)
	wireguard_up node "$one" "$(wg pubkey <<<"$two")" "$OUTSIDE" 10.9.0.1/24 2001:db8:9::1/64
	wireguard_up outside "$two" "$(wg pubkey <<<"$one")" "$NODE_EXTERNAL" 10.9.0.2/24 \
		2001:db8:9::2/64
}

wireguard_node_file() {
	node_file '.vpn_only = ["admin-panel"] | .interfaces.wg0 = { zone: "vpn" }
		| .services = [{ name: "wireguard", proto: "udp", port: 51820, table: "external",
			about: "the VPN itself" }]'
}

# A handshake that was refused is tried again after five seconds.
wireguard_shakes_hands() {
	wait_for 20 outside ping -q -c 1 -W 1 10.9.0.1 >/dev/null || fail "the tunnel does not come up"
}

test_a_vpn_only_port_answers_through_wireguard_and_not_beside_it() {
	wireguard_pair
	wireguard_node_file
	assert_exit 0 rolewall apply
	wireguard_shakes_hands
	assert_json 'any(.interfaces[]; .name == "wg0" and .zone == "vpn" and .hook != "none")' \
		rolewall --json status
	assert_answer open outside tcp 10.9.0.1 6071
	assert_answer open outside tcp 2001:db8:9::1 6071
	assert_answer open outside tcp 10.9.0.1 22
	assert_answer silent outside tcp 10.9.0.1 5432
	assert_answer silent outside tcp 2001:db8:9::1 9999
	assert_answer silent outside udp 10.9.0.1 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 6071
	assert_json 'any(.attempts[]; .interface == "wg0" and .port == 9999 and .zone == "vpn"
		and .source == "2001:db8:9::2" and .reason == "not-open")' rolewall --json blocked
	assert_books_balance
}

test_wireguard_that_appears_after_apply_is_closed_until_the_next() {
	device_add node wg0 type wireguard
	ip -n "$LAB_NAME-node" link delete wg0
	wireguard_node_file
	assert_exit 0 rolewall apply
	wireguard_pair
	wireguard_shakes_hands
	assert_answer open outside tcp 10.9.0.1 25
	assert_answer silent outside tcp 10.9.0.1 6071
	assert_answer silent outside tcp 10.9.0.1 22
	assert_exit 0 rolewall apply
	assert_answer open outside tcp 10.9.0.1 6071
	assert_answer open outside tcp 10.9.0.1 22
}

test_wireguard_that_vanishes_leaves_the_rest_as_it_was() {
	wireguard_pair
	wireguard_node_file
	assert_exit 0 rolewall apply
	wireguard_shakes_hands
	assert_answer open outside tcp 10.9.0.1 6071
	ip -n "$LAB_NAME-node" link delete wg0
	assert_json 'any(.interfaces[]; .name == "wg0" and .hook == "none")' rolewall --json status
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_exit 0 rolewall apply
}

test_wireguard_that_the_node_begins_needs_no_port() {
	wireguard_pair
	assert_exit 0 rolewall apply
	assert_json .tunnels rolewall --json status
	! outside ping -q -c 1 -W 1 10.9.0.1 >/dev/null || fail "the outside began, and was answered"
	wait_for 20 node ping -q -c 1 -W 1 10.9.0.2 >/dev/null || fail "the tunnel does not come up"
	assert_json '.passes.forwarded > 0' rolewall --json status
	assert_answer silent outside tcp 10.9.0.1 9999
	assert_books_balance
	assert_exit 0 rolewall conversations --flush # the next tunnel has the same ports
}

# by_ssh_from CLIENT SERVER COMMAND...
by_ssh_from() {
	local session="$1 50000 $2 22"

	shift 2
	SSH_CONNECTION=$session "$@"
}

# assert_stranded CLIENT SERVER WHAT-THE-TUNNEL-NEEDS: a session through it is not cut unasked.
assert_stranded() {
	assert_exit 1 by_ssh_from "$1" "$2" rolewall apply
	grep -q "would be cut: the tunnel .* needs $3" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_json '.own_session.survives == false' by_ssh_from "$1" "$2" rolewall --json plan
}

test_a_session_through_wireguard_needs_its_port() {
	wireguard_pair
	node_file '.interfaces.wg0 = { zone: "vpn" }'
	assert_stranded 10.9.0.2 10.9.0.1 "port 51820/udp, which this policy does not open to $OUTSIDE"
	assert_stranded 2001:db8:9::2 2001:db8:9::1 "port 51820/udp, which"
	grep -q '"services".*"wireguard".*51820' <<<"$OUTPUT" || fail "no remedy is named: $OUTPUT"
	assert_exit 0 by_ssh_from 10.9.0.2 10.9.0.1 rolewall apply --force --confirm=600
	assert_exit 0 rolewall confirm
	assert_answer silent outside tcp 10.9.0.1 22

	wireguard_node_file
	assert_json '.own_session | .survives and .carrier.port == 51820' \
		by_ssh_from 10.9.0.2 10.9.0.1 rolewall --json plan
	assert_exit 0 by_ssh_from 10.9.0.2 10.9.0.1 rolewall apply
	wireguard_shakes_hands
	assert_answer open outside tcp 10.9.0.1 22

	# The session's peer is none that is known: the port has to be open to anybody.
	node wg set wg0 peer "$(node wg show wg0 peers)" allowed-ips 10.99.0.0/24
	assert_json '.own_session | .survives and .carrier.peer == null' \
		by_ssh_from 10.9.0.2 10.9.0.1 rolewall --json plan
	node_file '.interfaces.wg0 = { zone: "vpn" }'
	assert_stranded 10.9.0.2 10.9.0.1 "port 51820/udp, which this policy opens to nobody"
}

# --- VLANs ----------------------------------------------------------------------------------------

# A network card may take the tag off before XDP sees the frame, as veth does unless it is told not to.
vlan_offload() { # on|off
	local host

	for host in node outside; do
		"$host" ethtool -K eth0 txvlan "$1" rxvlan "$1" >/dev/null 2>&1 ||
			lacks "ethtool is not installed"
	done
}

vlan_pair() {
	local id host

	for id in 10 20; do
		for host in node outside; do
			device_add "$host" "eth0.$id" link eth0 type vlan id "$id"
		done
		device_up node "eth0.$id" "10.$id.0.1/24" "2001:db8:$id::1/64"
		device_up outside "eth0.$id" "10.$id.0.2/24" "2001:db8:$id::2/64"
	done
}

# VLAN 10 is internal, VLAN 20 is nobody's, and what has no tag is external.
assert_vlan_zones() {
	vlan_pair
	node_file '.interfaces["eth0.10"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp 10.10.0.1 25
	assert_answer open outside tcp 10.10.0.1 5432
	assert_answer open outside udp 10.10.0.1 8301
	assert_answer open outside tcp 2001:db8:10::1 5432
	assert_answer silent outside tcp 10.10.0.1 9999
	assert_answer open outside tcp 10.20.0.1 25
	assert_answer silent outside tcp 10.20.0.1 5432
	assert_answer silent outside tcp 2001:db8:20::1 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_answer open inside tcp "$NODE_INTERNAL" 5432
}

test_a_vlan_has_a_zone_of_its_own() {
	vlan_offload off
	assert_vlan_zones
}

test_a_vlan_has_a_zone_of_its_own_even_if_the_card_takes_the_tag_off() {
	vlan_offload on
	assert_vlan_zones
}

# The daemon asks the card, too, with the sockets that its unit leaves it.
test_the_daemon_leaves_vlans_whose_tags_are_taken_off_to_tc() {
	vlan_offload on
	vlan_pair
	node_file '.interfaces.eth0.hook = "auto" | .interfaces["eth0.10"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	command -v strace >/dev/null || lacks "strace is not installed"
	daemon_start_traced -o "$LAB_DIR/trace"
	assert_exit 0 rolewall apply
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "tc"' rolewall --json status
	assert_answer open outside tcp 10.10.0.1 5432
	grep -q 'SIOCETHTOOL.* = 0' "$LAB_DIR/trace" || fail "it does not ask the card"
	assert_equal "" "$(families_forbidden "$LAB_ROOT/packaging/systemd/rolewall.service" "$LAB_DIR/trace")" \
		"address families that the unit forbids"
}

test_an_external_vlan_on_an_internal_cable_is_external() {
	local offload

	for offload in off on; do
		vlan_offload "$offload"
		prepare
		vlan_pair
		node_file '.interfaces.eth0.zone = "internal"
			| .interfaces["eth0.10"] = { zone: "external" }'
		assert_exit 0 rolewall apply
		assert_answer open outside tcp "$NODE_EXTERNAL" 5432
		assert_answer open outside tcp 10.10.0.1 25
		assert_answer silent outside tcp 10.10.0.1 5432
		assert_answer silent outside tcp 10.20.0.1 5432
	done
}

# --- bridges and bonds ----------------------------------------------------------------------------

# A port of a bridge has no packets of its own; what is tagged belongs to the VLAN on the bridge.
test_a_vlan_on_a_bridge_has_a_zone_of_its_own() {
	master_add br0 bridge
	device_add node br0.10 link br0 type vlan id 10
	device_add outside port0.10 link port0 type vlan id 10
	device_up node br0.10 10.10.0.1/24
	device_up outside port0.10 10.10.0.2/24
	node_file '.interfaces.br0 = { zone: "external" } | .interfaces["br0.10"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp 192.0.2.1 25
	assert_answer silent outside tcp 192.0.2.1 5432
	assert_answer open outside tcp 10.10.0.1 5432
	assert_answer silent outside tcp 10.10.0.1 9999
	node_file '.interfaces.br0 = { zone: "internal" } | .interfaces["br0.10"] = { zone: "external" }'
	assert_exit 0 rolewall apply
	assert_answer open outside tcp 192.0.2.1 5432
	assert_answer silent outside tcp 10.10.0.1 5432
	assert_books_balance
}

test_a_bond_is_judged_by_its_own_name() {
	master_add bond0 bond mode active-backup
	spawn outside served "$PROBE" serve 8080 1000
	node_file '.interfaces.bond0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_json 'any(.interfaces[]; .name == "bond0" and .zone == "internal" and .hook != "none")' \
		rolewall --json status
	assert_answer open outside tcp 192.0.2.1 5432
	assert_answer open outside tcp 2001:db8:12::1 5432
	assert_answer silent outside tcp 192.0.2.1 9999
	assert_json 'any(.attempts[]; .port == 9999 and .interface == "bond0" and .zone == "internal")' \
		rolewall --json blocked
	assert_equal "received 1000, broken 0, unfinished 0" "$(node "$PROBE" fetch 1 192.0.2.2 8080)" \
		"a connection of the node's own"
	assert_books_balance
	stop served
}

# --- IPsec ----------------------------------------------------------------------------------------

# ipsec_end HOST OWN PEER ADDRESS-INSIDE: a route-based tunnel, as IPsec daemons make them.
ipsec_end() {
	local ip=(ip -n "$LAB_NAME-$1") key

	key=0x$(printf '%040d' 7)
	device_add "$1" xfrm0 type xfrm dev eth0 if_id 5
	for ends in "$2 $3" "$3 $2"; do
		# shellcheck disable=SC2086
		set -- "$1" "$2" "$3" "$4" $ends
		"${ip[@]}" xfrm state add src "$5" dst "$6" proto esp spi 0x1000 reqid 1 mode tunnel \
			if_id 5 aead "rfc4106(gcm(aes))" "$key" 128 2>"$LAB_DIR/esp.err" ||
			lacks "this kernel has no ESP ($(<"$LAB_DIR/esp.err"))"
	done
	"${ip[@]}" xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out if_id 5 \
		tmpl src "$2" dst "$3" proto esp reqid 1 mode tunnel
	"${ip[@]}" xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in if_id 5 \
		tmpl src "$3" dst "$2" proto esp reqid 1 mode tunnel
	device_up "$1" xfrm0 "$4/24"
}

test_a_vpn_only_port_answers_through_an_ipsec_interface_and_not_beside_it() {
	ipsec_end node "$NODE_EXTERNAL" "$OUTSIDE" 10.12.0.1
	ipsec_end outside "$OUTSIDE" "$NODE_EXTERNAL" 10.12.0.2
	node_file '.vpn_only = ["admin-panel"] | .interfaces.xfrm0 = { zone: "vpn" }'
	assert_stranded 10.12.0.2 10.12.0.1 "protocol esp or port 4500/udp, which this policy opens to nobody"
	node_file '.vpn_only = ["admin-panel"] | .interfaces.xfrm0 = { zone: "vpn" } | .protocols = ["esp"]'
	assert_exit 0 by_ssh_from 10.12.0.2 10.12.0.1 rolewall apply
	assert_json 'any(.interfaces[]; .name == "xfrm0" and .zone == "vpn" and .hook == "cgroup")' \
		rolewall --json status
	assert_answer open outside tcp 10.12.0.1 6071
	assert_answer silent outside tcp 10.12.0.1 9999
	spawn outside asked "$PROBE" listen -t 443 -u 123
	assert_answer open node tcp 10.12.0.2 443
	assert_answer open node udp 10.12.0.2 123
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
	assert_json 'any(.attempts[]; .interface == "xfrm0" and .port == 9999 and .zone == "vpn")' \
		rolewall --json blocked
	assert_books_balance
}

test_a_device_whose_name_has_a_dot_has_xdp_too() {
	lab_link node lan.1 inside node.1 192.0.2. 2001:db8:12::
	node_file '.interfaces["lan.1"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_json 'any(.interfaces[]; .name == "lan.1" and .hook == "xdp")' rolewall --json status
	assert_answer open inside tcp 192.0.2.1 5432
	assert_answer silent inside tcp 192.0.2.1 9999
	node_file .
	assert_exit 0 rolewall apply
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show lan.1
	ip -n "$LAB_NAME-node" link delete lan.1
}

# --- tunnels without encryption -------------------------------------------------------------------

# tunnel_pair KIND: IPv4 inside, but for sit, which carries IPv6. The node looks for no router: it would begin.
tunnel_pair() {
	device_add node tun1 type "$1" local "$NODE_EXTERNAL" remote "$OUTSIDE" ttl 64
	node sh -c 'echo 0 >/proc/sys/net/ipv6/conf/tun1/router_solicitations'
	device_add outside tun1 type "$1" local "$OUTSIDE" remote "$NODE_EXTERNAL" ttl 64
	if [ "$1" = sit ]; then
		device_up node tun1 2001:db8:11::1/64
		device_up outside tun1 2001:db8:11::2/64
	else
		device_up node tun1 10.11.0.1/24
		device_up outside tun1 10.11.0.2/24
	fi
}

# tunnel_test KIND PROTOCOL ADDRESS-OF-THE-NODE-INSIDE
tunnel_test() {
	local peer=${3%1}2

	tunnel_pair "$1"
	assert_exit 0 rolewall apply
	assert_answer silent outside tcp "$3" 25
	assert_json 'any(.attempts[]; .interface == "eth0" and .reason == "protocol")' rolewall --json blocked
	node ping -q -c 1 -W 15 "$peer" >/dev/null || fail "what the node begins is not answered"

	# Let in, but not listed: external, and the cgroup hook judges.
	node_file ".protocols = [\"$2\"]"
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$3" 25
	assert_answer silent outside tcp "$3" 5432
	assert_answer silent outside tcp "$3" 9999
	assert_json 'any(.attempts[]; .interface == "tun1" and .port == 5432 and .zone == "external"
		and .reason == "zone-denied")' rolewall --json blocked

	node_file ".protocols = [\"$2\"] | .interfaces.tun1 = { zone: \"internal\" }"
	assert_exit 0 rolewall apply
	assert_json 'any(.interfaces[]; .name == "tun1" and .zone == "internal"
		and .hook == "cgroup")' rolewall --json status
	assert_answer open outside tcp "$3" 5432
	assert_answer silent outside tcp "$3" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432

	assert_exit 0 by_ssh_from "$peer" "$3" rolewall apply
	node_file '.protocols = ["ospf"] | .interfaces.tun1 = { zone: "internal" }'
	assert_stranded "$peer" "$3" "protocol $2, which this policy opens to nobody"
	grep -qF "\"protocols\": [\"$2\"]" <<<"$(by_ssh_from "$peer" "$3" rolewall apply 2>&1)" ||
		fail "no remedy is named"
}

test_ipip_is_external_until_it_is_listed() {
	tunnel_test ipip ipip 10.11.0.1
}

test_gre_is_external_until_it_is_listed() {
	tunnel_test gre gre 10.11.0.1
}

test_sit_is_external_until_it_is_listed() {
	tunnel_test sit ipv6 2001:db8:11::1
}

test_a_session_through_geneve_needs_its_port() {
	device_add node tun1 type geneve id 7 remote "$OUTSIDE"
	device_add outside tun1 type geneve id 7 remote "$NODE_EXTERNAL"
	device_up node tun1 10.11.0.1/24
	device_up outside tun1 10.11.0.2/24
	node_file '.interfaces.tun1 = { zone: "vpn" }'
	assert_stranded 10.11.0.2 10.11.0.1 "port 6081/udp, which this policy does not open to $OUTSIDE"
	node_file '.interfaces.tun1 = { zone: "vpn" }
		| .services = [{ name: "geneve", proto: "udp", port: 6081, table: "external" }]'
	assert_exit 0 by_ssh_from 10.11.0.2 10.11.0.1 rolewall apply
	assert_answer open outside tcp 10.11.0.1 22
}

run_tests "$@"
