#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Under enforce, with all roles: the node's own connections and questions lose nothing, jumbo frames
# pass, and frames made by hand (VLAN tags, IPv6 extension headers) do not walk around the policy.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

TRANSFER=1000000 # bytes
# At once, while the policy changes. Under emulation a cable lost a quarter of what 600 sent: their TCP waits,
# or gives up.
TRANSFERS=${TRANSFERS:-200}

setup() {
	spawn outside dns "$PROBE" listen -u 53
	spawn outside web "$PROBE" serve 8080 $TRANSFER
	spawn node listeners "$PROBE" listen -t 22,25,5432,9999 -u 9999
	MAC_ETH0=$(mac_of eth0)
	MAC_ETH1=$(mac_of eth1)
}

mac_of() { # DEVICE
	ip -n "$LAB_NAME-node" -j link show "$1" | jq -r '.[0].address'
}

prepare() {
	node_file .
	assert_exit 0 rolewall apply
	lab_neighbours
}

# Frames by hand are sent to a node that knows its neighbours: nothing waits for ARP.
lab_neighbours() {
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null
	outside ping -q -c 1 "$NODE6_EXTERNAL" >/dev/null
	inside ping -q -c 1 "$NODE_INTERNAL" >/dev/null
}

dropped() {
	status_value .totals.dropped
}

# --- the node's own traffic -----------------------------------------------------------------------

# assert_dropped_at_most NUMBER BEFORE. Segments that were sent twice may come after the end of their
# connection; that is nobody's loss. No more than that is refused.
assert_dropped_at_most() {
	local now

	now=$(dropped)
	[ "$now" -le $(($2 + $1)) ] || fail "$((now - $2)) packets dropped: $(rolewall blocked)"
}

assert_transfers() { # COUNT OUTPUT
	assert_equal "received $(($1 * TRANSFER)), broken 0, unfinished 0" "$2" "$1 transfers"
}

test_200_transfers_at_once_lose_nothing() {
	local before server

	before=$(dropped)
	for server in "$OUTSIDE" "$OUTSIDE6"; do
		assert_transfers 200 "$(node "$PROBE" fetch 200 "$server" 8080)"
	done
	assert_dropped_at_most 400 "$before" # one of each
}

test_10000_questions_are_answered() {
	local before

	before=$(dropped)
	assert_equal "asked 10000, answered 10000" "$(node "$PROBE" ask 10000 "$OUTSIDE" 53)" \
		"each from a port of its own"
	assert_equal "asked 2000, answered 2000" "$(node "$PROBE" ask 2000 "$OUTSIDE6" 53)" \
		"over IPv6"
	assert_equal "asked 10000, answered 10000" "$(node "$PROBE" ask -1 10000 "$OUTSIDE" 53)" \
		"all from one port"
	assert_equal "$before" "$(dropped)" "packets dropped"
}

# What the node sends to a group that it is in comes back to it, by way of the device.
test_the_nodes_own_multicast_comes_back() {
	local before

	before=$(drops_value no-connection)
	assert_equal "heard" "$(node "$PROBE" group "$NODE_EXTERNAL" 239.1.1.1 5353)" "IPv4"
	assert_equal "heard" "$(node "$PROBE" group eth1 ff02::fb 5353)" "IPv6"
	assert_equal "$before" "$(drops_value no-connection)" "packets dropped"
	# From the wire it is a stranger's like any other.
	spawn node group "$PROBE" listen -u 5353
	outside ip route add 239.0.0.0/8 dev eth0
	outside "$PROBE" send 239.1.1.1 5353 "hello"
	wait_for 3 a_stranger_was_refused 5353 || fail "not refused"
}

a_stranger_was_refused() { # PORT
	rolewall --json blocked --port "$1" | jq -e 'any(.attempts[]; .reason == "no-connection")' >/dev/null
}

# Never at the same time: a burst of transfers fills the queue between the hosts, and a question
# that is lost there is lost without any firewall.
test_policy_changes_lose_nothing() {
	local before

	before=$(dropped)
	policy_changes_during questions ask 30000 "$OUTSIDE" 53
	assert_equal "asked 30000, answered 30000" "$(<"$LAB_DIR/questions.out")" "questions"
	assert_equal "$before" "$(dropped)" "packets dropped"
	policy_changes_during transfers fetch "$TRANSFERS" "$OUTSIDE" 8080
	assert_transfers "$TRANSFERS" "$(<"$LAB_DIR/transfers.out")"
	assert_dropped_at_most 300 "$before"
}

