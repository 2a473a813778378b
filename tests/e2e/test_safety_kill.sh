#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SIGKILL at the system calls of a change: after each the old policy is in force or the new one, whole;
# what neither opens stays shut; the next apply works. STRIDE=1 tries every one of them.
#
# long: hundreds of changes

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

setup() {
	safety_setup
}

prepare() {
	rolewall down >/dev/null 2>&1 || true
	policy_a
	rolewall -q apply
}

test_apply_killed_at_any_call_leaves_one_policy_whole() {
	local at where found old=0 new=0

	policy_b
	strike_list 1 apply
	policy_a
	rolewall -q apply
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		policy_b
		strike_at "$at" apply
		found=$(policy_settle A B)
		case $found in
		A) old=$((old + 1)) ;;
		B)
			new=$((new + 1))
			is_confirmed "$LAB_DIR/node.json" >/dev/null ||
				rolewall status 2>&1 | grep -q "a restart would bring back another policy" ||
				fail "that a restart brings the old one back is not said, $where"
			;;
		*) fail "neither policy, $where: $found" ;;
		esac
		status_is "$found" "$where"
		policy_a
		rolewall -q apply || fail "the next apply fails, $where"
		nothing_half_written "$where"
	done
	policy_is A "at the end"
	echo "${#CALLS[@]} calls of $(grep -cE '^[0-9]+ ' "$LAB_DIR/calls"): old $old, new $new"
	if [ "$old" = 0 ] || [ "$new" = 0 ]; then
		fail "the commit was not among them: old $old, new $new"
	fi
}

nothing_half_written() { # WHERE
	assert_equal confirmed.json "$(ls "$LAB_DIR/lib")" "kept for the next boot, $1"
}

# Nothing half made: no port that was open is shut before all of it is there, and what was shut stays.
test_the_first_apply_killed_at_any_call_leaves_nothing_or_all() {
	local at where found

	rolewall -q down
	strike_list 4 apply
	rolewall -q down
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		strike_at "$at" apply
		found=$(policy_settle A nothing)
		[ "$found" = A ] || [ "$found" = nothing ] || fail "half a policy, $where: $found"
		rolewall -q apply || fail "the next apply fails, $where"
		[ $((at % 5)) != 0 ] || policy_is A "after the next apply, $where"
		rolewall -q down || fail "down fails, $where"
		assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "left, $where"
		[ ! -e "$LAB_DIR/lib" ] || fail "left, $where: $(ls "$LAB_DIR/lib")"
	done
	calls_report
}

# Maps without a policy, and no program: an apply was killed just before its commit. Then one cannot
# attach, for somebody else's program on a hook wants to be alone.
test_a_first_apply_that_cannot_attach_leaves_nothing_whatever_died_before_it() {
	local at code=0

	rolewall -q down
	strike_list 1 apply
	rolewall -q down
	at=$(awk '$2 == "bpf:MAP_FREEZE" { at = $1 } END { print at }' "$LAB_DIR/calls")
	strike_at "$at" apply
	[ -e "$LAB_DIR/bpf/rolewall/maps/policy" ] || fail "killed too early, at $at"
	node "$PROBE" stranger "$LAB_DIR/bpf/other" egress
	# What the dead process held is freed a moment later.
	wait_for 10 bpftool cgroup attach "$LAB_CGROUP" egress pinned "$LAB_DIR/bpf/other"
	OUTPUT=$(rolewall apply 2>&1) || code=$?
	bpftool cgroup detach "$LAB_CGROUP" egress pinned "$LAB_DIR/bpf/other"
	rm "$LAB_DIR/bpf/other"
	[ "$code" != 0 ] || fail "it applies: $OUTPUT"
	grep -q "cgroup hook egress" <<<"$OUTPUT" || fail "no cause is named: $OUTPUT"
	assert_equal nothing "$(policy_settle nothing)" "policy"
	assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "left"
	grep -q "nothing is filtered, as before" <<<"$OUTPUT" || fail "it says: $OUTPUT"
	rolewall -q apply
	policy_is A "at the end"
}

calls_report() {
	echo "${#CALLS[@]} calls of $(grep -cE '^[0-9]+ ' "$LAB_DIR/calls")"
}

is_policy() {
	[ "$(policy_found)" = "$1" ]
}

# I5: an unconfirmed policy is never in force without somebody to take it back.
test_apply_to_be_confirmed_killed_at_any_call_goes_back() {
	local at where found

	policy_b
	strike_list 3 apply --confirm=1
	wait_for 10 is_policy A || fail "unconfirmed, it stays"
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		policy_b
		strike_at "$at" apply --confirm=1
		found=$(policy_settle A B)
		[ "$found" = A ] || wait_for 10 is_policy A || fail "it stays, $where: $found"
		status_is A "$where"
		policy_a
		rolewall -q apply || fail "the next apply fails, $where"
		nothing_half_written "$where"
	done
	calls_report
}

test_rollback_killed_at_any_call_leaves_one_policy_whole() {
	local at where found

	policy_b
	rolewall -q apply
	strike_list 1 rollback
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		policy_a
		rolewall -q apply
		policy_b
		rolewall -q apply
		strike_at "$at" rollback
		found=$(policy_settle A B)
		[ "$found" = A ] || [ "$found" = B ] || fail "neither policy, $where: $found"
		status_is "$found" "$where"
		policy_a
		[ "$found" = B ] || is_confirmed "$LAB_DIR/node.json" || fail "what was taken back is the copy, $where"
	done
	calls_report
}

# The file of somebody's own: it is all old or all new, and still his.
test_allow_killed_at_any_call_leaves_one_file_whole() {
	local at where old=0 new=0

	chown 1:2 "$LAB_DIR/node.json"
	cp -a "$LAB_DIR/node.json" "$LAB_DIR/old.json"
	strike_list 1 allow 873 --from vpn
	cp -a "$LAB_DIR/node.json" "$LAB_DIR/new.json"
	for at in "${CALLS[@]}"; do
		where="killed at $at, $(call_name "$at")"
		cp -a "$LAB_DIR/old.json" "$LAB_DIR/node.json"
		strike_at "$at" allow 873 --from vpn
		if cmp -s "$LAB_DIR/old.json" "$LAB_DIR/node.json"; then
			old=$((old + 1))
		elif cmp -s "$LAB_DIR/new.json" "$LAB_DIR/node.json"; then
			new=$((new + 1))
		else
			fail "neither file, $where: $(<"$LAB_DIR/node.json")"
		fi
		assert_equal "1 2" "$(stat -c '%u %g' "$LAB_DIR/node.json")" "owner, $where"
		rolewall -q allow 873 --from vpn || fail "the next allow fails, $where"
		cmp "$LAB_DIR/new.json" "$LAB_DIR/node.json" || fail "the next allow, $where"
	done
	rm "$LAB_DIR/old.json" "$LAB_DIR/new.json"
	rolewall -q deny 873
	[ ! -e "$LAB_DIR/node.json.next" ] || fail "what was staged is there still"
	echo "${#CALLS[@]} calls of $(grep -cE '^[0-9]+ ' "$LAB_DIR/calls"): old $old, new $new"
	if [ "$old" = 0 ] || [ "$new" = 0 ]; then
		fail "the rename was not among them: old $old, new $new"
	fi
}

run_tests "$@"
