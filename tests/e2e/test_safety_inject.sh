#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each bpf() call and each file or netlink call of apply fails once, for the kernel or the disk would
# have it so. The outcome is one of two: a non-zero exit, a message that names the cause and the old
# policy; or, where there is another way (a feature that a probe did not find), exit 0 and the new one,
# attached as status says. STRIDE=1 tries every call.
#
# long: hundreds of changes

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

STRIDE=${STRIDE_INJECT:-$((STRIDE > 1 ? 12 : 1))}

setup() {
	command -v strace >/dev/null || return 0
	safety_setup
}

prepare() {
	command -v strace >/dev/null || skip "strace is not installed; 'make deps' installs it"
	umount "$LAB_DIR/lib" 2>/dev/null || true
	rolewall down >/dev/null 2>&1 || true
	policy_a
	rolewall -q apply
}

# How often does apply call it?
calls_count() { # CALL
	node strace -f -qq -e trace="$1" -o "$LAB_DIR/trace" "$ROLEWALL" "${LAB_INSTANCE[@]}" -q apply
	grep -c "$1(" "$LAB_DIR/trace" || true
}

# Which of 1..COUNT: the first five, the last five, and each STRIDE-th.
numbers_choose() { # COUNT
	awk -v count="$1" -v stride="$STRIDE" 'BEGIN {
		for (i = 1; i <= count; i++) if (i % stride == 0 || i <= 5 || i > count - 5) print i }'
}

# apply_failing CALL ERRNO N: what apply says is in OUTPUT, how it ended in CODE.
apply_failing() {
	CODE=0
	# Stops at no other call: three times as fast.
	OUTPUT=$(node strace -f --seccomp-bpf -qq -e trace="$1" -e inject="$1:error=$2:when=$3" -o "$LAB_DIR/trace" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" -q apply 2>&1) || CODE=$?
}

# fail_each CALL ERRNO TEXT: TEXT is what the errno is called.
fail_each() {
	local n count where found refused=0 managed=0

	policy_b
	count=$(calls_count "$1")
	[ "$count" -gt 0 ] || fail "apply never calls $1"
	policy_a
	rolewall -q apply
	for n in $(numbers_choose "$count"); do
		policy_b
		apply_failing "$1" "$2" "$n"
		where="$1 fails as call $n of $count"
		found=$(policy_settle A B)
		case $CODE-$found in
		0-B)
			managed=$((managed + 1))
			rolewall -q status >/dev/null || fail "status, $where: $OUTPUT"
			policy_a
			rolewall -q apply || fail "the next apply, $where"
			;;
		[1-9]*-A)
			refused=$((refused + 1))
			grep -q "$3" <<<"$OUTPUT" || fail "no cause is named, $where: $OUTPUT"
			status_is A "$where"
			;;
		*) fail "exit $CODE and policy $found, $where: $OUTPUT" ;;
		esac
		assert_equal "" "$(find "$LAB_DIR/lib" -name '*.next*')" "staged copies, $where"
	done
	policy_b
	rolewall -q apply || fail "the next apply"
	policy_is B "at the end"
	echo "$1: $count calls; refused $refused, managed $managed"
}

test_each_bpf_call_fails_once() {
	# libbpf may say EINVAL where it was the kernel's memory that failed a probe of its own.
	fail_each bpf ENOMEM "Cannot allocate memory\|Invalid argument"
}

test_each_bpf_call_fails_once_on_the_way_to_the_first_policy() {
	local n count where

	rolewall -q down
	count=$(calls_count bpf)
	rolewall -q down
	STRIDE=$((STRIDE * 2))
	for n in $(numbers_choose "$count"); do
		apply_failing bpf ENOMEM "$n"
		where="bpf fails as call $n of $count"
		if [ "$CODE" = 0 ]; then
			policy_is A "$where"
			rolewall -q status >/dev/null || fail "status, $where"
			rolewall -q down
		else
			grep -q "Cannot allocate memory\|Invalid argument" <<<"$OUTPUT" || fail "$where: $OUTPUT"
		fi
		assert_equal nothing "$(policy_settle nothing)" "$where"
		assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "left, $where"
	done
}

# Then the way back fails as well: what is in force is said, and can be read.
test_from_one_bpf_call_on_all_of_them_fail() {
	local count n where found

	policy_b
	count=$(calls_count bpf)
	# The commit and what follows it: the last that write into a map.
	mapfile -t WRITES < <(awk '/bpf\(/ { n++ } /BPF_MAP_UPDATE_ELEM/ { print n; print n + 1 }' "$LAB_DIR/trace" |
		sort -nu | tail -n 24)
	policy_a
	rolewall -q apply
	for n in "${WRITES[@]}"; do
		policy_b
		apply_failing bpf ENOMEM "$n+"
		where="bpf fails from call $n of $count on"
		found=$(policy_settle A B)
		[ "$found" = A ] || [ "$found" = B ] || fail "neither policy, $where: $found"
		status_is "$found" "$where: $OUTPUT"
		if grep -q "is in force again" <<<"$OUTPUT"; then
			assert_equal A "$found" "$where: $OUTPUT"
		fi
		policy_a
		rolewall -q apply || fail "the next apply, $where"
	done
}

test_each_openat_fails_once() {
	fail_each openat EIO "Input/output error"
}

test_each_read_fails_once() {
	fail_each read EIO "Input/output error\|cannot read"
}

test_each_call_about_files_fails_once() {
	local call

	for call in rename mkdir unlink rmdir fsync fchmod flock getdents64 write newfstatat access; do
		fail_each "$call" EIO "Input/output error"
	done
}

test_each_netlink_call_fails_once() {
	local call

	for call in socket bind sendto recvmsg; do
		fail_each "$call" ENOBUFS "No buffer space available"
	done
}

# --- disks ----------------------------------------------------------------------------------------

test_a_full_disk_refuses_the_change_before_it_happens() {
	mount -t tmpfs -o size=64k,mode=0750 tmpfs "$LAB_DIR/lib"
	dd if=/dev/zero of="$LAB_DIR/lib/filler" bs=1k count=64 2>/dev/null || true
	policy_b
	assert_exit 1 rolewall apply
	grep -q "No space left" <<<"$OUTPUT" || fail "no cause is named: $OUTPUT"
	grep -q "$LAB_DIR/lib" <<<"$OUTPUT" || fail "the directory is not named: $OUTPUT"
	policy_is A "with a full disk"
	rm "$LAB_DIR/lib/filler"
	assert_exit 0 rolewall apply
	policy_is B "with room again"
	umount "$LAB_DIR/lib"
}

test_a_state_directory_that_cannot_be_written_refuses_the_change() {
	rm -rf "${LAB_DIR:?}/state"
	: >"$LAB_DIR/state"
	policy_b
	assert_exit 1 rolewall apply
	rm "$LAB_DIR/state"
	grep -q "$LAB_DIR/state" <<<"$OUTPUT" || fail "the directory is not named: $OUTPUT"
	policy_is A "without a lock"
}

run_tests "$@"