# policy_changes_during LABEL PROBE-ARGUMENT...: as many as fit, at least one. The probe gives up by itself
# when nothing comes any more; a busy machine may take a minute, and hundreds of changes.
policy_changes_during() {
	local label=$1 changes=0 roles alive

	shift
	launch node "$label" "$PROBE" "$@"
	while :; do
		for roles in '.roles = ["mta"]' .; do
			node_file "$roles"
			assert_exit 0 rolewall apply
			alive=yes
			kill -0 "$(<"$LAB_DIR/$label.pid")" 2>/dev/null || alive=
			if lab_spoke "$label"; then break 2; fi
			[ "$alive" ] || fail "no word of the $label: $(<"$LAB_DIR/$label.err")"
			changes=$((changes + 1))
		done
	done
	[ "$changes" -gt 0 ] || fail "the $label were done before the policy changed"
	node_file .
	assert_exit 0 rolewall apply
}

test_transfers_get_through_a_flood() {
	launch outside flood "$PROBE" flood -n 5000 -c 1000000000 "$NODE_EXTERNAL" 9
	assert_transfers 50 "$(node "$PROBE" fetch 50 "$OUTSIDE" 8080)"
	kill -0 "$(<"$LAB_DIR/flood.pid")" || fail "the flood was over before the transfers"
	stop flood
	assert_books_balance
}

# --- jumbo frames ---------------------------------------------------------------------------------

# mtu BYTES: on both ends of the cable between the node and the outside host.
mtu() {
	ip -n "$LAB_NAME-node" link set eth0 mtu "$1"
	ip -n "$LAB_NAME-outside" link set eth0 mtu "$1"
}

assert_jumbo_frames_pass() { # HOST ADDRESS ADDRESS6 DEVICE
	"$1" ping -q -c 3 -i 0.1 -W 15 -M "do" -s 8900 "$2" >/dev/null || fail "no answer over IPv4"
	"$1" ping -q -c 3 -i 0.1 -W 15 -M "do" -s 8900 "$3" >/dev/null || fail "no answer over IPv6"
	assert_answer open "$1" tcp "$2" 25
	# What is refused is refused at any length.
	"$1" "$PROBE" send "$2" 9999 "$(printf '%08900d' 0)"
	wait_for 3 jumbo_was_refused "$4" || fail "not refused"
}

jumbo_was_refused() { # DEVICE
	rolewall --json blocked --port 9999 |
		jq -e "any(.attempts[]; .interface == \"$1\" and .proto == \"udp\" and .bytes >= 8900)" >/dev/null
}

test_the_mtu_may_grow_under_native_xdp() {
	assert_json '.interfaces[] | select(.name == "eth0") | .xdp_mode == "native"' \
		rolewall --json status
	mtu 9000 || skip "this kernel has no XDP for frames in several buffers"
	assert_jumbo_frames_pass outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL" eth0
	assert_equal "received $((20 * TRANSFER)), broken 0, unfinished 0" \
		"$(node "$PROBE" fetch 20 "$OUTSIDE" 8080)" "transfers"
	# Attached while it is that large, too.
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply
	assert_json '.interfaces[] | select(.name == "eth0") | .xdp_mode == "native"' \
		rolewall --json status
	assert_jumbo_frames_pass outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL" eth0
	mtu 1500
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_books_balance
}

test_the_mtu_may_grow_under_generic_xdp() {
	[ -c /dev/net/tun ] || skip "there is no /dev/net/tun"
	spawn node wire "$PROBE" wire wire0 "/run/netns/$LAB_NAME-vpn" wire0
	ip -n "$LAB_NAME-node" address add 10.99.0.1/24 dev wire0
	ip -n "$LAB_NAME-vpn" address add 10.99.0.2/24 dev wire0
	ip -n "$LAB_NAME-node" address add fd99::1/64 dev wire0 nodad
	ip -n "$LAB_NAME-vpn" address add fd99::2/64 dev wire0 nodad
	ip -n "$LAB_NAME-node" link set wire0 up
	ip -n "$LAB_NAME-vpn" link set wire0 up
	node_file '.interfaces.wire0 = { zone: "vpn", hook: "xdp" }'
	assert_exit 0 rolewall apply
	assert_json '.interfaces[] | select(.name == "wire0") | .xdp_mode == "generic"' \
		rolewall --json status
	ip -n "$LAB_NAME-node" link set wire0 mtu 9000
	ip -n "$LAB_NAME-vpn" link set wire0 mtu 9000
	assert_jumbo_frames_pass vpn 10.99.0.1 fd99::1 wire0
	assert_books_balance
}

