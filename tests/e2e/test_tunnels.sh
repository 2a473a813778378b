#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tunnels of the kernel: what this node begins is answered without an open port, and nothing else is.
#
# long: two tunnels in ten ways

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/outside.sh
. "$(dirname "$0")/outside.sh"

PORT=4789
HERE=10.99.0.1
THERE=10.99.0.2

setup() {
	LACKS=$(tunnel_create node 5 "$OUTSIDE" "$HERE" 2>&1) || LACKS=${LACKS:-vxlan}
	tunnel_create outside 5 "$NODE_EXTERNAL" "$THERE" 2>/dev/null || true
	spawn outside listeners "$PROBE" listen -t 443 -u 123
	spawn node services "$PROBE" listen -u 161
	# Outside's address inside, to forge it with.
	ip -n "$LAB_NAME-inside" address add "$OUTSIDE/32" dev lo
	ip -n "$LAB_NAME-inside" route add "$NODE_EXTERNAL/32" via "$NODE_INTERNAL"
}

tunnel_create() { # HOST ID REMOTE ADDRESS
	ip -n "$LAB_NAME-$1" link add "vx$2" type vxlan id "$2" remote "$3" dstport "$PORT" dev eth0 || return
	ip -n "$LAB_NAME-$1" link set "vx$2" addrgenmode none # or each begins, with what IPv6 sends
	ip -n "$LAB_NAME-$1" address add "$4/24" dev "vx$2"
	ip -n "$LAB_NAME-$1" link set "vx$2" up
}

# Neither asks for the other's address, when the test does not.
neighbours_know() {
	ip -n "$LAB_NAME-node" neighbour replace "$THERE" lladdr "$(vx_mac outside)" dev vx5
	ip -n "$LAB_NAME-outside" neighbour replace "$HERE" lladdr "$(vx_mac node)" dev vx5
}

prepare() {
	[ -z "$LACKS" ] || skip "no tunnel can be made here: $LACKS"
	stop daemon
	rolewall -q down 2>/dev/null || true
	tunnel up
	neighbours_know
}

tunnel() { # up|down
	ip -n "$LAB_NAME-node" link set vx5 "$1"
}

# What the outside begins, before the node has sent anything.
knock() {
	! outside ping -q -c 1 -W 1 "$HERE" >/dev/null || fail "the outside began, and was answered"
}

vx_mac() { # HOST
	ip -n "$LAB_NAME-$1" -j link show dev vx5 | jq -r '.[0].address'
}

looks_at_what_leaves() {
	[ -n "$(node tc filter show dev eth0 egress; ls "$LAB_DIR"/bpf/*/links/leave-* 2>/dev/null)" ]
}

# --- what works -----------------------------------------------------------------------------------

the_tunnel_is_answered() {
	assert_json .tunnels rolewall --json status
	knock
	assert_json '.drops["no-connection"] > 0' rolewall --json status
	assert_answer open node tcp "$THERE" 443
	node ping -q -c 1 -W 15 "$THERE" >/dev/null || fail "no ping through the tunnel"
	assert_json '.passes.forwarded > 0' rolewall --json status
	assert_books_balance
}

test_a_tunnel_that_this_node_begins_needs_no_open_port() {
	by_each_hook the_tunnel_is_answered
}

test_a_download_through_the_tunnel_is_whole() {
	only_outside auto
	spawn outside source "$PROBE" serve 8000 20000000
	assert_equal "received 20000000" "$(node "$PROBE" get "$THERE" 8000)" "bytes"
}

# As before 5.8, and before 6.6.
test_programs_of_old_kernels_know_it_as_well() {
	local off

	for off in ringbuf tcx,links; do
		export ROLEWALL_PROBE_OFF=$off
		by_each_hook the_tunnel_is_answered
		assert_exit 0 rolewall -q down
		! looks_at_what_leaves || fail "something is left of $off"
	done
	unset ROLEWALL_PROBE_OFF
}

