#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Devices that stand on others, and tunnels without a device: what comes in by them is judged in one
# zone, and what the node asks by them is answered. Not every kernel has them, as in test_devices.sh.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/devices.sh
. "$(dirname "$0")/devices.sh"

OWN=192.0.2.1 PEER=192.0.2.2 # over port0
OWN6=2001:db8:12::1 PEER6=2001:db8:12::2
BOX=10.88.0.2 # the container, behind br1
ECHO='{ name: "echo", proto: "udp", port: 7777, table: "external" }'

# Ports: 25 and 7777 external, 5432 and 8301 internal, 9999 nobody's.
LISTEN=(-t "25,5432,9999" -u "7777,8301,9999")
EXTERNAL="tcp/25 udp/7777"
INTERNAL="$EXTERNAL tcp/5432 udp/8301"

box() { (lab_exec box "$@"); }

setup() {
	lab_netns_add box
	LAB_CONTAINERS=(box)
	spawn outside listeners-outside "$PROBE" listen -t 443 -u 123
}

prepare() {
	local host device

	for host in node outside box; do
		for device in vrf0 wg0 macvlan0 br0 br1 bond0 team0 port0; do
			ip -n "$LAB_NAME-$host" link delete "$device" 2>/dev/null || true
		done
		ip -n "$LAB_NAME-$host" xfrm policy flush 2>/dev/null || true
		ip -n "$LAB_NAME-$host" xfrm state flush 2>/dev/null || true
	done
}

stacked_node_file() { # JQ-FILTER
	node_file ".services = [$ECHO] | $1"
}

# assert_inward "PROTO/PORT ..." ADDRESS...: of what listens, outside reaches that.
assert_inward() {
	local ports=$1 address

	shift
	assert_reach outside "$ports" "${LISTEN[@]}" "$@"
	for address in "$@"; do
		outside ping -q -c 1 -W 15 "$address" >/dev/null || fail "no ping to $address"
	done
}

# assert_outward HOST ADDRESS [DEVICE [PORTS]]: what the host itself asks of outside is answered.
assert_outward() {
	local device=${3:-}

	assert_reach "$1" "${4:-tcp/443 udp/123}" ${device:+-d "$device"} -t 443 -u 123 "$2"
	"$1" ping -q -c 1 -W 15 ${device:+-I "$device"} "$2" >/dev/null || fail "no ping from $1 to $2"
}

# assert_zone DEVICE ZONE: as status says.
assert_zone() {
	assert_json "any(.interfaces[]; .name == \"$1\" and .zone == \"$2\" and .hook != \"none\")" rolewall --json status
}

# assert_judged DEVICE ZONE: and of what was refused.
assert_judged() {
	assert_zone "$1" "$2"
	assert_json "any(.attempts[]; .port == 9999 and .interface == \"$1\" and .zone == \"$2\")" rolewall --json blocked
	assert_books_balance
}

# The container's processes are of the node's cgroup. Of a policy in force.
needs_namespaces() {
	[ "$(status_value .hooks.namespaces)" = true ] || skip "this kernel cannot tell the sockets of other network namespaces apart"
}

# by_each_hook INTERFACE COMMAND...: with a filter that gives it one.
by_each_hook() {
	local interface=$1 hook

	shift
	for hook in xdp tc; do
		"$@" ".interfaces.$interface.hook = \"$hook\""
	done
}

# --- VRFs -----------------------------------------------------------------------------------------

vrf_create() {
	device_add node vrf0 type vrf table 10
	port_add vrf0
	device_up node vrf0
	device_up node port0 "$OWN/24"
	ip -n "$LAB_NAME-node" address add "$OWN6/64" dev port0 nodad
}

# The sockets see the VRF's device in place of the interface.
vrf_is_judged() { # JQ-FILTER
	stacked_node_file ".interfaces.vrf0 = { zone: \"internal\" } | .interfaces.port0 = { zone: \"internal\" } | $1"
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" "$OWN" "$OWN6"
	assert_outward node "$PEER" vrf0
	assert_outward node "$PEER6" port0
	assert_books_balance
}

