#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Changes of policy under traffic: each packet has the verdict of the old policy or of the new one, and
# of the new one from the moment at which apply has returned. RELOADS and PACKETS say how much of it.
#
# also long: a hundred changes

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

RELOADS=${RELOADS:-$(sized 100 20)}
PACKETS=${PACKETS:-$(sized 200000 50000)}

HOOK=xdp # of eth0

# Both play a role of their own, and share services of the node's own.
both_policies() {
	local own='.services = [
		{ name: "own-tcp", proto: "tcp", port: 7777, table: "external" },
		{ name: "own-udp", proto: "udp", port: 7777, table: "external" },
		{ name: "behind", proto: "tcp", port: 7778, from: ["vpn"] } ]'

	node_file ".roles = [\"proxy\"] | $own | .interfaces.eth0.hook = \"$HOOK\" | .services += [
		{ name: \"only-b\", proto: \"udp\", port: 514, from: [\"external\", \"vpn\"] } ]"
	mv "$LAB_DIR/node.json" "$LAB_DIR/b.json"
	node_file ".roles = [\"mta\"] | $own | .interfaces.eth0.hook = \"$HOOK\" | .interfaces.eth0.sources = { vpn: [\"192.0.2.0/24\"] }
		| .services += [ { name: \"only-a\", proto: \"udp\", port: 515, table: \"external\" } ]"
	mv "$LAB_DIR/node.json" "$LAB_DIR/a.json"
}

storm() { # INTERFACE-OF-THE-NEIGHBOUR...
	both_policies
	rolewall --config "$LAB_DIR/a.json" -q apply
	# 7026 is internal in A, 7778 behind the VPN in both: shut for this neighbour.
	node "$INJECT/packets_during_change" -r "$RELOADS" -n "$PACKETS" \
		-c "/run/netns/$LAB_NAME-outside,eth0,$1,$NODE_EXTERNAL,$NODE6_EXTERNAL" \
		-A 25/tcp,465/tcp,515/udp -B 143/tcp,993/tcp,514/udp -E 7777/tcp,7777/udp \
		-N 9999/tcp,9999/udp,7026/tcp,7778/tcp,22/tcp "$LAB_DIR/a.json" "$LAB_DIR/b.json" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" -q
}

test_no_packet_has_a_verdict_of_neither_policy_or_an_old_one() {
	storm eth0
	assert_exit 0 rolewall status
}

test_the_same_on_tc() {
	RELOADS=$((RELOADS / 4)) PACKETS=$((PACKETS / 4)) HOOK=tc
	storm eth0
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "tc"' rolewall --json status
}

test_the_same_on_the_cgroup_hook() {
	RELOADS=$((RELOADS / 4)) PACKETS=$((PACKETS / 4))
	rolewall -q down || true
	HOOK=xdp
	# Somebody else's program sits on XDP.
	node "$PROBE" stranger "$LAB_DIR/bpf/stranger"
	ip -n "$LAB_NAME-node" link set eth0 xdp pinned "$LAB_DIR/bpf/stranger" ||
		ip -n "$LAB_NAME-node" link set eth0 xdpgeneric pinned "$LAB_DIR/bpf/stranger"
	storm eth0
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "cgroup"' \
		rolewall --json status
	ip -n "$LAB_NAME-node" link set eth0 xdp off
}

# --- many at once ---------------------------------------------------------------------------------

# Each with a port of its own, so that the result can be told: exactly one of them, whole.
test_ten_applies_at_once_all_succeed_and_one_of_them_is_in_force() {
	local i before ports

	policy_a
	rolewall -q apply
	before=$(status_value .generation)
	for i in {0..9}; do
		node_file ".services = [ { name: \"mine\", proto: \"tcp\", port: $((8000 + i)), table: \"external\" } ]"
		mv "$LAB_DIR/node.json" "$LAB_DIR/$i.json"
	done
	for i in {0..9}; do
		{
			rolewall --config "$LAB_DIR/$i.json" apply >"$LAB_DIR/apply$i" 2>&1
			echo $? >"$LAB_DIR/code$i"
		} &
	done
	wait_for 60 all_done || fail "they do not end"
	assert_equal "$(printf '0\n%.0s' {0..9})" "$(cat "$LAB_DIR"/code?)" "exit codes"
	[ "$(grep -l 'waited for it' "$LAB_DIR"/apply? | wc -l)" -ge 1 ] || fail "none says that it waited"
	assert_equal $((before + 10)) "$(status_value .generation)" "generation"
	ports=$(rolewall --json show | jq '[.rules[] | select(.service == "mine") | .port]')
	assert_equal 1 "$(jq length <<<"$ports")" "of ten policies, these are in force: $ports"
	i=$(($(jq '.[0]' <<<"$ports") - 8000))
	is_confirmed "$LAB_DIR/$i.json" || fail "another one was confirmed"
	assert_equal 2 "$(find "$LAB_DIR/bpf/rolewall" -name 'generation-*' | wc -l)" "generations kept"
	assert_exit 0 rolewall status
}

# Who is kept waiting learns for what, before the wait; scripts do not.
test_who_waits_for_another_change_is_told_so_at_once() {
	local text="note: waiting for another change of the policy to end"

	policy_a
	rolewall -q apply
	launch node holder flock -F "$LAB_DIR/state/lock" sleep 600
	wait_for 5 is_held || fail "nobody holds the lock"
	launch node kept "$ROLEWALL" "${LAB_INSTANCE[@]}" apply
	launch node quiet "$ROLEWALL" "${LAB_INSTANCE[@]}" -q rollback
	wait_for 10 grep -q "$text" "$LAB_DIR/kept.err" || fail "nothing is said: $(<"$LAB_DIR/kept.err")"
	stop quiet
	launch node script "$ROLEWALL" "${LAB_INSTANCE[@]}" --json apply
	sleep 1
	stop holder
	wait_for 20 grep -q "is in force" "$LAB_DIR/kept.out" || fail "it waits still"
	wait_for 20 grep -q '"applied"' "$LAB_DIR/script.out" || fail "it waits still"
	assert_equal 1 "$(grep -c "$text" "$LAB_DIR/kept.err")" "said so often"
	assert_equal "" "$(<"$LAB_DIR/quiet.err")" "said with -q"
	! grep -q "$text" "$LAB_DIR/script.err" || fail "said to a script"
}

is_held() {
	! flock -n "$LAB_DIR/state/lock" true
}

all_done() {
	[ "$(cat "$LAB_DIR"/code? 2>/dev/null | wc -l)" = 10 ]
}

run_tests "$@"
