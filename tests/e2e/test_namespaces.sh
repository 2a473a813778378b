#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sockets of other network namespaces in the guarded cgroup: containers, and whatever any user does in
# namespaces of his own. They are not this node: what they do there is neither judged nor learned.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn node listeners "$PROBE" listen -u 161,8301
}

# The guest comes after the policy: before 6.14 a socket is marked when it is made.
prepare() {
	node_file .
	rolewall -q apply
	[ "$(status_value .hooks.namespaces)" = true ] ||
		skip "this kernel cannot tell the sockets of other network namespaces apart"
	guest_start
}

# As an unprivileged user, in the node's cgroup, with an interface of the same number as eth0.
guest_start() {
	local index

	index=$(ip -n "$LAB_NAME-node" -j link show dev eth0 | jq '.[0].ifindex')
	[ -p "$LAB_DIR/guest.in" ] || mkfifo "$LAB_DIR/guest.in"
	exec {GUEST}<>"$LAB_DIR/guest.in"
	launch node guest setpriv --reuid 65534 --regid 65534 --clear-groups \
		unshare -Urnpf --kill-child --mount-proc "$LAB_ROOT/tests/e2e/guest.sh" "$index" "$PROBE"
	wait_for 20 grep -q ready "$LAB_DIR/guest.out" ||
		skip "no namespaces without privileges: $(<"$LAB_DIR/guest.err")"
}

guest() { # COMMAND...
	local before

	before=$(grep -c '^done' "$LAB_DIR/guest.out") || true
	echo "$*" >&"$GUEST"
	wait_for 60 guest_did $((before + 1)) || fail "the guest does not end: $*"
	! grep failed "$LAB_DIR/guest.out" || fail "the guest: $(<"$LAB_DIR/guest.err")"
}

guest_did() { # COUNT
	[ "$(grep -c '^done' "$LAB_DIR/guest.out")" -ge "$1" ]
}

test_another_namespace_begins_no_conversation() {
	guest "$PROBE" send -p 161 "$OUTSIDE" 5555 forged
	guest "$PROBE" send -p 161 "$OUTSIDE6" 5555 forged
	# With the node's very address.
	guest ip address add "$NODE_EXTERNAL/32" dev lo
	guest "$PROBE" send -s "$NODE_EXTERNAL" -p 161 "$OUTSIDE" 5555 forged
	assert_equal silent "$(outside "$PROBE" exchange -p 5555 "$NODE_EXTERNAL" 161)" "port 161"
	assert_equal silent "$(outside "$PROBE" exchange -p 5555 "$NODE6_EXTERNAL" 161)" "port 161"
	assert_json '.conversations == []' rolewall --json conversations
}

test_what_another_namespace_forges_is_no_attempt_on_the_node() {
	local before

	before=$(status_value '.drops | add')
	guest wire "$PROBE" flood -s 198.18.0.1 -n 5000 -c 20000 192.0.2.1 9999
	assert_json 'all(.attempts[]; .source | startswith("198.18.") | not)' rolewall --json blocked
	assert_equal "$before" "$(status_value '.drops | add')" "what the node refused"
}

test_what_another_namespace_serves_is_reached_there() {
	guest wire "$PROBE" scan -t 9999 192.0.2.1
	assert_equal open "$(awk '/9999/ { print $NF }' "$LAB_DIR/guest.out")" "port 9999 of the guest"
}

# Its peers have the addresses that its user gives them.
test_connections_to_another_namespace_use_up_no_limit() {
	local _

	node_file '.services = [{ name: "extra", proto: "tcp", port: 9999, table: "external",
		limit: { new: "6/h", burst: 5, then: { ban: "1h" } } }]'
	rolewall -q apply
	for _ in {1..8}; do guest wire "$PROBE" scan -t 9999 192.0.2.1; done
	assert_equal 8 "$(grep -c "9999 open" "$LAB_DIR/guest.out")" "connections of the guest"
	assert_equal "[]" "$(bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/limit_stayers")" "who stays"
}

test_the_bind_guard_leaves_another_namespace_alone() {
	local before

	node_file '.bind_guard = "deny"'
	rolewall -q apply
	before=$(drops_value bind-denied)
	guest "$PROBE" bind tcp 192.0.2.1 9998
	guest "$PROBE" bind udp ::1 9998
	assert_equal "bound 9998" "$(grep -m 1 9998 "$LAB_DIR/guest.out")" "a bind of the guest"
	assert_equal "$before" "$(drops_value bind-denied)" "bind-denied"
	assert_equal refused "$(node "$PROBE" bind tcp 0.0.0.0 9998)" "a bind of the node"
}

test_ipv6_that_is_dropped_here_is_not_refused_there() {
	node_file '.ipv6 = "drop"'
	rolewall -q apply
	guest "$PROBE" scan -t 9999,9998 2001:db8:9::1
	assert_equal "open refused" "$(awk '/999[89]/ { print $NF }' "$LAB_DIR/guest.out" | sort | xargs)" "connections there"
	assert_equal unreachable "$(node "$PROBE" scan -t 9998 2001:db8:9::1 | awk '{ print $NF }')" "a connection of the node"
}

run_tests "$@"
