#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A real VPN: OpenVPN between the outside host and the node, over the public interface. What is for
# VPN clients alone answers through the tunnel and not beside it, whenever the tunnel comes and goes.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

TUN_NODE=10.9.0.1
TUN_CLIENT=10.9.0.2
TUN6_NODE=fd09::1
TUN6_CLIENT=fd09::2
# Another address of the VPN's network, whose answers find the way back over the public interface.
IMPOSTOR=10.9.0.66
IMPOSTOR6=fd09::66

# Ports: 25 external, 6071 admin panel, 22 internal and vpn, 5432 internal, 9999 nobody's.
setup() {
	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 9999
	ip -n "$LAB_NAME-node" route add "$IMPOSTOR/32" via "$OUTSIDE" dev eth0
	ip -n "$LAB_NAME-node" -6 route add "$IMPOSTOR6/128" via "$OUTSIDE6" dev eth0
	[ -z "$(vpn_missing)" ] || return 0
	openvpn --genkey secret "$LAB_DIR/vpn.key"
}

vpn_missing() {
	if ! command -v openvpn >/dev/null; then
		echo "openvpn is not installed"
	elif ! openvpn --help | grep -q -- '--secret f'; then
		echo "this openvpn no longer knows static keys"
	elif [ ! -c /dev/net/tun ]; then
		mkdir -p /dev/net
		mknod -m 0666 /dev/net/tun c 10 200 || echo "there is no /dev/net/tun"
	fi
}

prepare() {
	local missing

	missing=$(vpn_missing)
	[ -z "$missing" ] || skip "$missing"
	vpn_node_file .
	assert_exit 0 rolewall apply
}

# The VPN server's port is a service of the node's own.
vpn_node_file() { # JQ-FILTER
	node_file '.interfaces = {
			eth0: { zone: "external" },
			tun0: { zone: "vpn", sources: { vpn: ["10.9.0.0/24", "fd09::/64"] } }
		}
		| .vpn_only = ["admin-panel"]
		| .services = [{ name: "openvpn", proto: "udp", port: 1194, table: "external",
			about: "OpenVPN" }] | '"$1"
}

# --- the tunnel -----------------------------------------------------------------------------------

# On one CPU: each has a table of attempts of its own, and which of two entries is newer is not known
# on a kernel that tells the programs no time.
openvpn_start() { # HOST LOCAL REMOTE LOCAL6 REMOTE6 OPTION...
	local host=$1 local=$2 remote=$3 local6=$4 remote6=$5

	shift 5
	spawn "$host" "openvpn-$host" taskset -c 0 openvpn --dev tun0 --dev-type tun --proto udp --port 1194 \
		--cipher AES-256-CBC --auth SHA256 --ifconfig "$local" "$remote" \
		--ifconfig-ipv6 "$local6/64" "$remote6" "$@"
}

tunnel_start() {
	openvpn_start node "$TUN_NODE" "$TUN_CLIENT" "$TUN6_NODE" "$TUN6_CLIENT" \
		--secret "$LAB_DIR/vpn.key" 0
	openvpn_start outside "$TUN_CLIENT" "$TUN_NODE" "$TUN6_CLIENT" "$TUN6_NODE" \
		--secret "$LAB_DIR/vpn.key" 1 --remote "$NODE_EXTERNAL"
	wait_for 10 tunnel_carries || fail "no tunnel: $(tail -n 5 "$LAB_DIR"/openvpn-*.out)"
	outside ping -q -c 1 -W 15 -I tun0 "$TUN6_NODE" >/dev/null
}

# By the device: before the client has it, the node answers for that address over the public interface.
tunnel_carries() {
	outside ping -q -c 1 -W 1 -I tun0 "$TUN_NODE" >/dev/null 2>&1
}

tunnel_stop() {
	stop openvpn-node
	stop openvpn-outside
	wait_for 5 tun_is_gone || fail "tun0 is still there"
}

tun_is_gone() {
	! ip -n "$LAB_NAME-node" link show tun0 >/dev/null 2>&1
}

tun_ifindex() {
	ip -n "$LAB_NAME-node" -j link show tun0 | jq '.[0].ifindex'
}

# --- what may be reached --------------------------------------------------------------------------

SCAN=(-t "22,25,5432,6071,9999" -u 9999)

assert_tunnel_is_vpn() {
	assert_reach outside "tcp/22 tcp/25 tcp/6071" "${SCAN[@]}" "$TUN_NODE" "$TUN6_NODE"
	assert_closed_beside
}

# As any other interface that nobody listed: the external table, no more.
assert_tunnel_is_external() {
	assert_reach outside "tcp/25" "${SCAN[@]}" "$TUN_NODE" "$TUN6_NODE"
}

# Not even to the tunnel's own address.
assert_closed_beside() {
	assert_reach outside "tcp/25" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	assert_equal silent "$(impostor "$OUTSIDE" "$TUN_NODE" 6071)" "the tunnel's address from eth0"
}

# impostor SOURCE TARGET PORT: a SYN with this source over the public interface; what comes back?
impostor() {
	local mac

	mac=$(ip -n "$LAB_NAME-node" -j link show eth0 | jq -r '.[0].address')
	outside "$PROBE" syn -i eth0 -m "$mac" -s "$1" "$2" "$3"
}

