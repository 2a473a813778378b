#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A change that has to be confirmed goes back by itself; and what a reboot makes of it. Who takes it back:
# test_safety_guardian.sh. What becomes of its author's session: test_safety_session.sh.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/confirm.sh
. "$(dirname "$0")/confirm.sh"

test_unconfirmed_it_goes_back_at_the_deadline() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	grep -q 'rolewall confirm' <<<"$OUTPUT" || fail "it does not say what to do: $OUTPUT"
	assert_json ".pending.seconds_left >= 1 and .pending.previous_generation == $before" \
		rolewall --json status
	assert_smtp silent
	assert_back "$before" $SOON
	assert_smtp open
	assert_exit 0 rolewall status
	assert_json '.roles == ["every-node", "mta"]' rolewall --json status
}

# A machine that was suspended: the clock that stood still meanwhile is behind. Here it is, for the
# command and the process that it leaves.
test_the_deadline_is_of_the_clock_that_suspend_does_not_stop() {
	local before uptime left in_suspended

	unshare --time true 2>/dev/null || skip "no time namespaces"
	uptime=$(cut -d. -f1 /proc/uptime)
	[ "$uptime" -gt 200 ] || skip "this machine has just booted"
	in_suspended=(unshare --time --monotonic "-$((uptime / 2))" --fork "$ROLEWALL" "${LAB_INSTANCE[@]}")
	before=$(generation)
	other_policy
	assert_exit 0 node "${in_suspended[@]}" apply --confirm=3000
	left=$(status_value .pending.seconds_left)
	{ [ "$left" -le 3000 ] && [ "$left" -gt 2000 ]; } || fail "$left seconds are left of 3000"
	assert_exit 0 rolewall rollback
	assert_exit 0 node "${in_suspended[@]}" apply --confirm=$SOON
	assert_back "$before" $SOON
}

test_confirmed_it_stays() {
	local before after

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	after=$(generation)
	[ "$after" -gt "$before" ] || fail "generation $after after $before"
	assert_exit 0 rolewall confirm
	assert_equal false "$(pending)" "pending"
	sleep $((SOON + 1)) # past the deadline that no longer is
	is_generation "$after" || fail "it went back to $(generation)"
	assert_smtp silent
	assert_exit 1 rolewall confirm
	grep -q 'nothing awaits' <<<"$OUTPUT" || fail "a second confirm: $OUTPUT"
}

test_the_copy_for_the_next_boot_follows_the_confirmation() {
	is_confirmed "$LAB_DIR/node.json" || fail "a plain apply is confirmed"
	cp "$LAB_DIR/node.json" "$LAB_DIR/old.json"
	other_policy
	assert_exit 0 rolewall apply --confirm=30
	is_confirmed "$LAB_DIR/old.json" || fail "not confirmed, but copied"
	assert_exit 0 rolewall confirm
	is_confirmed "$LAB_DIR/node.json" || fail "confirmed, but not copied"
	assert_exit 0 rolewall rollback
	is_confirmed "$LAB_DIR/old.json" || fail "rolled back, but not the copy"
	assert_equal "" "$(find "$LAB_DIR/lib" -name '*.next*')" "staged copies"
}

# The node file as it was applied is confirmed, not as it is by then.
test_the_copy_is_what_was_applied() {
	other_policy
	cp "$LAB_DIR/node.json" "$LAB_DIR/applied.json"
	assert_exit 0 rolewall apply --confirm=30
	node_file '.roles = ["proxy"]'
	assert_exit 0 rolewall confirm
	is_confirmed "$LAB_DIR/applied.json" || fail "another file was copied"
}

test_a_copy_that_cannot_be_written_leaves_it_unconfirmed() {
	other_policy
	assert_exit 0 rolewall apply --confirm=30
	rm -rf "${LAB_DIR:?}/lib"
	: >"$LAB_DIR/lib"
	assert_exit 1 rolewall confirm
	rm "$LAB_DIR/lib"
	grep -q "$LAB_DIR/lib" <<<"$OUTPUT" || fail "it does not name the directory: $OUTPUT"
	assert_equal true "$(pending)" "pending"
	assert_exit 0 rolewall confirm
}

# The copy comes first, then the note that nothing is pending: that fails here.
test_what_was_taken_back_does_not_return_though_confirm_got_half_way() {
	local before calls

	command -v strace >/dev/null || skip "strace is not installed; 'make deps' installs it"
	before=$(generation)
	cp "$LAB_DIR/node.json" "$LAB_DIR/old.json"
	other_policy
	assert_exit 0 rolewall apply --confirm=30
	node strace -qq -e trace=bpf -o "$LAB_DIR/trace" "$ROLEWALL" "${LAB_INSTANCE[@]}" -q confirm
	calls=$(grep -c 'bpf(' "$LAB_DIR/trace")
	assert_exit 0 rolewall rollback
	before=$(generation)
	assert_exit 0 rolewall apply --confirm=$((SOON + 3))
	assert_exit 1 node strace -qq -e trace=bpf -e inject=bpf:error=ENOMEM:when="$calls" -o "$LAB_DIR/trace" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" -q confirm
	assert_equal true "$(pending)" "pending"
	wait_for $((SOON + 30)) is_generation "$before" || fail "it did not go back"
	wait_for 10 is_confirmed "$LAB_DIR/old.json" || fail "what was taken back is the copy for the next boot"
	reboot
	daemon_start
	assert_smtp open
}

lib_read_only() {
	trap 'umount "$LAB_DIR/lib"' EXIT # of this test's subshell
	mount --bind "$LAB_DIR/lib" "$LAB_DIR/lib"
	mount -o remount,ro,bind "$LAB_DIR/lib"
}