# --- and nothing else -----------------------------------------------------------------------------

no_answer() { # HOST OPTION...
	local before

	before=$(status_value .drops.\"no-connection\")
	assert_equal silent "$("$1" "$PROBE" exchange "${@:2}")" "$*"
	[ "$(status_value .drops.\"no-connection\")" -gt "$before" ] || fail "not refused: $*"
}

strangers_are_refused() {
	node ping -q -c 1 -W 15 "$THERE" >/dev/null || fail "no ping through the tunnel"
	no_answer far "$NODE_EXTERNAL" "$PORT"	      # another source
	no_answer outside "$NODE_EXTERNAL" 161	      # another port, of a service that is closed
	no_answer far -p "$PORT" "$NODE_EXTERNAL" 40000
	no_answer outside "$NODE_EXTERNAL" $((PORT + 1))
}

test_the_tunnel_opens_nothing_else() {
	by_each_hook strangers_are_refused
}

# A user's datagram to that port is a conversation of its own port, and nothing of the tunnel's.
test_a_user_cannot_open_the_tunnel() {
	local nobody="setpriv --reuid 65534 --clear-groups"

	only_outside auto
	# shellcheck disable=SC2086
	node $nobody "$PROBE" exchange "$OUTSIDE" "$PORT" >/dev/null || true
	knock
}

# The rule decides where there is one, and ends when it ends.
test_what_a_rule_admits_is_no_flow() {
	local service='{ name: "vxlan", proto: "udp", port: 4789, table: "external", about: "a tunnel" }'

	only_outside auto ".services = [$service]"
	outside ping -q -c 1 -W 15 "$HERE" >/dev/null || fail "the port is open, and silent"
	only_outside auto
	knock
}

test_a_flow_ends_with_conversations_flush() {
	only_outside auto
	node ping -q -c 1 -W 15 "$THERE" >/dev/null || fail "no ping through the tunnel"
	assert_exit 0 rolewall conversations --flush
	knock
}

# --- who has tunnels, and who not -----------------------------------------------------------------

tunnels_are() { # true|false
	[ "$(status_value .tunnels)" = "$1" ]
}

test_who_has_no_tunnel_has_no_program_on_what_leaves() {
	tunnel down
	only_outside auto
	assert_equal false "$(status_value .tunnels)" "tunnels"
	! looks_at_what_leaves || fail "what leaves is looked at"
	ls "$LAB_DIR"/bpf/*/maps/flows 2>/dev/null && fail "there is a table of flows"
	# shellcheck disable=SC2119
	daemon_start
	tunnel up
	neighbours_know
	wait_for 20 tunnels_are true || fail "the tunnel was not noticed"
	node ping -q -c 1 -W 15 "$THERE" >/dev/null || fail "no ping through the tunnel"
	tunnel down
	wait_for 20 tunnels_are false || fail "that it is gone was not noticed"
	! looks_at_what_leaves || fail "what leaves is still looked at"
}

test_a_program_that_is_lost_is_said_and_comes_back() {
	only_outside tc
	assert_exit 0 rolewall status
	rm "$LAB_DIR"/bpf/*/links/leave-*
	sleep 1
	assert_json '.attached | not' status_json
	rolewall status | grep -q 'what leaves is not looked at' || fail "$(rolewall status)"
	assert_exit 0 rolewall apply
	assert_exit 0 rolewall status
}

test_what_cannot_be_learned_is_refused_and_the_rest_is_filtered() {
	for off in flows flows_programs; do
		export ROLEWALL_PROBE_OFF=$off
		rolewall -q down 2>/dev/null || true
		only_outside auto
		assert_equal false "$(status_value .tunnels)" "tunnels"
		! node ping -q -c 1 -W 1 "$THERE" >/dev/null || fail "answered without a flow"
	done
	unset ROLEWALL_PROBE_OFF
}

run_tests "$@"
