#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon: signals, followers, what it restores, and what goes on without it.

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

knock() { # PORT...
	local IFS=,

	outside "$PROBE" scan -t "$*" -w 50 "$NODE_EXTERNAL" >/dev/null
}

# --- signals and ends -----------------------------------------------------------------------------

test_filtering_goes_on_when_the_daemon_is_killed_and_another_one_starts() {
	local generation

	generation=$(status_value .generation)
	stop daemon
	assert_filtering
	daemon_start
	assert_filtering
	assert_json ".generation == $generation" rolewall --json status
}

test_sigterm_ends_the_daemon_and_not_the_filter() {
	kill -TERM "$(daemon_pid)"
	wait_for 10 daemon_gone || fail "it is still there"
	daemon_said stopped || fail "it does not say so"
	daemon_said Sanitizer && fail "it leaks: $(<"$LAB_DIR/daemon.err")"
	[ ! -e "$SOCKET" ] || fail "its socket is still there"
	[ ! -e "$LAB_DIR/state/serve.lock" ] || fail "its lock is still there"
	assert_filtering
}

test_sighup_applies_the_node_file() {
	local generation

	generation=$(status_value .generation)
	node_file '.roles = ["mta"]'
	kill -HUP "$(daemon_pid)"
	wait_for 10 daemon_said "generation $((generation + 1)) is in force, from" ||
		fail "not applied: $(<"$LAB_DIR/daemon.err")"
	assert_json '.roles == ["every-node", "mta"]' rolewall --json status
	assert_answer silent inside tcp "$NODE_INTERNAL" 5432

	node_file '.roles = ["mtaa"]'
	kill -HUP "$(daemon_pid)"
	wait_for 10 daemon_said "cannot reload.*mtaa" || fail "it does not say what is wrong"
	assert_json ".generation == $generation + 1" rolewall --json status
	kill -0 "$(daemon_pid)" || fail "the daemon is gone"
}

test_a_second_daemon_is_refused() {
	assert_exit 1 rolewall serve
	grep -q "another daemon" <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
	ask '{"status":true}' | jq -es '.[0].applied' >/dev/null || fail "the first one does not answer"
}

test_the_service_manager_learns_how_it_is() {
	stop daemon
	launch node manager socat -u "UNIX-RECV:$LAB_DIR/notify" STDOUT
	wait_for 5 test -S "$LAB_DIR/notify" || fail "nobody listens: $(<"$LAB_DIR/manager.err")"
	NOTIFY_SOCKET=$LAB_DIR/notify daemon_start
	wait_for 5 manager_heard READY=1 || fail "not that it is ready: $(manager_text)"
	wait_for 5 manager_heard WATCHDOG=1 || fail "not that it lives: $(manager_text)"
	kill -HUP "$(daemon_pid)"
	wait_for 5 manager_heard RELOADING=1 || fail "not that it reloads: $(manager_text)"
	wait_for 5 manager_heard "READY=1.*RELOADING=1.*READY=1" || fail "not that it is ready again: $(manager_text)"
	kill -TERM "$(daemon_pid)"
	wait_for 5 manager_heard STOPPING=1 || fail "not that it stops: $(manager_text)"
}

manager_text() { tr '\n' ' ' <"$LAB_DIR/manager.out"; }
manager_heard() { manager_text | grep -q "$1"; }

test_it_keeps_the_capabilities_that_bpf_needs_and_no_others() {
	# CAP_NET_ADMIN (12), CAP_SYS_ADMIN (21), CAP_PERFMON (38), CAP_BPF (39); the last two since 5.8
	local expected=000000c000201000 set

	[ "$(</proc/sys/kernel/cap_last_cap)" -ge 39 ] || expected=0000000000201000
	for set in CapPrm CapEff CapBnd; do
		assert_equal $expected "$(awk -v set="$set:" '$1 == set { print $2 }' \
			"/proc/$(daemon_pid)/status")" "$set"
	done
	assert_equal 1 "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$(daemon_pid)/status")" \
		NoNewPrivs
}

