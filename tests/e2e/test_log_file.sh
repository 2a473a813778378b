#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Attempts as lines of JSON in a file, which a real logrotate rotates.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

BURST=100 # lines at once, and so many more a second: user/daemon/attempt_log.h
RATE=5

prepare() {
	LOG=$LAB_DIR/log/attempts.jsonl
	SOCKET=$LAB_DIR/state/rolewall.sock
	rm -rf "$LAB_DIR/log"
	mkdir "$LAB_DIR/log"
	node_file .
	rolewall apply
}

serve() {
	launch node daemon "$ROLEWALL" "${LAB_INSTANCE[@]}" serve --log-file "$LOG"
	wait_for 20 daemon_said serving || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
}

knock() { # PORT [SOURCE]
	outside "$PROBE" flood ${2:+-s "$2"} -c 1 "$NODE_EXTERNAL" "$1" >/dev/null
}

# has_line FILTER [FILE]: a line makes it true; all of them are JSON.
has_line() {
	jq -es "map(select($1)) | length > 0" "${2:-$LOG}" >/dev/null 2>&1
}

test_an_attempt_has_its_line() {
	serve
	knock 5432 192.0.2.61
	wait_for 5 has_line '.type == "attempt" and .source == "192.0.2.61" and .port == 5432 and .proto == "tcp"
		and .service == "postgres" and .zone == "external" and .interface == "eth0"
		and .reason == "zone-denied" and .packets == 1 and .observed == false
		and (now - (.last_seen[0:19] + "Z" | fromdate) | fabs) < 60' || fail "no such line: $(<"$LOG")"
	assert_equal 640 "$(stat -c %a "$LOG")" "mode"
}

logrotate_now() {
	sed "s,/var/log/rolewall/attempts.jsonl,$LOG," "$LAB_ROOT/packaging/logrotate/rolewall" >"$LAB_DIR/rotate"
	chmod 0644 "$LAB_DIR/rotate"
	logrotate --force --state "$LAB_DIR/rotate.state" "$LAB_DIR/rotate"
}

test_logrotate_rotates_it_and_no_line_is_lost() {
	local i generation

	command -v logrotate >/dev/null || skip "logrotate is not installed"
	serve
	generation=$(status_value .generation)
	for i in {1..30}; do
		knock 9 192.0.2.$((100 + i))
		[ $((i % 10)) != 0 ] || logrotate_now
		sleep 0.1
	done
	wait_for 5 [ -e "$LOG" ] || fail "no new file after a rotation"
	knock 9 192.0.2.99
	wait_for 5 has_line '.source == "192.0.2.99"' || fail "the new file is not written: $(<"$LOG")"
	zcat -f "$LAB_DIR"/log/* >"$LAB_DIR/all"
	for i in {1..30}; do
		has_line ".source == \"192.0.2.$((100 + i))\"" "$LAB_DIR/all" || fail "192.0.2.$((100 + i)) is missing"
	done
	assert_equal "$generation" "$(status_value .generation)" "generation: a rotation applies nothing"
}

test_a_full_disk_hinders_nothing_and_leaves_whole_lines() {
	local i

	# shellcheck disable=SC2064
	trap "stop daemon; umount '$LAB_DIR/log'" EXIT
	mount -t tmpfs -o size=4k tmpfs "$LAB_DIR/log" || skip "no tmpfs"
	serve
	for i in {1..30}; do knock 9 192.0.2.$((150 + i)); done
	wait_for 5 daemon_said "cannot write $LOG: No space left" || fail "$(<"$LAB_DIR/daemon.err")"
	assert_equal 1 "$(grep -c "cannot write" "$LAB_DIR/daemon.err")" "times that it was said"
	: >"$LOG"
	knock 9 192.0.2.199
	wait_for 5 has_line '.source == "192.0.2.199"' || fail "not written again: $(<"$LOG")"
	daemon_said "is written again" || fail "$(<"$LAB_DIR/daemon.err")"
}

test_what_is_not_a_file_is_not_written_and_does_not_stop_the_daemon() {
	mkfifo "$LOG"
	serve
	wait_for 5 daemon_said "cannot write $LOG" || fail "$(<"$LAB_DIR/daemon.err")"
	rm "$LOG"
	wait_for 5 [ -f "$LOG" ] || fail "it is not made when the way is free"
	knock 9 192.0.2.77
	wait_for 5 has_line '.source == "192.0.2.77"' || fail "$(<"$LOG")"
}

# The last: what it leaves in the kernel's table is news to the next daemon.
test_a_flood_does_not_fill_the_disk() {
	local start=$SECONDS count

	serve
	outside "$PROBE" flood -s 198.18.0.0 -n 200000 -c 200000 "$NODE_EXTERNAL" 7 >/dev/null
	count=$(wc -l <"$LOG")
	[ "$count" -gt 10 ] || fail "only $count lines"
	[ "$count" -le $((BURST + RATE * (SECONDS - start + 2))) ] || fail "$count lines"
	kill -TERM "$(daemon_pid)" # it is said once a minute, and in the end
	wait_for 5 daemon_said stopped || fail "it does not stop"
	has_line '.type == "omitted" and .attempts > 10' || fail "nobody says what was left out"
}

run_tests "$@"