test_what_is_bound_to_a_vrf_is_reached_and_answered() {
	vrf_create
	spawn node listeners "$PROBE" listen -d vrf0 "${LISTEN[@]}"
	by_each_hook port0 vrf_is_judged
}

# By the interface in it, if that is listed; else at the sockets. No program of the VRF's own device meets a packet.
test_a_vrf_counts_each_packet_once() {
	local filter before

	vrf_create
	spawn node listeners "$PROBE" listen -d vrf0 "${LISTEN[@]}"
	for filter in . '.interfaces.port0 = { zone: "internal", hook: "tc" }'; do
		stacked_node_file ".interfaces.vrf0 = { zone: \"internal\" } | $filter"
		assert_exit 0 rolewall apply
		assert_json 'any(.interfaces[]; .name == "vrf0" and .hook == "cgroup" and (.note | test("a VRF")))' rolewall --json status
		before=$(status_value .passes.open)
		for _ in 1 2 3; do
			assert_equal answered "$(outside "$PROBE" exchange -w 15000 "$OWN" 7777)" "a question"
		done
		assert_equal $((before + 3)) "$(status_value .passes.open)" "questions"
	done
}

# A TCP socket takes the VRF over from the SYN; what a datagram is answered by is the program's choice.
test_sockets_of_all_vrfs_are_reached_by_the_zone_of_the_vrf() {
	vrf_create
	node sh -c 'echo 1 >/proc/sys/net/ipv4/tcp_l3mdev_accept'
	spawn node listeners "$PROBE" listen "${LISTEN[@]:0:2}" -d vrf0 "${LISTEN[@]:2}"
	stacked_node_file '.interfaces.vrf0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" "$OWN" "$OWN6"
	assert_judged vrf0 internal
	assert_reach outside tcp/25 "${LISTEN[@]}" "$NODE_EXTERNAL" # UDP listens in the VRF alone
}

# Nothing is open by mistake, and apply says what to do.
test_an_unlisted_vrf_is_external() {
	vrf_create
	spawn node listeners "$PROBE" listen -d vrf0 "${LISTEN[@]}"
	stacked_node_file '.interfaces.port0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	grep -q 'port0 is a port of vrf0, which is not listed.*"vrf0": { "zone": "internal" }' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_inward "$EXTERNAL" "$OWN"
	assert_outward node "$PEER" vrf0
	assert_zone port0 external
	assert_books_balance
}

# --- macvlan --------------------------------------------------------------------------------------

macvlan_add() { # HOST: of the cable port0
	lab_link node port0 outside port0 192.0.2. 2001:db8:12::
	device_add node macvlan0 link port0 type macvlan mode bridge
	[ "$1" = node ] || ip -n "$LAB_NAME-node" link set macvlan0 netns "$LAB_NAME-$1"
	ip -n "$LAB_NAME-$1" address add 2001:db8:14::1/64 dev macvlan0 nodad
	device_up "$1" macvlan0 10.14.0.1/24
	ip -n "$LAB_NAME-outside" address add 2001:db8:14::2/64 dev port0 nodad
	device_up outside port0 10.14.0.2/24
}

# It shares the cable: the zone of the interface below it holds first.
macvlan_is_judged() { # JQ-FILTER
	stacked_node_file ".interfaces.macvlan0 = { zone: \"internal\" } | .interfaces.port0 = { zone: \"internal\" } | $1"
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" 10.14.0.1 2001:db8:14::1
	assert_outward node 10.14.0.2
	assert_outward node 2001:db8:14::2 macvlan0
	assert_zone port0 internal
	assert_zone macvlan0 internal
	assert_books_balance
}

test_a_macvlan_is_judged_by_its_zone_and_by_that_of_its_cable() {
	macvlan_add node
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	by_each_hook port0 macvlan_is_judged
	stacked_node_file '.interfaces.macvlan0 = { zone: "internal" } | .interfaces.port0 = { zone: "external" }'
	assert_exit 0 rolewall apply
	assert_inward "$EXTERNAL" 10.14.0.1
}