# Before 5.11 maps count as locked memory.
test_it_may_lock_the_memory_that_maps_need() {
	(ulimit -l unlimited) 2>/dev/null || skip "CAP_SYS_RESOURCE is missing here"
	stop daemon
	ulimit -l 64
	daemon_start
	assert_equal "unlimited unlimited" \
		"$(awk '/^Max locked memory/ { print $4, $5 }' "/proc/$(daemon_pid)/limits")" \
		"locked memory"
}

# --- followers ------------------------------------------------------------------------------------

# follow_start LABEL: returns when it is listened to.
follow_start() {
	launch node "$1" "$ROLEWALL" "${LAB_INSTANCE[@]}" -o jsonl blocked -f
	wait_for 10 heard "$1" 4001 || fail "$1 hears nothing: $(<"$LAB_DIR/$1.err")"
}

# heard LABEL PORT: knock there, and see.
heard() {
	knock "$2"
	has_line "$1" "$2"
}

has_line() { # LABEL PORT
	grep -q "\"port\":$2,.*\"reason\":\"not-open\"" "$LAB_DIR/$1.out"
}

test_several_followers_see_every_attempt() {
	local follower

	for follower in one two three; do
		follow_start "$follower"
	done
	knock 4002 4003
	for follower in one two three; do
		wait_for 2 has_line "$follower" 4003 || fail "$follower does not see it"
		has_line "$follower" 4002 || fail "$follower has missed one"
	done
}

test_a_follower_that_does_not_read_hinders_nobody() {
	local i

	launch node silent socat -u "UNIX-CONNECT:$SOCKET" "EXEC:sleep 60" # never says what it wants
	launch node deaf sh -c "{ echo '{\"attempts\":true,\"history\":true,\"follow\":true}'; sleep 60; } |
		socat - UNIX-CONNECT:$SOCKET | sleep 60"
	follow_start reader
	for i in 10000 20000 30000 40000; do
		outside "$PROBE" scan -t "$(seq -s , $i $((i + 1500)))" -w 20 "$NODE_EXTERNAL" >/dev/null
	done
	knock 4005
	wait_for 10 has_line reader 4005 || fail "the reader waits for the one that does not read"
	assert_exit 0 rolewall blocked --port 4005
}

test_what_the_daemon_remembers_outlives_its_place_in_the_kernel() {
	# A packet is judged on the CPU that sends it: each has a table of its own.
	outside taskset -c 0 "$PROBE" scan -t 4010 -w 50 "$NODE_EXTERNAL" >/dev/null
	wait_for 5 remembers 4010 || fail "it was not seen"
	kernel_holds 4010 || fail "it is not in the kernel's table"
	outside taskset -c 0 "$PROBE" flood -s 198.18.0.0 -n 100000 -c 100000 "$NODE_EXTERNAL" 7 >/dev/null
	kernel_holds 4010 && fail "the flood did not push it out"
	remembers 4010 || fail "it is forgotten"
}

kernel_holds() { # PORT
	bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/attempts" |
		jq -e --argjson port "$1" 'def byte: ltrimstr("0x") | explode
			| map(if . > 96 then . - 87 else . - 48 end) | .[0] * 16 + .[1];
			any(.[].values[].value; (.[20] | byte) + 256 * (.[21] | byte) == $port)' >/dev/null
}

remembers() { # PORT
	rolewall --json blocked --port "$1" | jq -e '.attempts | length == 1 and .[0].source == "203.0.113.2"' >/dev/null
}

test_a_request_that_makes_no_sense_is_refused() {
	assert_equal "" "$(ask '{"atempts":true}')" "answer to a typo"
	assert_equal "" "$(ask "$(printf 'x%.0s' {1..1000})")" "answer to noise"
	ask '{"status":true}' | jq -es '.[0].applied' >/dev/null || fail "it does not answer any more"
}

