#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A change that would lock its author out is refused, and plan lists what a change cuts.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn node listeners "$PROBE" listen -t 22,25
}

prepare() {
	ip -n "$LAB_NAME-node" link delete t0 2>/dev/null || true
	rolewall down >/dev/null 2>&1 || true
	node_file '.roles = ["mta"]'
	rolewall apply -q
}

by_ssh_from() { # ADDRESS COMMAND...
	local client=$1

	shift
	SSH_CONNECTION="$client 50000 $NODE_EXTERNAL 22" "$@"
}

test_a_policy_that_locks_its_author_out_is_refused() {
	local before

	before=$(status_value .generation)
	assert_exit 1 by_ssh_from "$OUTSIDE" rolewall apply
	grep -q "$OUTSIDE" <<<"$OUTPUT" || fail "the session is not named: $OUTPUT"
	grep -q -- --force <<<"$OUTPUT" || fail "no way out is named: $OUTPUT"
	assert_equal "$before" "$(status_value .generation)" "generation in force"
	assert_json '.own_session.survives == false' by_ssh_from "$OUTSIDE" rolewall --json plan

	# An sshd that listens on [::] says it in IPv6.
	assert_exit 1 by_ssh_from "::ffff:$OUTSIDE" rolewall apply
	assert_exit 1 by_ssh_from "$OUTSIDE6" rolewall apply

	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply --observe
	assert_exit 0 by_ssh_from "$VPN" rolewall apply
	assert_exit 0 by_ssh_from "$INSIDE" rolewall apply
	assert_exit 0 by_ssh_from 127.0.0.1 rolewall apply
	node_file '.management = ["203.0.113.0/24"]'
	assert_json '.own_session.survives' by_ssh_from "$OUTSIDE" rolewall --json plan
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply
	node_file '.ipv6 = "drop"'
	assert_exit 1 by_ssh_from "$INSIDE6" rolewall apply
	node_file .
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply --force --confirm=600
	assert_exit 0 rolewall confirm
}

# The way back asks nobody: it is the way out. But its author should not learn of it by the next login.
test_a_way_back_that_keeps_its_author_out_says_so() {
	node_file '.management = ["203.0.113.0/24"]'
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall rollback
	grep -q "warning: your own SSH session, from $OUTSIDE to port 22/tcp on eth0" <<<"$OUTPUT" ||
		fail "no warning: $OUTPUT"
	assert_json '.verdict == "drop"' rolewall --json explain "$OUTSIDE" 22
	assert_exit 0 rolewall apply
	assert_exit 0 by_ssh_from "$INSIDE" rolewall rollback
	! grep -q warning <<<"$OUTPUT" || fail "a warning for whom it lets in: $OUTPUT"
	node_file '.mode = "observe"'
	assert_exit 0 rolewall apply
	node_file .
	assert_exit 0 rolewall apply
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall rollback
	! grep -q warning <<<"$OUTPUT" || fail "a warning though nothing is refused: $OUTPUT"
}

test_closing_the_opening_that_lets_its_author_in_says_so() {
	local id

	node_file .
	rolewall -q apply
	id=$(rolewall --json open 22 --from "$OUTSIDE" --for 1h --reason "from home" | jq .id)
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall close "$id"
	grep -q "warning: your own SSH session, from $OUTSIDE to port 22/tcp on eth0" <<<"$OUTPUT" ||
		fail "no warning: $OUTPUT"
	id=$(rolewall --json open 22 --from "$OUTSIDE" --for 1h --reason "from home" | jq .id)
	assert_exit 0 by_ssh_from "$INSIDE" rolewall close "$id"
	! grep -q warning <<<"$OUTPUT" || fail "a warning for whom it lets in: $OUTPUT"
}

# Management would be reached by no ban.
SSH_FOR_ALL='.services = [{ name: "ssh-for-all", proto: "tcp", port: 22, table: "external" }]'

# Observe bans nobody in earnest: with enforce the ban counts, even against an established session.
test_a_ban_of_its_author_is_found_before_it_is_enforced() {
	node_file '.mode = "observe"'
	rolewall -q apply
	rolewall -q ban "$OUTSIDE" --reason "many logins"
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply
	node_file "$SSH_FOR_ALL"
	assert_own_ban_refused "$OUTSIDE"
	rolewall -q unban "$OUTSIDE"
	rolewall -q ban 203.0.113.2/31 --for 8s
	assert_own_ban_refused 203.0.113.2/31
	# It ends, although nobody takes it out of the kernel.
	wait_for 15 own_session_is_free || fail "the ban does not end"
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply
	rolewall -q unban --all
}