# Not the node's: what is for its address is nobody's business here, where the sockets are asked alone.
test_a_container_on_a_macvlan_is_none_of_the_node() {
	macvlan_add box
	stacked_node_file '.interfaces.port0 = { zone: "internal", hook: "cgroup" }'
	assert_exit 0 rolewall apply
	needs_namespaces
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	spawn box listeners-box "$PROBE" listen "${LISTEN[@]}"
	assert_inward "$INTERNAL tcp/9999 udp/9999" 10.14.0.1 2001:db8:14::1
	assert_outward box 10.14.0.2
	assert_inward "$INTERNAL" "$OWN" "$OWN6"
	assert_outward node "$PEER"
	assert_judged port0 internal
}

# --- teams and bonds ------------------------------------------------------------------------------

test_a_team_is_judged_by_its_own_name() {
	command -v teamnl >/dev/null || lacks "teamnl is not installed (package libteam-utils)"
	device_add node team0 type team
	node teamnl team0 setoption mode roundrobin
	port_add team0
	ip -n "$LAB_NAME-node" address add "$OWN6/64" dev team0 nodad
	device_up node team0 "$OWN/24"
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	stacked_node_file '.interfaces.team0 = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" "$OWN" "$OWN6"
	assert_outward node "$PEER"
	assert_outward node "$PEER6"
	assert_judged team0 internal
}

test_a_vlan_on_a_bond_has_a_zone_of_its_own() {
	master_add bond0 bond mode active-backup
	device_add node bond0.10 link bond0 type vlan id 10
	device_add outside port0.10 link port0 type vlan id 10
	device_up node bond0.10 10.10.0.1/24
	device_up outside port0.10 10.10.0.2/24
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	stacked_node_file '.interfaces.bond0 = { zone: "external" } | .interfaces["bond0.10"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" 10.10.0.1
	assert_inward "$EXTERNAL" "$OWN" "$OWN6"
	assert_outward node 10.10.0.2
	assert_outward node "$PEER"
	assert_zone bond0 external
	assert_zone bond0.10 internal
	stacked_node_file '.interfaces.bond0 = { zone: "internal" } | .interfaces["bond0.10"] = { zone: "external" }'
	assert_exit 0 rolewall apply
	assert_inward "$EXTERNAL" 10.10.0.1
	assert_inward "$INTERNAL" "$OWN"
	assert_books_balance
}

# --- a bridge that filters VLANs ------------------------------------------------------------------

# What has no tag on the cable is of VLAN 10, by the port; VLAN 20 has its tag.
test_the_vlans_of_a_filtering_bridge_have_zones_of_their_own() {
	local bridge=(bridge -n "$LAB_NAME-node" vlan)

	command -v bridge >/dev/null || lacks "bridge is not installed (package iproute2)"
	master_add br0 bridge vlan_filtering 1
	"${bridge[@]}" del dev port0 vid 1
	"${bridge[@]}" add dev port0 vid 10 pvid untagged
	"${bridge[@]}" add dev port0 vid 20
	"${bridge[@]}" add dev br0 vid 10 self
	"${bridge[@]}" add dev br0 vid 20 self
	ip -n "$LAB_NAME-node" address flush dev br0
	device_add node br0.10 link br0 type vlan id 10
	device_add node br0.20 link br0 type vlan id 20
	device_add outside port0.20 link port0 type vlan id 20
	device_up node br0.10 "$OWN/24"
	device_up node br0.20 10.20.0.1/24
	device_up outside port0.20 10.20.0.2/24
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	stacked_node_file '.interfaces.br0 = { zone: "external" } | .interfaces["br0.10"] = { zone: "internal" }'
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" "$OWN"
	assert_inward "$EXTERNAL" 10.20.0.1
	assert_outward node "$PEER"
	assert_outward node 10.20.0.2
	assert_zone br0.10 internal
	assert_books_balance
}

# --- IPsec without a device -----------------------------------------------------------------------