rule_listens() { # PORT WORD
	ask '{"rules":true}' | jq -es --arg word "$2" --argjson port "$1" 'map(select(.type == "rules"))[0].rules
		| map(select(.port == $port and .proto == "tcp")) | length == 1 and .[0].listening == $word' >/dev/null
}

test_rules_are_told_with_their_zones_and_who_listens() {
	rule_listens 25 yes || fail "25 listens: $(ask '{"rules":true}')"
	rule_listens 110 no || fail "nobody listens on 110"
	launch node local socat TCP-LISTEN:110,bind=127.0.0.1,fork,reuseaddr -
	wait_for 5 rule_listens 110 loopback || fail "110 listens on loopback alone"
	ask '{"version":2,"rules":true}' | jq -es '.[0].rules[] | select(.port == 5432)
		| .zones == ["internal"] and .role == "postgres" and .proto == "tcp"' >/dev/null ||
		fail "5432: $(ask '{"rules":true}')"
	assert_equal "" "$(ask '{"version":1,"rules":true}')" "answer to another version"
}

lists_hold() { # FILTER
	ask '{"lists":true}' | jq -es 'map(select(.type == "lists"))[0] | '"$1" >/dev/null
}

test_bans_and_openings_are_told_with_their_end() {
	rolewall ban 198.51.100.0/24 --for 1h --reason "test one"
	rolewall ban 192.0.2.1 --reason forever
	rolewall open 9999/tcp --from "$OUTSIDE" --for 10m --reason test
	wait_for 5 lists_hold '.bans.total == 2 and .openings.total == 1 and .openings.entries[0].port == 9999
		and (.bans.entries | map(select(.source == "198.51.100.0/24"))[0] | .reason == "test one"
			and (.expires[0:19] + "Z" | fromdate) > now + 3000)
		and (.bans.entries | map(select(.source == "192.0.2.1"))[0].expires == null)' ||
		fail "told: $(ask '{"lists":true}')"
	rolewall unban 198.51.100.0/24
	rolewall unban 192.0.2.1
	rolewall close "$(ask '{"lists":true}' | jq -s '.[0].openings.entries[0].id')"
	wait_for 5 lists_hold '.bans.total == 0 and .openings.total == 0' || fail "told: $(ask '{"lists":true}')"
}

test_the_socket_is_roots_and_its_groups() {
	assert_equal "660 0" "$(stat -c '%a %u' "$SOCKET")" "mode and owner of the socket"
}

test_a_process_that_binds_a_port_is_named() {
	needs ringbuf "without a ring of events a bind is counted, not reported"
	node_file '.bind_guard = "observe"'
	rolewall apply
	spawn node binder "$PROBE" listen -t 4444
	wait_for 5 bind_is_known || fail "not told: $(ask '{"attempts":true,"history":true}')"
}

bind_is_known() {
	ask '{"attempts":true,"history":true}' |
		jq -es 'any(.[]; .port == 4444 and .reason == "bind-denied" and .process == "probe" and .pid > 0)' >/dev/null
}

# --- what it sees to ------------------------------------------------------------------------------

test_after_a_reboot_the_confirmed_policy_the_bans_and_the_openings_are_back() {
	rolewall ban 198.51.100.0/24 --reason test
	rolewall open 9999/tcp --from "$OUTSIDE" --for 10m --reason test
	reboot
	node_file '.roles = ["mta"]' # was never applied
	cp "$LAB_DIR/lib/confirmed.json" "$LAB_DIR/confirmed.json"
	daemon_start
	cmp "$LAB_DIR/confirmed.json" "$LAB_DIR/lib/confirmed.json" || fail "the copy is another"
	daemon_said "has changed since it was confirmed" || fail "the difference is not said"
	assert_json '.roles | length == 8' rolewall --json status
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_answer silent far tcp "$NODE_EXTERNAL" 25
	assert_json '.bans | length == 1' rolewall --json bans
	rolewall unban 198.51.100.0/24
	rolewall --json openings | jq '.openings[].id' | while read -r id; do
		rolewall close "$id"
	done
}