test_a_rollback_whose_copy_cannot_be_written_says_what_returns() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply
	lib_read_only
	assert_exit 1 rolewall rollback
	umount "$LAB_DIR/lib"
	trap - EXIT
	is_generation "$before" || fail "it did not go back"
	grep -q "after a restart .* comes back" <<<"$OUTPUT" || fail "it does not say what returns: $OUTPUT"
	grep -q "$LAB_DIR/lib" <<<"$OUTPUT" || fail "it does not name the directory: $OUTPUT"
	assert_smtp open
}

test_a_down_that_cannot_remove_the_copy_says_what_returns() {
	lib_read_only
	assert_exit 1 rolewall down
	umount "$LAB_DIR/lib"
	trap - EXIT
	nothing_applied || fail "it is in force still"
	grep -q "comes back at the next start" <<<"$OUTPUT" || fail "it does not say what returns: $OUTPUT"
	assert_exit 0 rolewall down
	[ ! -e "$LAB_DIR/lib" ] || fail "the copy is there still"
}

test_confirmed_too_late_says_that_it_is_gone() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=1
	wait_for 10 is_generation "$before" || fail "it did not go back"
	assert_exit 6 rolewall confirm
	grep -q 'too late' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
}

test_a_second_apply_during_the_wait_is_refused() {
	local during

	other_policy
	assert_exit 0 rolewall apply --confirm=30
	during=$(generation)
	node_file '.roles = ["proxy"]'
	assert_exit 1 rolewall apply
	grep -q 'rolewall confirm' <<<"$OUTPUT" || fail "no way out is named: $OUTPUT"
	assert_exit 1 rolewall apply --confirm=5
	is_generation "$during" || fail "generation $(generation), not $during"
	assert_exit 0 rolewall rollback
	assert_exit 0 rolewall apply
}

# Who imports a million addresses holds no deadline up: the lists have a lock of their own.
test_a_change_of_the_lists_holds_no_deadline_up() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=2
	launch node holder flock -F "$LAB_DIR/state/lists.lock" sleep 600
	assert_back "$before" 2
	stop holder
}

test_a_reboot_counts_as_unconfirmed() {
	other_policy
	assert_exit 0 rolewall apply --confirm=60
	kill_guardians
	reboot
	daemon_start
	daemon_said "has changed since it was confirmed" || fail "it does not say so"
	assert_json '.roles == ["every-node", "mta"] and .pending == null' rolewall --json status
	assert_smtp open
}

test_the_first_policy_of_all_is_gone_after_a_reboot_unless_it_was_confirmed() {
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply --confirm=60
	kill_guardians
	reboot
	daemon_start
	daemon_said "nothing was confirmed" || fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
	nothing_applied || fail "it is in force: $(rolewall --json status)"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	[ ! -e "$LAB_DIR/lib/confirmed.json" ] || fail "it became the confirmed one"

	assert_exit 0 rolewall apply --confirm=60
	assert_exit 0 rolewall confirm
	reboot
	daemon_start
	assert_smtp open
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
}

assert_observes() {
	assert_json '.mode == "observe" and .bind_guard == "observe"' rolewall --json status
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

test_what_was_applied_to_observe_observes_after_a_reboot() {
	node_file '.roles = ["mta"] | .bind_guard = "deny"'
	assert_exit 0 rolewall apply --observe
	reboot
	daemon_start
	daemon_said "says more than was confirmed last: mode observe" || fail "$(<"$LAB_DIR/daemon.err")"
	assert_observes
	reboot # the copy has not changed since
	daemon_start
	assert_observes
	assert_exit 0 rolewall apply
	is_confirmed "$LAB_DIR/node.json" || fail "the copy is not the node file"
	reboot
	daemon_start
	assert_json '.mode == "enforce" and .bind_guard == "deny"' rolewall --json status
}

test_what_was_confirmed_as_observe_observes_after_a_reboot() {
	assert_exit 0 rolewall apply --observe --confirm=60
	assert_exit 0 rolewall confirm
	reboot
	daemon_start
	assert_observes
}

test_a_rollback_to_what_observed_observes_after_a_reboot() {
	assert_exit 0 rolewall apply --observe
	assert_exit 0 rolewall apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall rollback
	assert_observes
	reboot
	daemon_start
	assert_observes
}

test_the_first_policy_unconfirmed_leaves_nothing() {
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply --confirm=$SOON
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	wait_for 10 nothing_applied || fail "it stays"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "left in bpffs"
}

test_rollback_returns_one_step_and_says_when_there_is_none() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply
	assert_smtp silent
	assert_exit 0 rolewall rollback
	is_generation "$before" || fail "generation $(generation), not $before"
	assert_smtp open
	assert_exit 0 rolewall status
	assert_exit 1 rolewall rollback
	assert_exit 0 rolewall apply
	assert_exit 0 rolewall down
	assert_exit 3 rolewall rollback
	assert_exit 3 rolewall confirm
}

# Interfaces that only one of the two lists are attached and let go again.
test_rollback_brings_back_what_interfaces_had() {
	node_file 'del(.interfaces.vpn0)'
	assert_exit 0 rolewall apply
	assert_json '[.interfaces[] | select(.listed) | .name] | sort == ["eth0", "eth1"]' rolewall --json status
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show vpn0
	assert_exit 0 rolewall rollback
	assert_json '[.interfaces[] | select(.hook == "xdp" and .listed) | .name] | sort == ["eth0", "eth1", "vpn0"]' \
		rolewall --json status
}

run_tests "$@"