# --- frames made by hand --------------------------------------------------------------------------

# assert_syn ANSWER HOST SYN-OPTION... ADDRESS PORT
assert_syn() {
	local expected=$1 host=$2 mac=$MAC_ETH0 source=$OUTSIDE wait_ms=200

	shift 2
	[ "$host" = inside ] && mac=$MAC_ETH1 source=$INSIDE
	case ${*: -2:1} in *:*) source=$OUTSIDE6 ;; esac
	# Only an answer is worth waiting for.
	[ "$expected" = silent ] || wait_ms=10000
	assert_equal "$expected" "$("$host" "$PROBE" syn -w $wait_ms -i eth0 -s "$source" -m "$mac" "$@")" \
		"SYN from $host $*"
}

test_vlan_tags_do_not_walk_around() {
	local tags before

	# Without refusals the host would answer frames with a priority tag: the frames are right.
	assert_exit 0 rolewall apply --observe
	assert_syn open outside "$NODE_EXTERNAL" 9999
	assert_syn open outside -v 0 "$NODE_EXTERNAL" 9999

	assert_exit 0 rolewall apply
	before=$(drops_value not-open)
	for tags in 0 7 0,0 7,0 0,7 4095,4094; do
		assert_syn silent outside -v "$tags" "$NODE_EXTERNAL" 9999
	done
	assert_equal $((before + 6)) "$(drops_value not-open)" "not-open drops"
	assert_syn open outside -v 0 "$NODE_EXTERNAL" 25
	before=$(drops_value malformed)
	assert_syn silent outside -v 0,0,0 "$NODE_EXTERNAL" 25
	assert_equal $((before + 1)) "$(drops_value malformed)" "malformed"
	assert_books_balance
}

# A tag does not make an interface's zone one's own: VLAN 7 on eth1 is nobody's, so it is external.
test_an_unlisted_vlan_is_external() {
	assert_syn open inside "$NODE_INTERNAL" 5432
	assert_syn open inside -v 0 "$NODE_INTERNAL" 5432
	assert_syn silent inside -v 7 "$NODE_INTERNAL" 5432
	assert_json 'any(.attempts[]; .port == 5432 and .interface == "eth1" and .zone == "external"
		and .reason == "zone-denied")' rolewall --json blocked
}

# What the host's own stack takes for a SYN, as the first lines show.
GOOD_CHAINS="0 60 43 44 0,60,43,44,60 60,60,60,60,60,60,60 60,60,60,60,60,60,60,60"
BAD_CHAINS="43:0 44,44 60,0 60,60,60,60,60,60,60,60,60"

test_extension_headers_do_not_walk_around() {
	local chain before count=0

	assert_exit 0 rolewall apply --observe
	for chain in $GOOD_CHAINS; do
		assert_syn open outside -x "$chain" "$NODE6_EXTERNAL" 9999
	done

	assert_exit 0 rolewall apply
	before=$(drops_value not-open)
	for chain in $GOOD_CHAINS 51 135; do
		assert_syn silent outside -x "$chain" "$NODE6_EXTERNAL" 9999
		count=$((count + 1))
	done
	assert_equal $((before + count)) "$(drops_value not-open)" "not-open drops"
	for chain in $GOOD_CHAINS; do
		assert_syn open outside -x "$chain" "$NODE6_EXTERNAL" 25
	done
	assert_books_balance
}

test_malformed_chains_of_extension_headers_are_refused_on_open_ports() {
	local chain before count=0

	before=$(drops_value malformed)
	for chain in $BAD_CHAINS; do
		assert_syn silent outside -x "$chain" "$NODE6_EXTERNAL" 25
		count=$((count + 1))
	done
	assert_equal $((before + count)) "$(drops_value malformed)" "malformed"
}

# --- IPv6 off -------------------------------------------------------------------------------------