# Role files of this test's own, and a reboot.
reboot_with_own_roles() {
	cp -r "$ROLES_DIR" "$LAB_DIR/roles"
	LAB_INSTANCE+=(--roles-dir "$LAB_DIR/roles")
	rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	reboot
}

test_after_a_reboot_a_role_file_that_was_not_applied_opens_nothing() {
	local role

	reboot_with_own_roles
	for role in "$LAB_DIR"/roles/*/mta.json; do
		jq '.services += [{"name": "more", "proto": "tcp", "port": 9999, "from": ["external"]}]' "$role" >"$LAB_DIR/more"
		cp "$LAB_DIR/more" "$role"
	done
	rolewall check || fail "the changed role file is refused"
	daemon_start
	daemon_said "role files have changed since the policy was confirmed" || fail "it is not said"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	rm -r "$LAB_DIR/roles"
}

test_after_a_reboot_no_role_file_is_asked() {
	local before after

	reboot_with_own_roles
	truncate -s 20 "$LAB_DIR"/roles/*/mta.json
	daemon_start
	assert_filtering
	assert_json '[.rules[] | select(.service == "smtp") | .origin | contains("mta.json:")] == [true]' rolewall --json show
	before=$(jq -S '.policy | del(.text)' "$LAB_DIR/lib/confirmed.json")
	rm -r "$LAB_DIR/roles"
	reboot
	daemon_start
	assert_filtering
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	after=$(jq -S '.policy | del(.text)' "$LAB_DIR/lib/confirmed.json")
	assert_equal "$before" "$after" "the copy"
}

# What versions before kept: the node file alone.
test_the_copy_of_an_earlier_version_is_compiled_once_more() {
	reboot
	cp "$LAB_DIR/node.json" "$LAB_DIR/lib/confirmed.json"
	daemon_start
	daemon_said "kept by an earlier version" || fail "it is not said"
	assert_filtering
	rolewall apply
	is_confirmed "$LAB_DIR/node.json" || fail "the copy stays the old one"
}

assert_serves_nothing() {
	assert_equal 1 "$(grep -c 'nothing was confirmed.*rolewall apply' "$LAB_DIR/daemon.err")" \
		"how often it says that nothing was confirmed: $(<"$LAB_DIR/daemon.err")"
	assert_exit 3 rolewall status
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	[ ! -e "$LAB_DIR/lib/confirmed.json" ] || fail "something is confirmed"
	ask '{"status":true}' | jq -es '.[0].applied == false' >/dev/null || fail "it does not serve"
}

test_where_nothing_was_confirmed_it_serves_nothing_until_the_next_apply() {
	stop daemon
	rolewall down
	rm -rf "${LAB_DIR:?}/lib"
	daemon_start
	sleep 2 # ticks
	assert_serves_nothing
	rolewall apply
	wait_for 5 daemon_said "generation 1 is in force now" || fail "it does not notice the apply"
	follow_start later
	assert_filtering
}

test_after_down_no_policy_comes_back_by_itself() {
	rolewall ban 198.51.100.0/24 --reason test # so that there is a directory still
	rolewall down
	stop daemon
	daemon_start
	assert_serves_nothing
	reboot || true # nothing is applied
	daemon_start
	assert_serves_nothing
	rolewall apply
	rolewall unban 198.51.100.0/24
}

test_sighup_applies_the_node_file_where_nothing_was() {
	rolewall down
	stop daemon
	daemon_start
	kill -HUP "$(daemon_pid)"
	wait_for 10 daemon_said "generation 1 is in force, from" || fail "not applied: $(<"$LAB_DIR/daemon.err")"
	assert_filtering
	is_confirmed "$LAB_DIR/node.json" || fail "it is not confirmed"
}

