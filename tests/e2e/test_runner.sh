#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What runs the tests: what it counts, what it chooses, what it finds left behind.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# program NAME COMMENT BODY: a test program of our own.
program() {
	printf '#!/bin/bash\n%s\n\n%s\n' "$2" "$3" >"$LAB_DIR/$1.sh"
	chmod +x "$LAB_DIR/$1.sh"
}

# run EXIT NAME...: what the runner says is in OUTPUT.
run() {
	local code=$1

	shift
	assert_exit "$code" env -u V -u RUN_TOTALS TMPDIR="$LAB_DIR" SUITE="${SUITE_HERE:-}" JOBS=2 \
		"$LAB_ROOT/tests/run.sh" "${@/#/$LAB_DIR/}"
}

last_line() {
	tail -n 1 <<<"$OUTPUT"
}

says() {
	grep -qF -- "$1" <<<"$OUTPUT" || fail "not said: $1; said: $OUTPUT"
}

prepare() {
	program good "#" 'echo "secret"; echo "3 passed, 0 failed, 1 skipped"'
	program bad "#" 'echo "not ok 2 - why"; echo "1 passed, 2 failed, 0 skipped"; exit 1'
}

test_it_adds_up_and_shows_what_failed() {
	run 0 good.sh
	assert_equal "3 passed, 0 failed, 1 skipped" "$(last_line)" "sum"
	! grep -q secret <<<"$OUTPUT" || fail "it shows what passed: $OUTPUT"
	run 1 good.sh bad.sh
	assert_equal "4 passed, 2 failed, 1 skipped" "$(last_line)" "sum"
	says "not ok 2 - why"
	says "[2/2] "
}

test_what_says_nothing_has_failed() {
	program silent "#" 'true'
	run 1 silent.sh
	assert_equal "0 passed, 1 failed, 0 skipped" "$(last_line)" "says nothing"
	program dying "#" 'echo "3 passed, 0 failed, 0 skipped"; kill -KILL $$'
	run 1 dying.sh
	assert_equal "3 passed, 1 failed, 0 skipped" "$(last_line)" "is killed"
}

# The others see the test's own namespaces, mounts and processes: each is found, and taken away here.
test_what_is_left_behind_has_failed() {
	# shellcheck disable=SC2016
	program leaves "#" '
		touch "$TMPDIR/file"
		mkdir "$TMPDIR/mounted"
		mount -t tmpfs tmpfs "$TMPDIR/mounted"
		ip netns add "rw$$-left"
		setsid sleep 600 &
		echo "$! $$ $TMPDIR" >"'"$LAB_DIR"'/left"
		echo "1 passed, 0 failed, 0 skipped"'
	run 1 leaves.sh
	read -r sleeper pid directory <"$LAB_DIR/left"
	kill "$sleeper"
	ip netns delete "rw$pid-left"
	umount "$directory/mounted"
	rm -r "${directory%/*}"
	assert_equal "1 passed, 1 failed, 0 skipped" "$(last_line)" "sum"
	says "left behind: $directory/file"
	says "left behind: mounted: $directory/mounted"
	says "left behind: network namespace rw$pid-left"
	says "left behind: process sleep 600"
}

test_two_run_at_the_same_time_and_say_it_one_after_the_other() {
	# Each waits for the other.
	# shellcheck disable=SC2016
	program ping "#" 'touch "${0%/*}/ping"; until [ -e "${0%/*}/pong" ]; do sleep 0.1; done
		echo "not ok ping"; sleep 0.3; echo "not ok ping"; echo "0 passed, 1 failed, 0 skipped"'
	sed 's/ping/x/g; s/pong/ping/g; s/x/pong/g' "$LAB_DIR/ping.sh" >"$LAB_DIR/pong.sh"
	chmod +x "$LAB_DIR/pong.sh"
	run 1 ping.sh pong.sh
	assert_equal 2 "$(grep '^not ok' <<<"$OUTPUT" | uniq | wc -l)" "what is kept apart"
}

test_the_suites_are_chosen_by_a_line_in_the_file() {
	local name

	program whole "# long: all of it" 'echo "1 passed, 0 failed, 0 skipped"'
	program both "# also long: more" 'echo "1 passed, 0 failed, 0 skipped"'
	program part "#" '
		# long: one of two
		echo "1 passed, 0 failed, 0 skipped"'
	sed -i 's/^\t\t# long/# long/' "$LAB_DIR/part.sh"
	SUITE_HERE=short run 0 whole.sh both.sh part.sh good.sh
	! grep -q whole <<<"$OUTPUT" || fail "it is long: $OUTPUT"
	says "[3/3]"
	SUITE_HERE=long run 0 whole.sh both.sh part.sh good.sh
	! grep -q good <<<"$OUTPUT" || fail "it is short: $OUTPUT"
	says "[3/3]"
	run 0 whole.sh both.sh part.sh good.sh
	says "[4/4]"
	# What chooses among functions leaves none out, and none twice.
	for name in "$LAB_ROOT"/tests/e2e/test_*.sh; do
		assert_equal "$(names_of "" "$name")" \
			"$({ names_of short "$name"; names_of long "$name"; } | sort -u)" "tests of $name"
	done
}

names_of() { # SUITE FILE
	SUITE=$1 bash -c '. "$1/tests/e2e/lib.sh"; test_names' "$2" "$LAB_ROOT" | sort
}

# As ctrl-C does: the test takes its things away, and nothing goes on.
test_an_interrupt_ends_what_runs() {
	local pid

	# shellcheck disable=SC2016
	program waits "#" 'trap "touch ${0%/*}/cleaned; exit 143" TERM; touch "${0%/*}/began"; sleep 600 & wait'
	TMPDIR=$LAB_DIR "$LAB_ROOT/tests/run.sh" "$LAB_DIR/waits.sh" >"$LAB_DIR/out" 2>&1 &
	pid=$!
	wait_for 10 [ -e "$LAB_DIR/began" ] || fail "it does not begin"
	kill -TERM "$pid"
	wait "$pid" && fail "it succeeds"
	[ -e "$LAB_DIR/cleaned" ] || fail "it was not ended: $(<"$LAB_DIR/out")"
	assert_equal "" "$(find "$LAB_DIR" -name 'run.*')" "left behind"
}

run_tests "$@"