test_ipv6_drop_drops_all_ipv6_but_loopback() {
	local before

	node_file '.ipv6 = "drop"'
	assert_exit 0 rolewall apply
	before=$(drops_value ipv6-off)
	assert_reach outside "" -t 22,25,9999 -u 9999 "$NODE6_EXTERNAL"
	assert_reach inside "" -t 22,25,5432 "$NODE6_INTERNAL"
	assert_syn silent outside -x 44 "$NODE6_EXTERNAL" 25
	! outside ping -q -c 1 -W 1 "$NODE6_EXTERNAL" >/dev/null || fail "a ping is answered"
	! node ping -q -c 1 -W 1 "$OUTSIDE6" >/dev/null || fail "an answer to the node arrives"
	[ "$(drops_value ipv6-off)" -gt $((before + 8)) ] || fail "not counted"
	assert_answer open node tcp ::1 9999
	assert_answer open node tcp "$NODE6_EXTERNAL" 9999
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	node_file .
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE6_EXTERNAL" 25
}

# What no hook would let an answer in to is not asked: a program has its error at once, and IPv4 left.
test_ipv6_drop_refuses_the_nodes_own_ipv6_at_once() {
	local own

	ip -n "$LAB_NAME-node" address add fe80::5/64 dev eth0 nodad
	node_file '.ipv6 = "drop"'
	assert_exit 0 rolewall apply
	assert_connect "Operation not permitted" "$OUTSIDE6" 8080
	assert_connect "Operation not permitted" fe80::1%eth0 8080
	# No connect(): it is refused where it leaves.
	assert_sends "Operation not permitted" "$OUTSIDE6"
	assert_sends "Operation not permitted" ff02::fb%eth0
	[[ $(node ping -c 1 "$OUTSIDE6" 2>&1) = *"Operation not permitted"* ]] || fail "a ping is sent"
	# By loopback, and IPv4 from a socket of both families.
	for own in ::1 "$NODE6_EXTERNAL" "$NODE6_INTERNAL" fe80::5%eth0; do
		assert_connect connected "$own" 9999
		assert_sends sent "$own"
	done
	assert_connect connected "::ffff:$OUTSIDE" 8080
	assert_sends sent "::ffff:$OUTSIDE"
	ip -n "$LAB_NAME-node" address del fe80::5/64 dev eth0
	# A name with both addresses: bash takes them in the order of getaddrinfo(3).
	assert_both_families_reach_8080
}

assert_connect() { # WHAT ADDRESS PORT
	assert_equal "$1" "$(node timeout 60 python3 - "$2" "$3" <<-'END'
		import os, socket, sys
		family, kind, proto, _, address = socket.getaddrinfo(sys.argv[1], sys.argv[2], socket.AF_INET6, socket.SOCK_STREAM)[0]
		try:
		    socket.socket(family, kind, proto).connect(address)
		    print("connected")
		except OSError as error:
		    print(os.strerror(error.errno))
	END
	)" "a connection to $2"
}

assert_sends() { # WHAT ADDRESS
	assert_equal "$1" "$(node python3 - "$2" <<-'END'
		import os, socket, sys
		family, kind, proto, _, address = socket.getaddrinfo(sys.argv[1], 9999, socket.AF_INET6, socket.SOCK_DGRAM)[0]
		try:
		    socket.socket(family, kind, proto).sendto(b"x", address)
		    print("sent")
		except OSError as error:
		    print(os.strerror(error.errno))
	END
	)" "a datagram to $2"
}

assert_both_families_reach_8080() {
	printf '%s both.example\n' "$OUTSIDE6" "$OUTSIDE" >"$LAB_DIR/hosts"
	# shellcheck disable=SC2016
	node unshare --mount sh -c 'mount --bind "$1" /etc/hosts && exec timeout 60 bash -c "
		getent ahosts both.example | head -n 1; head -c 1 </dev/tcp/both.example/8080 | wc -c"' sh "$LAB_DIR/hosts" \
		>"$LAB_DIR/both"
	assert_equal "$OUTSIDE STREAM both.example 1" "$(xargs <"$LAB_DIR/both")" "the first address, and one byte"
}

test_ipv6_drop_in_mode_observe_refuses_nothing_of_the_node() {
	node_file '.ipv6 = "drop" | .mode = "observe"'
	assert_exit 0 rolewall apply
	assert_connect connected "$OUTSIDE6" 8080
	assert_sends sent "$OUTSIDE6"
}

run_tests "$@"
