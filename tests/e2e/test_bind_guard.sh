#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The bind guard: a process of the node that binds a port no role opens is reported, or refused.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PROTOS="tcp udp"
EVERY_ADDRESS="0.0.0.0 :: $NODE_EXTERNAL $NODE6_INTERNAL ::ffff:$NODE_EXTERNAL"

guard() { # off|observe|deny [JQ-FILTER]
	node_file ".bind_guard = \"$1\" | ${2:-.}"
	assert_exit 0 rolewall apply
}

# assert_bind bound|refused tcp|udp ADDRESS PORT
assert_bind() {
	local answer

	answer=$(node "$PROBE" bind "$2" "$3" "$4")
	assert_equal "$1" "${answer% *}" "bind of $2 port $4 at $3"
}

bind_denials() {
	drops_value bind-denied
}

# What is nobody's business, whatever the guard.
assert_free_binds() {
	local proto address

	for proto in $PROTOS; do
		for address in 127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1; do
			assert_bind bound "$proto" "$address" 9999
		done
		assert_bind bound "$proto" 0.0.0.0 0
		assert_bind bound "$proto" :: 0
	done
	# A client's own choice (curl --local-port), of the ports that the kernel gives away anyway.
	for proto in $PROTOS; do
		assert_bind bound "$proto" 0.0.0.0 40000
		assert_bind bound "$proto" :: 40000
	done
	# ntpd and chrony ask from the port that they answer at.
	assert_bind bound udp 0.0.0.0 123
	# A DHCP client: a node that loses its lease is lost.
	assert_bind bound udp 0.0.0.0 68
	assert_bind bound udp "$NODE_EXTERNAL" 68
	assert_bind bound udp :: 546
	# Granted to one zone is granted: who reaches it is another question.
	assert_bind bound tcp 0.0.0.0 25
	assert_bind bound tcp :: 5432
	assert_bind bound udp "$NODE_EXTERNAL" 8301
}

test_deny_refuses_ports_that_no_role_opens() {
	local proto address before

	guard deny
	before=$(bind_denials)
	for proto in $PROTOS; do
		for address in $EVERY_ADDRESS; do
			assert_bind refused "$proto" "$address" 9999
		done
	done
	# A UDP-only role opens no TCP and the other way round.
	assert_bind refused tcp 0.0.0.0 123
	assert_bind refused udp 0.0.0.0 25
	assert_bind refused tcp 0.0.0.0 68
	assert_bind refused udp 0.0.0.0 67
	assert_equal $((before + 14)) "$(bind_denials)" "bind-denied"
}

test_deny_leaves_alone_what_it_should() {
	local before

	guard deny
	before=$(bind_denials)
	assert_free_binds
	assert_equal "$before" "$(bind_denials)" "bind-denied"
}

test_deny_grants_what_the_next_policy_opens() {
	guard deny '.roles = ["mta"]'
	assert_bind refused tcp 0.0.0.0 5432
	guard deny '.roles = ["mta", "postgres"]'
	assert_bind bound tcp 0.0.0.0 5432
	guard deny '.services = [{ name: "own", proto: "tcp", port: "9998-9999", table: "internal" }]'
	assert_bind bound tcp :: 9999
	assert_bind refused udp :: 9999
}

# The range is the kernel's of the day, not that of the first apply.
test_each_apply_asks_which_ports_are_clients() {
	guard deny
	assert_bind refused tcp 0.0.0.0 20000
	node sh -c 'echo 20000 20999 >/proc/sys/net/ipv4/ip_local_port_range'
	guard deny '.echo_rate = 99'
	assert_bind bound tcp 0.0.0.0 20000
	assert_bind bound udp :: 20999
	assert_bind refused udp 0.0.0.0 40000
	assert_bind refused tcp 0.0.0.0 21000
	node sh -c 'echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range'
}

# bind_as UID tcp|udp ADDRESS PORT
bind_as() {
	node setpriv --reuid "$1" --regid "$1" --clear-groups "$PROBE" bind "$2" "$3" "$4" | cut -d ' ' -f 1
}

