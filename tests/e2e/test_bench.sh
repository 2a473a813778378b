#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark runs on this tree: one round of BPF_PROG_TEST_RUN, and nothing is said of the times.
#
# long: a million bans

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

prepare() {
	BENCH=${ROLEWALL%/*}/tests/bench/bench
	[ -x "$BENCH" ] || skip "$BENCH is not built; 'make bench-programs' builds it"
}

test_every_subject_is_measured() {
	local subject

	# shellcheck disable=SC2016
	"$LAB_ROOT/tests/bench/room.sh" sh -c '"$1" prog-run -r 1 "$ROOM" "$2" "$ROOM_CGROUP"' sh "$BENCH" \
		"$LAB_ROOT/roles" >"$LAB_DIR/samples"
	for subject in floor rolewall-deny rolewall-allow rolewall-limit rolewall-cgroup rolewall-zone xdp-filter-deny; do
		awk -v subject=$subject '$2 ~ "^" subject && $4 > 0 { found = 1 } END { exit !found }' \
			"$LAB_DIR/samples" || fail "$subject was not measured: $(<"$LAB_DIR/samples")"
	done
}

run_tests "$@"