# assert_tun HOOK XDP-MODE PRESENT NOTE-PATTERN [ZONE]
assert_tun() {
	assert_json ".interfaces[] | select(.name == \"tun0\") | .zone == \"${5:-vpn}\" and .hook == \"$1\"
		and .xdp_mode == \"$2\" and .present == $3 and (.note | test(\"$4\"))" \
		status_json
}

# --- tests ----------------------------------------------------------------------------------------

test_a_vpn_that_is_not_there_is_said_and_closed() {
	assert_tun none none false "no such device"
	assert_closed_beside
}

test_the_vpn_server_is_reached_by_the_nodes_own_service_alone() {
	tunnel_start
	stop openvpn-outside
	vpn_node_file 'del(.services)'
	assert_exit 0 rolewall apply
	openvpn_start outside "$TUN_CLIENT" "$TUN_NODE" "$TUN6_CLIENT" "$TUN6_NODE" \
		--secret "$LAB_DIR/vpn.key" 1 --remote "$NODE_EXTERNAL" --lport 1195
	! tunnel_carries || fail "the tunnel needs no open port"
	assert_json 'any(.attempts[]; .port == 1194 and .proto == "udp" and .interface == "eth0"
		and .reason == "no-connection")' rolewall --json blocked
}

test_a_tunnel_that_comes_after_apply_is_external_until_the_next() {
	tunnel_start
	assert_tun cgroup none true "vpn once .rolewall apply" external
	assert_tunnel_is_external
	assert_closed_beside
	assert_json "any(.attempts[]; .interface == \"tun0\" and .port == 6071 and .source == \"$TUN_CLIENT\"
		and .reason == \"zone-denied\" and .zone == \"external\")" rolewall --json blocked

	assert_exit 0 rolewall apply
	assert_tun tc none true "no native XDP"
	assert_tunnel_is_vpn
	assert_json "any(.attempts[]; .interface == \"tun0\" and .port == 5432 and .source == \"$TUN6_CLIENT\"
		and .reason == \"zone-denied\" and .zone == \"vpn\")" rolewall --json blocked
	assert_books_balance
}

test_a_vpn_address_on_the_public_interface_gets_nothing() {
	local source

	# In observe mode it would be answered: the addresses, the route and the listener are right.
	assert_exit 0 rolewall apply --observe
	assert_equal open "$(impostor "$IMPOSTOR" "$NODE_EXTERNAL" 6071)" "observed"
	assert_equal open "$(impostor "$IMPOSTOR6" "$NODE6_EXTERNAL" 6071)" "observed, IPv6"

	tunnel_start
	assert_exit 0 rolewall apply
	assert_equal open "$(impostor "$IMPOSTOR" "$NODE_EXTERNAL" 25)" "a public port"
	assert_equal silent "$(impostor "$IMPOSTOR" "$NODE_EXTERNAL" 6071)" "IPv4"
	assert_equal silent "$(impostor "$IMPOSTOR" "$TUN_NODE" 6071)" "IPv4 to the tunnel's address"
	assert_equal silent "$(impostor "$IMPOSTOR6" "$NODE6_EXTERNAL" 6071)" "IPv6"
	assert_equal silent "$(impostor "$IMPOSTOR6" "$TUN6_NODE" 22)" "IPv6 to the tunnel's address"
	# The client's very address: the node would answer into the tunnel.
	impostor "$TUN_CLIENT" "$TUN_NODE" 6071
	for source in "$IMPOSTOR" "$IMPOSTOR6" "$TUN_CLIENT"; do
		assert_json "any(.attempts[]; .source == \"$source\" and .port == 6071 and .interface == \"eth0\"
			and .zone == \"external\" and .reason == \"zone-denied\")" rolewall --json blocked
	done
}

test_a_tunnel_that_vanishes_and_returns_is_covered() {
	local before

	tunnel_start
	assert_exit 0 rolewall apply
	assert_tunnel_is_vpn
	before=$(tun_ifindex)
	tunnel_stop
	assert_tun none none false "no such device"
	assert_closed_beside

	tunnel_start
	[ "$(tun_ifindex)" != "$before" ] || fail "the device has its old number: nothing is tested"
	assert_tunnel_is_external
	assert_exit 0 rolewall apply
	assert_tun tc none true "no native XDP"
	assert_tunnel_is_vpn
}

# A new device may even be given the number of the old one.
test_a_device_with_the_number_of_a_vanished_one_is_no_vpn() {
	local number

	tunnel_start
	assert_exit 0 rolewall apply
	number=$(tun_ifindex)
	tunnel_stop
	assert_exit 0 rolewall apply
	ip -n "$LAB_NAME-node" link add late0 index "$number" type veth \
		peer name late0 netns "$LAB_NAME-vpn"
	ip -n "$LAB_NAME-node" address add 192.0.2.1/24 dev late0
	ip -n "$LAB_NAME-vpn" address add 192.0.2.2/24 dev late0
	ip -n "$LAB_NAME-node" link set late0 up
	ip -n "$LAB_NAME-vpn" link set late0 up
	assert_reach vpn "tcp/25" "${SCAN[@]}" 192.0.2.1
	ip -n "$LAB_NAME-node" link delete late0
}

run_tests "$@"