# ipsec_end HOST OWN PEER MODE [OWN-INSIDE PEER-INSIDE]
ipsec_end() {
	local ip=(ip -n "$LAB_NAME-$1") own=$2 peer=$3 mode=$4 inside=${5:-$2} other=${6:-$3} ends spi=0x1000

	for ends in "$own $peer" "$peer $own"; do
		# shellcheck disable=SC2086
		"${ip[@]}" xfrm state add src ${ends% *} dst ${ends#* } proto esp spi "$spi" reqid 1 mode "$mode" \
			aead "rfc4106(gcm(aes))" "0x$(printf '%040d' 7)" 128 2>"$LAB_DIR/esp.err" ||
			lacks "this kernel has no ESP ($(<"$LAB_DIR/esp.err"))"
	done
	"${ip[@]}" xfrm policy add src "$inside" dst "$other" dir out tmpl src "$own" dst "$peer" proto esp reqid 1 mode "$mode"
	"${ip[@]}" xfrm policy add src "$other" dst "$inside" dir in tmpl src "$peer" dst "$own" proto esp reqid 1 mode "$mode"
}

# What is decrypted comes in by the interface of what was encrypted. The egress hook sees what is encrypted
# already: UDP that the node asks is no conversation, and is not answered.
transport_is_judged() { # JQ-FILTER
	stacked_node_file ".protocols = [\"esp\"] | $1"
	assert_exit 0 rolewall apply
	assert_inward "$EXTERNAL" "$NODE_EXTERNAL"
	assert_outward node "$OUTSIDE" "" tcp/443
	assert_judged eth0 external
	assert_json '.passes["protocol-listed"] > 0' rolewall --json status
}

test_ipsec_in_transport_mode_is_judged_when_it_is_decrypted() {
	ipsec_end node "$NODE_EXTERNAL" "$OUTSIDE" transport
	ipsec_end outside "$OUTSIDE" "$NODE_EXTERNAL" transport
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	by_each_hook eth0 transport_is_judged
	stacked_node_file .
	assert_exit 0 rolewall apply
	assert_reach outside "" "${LISTEN[@]}" "$NODE_EXTERNAL"
}

tunnel_is_judged() { # JQ-FILTER
	stacked_node_file ".protocols = [\"esp\"] | .interfaces.eth0.sources = { internal: [\"10.13.0.2/32\"] } | $1"
	assert_exit 0 rolewall apply
	assert_inward "$INTERNAL" 10.13.0.1
	assert_outward node 10.13.0.2 "" tcp/443
	assert_json 'any(.attempts[]; .port == 9999 and .interface == "eth0" and .zone == "internal"
		and .source == "10.13.0.2")' rolewall --json blocked
	assert_books_balance
}

test_ipsec_in_tunnel_mode_is_judged_by_the_address_inside() {
	ip -n "$LAB_NAME-node" address replace 10.13.0.1 peer 10.13.0.2 dev eth0
	ip -n "$LAB_NAME-outside" address replace 10.13.0.2 peer 10.13.0.1 dev eth0
	ipsec_end node "$NODE_EXTERNAL" "$OUTSIDE" tunnel 10.13.0.1 10.13.0.2
	ipsec_end outside "$OUTSIDE" "$NODE_EXTERNAL" tunnel 10.13.0.2 10.13.0.1
	spawn node listeners "$PROBE" listen "${LISTEN[@]}"
	by_each_hook eth0 tunnel_is_judged
	stacked_node_file '.protocols = ["esp"]'
	assert_exit 0 rolewall apply
	assert_inward "$EXTERNAL" 10.13.0.1
	ip -n "$LAB_NAME-node" address del 10.13.0.1 peer 10.13.0.2 dev eth0
	ip -n "$LAB_NAME-outside" address del 10.13.0.2 peer 10.13.0.1 dev eth0
}

# --- WireGuard in a container ---------------------------------------------------------------------

