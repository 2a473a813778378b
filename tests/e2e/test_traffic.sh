#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a host needs beside its open ports keeps working: its own connections and questions, ARP,
# neighbour discovery, ping, path MTU discovery, loopback, and sessions across a change of policy.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn outside servers "$PROBE" listen -t 443 -u 53
	spawn far far-servers "$PROBE" listen -u 53
	spawn node listeners "$PROBE" listen -t 25,22,9999 -u 9999,8301
}

prepare() {
	node_file .
	rolewall apply
}

test_own_download_of_1_GB_arrives_whole() {
	spawn outside source "$PROBE" source 8080 1000000000
	assert_equal "received 1000000000" "$(node "$PROBE" get "$OUTSIDE" 8080)" "download"
}

test_own_download_over_ipv6_arrives_whole() {
	spawn outside source "$PROBE" source 8080 100000000
	assert_equal "received 100000000" "$(node "$PROBE" get "$OUTSIDE6" 8080)" "download"
}

# question_test SERVER NODE FAR INSIDE: the answer to the node's own question arrives; to the very
# port it came from, nobody else gets anything in.
question_test() {
	local server=$1 node_address=$2 port

	spawn node query "$PROBE" query "$server" 53
	port=$(awk '{ print $2; exit }' "$LAB_DIR/query.out")
	wait_for 3 grep -q "^from $server 53 question" "$LAB_DIR/query.out" || fail "no answer"
	outside "$PROBE" send -p 5353 "$node_address" "$port" "other port"
	outside "$PROBE" send -p 53 "$node_address" $((port ^ 1)) "next port"
	far "$PROBE" send -p 53 "$node_address" "$port" "other host"
	inside "$PROBE" send -p 53 "$node_address" "$port" "other side"
	# The last one may: it shows that the ones before had their chance.
	outside "$PROBE" send -p 53 "$node_address" "$port" "the same peer"
	wait_for 3 grep -q "^from $server 53 the same peer" "$LAB_DIR/query.out" ||
		fail "a second datagram of the peer does not arrive"
	! grep -q other "$LAB_DIR/query.out" || fail "strangers got in: $(<"$LAB_DIR/query.out")"
	assert_json "[.attempts[] | select(.port == $port and .proto == \"udp\" and .reason == \"no-connection\")
		| .source] | unique == ([\"$server\", \"$3\", \"$4\"] | unique)" \
		rolewall --json blocked
	stop query
}

test_own_question_is_answered_and_strangers_are_not_heard() {
	question_test "$OUTSIDE" "$NODE_EXTERNAL" "$FAR" "$INSIDE"
}

test_own_question_over_ipv6_is_answered_and_strangers_are_not_heard() {
	question_test "$OUTSIDE6" "$NODE6_EXTERNAL" "$FAR6" "$INSIDE6"
}

test_arp_passes() {
	ip -n "$LAB_NAME-outside" neigh flush all
	ip -n "$LAB_NAME-node" neigh flush all
	outside ping -q -c 1 -W 15 "$NODE_EXTERNAL"
	ip -n "$LAB_NAME-outside" neigh flush all
	ip -n "$LAB_NAME-node" neigh flush all
	node ping -q -c 1 -W 15 "$OUTSIDE"
}

test_neighbour_discovery_passes() {
	ip -n "$LAB_NAME-outside" -6 neigh flush all
	ip -n "$LAB_NAME-node" -6 neigh flush all
	outside ping -q -c 1 -W 15 "$NODE6_EXTERNAL"
	ip -n "$LAB_NAME-outside" -6 neigh flush all
	ip -n "$LAB_NAME-node" -6 neigh flush all
	node ping -q -c 1 -W 15 "$OUTSIDE6"
}

test_ping_passes_both_ways_from_each_zone() {
	local address

	for address in "$OUTSIDE" "$OUTSIDE6" "$INSIDE" "$INSIDE6" "$VPN" "$VPN6" "$FAR" "$FAR6"; do
		node ping -q -c 1 -W 15 "$address"
	done
	outside ping -q -c 1 -W 15 "$NODE_EXTERNAL"
	inside ping -q -c 1 -W 15 "$NODE6_INTERNAL"
	vpn ping -q -c 1 -W 15 "$NODE_VPN"
}

# Without the router's "too big" message the transfer would stand still: its packets have 1500
# bytes, the path takes 1300.
path_mtu_test() { # ADDRESS
	spawn far sink "$PROBE" sink 8080
	assert_equal "sent 2000000" "$(node timeout 60 "$PROBE" put "$1" 8080 2000000)" "upload"
	assert_equal 1300 "$(ip -n "$LAB_NAME-node" -j route get "$1" | jq '.[0].metrics[0].mtu')" \
		"path MTU to $1"
}

test_path_mtu_is_discovered() {
	path_mtu_test "$FAR"
}

test_path_mtu_is_discovered_over_ipv6() {
	path_mtu_test "$FAR6"
}

test_loopback_is_never_filtered() {
	local address

	assert_answer open node tcp 127.78.0.1 9999
	for address in 127.0.0.1 ::1 "$NODE_EXTERNAL" "$NODE6_INTERNAL"; do
		assert_answer open node tcp "$address" 9999
		assert_answer open node udp "$address" 9999
	done
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer silent outside udp "$NODE_EXTERNAL" 9999
}

# session_say WORD: the word comes back over the running session.
session_say() {
	echo "$1" >&"$SESSION"
	wait_for 3 grep -qx "echo $1" "$LAB_DIR/session.out" || fail "the session is cut at \"$1\""
}

test_a_session_survives_apply_even_of_a_policy_that_closes_its_port() {
	mkfifo "$LAB_DIR/session.in"
	exec {SESSION}<>"$LAB_DIR/session.in"
	spawn outside session "$PROBE" talk "$NODE_EXTERNAL" 25
	session_say one
	assert_exit 0 rolewall apply
	session_say two
	node_file '.roles = ["proxy"]'
	assert_exit 0 rolewall apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	session_say three
	rm "$LAB_DIR/session.in"
}

test_a_stray_segment_gets_nothing() {
	local before

	command -v nmap >/dev/null || skip "nmap is not installed"
	before=$(drops_value no-connection)
	# nmap's ACK scan: a host without a firewall answers with a reset.
	outside nmap -n -Pn -sA -p 9999 --max-retries 0 --host-timeout 60s "$NODE_EXTERNAL" >"$LAB_DIR/nmap"
	grep -q "9999/tcp filtered" "$LAB_DIR/nmap" || fail "$(<"$LAB_DIR/nmap")"
	[ "$(drops_value no-connection)" -gt "$before" ] || fail "not counted"
}

run_tests "$@"
