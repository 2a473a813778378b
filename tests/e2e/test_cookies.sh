#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SYN cookies: a flood on the port that has to be open takes nothing from those who mean it, by XDP and
# by tc; and nobody gets an answer who would get none from the node.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

HANDSHAKES=${HANDSHAKES:-1000}
RATE=20000 # of the flood: enough that the queue is never empty

sysctl_put() { # HOST KEY VALUE
	"$1" sh -c "echo $3 >/proc/sys/net/$2"
}

setup() {
	# A queue of 64 (the probe's) is soon full; the kernel is asked for no more.
	sysctl_put node ipv4/tcp_syncookies 1
	sysctl_put node ipv4/tcp_max_syn_backlog 64
	spawn node listeners "$PROBE" listen -t 7,22,25
	# What goes back to made-up sources ends there, and is not sent back to the node.
	ip -n "$LAB_NAME-outside" route add blackhole 198.18.0.0/15
	# The node's XDP sends back by the other end of the cable.
	outside ethtool -K eth0 gro on >/dev/null 2>&1 || lab_die "ethtool is not installed; 'make deps' installs it"
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null || lab_die "the node does not answer a ping"
	# Sums are made on the way, as on a card: what the node gets is whole.
	outside ethtool -K eth0 tx on >/dev/null
}

prepare() {
	rolewall -q down 2>/dev/null || true
	node_file .
}

cookies() { # COUNTER
	status_value ".syn_cookies.$1"
}