# --- a copy that is damaged -----------------------------------------------------------------------

copy_cut() {
	truncate -s 50 "$LAB_DIR/lib/confirmed.json"
	cp "$LAB_DIR/lib/confirmed.json" "$LAB_DIR/cut.json"
}

test_where_the_confirmed_copy_is_damaged_the_node_file_only_observes() {
	reboot
	copy_cut
	node_file '.roles = ["mta"] | .bind_guard = "deny"' # was never applied
	daemon_start
	daemon_said "confirmed last cannot be used" || fail "the damage is not said"
	daemon_said "nothing is refused.*rolewall apply" || fail "the mode is not said"
	assert_json '.mode == "observe" and .roles == ["every-node", "mta"]' rolewall --json status
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	cmp "$LAB_DIR/cut.json" "$LAB_DIR/lib/confirmed.json" || fail "it became the confirmed one"
	rolewall apply
	assert_json '.mode == "enforce"' rolewall --json status
	is_confirmed "$LAB_DIR/node.json" || fail "the copy stays cut"
}

test_a_copy_in_somebody_elses_directory_is_damaged() {
	reboot
	chown 65534 "$LAB_DIR/lib"
	daemon_start
	daemon_said "does not belong to root" || fail "it is not said"
	assert_json '.mode == "observe"' rolewall --json status
	chown 0 "$LAB_DIR/lib"
}

test_a_damaged_copy_takes_no_filter_away() {
	reboot
	daemon_start
	stop daemon
	copy_cut
	rm "$LAB_DIR/bpf/rolewall/generation-$(status_value .generation)/rules"
	assert_exit 1 rolewall serve
	grep -q "what filters goes on" <<<"$OUTPUT" || fail "it is not said: $OUTPUT"
	assert_filtering
	rolewall apply
	daemon_start
	assert_filtering
}

test_a_daemon_does_not_start_on_two_damaged_files() {
	reboot
	copy_cut
	echo '{' >"$LAB_DIR/node.json"
	assert_exit 1 rolewall serve
	grep -q "confirmed last cannot be used" <<<"$OUTPUT" || fail "the damage is not said: $OUTPUT"
	assert_exit 3 rolewall status
}

bans_in_kernel() {
	rolewall metrics | awk '$1 == "rolewall_bans" { print $2 }'
}

test_a_ban_ends_by_itself() {
	rolewall ban 192.0.2.1 --for 2s --reason test
	assert_equal 1 "$(bans_in_kernel)" "bans"
	wait_for 6 no_bans || fail "it is still there"
}

no_bans() {
	[ "$(bans_in_kernel)" = 0 ]
}

# Processes of the lab's node with that name.
node_processes() { # NAME
	local pid

	while read -r pid; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] && echo "$pid"
	done <"$LAB_CGROUP/cgroup.procs"
	return 0
}

test_what_was_not_confirmed_goes_back_even_if_the_guardian_is_killed() {
	local before pid pids

	before=$(status_value .generation)
	node_file '.roles = ["mta"]'
	rolewall apply --confirm=$((2 + PATIENCE))
	mapfile -t pids < <(node_processes rolewall-confir)
	[ "${#pids[@]}" -gt 0 ] || fail "there is no guardian to kill"
	for pid in "${pids[@]}"; do kill -KILL "$pid"; done
	wait_for 10 generation_is "$before" || fail "generation $(status_value .generation) is in force"
	assert_filtering
}

generation_is() {
	[ "$(status_value .generation)" = "$1" ]
}

test_it_follows_down_and_the_next_apply() {
	rolewall down
	wait_for 5 daemon_said "nothing is applied any more" || fail "it does not notice"
	ask '{"status":true}' | jq -es '.[0].applied == false' >/dev/null || fail "it tells otherwise"
	rolewall apply
	follow_start late
}

run_tests "$@"