test_a_ban_of_its_author_is_found_before_it_comes_back() {
	node_file .
	rolewall -q apply
	rolewall -q ban 203.0.113.2
	rolewall -q down
	node_file "$SSH_FOR_ALL"
	assert_own_ban_refused "$OUTSIDE"
	grep -q "apply --observe" <<<"$OUTPUT" || fail "no way to unban is named: $OUTPUT"
	assert_exit 3 rolewall status
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply --observe
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall unban "$OUTSIDE"
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall apply
}

own_session_is_free() {
	by_ssh_from "$OUTSIDE" rolewall --json plan |
		jq -e '.own_session | .survives and .banned == null' >/dev/null
}

assert_own_ban_refused() { # BAN
	assert_json ".own_session | .survives == false and .banned == \"$1\"" \
		by_ssh_from "$OUTSIDE" rolewall --json plan
	assert_exit 0 by_ssh_from "$OUTSIDE" rolewall plan
	grep -q "would be cut, $1 is banned" <<<"$OUTPUT" || fail "plan does not say it: $OUTPUT"
	assert_exit 1 by_ssh_from "$OUTSIDE" rolewall apply
	grep -q "rolewall unban $1" <<<"$OUTPUT" || fail "no way out is named: $OUTPUT"
}

# A link-local address is the same on every cable; sshd says on which.
test_a_link_local_session_is_judged_on_its_own_interface() {
	local session="fe80::2%eth1 50000 fe80::1%eth1 22"

	ip -n "$LAB_NAME-node" address add fe80::1/64 dev eth0 nodad
	ip -n "$LAB_NAME-node" address add fe80::1/64 dev eth1 nodad
	SSH_CONNECTION=$session assert_json '.own_session | .survives and .interface == "eth1"' \
		rolewall --json plan
	SSH_CONNECTION=$session assert_exit 0 rolewall apply
	SSH_CONNECTION=${session//eth1/eth0} assert_exit 1 rolewall apply
	grep -q "from fe80::2 to port 22/tcp on eth0" <<<"$OUTPUT" || fail "$OUTPUT"
}

# Whoever works on a host by SSH and changes the policy of a namespace there cuts nothing of his own.
test_a_session_with_another_namespace_is_not_at_stake() {
	assert_exit 0 env SSH_CONNECTION="$OUTSIDE 50000 192.0.2.55 22" bash -c '"$@"' bash \
		nsenter --net="/run/netns/$LAB_NAME-node" -- "$ROLEWALL" "${LAB_INSTANCE[@]}" apply
}

# sudo keeps nothing of the environment: an ancestor has it.
test_sudo_does_not_hide_the_session() {
	assert_exit 1 by_ssh_from "$OUTSIDE" bash -c 'env -i "$@"; exit $?' bash \
		nsenter --net="/run/netns/$LAB_NAME-node" -- "$ROLEWALL" "${LAB_INSTANCE[@]}" apply
	grep -q "$OUTSIDE" <<<"$OUTPUT" || fail "the session is not named: $OUTPUT"
}

test_plan_lists_sessions_that_could_not_be_opened_again() {
	mkfifo "$LAB_DIR/talk.in" 2>/dev/null || true
	exec 9<>"$LAB_DIR/talk.in"
	echo hello >&9
	spawn outside talk "$PROBE" talk "$NODE_EXTERNAL" 25
	assert_json '.sessions_cut == []' rolewall --json plan
	node_file '.roles = ["postgres"]'
	assert_json ".sessions_cut | length == 1 and .[0].source == \"$OUTSIDE\" and .[0].port == 25" \
		rolewall --json plan
	assert_exit 0 rolewall apply
	echo again >&9
	wait_for 5 grep -q again "$LAB_DIR/talk.out" || fail "the connection was cut"
	exec 9>&-
}

test_plan_lists_sessions_over_ipv6_as_cut_where_that_is_dropped() {
	mkfifo "$LAB_DIR/talk.in" "$LAB_DIR/talk6.in" 2>/dev/null || true
	exec 8<>"$LAB_DIR/talk6.in" 9<>"$LAB_DIR/talk.in"
	echo hello | tee /dev/fd/8 >&9
	spawn outside talk "$PROBE" talk "$NODE_EXTERNAL" 25
	spawn outside talk6 "$PROBE" talk "$NODE6_EXTERNAL" 25
	node_file '.roles = ["postgres"] | .ipv6 = "drop"'
	assert_json "[.sessions_cut[] | [.source, .cut]] | sort ==
		([[\"$OUTSIDE\", false], [\"$OUTSIDE6\", true]] | sort)" rolewall --json plan
	assert_exit 0 rolewall plan
	grep -A 2 "^These are cut.*(1 connection)" <<<"$OUTPUT" | grep -q "$OUTSIDE6" || fail "$OUTPUT"
	grep -A 2 "^These go on.*(1 connection)" <<<"$OUTPUT" | grep -q "$OUTSIDE " || fail "$OUTPUT"
	assert_exit 1 by_ssh_from "$OUTSIDE6" rolewall apply
	assert_exit 0 rolewall apply
	echo again | tee /dev/fd/8 >&9
	wait_for 5 grep -q again "$LAB_DIR/talk.out" || fail "the connection over IPv4 was cut"
	sleep 0.5
	! grep -q again "$LAB_DIR/talk6.out" || fail "the connection over IPv6 goes on"
	exec 8>&- 9>&-
}

# --- a session through a tunnel of the kernel ------------------------------------------------------

# tunnel_pair KIND ARGUMENTS...: t0 between node and outside, 10.20.0.1 and 10.20.0.2.
tunnel_pair() {
	local host remote=$OUTSIDE

	for host in node outside; do
		ip -n "$LAB_NAME-$host" link delete t0 2>/dev/null || true
		ip -n "$LAB_NAME-$host" link add t0 type "$@" remote "$remote" 2>"$LAB_DIR/device.err" ||
			lacks "this kernel cannot make the device: $* ($(<"$LAB_DIR/device.err"))"
		remote=$NODE_EXTERNAL
	done
	ip -n "$LAB_NAME-node" address add 10.20.0.1/24 dev t0
	ip -n "$LAB_NAME-outside" address add 10.20.0.2/24 dev t0
	for host in node outside; do
		ip -n "$LAB_NAME-$host" link set t0 up
	done
}

tunnel_file() { # JQ-FILTER
	node_file ".interfaces.t0 = { zone: \"vpn\" } | $1"
}

by_tunnel() { # COMMAND...
	SSH_CONNECTION="10.20.0.2 50000 10.20.0.1 22" "$@"
}

assert_tunnel_refused() { # WHAT-IT-LACKS REMEDY
	assert_exit 1 by_tunnel rolewall apply
	grep -q "would be cut: the tunnel t0 ([a-z]*) needs $1" <<<"$OUTPUT" || fail "$OUTPUT"
	grep -qF "$2" <<<"$OUTPUT" || fail "no remedy is named: $OUTPUT"
	assert_json '.own_session.survives == false' by_tunnel rolewall --json plan
	assert_exit 0 by_tunnel rolewall plan
	grep -q "would be cut, the tunnel t0 .* needs $1" <<<"$OUTPUT" || fail "$OUTPUT"
}

# What would otherwise be said to survive: the session, by the packet inside.
assert_tunnel_survives() {
	assert_json '.own_session.survives' by_tunnel rolewall --json plan
	assert_exit 0 by_tunnel rolewall apply
	# A question for the address that began while the tunnel was shut may fail just now.
	ip -n "$LAB_NAME-outside" neighbour flush dev t0
	assert_answer open outside tcp 10.20.0.1 22
}

test_a_session_through_vxlan_needs_its_port() {
	tunnel_pair vxlan id 7 dstport 4789
	tunnel_file .
	assert_tunnel_refused "port 4789/udp, which this policy does not open to $OUTSIDE" \
		'"services": [ { "name": "vxlan", "proto": "udp", "port": 4789, "table": "external" } ]'
	assert_json '.own_session.carrier == { kind: "vxlan", protocol: null, port: 4789,
		peer: "203.0.113.2" }' by_tunnel rolewall --json plan
	assert_exit 0 by_tunnel rolewall apply --observe
	assert_exit 0 by_tunnel rolewall apply --force --confirm=600
	assert_exit 0 rolewall confirm
	assert_answer silent outside tcp 10.20.0.1 22

	# To others than who sends them.
	tunnel_file '.services = [{ name: "vxlan", proto: "udp", port: 4789, table: "internal" }]'
	assert_tunnel_refused "port 4789/udp" '"services"'
	tunnel_file '.services = [{ name: "vxlan", proto: "udp", port: 4789, table: "external" }]'
	assert_tunnel_survives
	rolewall -q ban "$OUTSIDE"
	assert_exit 1 by_tunnel rolewall apply
	grep -q "because $OUTSIDE is banned" <<<"$OUTPUT" || fail "$OUTPUT"
	rolewall -q unban "$OUTSIDE"
}

# Whoever sends is not known: a group, or what the table of addresses learns.
test_a_session_through_a_tunnel_of_many_peers_needs_a_port_that_is_open_to_anybody() {
	tunnel_pair vxlan id 7 dstport 4789
	ip -n "$LAB_NAME-node" link delete t0
	ip -n "$LAB_NAME-node" link add t0 type vxlan id 7 dstport 4789 group 239.1.1.1 dev eth0
	ip -n "$LAB_NAME-node" address add 10.20.0.1/24 dev t0
	ip -n "$LAB_NAME-node" link set t0 up
	tunnel_file .
	assert_tunnel_refused "port 4789/udp, which this policy opens to nobody" '"services"'
	tunnel_file '.services = [{ name: "vxlan", proto: "udp", port: 4789, table: "internal" }]'
	assert_exit 0 by_tunnel rolewall apply
}

run_tests "$@"