apply_hook() { # xdp|tc [MORE]
	node_file ".interfaces[].hook = \"$1\" ${2:+| $2}"
	rolewall -q apply
	assert_json ".syn_cookies.missing == null and
		(.interfaces[] | select(.name == \"eth0\") | .answers and .hook == \"$1\")" \
		rolewall --json status
}

# Spoofed SYNs, until the test ends; returns when the node sends cookies.
flood_begin() { # PORT
	launch outside flood "$PROBE" flood -r $RATE -n 100000 -c 1000000000 "$NODE_EXTERNAL" "$1"
	wait_for 10 cookies_go || fail "no cookies are sent: $(rolewall status)"
}

cookies_go() {
	[ "$(cookies sent)" -gt 0 ]
}

# More than one segment may bring a cookie back, before the first has become a socket.
assert_completed() { # COUNT
	[ "$(cookies completed)" -ge "$1" ] || fail "of $1 cookies $(cookies completed) came back"
}

assert_handshakes() { # ADDRESS [PORT]
	assert_equal "right $HANDSHAKES, wrong 0, unfinished 0" \
		"$(outside "$PROBE" echo "$HANDSHAKES" "$1" "${2:-25}")" "connections to $1 during the flood"
}

all_complete() { # HOOK
	local timestamps address

	apply_hook "$1"
	: >"$LAB_DIR/before.in"
	spawn_talk
	flood_begin 25
	for timestamps in 1 0; do
		sysctl_put outside ipv4/tcp_timestamps $timestamps
		for address in "$NODE_EXTERNAL" "$NODE6_EXTERNAL"; do assert_handshakes "$address"; done
	done
	kill -0 "$(<"$LAB_DIR/flood.pid")" || fail "the flood was over before the last handshake"
	say_line "after"
	assert_json '.syn_cookies.completed > 0' rolewall --json status
}

# A connection that was there before: what is said on it comes back.
spawn_talk() {
	rm -f "$LAB_DIR/talk.fifo" "$LAB_DIR/talk.in"
	mkfifo "$LAB_DIR/talk.fifo"
	ln -s talk.fifo "$LAB_DIR/talk.in"
	exec {TALK}<>"$LAB_DIR/talk.fifo"
	launch outside talk "$PROBE" talk "$NODE_EXTERNAL" 25
	say_line "before"
}

say_line() {
	echo "$1" >&"$TALK"
	wait_for 20 grep -qx "echo $1" "$LAB_DIR/talk.out" || fail "\"$1\" does not come back on a connection that was there before"
}

test_all_handshakes_complete_during_a_flood_by_xdp() {
	all_complete xdp
}

test_all_handshakes_complete_during_a_flood_by_tc() {
	all_complete tc
}

# IPv6 has a listening socket of its own, and so a queue of its own.
test_a_flood_over_ipv6_is_answered_too() {
	apply_hook xdp
	sysctl_put node ipv4/tcp_syncookies 2
	assert_handshakes "$NODE6_EXTERNAL"
	sysctl_put node ipv4/tcp_syncookies 1
	assert_equal "$HANDSHAKES" "$(cookies sent)" "cookies over IPv6"
	assert_completed "$HANDSHAKES"
}

# A sender that leaves its sums to others (a guest's host, this machine) gets right ones.
test_by_tc_every_syn_can_be_answered() {
	local sums

	apply_hook tc
	sysctl_put node ipv4/tcp_syncookies 2
	for sums in on off; do
		outside ethtool -K eth0 tx $sums >/dev/null
		for address in "$NODE_EXTERNAL" "$NODE6_EXTERNAL"; do assert_handshakes "$address"; done
	done
	outside ethtool -K eth0 tx on >/dev/null
	sysctl_put node ipv4/tcp_syncookies 1
	assert_equal $((4 * HANDSHAKES)) "$(cookies sent)" "cookies by tc"
	assert_completed $((4 * HANDSHAKES))
}

# Half of a connection that nobody ends keeps its place in the queue for a minute: so a socket of its own.
test_calm_sockets_answer_themselves() {
	apply_hook xdp
	spawn node calm "$PROBE" listen -t 587
	assert_handshakes "$NODE_EXTERNAL" 587
	assert_equal 0 "$(cookies sent)" "cookies in peace"
}

test_what_is_refused_is_not_answered() {
	apply_hook xdp
	sysctl_put node ipv4/tcp_syncookies 2
	assert_answer silent outside tcp "$NODE_EXTERNAL" 7
	assert_answer silent outside tcp "$NODE_EXTERNAL" 22
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	rolewall -q ban "$OUTSIDE"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	rolewall -q unban "$OUTSIDE"
	sysctl_put node ipv4/tcp_syncookies 1
	assert_equal 1 "$(cookies sent)" "cookies"
}

test_off_and_observe_send_none() {
	local setting

	sysctl_put node ipv4/tcp_syncookies 2
	for setting in '.syn_cookies = "off"' '.mode = "observe"'; do
		node_file "$setting"
		rolewall -q apply
		assert_answer open outside tcp "$NODE_EXTERNAL" 25
		assert_json '.syn_cookies.sent == 0 and .syn_cookies.missing != null' rolewall --json status
	done
	sysctl_put node ipv4/tcp_syncookies 1
}

# The node's own sockets are meant, and no address that it forwards to.
test_only_this_node_s_addresses_are_answered_for() {
	apply_hook xdp
	sysctl_put node ipv4/tcp_syncookies 2
	ip -n "$LAB_NAME-node" address add 203.0.113.77/24 dev eth0
	assert_answer open outside tcp 203.0.113.77 25
	assert_equal 0 "$(cookies sent)" "cookies for an address that came since"
	daemon_start
	wait_for 10 is_answered_for 203.0.113.77 || fail "the daemon does not note the address"
	ip -n "$LAB_NAME-node" address add 203.0.113.78/24 dev eth0
	wait_for 10 is_answered_for 203.0.113.78 || fail "the daemon does not note an address that comes"
	ip -n "$LAB_NAME-node" address del 203.0.113.78/24 dev eth0
	wait_for 10 is_forgotten 203.0.113.78 || fail "the daemon does not forget an address that goes"
	stop daemon
	ip -n "$LAB_NAME-node" address del 203.0.113.77/24 dev eth0
	sysctl_put node ipv4/tcp_syncookies 1
}

# is_answered SOURCE: do SYNs with that source, which come by eth0, get cookies there?
is_answered() {
	local before

	before=$(cookies sent)
	outside "$PROBE" flood -s "$1" -c 64 "$NODE_EXTERNAL" 25 >/dev/null
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null # it comes behind them
	[ "$(cookies sent)" -gt "$before" ]
}

# The stack's answer goes to the inside. By eth0, a stranger on that link would see it, and be the inside to the
# listening process.
test_who_forges_the_inside_sees_no_answer_outside() {
	local hook

	sysctl_put node ipv4/tcp_syncookies 2
	ip -n "$LAB_NAME-node" route add 172.20.5.0/24 via "$INSIDE" dev eth1
	for hook in xdp tc; do
		rolewall -q down 2>/dev/null || true
		apply_hook $hook
		is_answered 203.0.113.99 || fail "a neighbour is not answered by $hook"
		is_answered 198.18.0.1 || fail "the Internet is not answered by $hook"
		! is_answered 172.16.0.99 || fail "the inside is answered outside by $hook"
		! is_answered 172.20.5.9 || fail "a network behind the inside is answered outside by $hook"
	done
	ip -n "$LAB_NAME-node" route del 172.20.5.0/24
	sysctl_put node ipv4/tcp_syncookies 1
}

own_key() { # ADDRESS
	# shellcheck disable=SC2046
	printf '0 0 0 0 0 0 0 0 0 0 255 255 %s' "$(tr . ' ' <<<"$1")"
}

is_noted() { # ADDRESS
	# shellcheck disable=SC2046
	bpftool map lookup pinned "$LAB_DIR/bpf/rolewall/maps/own_addresses" key $(own_key "$1") >/dev/null 2>&1
}

is_forgotten() {
	! is_noted "$1"
}

is_answered_for() { # ADDRESS
	local before

	before=$(cookies sent)
	outside "$PROBE" scan -w 600 -t 25 "$1" | grep -q open && [ "$(cookies sent)" -gt "$before" ]
}

# Segments without a socket, as a flood of them: refused while the port overflows, and only then.
test_stray_segments_are_refused_while_the_port_overflows() {
	local hook

	for hook in xdp tc; do
		rolewall -q down 2>/dev/null || true
		apply_hook $hook
		flood 1000 -a -n 1000 "$NODE_EXTERNAL" 25 >/dev/null
		assert_equal 0 "$(drops_value no-connection)" "strays refused by $hook in peace"
		flood_begin 25
		launch outside strays "$PROBE" flood -a -n 1000 -r $RATE -c 1000000000 "$NODE_EXTERNAL" 25
		wait_for 10 strays_are_refused || fail "strays pass: $(rolewall status)"
		stop strays
		assert_handshakes "$NODE_EXTERNAL"
		stop flood
		assert_books_balance
	done
}

strays_are_refused() {
	[ "$(cookies refused)" -gt 1000 ] && [ "$(drops_value no-connection)" -gt 1000 ]
}

test_a_veth_whose_other_end_takes_nothing_is_left_to_the_stack() {
	outside ethtool -K eth0 gro off >/dev/null
	node_file '.interfaces[].hook = "xdp"'
	rolewall -q apply
	outside ethtool -K eth0 gro on >/dev/null
	assert_json '.interfaces[] | select(.name == "eth0") | .answers == false' rolewall --json status
	rolewall status | grep -q 'none by eth0: the other end takes nothing' || fail "$(rolewall status)"
	sysctl_put node ipv4/tcp_syncookies 2
	assert_handshakes "$NODE_EXTERNAL"
	sysctl_put node ipv4/tcp_syncookies 1
	assert_equal 0 "$(cookies sent)" "cookies"
}

test_what_a_kernel_lacks_is_named() {
	export ROLEWALL_PROBE_OFF=syn_cookies
	rolewall -q apply
	unset ROLEWALL_PROBE_OFF
	rolewall status | grep -q 'SYN cookies  *none: this kernel has none' || fail "$(rolewall status)"
	assert_json '.syn_cookies.missing != null and all(.interfaces[]; .answers | not)' rolewall --json status
	sysctl_put node ipv4/tcp_syncookies 2
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	sysctl_put node ipv4/tcp_syncookies 1
	assert_equal 0 "$(cookies sent)" "cookies"
}

test_they_are_among_the_metrics() {
	apply_hook xdp
	sysctl_put node ipv4/tcp_syncookies 2
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	sysctl_put node ipv4/tcp_syncookies 1
	rolewall metrics | grep -qx 'rolewall_syn_cookies_total{state="sent"} 1' || fail "$(rolewall metrics | grep cookies)"
}

run_tests "$@"
