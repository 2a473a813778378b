# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# confirm.sh - a policy to be tried, and what becomes of it. For a test file: source lib.sh and daemon.sh,
# then this.

# shellcheck disable=SC2034

# What a rollback may be late, by the kernel's clock: see "taken_back" of status. On an idle machine it is
# some ten.
LATE_MS=$((1000 * PATIENCE))
SOON=$((2 + PATIENCE)) # seconds: a deadline before which a busy machine has time to look

setup() {
	spawn node listeners "$PROBE" listen -t 22,25,5432,9999
}

# Every test begins with a confirmed policy: mta open, nothing pending.
prepare() {
	rolewall down >/dev/null 2>&1 || true
	node_file '.roles = ["mta"]'
	rolewall apply -q
}

generation() {
	status_value .generation
}

# The policy to be tried: mta gone, so that port 25 shuts.
other_policy() {
	node_file '.roles = ["postgres"]'
}

assert_smtp() { # open|silent
	assert_answer "$1" outside tcp "$NODE_EXTERNAL" 25
}

is_generation() {
	[ "$(generation)" = "$1" ]
}

pending() {
	status_value '.pending != null'
}

# assert_back GENERATION SECONDS: not before the deadline, and soon after it. Whoever takes a
# generation back notes when that was done.
assert_back() {
	local late

	wait_for $(($2 + 20)) is_generation "$1" || fail "generation $1 did not come back"
	wait_for 5 is_noted || fail "it is not said when"
	late=$(status_value .taken_back.late_ms)
	echo "taken back $late ms after the deadline"
	[ "$late" -ge 0 ] || fail "it came back before the deadline"
	[ "$late" -le "$LATE_MS" ] || fail "it came back $late ms too late"
	assert_equal false "$(pending)" "pending"
}

is_noted() {
	[ "$(status_value .taken_back.late_ms)" != null ]
}

guardians() {
	local pid

	for pid in $(ip netns pids "$LAB_NAME-node"); do
		grep -q '^rolewall-confir' "/proc/$pid/comm" 2>/dev/null && echo "$pid"
	done
	return 0
}

kill_guardians() {
	local pids

	mapfile -t pids < <(guardians)
	[ "${#pids[@]}" -gt 0 ] || fail "nobody waits"
	lab_kill "${pids[@]}"
}

no_guardian() {
	[ -z "$(guardians)" ]
}

nothing_applied() {
	! rolewall status >/dev/null 2>&1
}