# Behind a bridge, with masquerade, as docker and podman do.
container_create() {
	device_add node br1 type bridge
	ip -n "$LAB_NAME-node" link add veth0 type veth peer name eth0 netns "$LAB_NAME-box"
	ip -n "$LAB_NAME-node" link set veth0 master br1 up
	device_up node br1 10.88.0.1/24
	device_up box eth0 "$BOX/24"
	ip -n "$LAB_NAME-box" route replace default via 10.88.0.1
	node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	node nft -f - 2>"$LAB_DIR/nft.err" <<-RULES || lacks "no addresses are translated here: $(<"$LAB_DIR/nft.err")"
		table ip container {
			chain published {
				type nat hook prerouting priority dstnat
				iifname eth0 udp dport 51820 dnat to $BOX
			}
			chain asked {
				type nat hook postrouting priority srcnat
				ip saddr 10.88.0.0/24 oifname eth0 masquerade
			}
		}
	RULES
}

container_remove() {
	node nft delete table ip container
	node sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	node "$PROBE" untrack
}

# wireguard_end HOST OWN-KEY PEER-KEY ADDRESS [ENDPOINT]: the device is there.
wireguard_end() {
	local endpoint=${5:-}

	echo "$2" >"$LAB_DIR/wg.key"
	"$1" wg set wg0 listen-port 51820 private-key "$LAB_DIR/wg.key" peer "$(wg pubkey <<<"$3")" \
		${endpoint:+endpoint "$endpoint:51820"} allowed-ips 10.9.0.0/24
	device_up "$1" wg0 "$4/24"
}

# wireguard_pair [ENDPOINT]: of the container, as outside knows it.
wireguard_pair() {
	local one two

	command -v wg >/dev/null || lacks "wg is not installed (package wireguard-tools)"
	one=$(wg genkey) two=$(wg genkey)
	device_add outside wg0 type wireguard
	wireguard_end box "$one" "$two" 10.9.0.1 "$OUTSIDE"
	wireguard_end outside "$two" "$one" 10.9.0.2 "$@"
}

tunnel_answers() { # HOST ADDRESS
	wait_for 20 "$1" ping -q -c 1 -W 1 "$2" >/dev/null || fail "the tunnel does not come up: $1 to $2"
}

# Inside the tunnel all is the container's own business.
assert_tunnel() {
	assert_inward "$INTERNAL tcp/9999 udp/9999" 10.9.0.1
	assert_outward box 10.9.0.2
	assert_books_balance
}

test_wireguard_of_a_container_is_answered_and_not_asked() {
	needs conntrack "this kernel's connection tracking cannot be asked"
	trap container_remove EXIT
	container_create
	device_add box wg0 type wireguard
	stacked_node_file '.interfaces.eth0.hook = "tc"'
	assert_exit 0 rolewall apply
	spawn box listeners-box "$PROBE" listen "${LISTEN[@]}"
	wireguard_pair "$NODE_EXTERNAL"
	! outside ping -q -c 1 -W 1 10.9.0.1 >/dev/null || fail "who asks from outside gets in"
	tunnel_answers box 10.9.0.2
	assert_tunnel
	assert_json '.passes.forwarded > 0 and any(.attempts[]; .port == 51820 and .interface == "eth0")' status_and_attempts
	# What is published is open when a service says so.
	stacked_node_file '.interfaces.eth0.hook = "tc"
		| .services += [{ name: "wireguard", proto: "udp", port: 51820, table: "external" }]'
	assert_exit 0 rolewall apply
	node "$PROBE" untrack
	tunnel_answers outside 10.9.0.1
	assert_tunnel
}

status_and_attempts() {
	rolewall --json blocked | jq --argjson status "$(rolewall --json status)" '. + { passes: $status.passes }'
}

# Made on the node and given away, its UDP stays with the node: the kernel's own, it needs its port.
test_wireguard_that_was_given_to_a_container_speaks_by_the_node() {
	device_add node wg0 type wireguard
	ip -n "$LAB_NAME-node" link set wg0 netns "$LAB_NAME-box"
	stacked_node_file '.services += [{ name: "wireguard", proto: "udp", port: 51820, table: "external" }]'
	assert_exit 0 rolewall apply
	needs_namespaces
	spawn box listeners-box "$PROBE" listen "${LISTEN[@]}"
	wireguard_pair "$NODE_EXTERNAL"
	tunnel_answers outside 10.9.0.1
	assert_tunnel
}

run_tests "$@"