# A user of the host could take the port of a daemon that is away, and answer its clients.
test_a_granted_port_is_for_root_and_system_users() {
	local before uid

	guard deny
	before=$(bind_denials)
	for uid in 0 105 999; do
		assert_equal bound "$(bind_as "$uid" tcp 0.0.0.0 5432)" "5432 for user $uid"
		assert_equal bound "$(bind_as "$uid" udp :: 8301)" "8301 for user $uid"
	done
	assert_equal bound "$(bind_as 1000 tcp 0.0.0.0 40000)" "a client's port for user 1000"
	assert_equal bound "$(bind_as 1000 tcp 127.0.0.1 5432)" "loopback for user 1000"
	assert_equal "$before" "$(bind_denials)" "bind-denied"
	for uid in 1000 65534; do
		assert_equal refused "$(bind_as "$uid" tcp 0.0.0.0 5432)" "5432 for user $uid"
		assert_equal refused "$(bind_as "$uid" udp :: 8301)" "8301 for user $uid"
	done
	assert_equal $((before + 4)) "$(bind_denials)" "bind-denied"
}

test_observe_reports_and_refuses_nothing() {
	local proto address before count=0

	needs ringbuf "without a ring of events a bind is counted, not reported"
	guard observe
	launch node follower "$ROLEWALL" "${LAB_INSTANCE[@]}" -o jsonl blocked -f
	wait_for 10 follower_reads || fail "the follower says nothing: $(<"$LAB_DIR/follower.err")"
	before=$(bind_denials)
	for proto in $PROTOS; do
		for address in $EVERY_ADDRESS; do
			assert_bind bound "$proto" "$address" 9999
			count=$((count + 1))
		done
	done
	assert_equal $((before + count)) "$(bind_denials)" "bind-denied"
	spawn node server "$PROBE" listen -u 9996
	wait_for 5 follower_saw 9999 "$count" || fail "$count binds, seen: $(<"$LAB_DIR/follower.out")"
	wait_for 5 follower_saw 9996 2 || fail "the server is not seen: $(<"$LAB_DIR/follower.out")"
	jq -es 'all(.[]; .event == "bind" and .reason == "bind-denied" and .pid > 1 and .observed)
		and ([.[] | select(.port == 9999) | "\(.proto) \(.source)"] | unique | length) == 8
		and all(.[] | select(.port == 9996); .pid == '"$(<"$LAB_DIR/server.pid")"'
			and .process == "probe")' \
		"$LAB_DIR/follower.out" >/dev/null || fail "seen: $(<"$LAB_DIR/follower.out")"
}

# The first event is there when the reader has granted credit; until then a bind is only counted.
follower_reads() {
	node "$PROBE" bind tcp 0.0.0.0 9997 >/dev/null
	lab_spoke follower
}

follower_saw() { # PORT COUNT
	[ "$(grep -c "\"port\":$1," "$LAB_DIR/follower.out")" -ge "$2" ]
}

test_a_refused_bind_is_reported_too() {
	needs ringbuf "without a ring of events a bind is counted, not reported"
	guard deny
	launch node follower "$ROLEWALL" "${LAB_INSTANCE[@]}" blocked -f
	wait_for 10 follower_reads || fail "the follower says nothing"
	# It is gone before anybody reads of it, and has a name that would colour a terminal.
	ln -s "$PROBE" "$LAB_DIR/"$'ab\e[31m'
	for _ in {1..20}; do
		node "$LAB_DIR/"$'ab\e[31m' bind udp "$NODE6_INTERNAL" 9999
	done
	wait_for 5 follower_named 'ab?\[31m\[' 20 || fail "not there: $(<"$LAB_DIR/follower.out")"
}

follower_named() { # PATTERN COUNT
	[ "$(grep -c "9999.*bound by $1" "$LAB_DIR/follower.out")" -ge "$2" ]
}

# Mode observe refuses nothing at all, the guard's "deny" included.
test_mode_observe_makes_deny_an_observer() {
	local before

	node_file '.bind_guard = "deny"'
	assert_exit 0 rolewall apply --observe
	before=$(bind_denials)
	assert_bind bound tcp 0.0.0.0 9999
	assert_equal $((before + 1)) "$(bind_denials)" "bind-denied"
}

test_off_looks_at_nothing() {
	local before

	guard off
	before=$(bind_denials)
	assert_bind bound tcp 0.0.0.0 9999
	assert_bind bound udp :: 9999
	assert_equal "$before" "$(bind_denials)" "bind-denied"
}

# The guard is for the node's processes: others are in other cgroups.
test_processes_outside_the_cgroup_are_not_guarded() {
	guard deny
	assert_equal "bound 9999" "$(outside "$PROBE" bind tcp 0.0.0.0 9999)" "a neighbour's bind"
}

test_down_takes_the_guard_away() {
	guard deny
	assert_bind refused tcp 0.0.0.0 9999
	assert_exit 0 rolewall down
	assert_bind bound tcp 0.0.0.0 9999
}

run_tests "$@"
