#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon and the interfaces that come and go.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

setup() {
	spawn node listeners "$PROBE" listen -t 25,5432,9999
}

prepare() {
	node_file .
	rolewall apply
	daemon_start
}

has_xdp() { # DEVICE
	ip -n "$LAB_NAME-node" -j -d link show dev "$1" | jq -e '.[0] | has("xdp")' >/dev/null
}

device_add() { # DEVICE
	ip -n "$LAB_NAME-node" link add "$1" type veth peer name "peer-$1" netns "$LAB_NAME-far"
	ip -n "$LAB_NAME-node" link set "$1" up
}

device_delete() { # DEVICE
	ip -n "$LAB_NAME-node" link delete "$1" 2>/dev/null || true
}

# Within a second where the machine has nothing else to do; one that has is given more.
covered_in_time() { # DEVICE
	local start=${EPOCHREALTIME/./}

	wait_for 5 has_xdp "$1" || fail "$1 is not covered: $(<"$LAB_DIR/daemon.err")"
	echo "# covered after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
}

test_an_interface_that_appears_is_covered_at_once() {
	local index

	trap 'device_delete wan9' EXIT
	node_file '.interfaces.wan9 = { zone: "external" }'
	rolewall apply
	wait_for 5 daemon_said "generation $(status_value .generation) is in force now" ||
		fail "the daemon does not notice the policy"
	assert_json '.interfaces[] | select(.name == "wan9") | .present == false' rolewall --json status
	device_add wan9
	covered_in_time wan9
	assert_json '.attached and (.interfaces[] | select(.name == "wan9") | .hook == "xdp")' \
		rolewall --json status
	wait_for 5 daemon_said "interface wan9 has appeared" || fail "it does not say so"

	device_delete wan9
	wait_for 5 daemon_said "interface wan9 has vanished" || fail "it does not say that it went"
	assert_json '.interfaces[] | select(.name == "wan9") | .present == false' rolewall --json status
	index=$(bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/interfaces" | jq length)
	assert_equal 3 "$index" "interfaces known to the programs"

	device_add wan9
	covered_in_time wan9
	assert_filtering
}

test_a_device_of_another_kind_under_a_name_that_was_used_is_covered() {
	trap 'device_delete wan9; ip -n "$LAB_NAME-node" link delete wan8 2>/dev/null || true' EXIT
	node_file '.interfaces.wan9 = { zone: "external" }'
	rolewall apply
	wait_for 5 daemon_said "generation $(status_value .generation) is in force now"
	device_add wan8
	ip -n "$LAB_NAME-node" link set wan8 down
	ip -n "$LAB_NAME-node" link set wan8 name wan9
	ip -n "$LAB_NAME-node" link set wan9 up
	covered_in_time wan9
}

zone_and_hook() { # INTERFACE
	status_value ".interfaces[] | select(.name == \"$1\") | .zone + \" \" + .hook"
}

# A link stays with its device: whatever the two are called, XDP judges what they bring.
test_interfaces_that_swap_names_are_both_covered() {
	trap 'device_delete wan8; device_delete wan9' EXIT
	device_add wan8
	device_add wan9
	node_file '.interfaces += { wan8: { zone: "external" }, wan9: { zone: "internal" } }'
	assert_exit 0 rolewall apply
	ip -n "$LAB_NAME-node" -batch - <<-'END'
		link set wan8 down
		link set wan9 down
		link set wan8 name wan7
		link set wan9 name wan8
		link set wan7 name wan9
		link set wan8 up
		link set wan9 up
	END
	# shellcheck disable=SC2016
	wait_for 10 eval '[ "$(zone_and_hook wan8)" = "external xdp" ]' || fail "wan8: $(rolewall status)"
	# shellcheck disable=SC2016
	wait_for 10 eval '[ "$(zone_and_hook wan9)" = "internal xdp" ]' || fail "wan9: $(rolewall status)"
	assert_exit 0 rolewall apply
	assert_equal "external xdp" "$(zone_and_hook wan8)" "wan8, after another apply"
	assert_equal "internal xdp" "$(zone_and_hook wan9)" "wan9, after another apply"
}

test_an_interface_is_known_by_any_of_its_names() {
	trap 'device_delete wan9' EXIT
	device_add wan9
	ip -n "$LAB_NAME-node" link property add dev wan9 altname uplink 2>"$LAB_DIR/altname.err" ||
		lacks "this kernel knows no altnames: $(<"$LAB_DIR/altname.err")"
	node_file '.interfaces += { uplink: { zone: "internal" } }'
	assert_exit 0 rolewall apply
	! grep -q 'no interface' <<<"$OUTPUT" || fail "it says that there is none: $OUTPUT"
	assert_equal "internal xdp" "$(zone_and_hook uplink)" "uplink"
	has_xdp wan9 || fail "XDP is not on the device"
}

# Each bpf() of the daemon takes its time, so that devices come in the middle of its work.
test_devices_that_appear_while_it_attaches_others_are_covered() {
	local name

	command -v strace >/dev/null || skip "strace is not installed"
	trap 'for name in wan1 wan2 wan3 wan4; do device_delete "$name"; done' EXIT
	stop daemon
	node_file '.interfaces += ([range(1; 5) | { key: "wan\(.)", value: { zone: "external" } }] | from_entries)'
	rolewall apply
	daemon_start_traced -o /dev/null -e inject=bpf:delay_enter=5000
	for name in wan1 wan2 wan3 wan4; do
		device_add "$name"
		sleep 0.3
	done
	for name in wan1 wan2 wan3 wan4; do
		wait_for 30 has_xdp "$name" || fail "$name is not covered: $(<"$LAB_DIR/daemon.err")"
	done
}

# A map of another version under a name that the programs want: what filters goes on, and is tried again.
# (An Ethernet device would be given the program that eth0 has.)
test_a_daemon_that_cannot_attach_at_first_goes_on_and_tries_again() {
	local pin=$LAB_DIR/bpf/rolewall/maps/echo_bucket

	trap 'device_delete wan9' EXIT
	node_file '.interfaces.wan9 = { zone: "external", hook: "xdp" }'
	rolewall apply
	stop daemon
	ip -n "$LAB_NAME-node" tuntap add wan9 mode tun || skip "this kernel has no tun"
	mv "$pin" "$LAB_DIR/bpf/kept"
	bpftool map create "$pin" type array key 4 value 8 entries 1 name other
	daemon_start
	daemon_said "cannot attach to the interfaces" || fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
	! has_xdp wan9 || fail "it could attach"
	assert_filtering
	mv "$LAB_DIR/bpf/kept" "$pin"
	wait_for 10 has_xdp wan9 || fail "it does not try again: $(<"$LAB_DIR/daemon.err")"
	assert_filtering
}

hold() { # LABEL LOCK: until that label is stopped
	launch node "$1" flock -F "$LAB_DIR/state/$2" sleep 60
	wait_for 5 is_held "$2" || fail "$2 is not held"
}

is_held() { # LOCK
	! flock -n "$LAB_DIR/state/$1" true
}

# An import takes its time, and a ban has ended that the daemon is to take away.
test_lists_that_are_locked_keep_no_interface_unattached() {
	trap 'device_delete wan9' EXIT
	node_file '.interfaces.wan9 = { zone: "external" }'
	rolewall apply
	wait_for 5 daemon_said "generation $(status_value .generation) is in force now"
	rolewall ban 198.51.100.7 --for 1s
	hold import lists.lock
	sleep 3 # the ban's end, and a tick that sees it
	device_add wan9
	covered_in_time wan9
	ask "status" >/dev/null
	stop import
	wait_for 10 nobody_is_banned || fail "the ban that had ended stays"
}

nobody_is_banned() {
	[ "$(banned_in_kernel)" = 0 ]
}

# The same of a change of the policy: what it keeps the daemon from is done when it is over.
test_a_policy_that_is_locked_keeps_the_daemon_from_nothing_else() {
	trap 'device_delete wan9' EXIT
	node_file '.interfaces.wan9 = { zone: "external" }'
	rolewall apply
	wait_for 5 daemon_said "generation $(status_value .generation) is in force now"
	hold change lock
	device_add wan9
	kill -HUP "$(daemon_pid)"
	sleep 1
	rolewall ban 198.51.100.7 --for 1s
	wait_for 10 nobody_is_banned || fail "nothing else is seen to: $(<"$LAB_DIR/daemon.err")"
	! daemon_said "cannot" || fail "it complains: $(<"$LAB_DIR/daemon.err")"
	stop change
	covered_in_time wan9
	wait_for 5 daemon_said "is in force, from" ||
		fail "it has forgotten to reload: $(<"$LAB_DIR/daemon.err")"
}

xdp_program() { # DEVICE
	ip -n "$LAB_NAME-node" -j -d link show dev "$1" | jq '.[0].xdp.prog.id'
}

is_retaken() { # DEVICE ID
	[ "$(xdp_program "$1")" != "$2" ] && is_attached_by_xdp "$1"
}

is_attached_by_xdp() { # DEVICE
	rolewall --json status | jq -e --arg name "$1" '.interfaces[] | select(.name == $name) | .hook == "xdp"' >/dev/null
}

# What a link holds nobody displaces (test_hooks.sh). Without links "ip -force" does.
test_a_program_that_displaces_ours_is_displaced_within_two_seconds() {
	local stranger=$LAB_DIR/bpf/stranger start id

	trap 'stop daemon; rolewall -q down; rm -f "$LAB_DIR/bpf/stranger"' EXIT
	stop daemon
	rolewall -q down
	export ROLEWALL_PROBE_OFF=links
	node_file .
	rolewall apply
	daemon_start
	node "$PROBE" stranger "$stranger"
	for _ in 1 2; do
		start=${EPOCHREALTIME/./}
		ip -n "$LAB_NAME-node" -force link set eth0 xdpdrv pinned "$stranger"
		id=$(bpftool -j prog show pinned "$stranger" | jq .id)
		wait_for 5 is_retaken eth0 "$id" || fail "the other program stays: $(<"$LAB_DIR/daemon.err")"
		echo "# attached again after $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
		wait_for 5 daemon_said "another XDP program had displaced Rolewall's on eth0; it is attached again" ||
			fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
		: >"$LAB_DIR/daemon.err"
	done
	assert_filtering
}

test_what_displaced_ours_goes_with_the_next_apply() {
	trap 'rolewall -q down; rm -f "$LAB_DIR/bpf/stranger"' EXIT
	stop daemon
	rolewall -q down
	export ROLEWALL_PROBE_OFF=links
	node_file .
	rolewall apply
	node "$PROBE" stranger "$LAB_DIR/bpf/stranger"
	ip -n "$LAB_NAME-node" -force link set eth0 xdpdrv pinned "$LAB_DIR/bpf/stranger"
	assert_exit 0 rolewall status
	grep -q "eth0.*another XDP program .stranger" <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_filtering
	assert_exit 0 rolewall apply
	is_attached_by_xdp eth0 || fail "it is not attached again: $(rolewall status)"
	assert_filtering
}

run_tests "$@"
