#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who takes a change back: it is there before the change is, outlives its caller, and if it dies all the
# same, status says so and the next change does its work.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/confirm.sh
. "$(dirname "$0")/confirm.sh"

# A session of its own with a terminal of its own; when the terminal goes, all of it goes.
test_it_goes_back_though_the_terminal_is_closed() {
	local before

	before=$(generation)
	other_policy
	launch node terminal script -qec \
		"$ROLEWALL ${LAB_INSTANCE[*]} apply --confirm=$SOON; echo applied; sleep 600" /dev/null
	wait_for 20 grep -q applied "$LAB_DIR/terminal.out" || fail "$(<"$LAB_DIR/terminal.out")"
	stop terminal
	[ -n "$(guardians)" ] || fail "nobody waits"
	assert_equal true "$(pending)" "pending"
	assert_back "$before" $SOON
	wait_for 5 no_guardian || fail "the guardian stays"
}

test_the_guardian_holds_nothing_of_its_caller() {
	local pid descriptors

	other_policy
	assert_exit 0 rolewall apply --confirm=30
	pid=$(guardians)
	[ -n "$pid" ] || fail "nobody waits"
	descriptors=$(find "/proc/$pid/fd" -lname '*' -printf '%l\n' | grep -v '^/dev/null$' || true)
	assert_equal "" "$descriptors" "descriptors"
	assert_equal / "$(readlink "/proc/$pid/cwd")" "working directory"
	assert_equal 0 "$(cut -d ' ' -f 7 "/proc/$pid/stat")" "terminal"
	assert_exit 0 rolewall confirm
	wait_for 5 no_guardian || fail "the guardian waits for nothing"
}

test_it_goes_back_in_time_though_the_daemon_is_killed() {
	local before

	before=$(generation)
	daemon_start
	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	stop daemon
	assert_back "$before" $SOON
	assert_smtp open
}

# A terminal of a user who is logged in, and the place where programs speak to the journal; both in a
# mount namespace, with the machine's own wall(1).
test_a_rollback_is_told_to_who_is_logged_in_and_to_the_journal() {
	local before text

	command -v python3 >/dev/null || skip "python3 is not installed"
	command -v wall >/dev/null || skip "wall is not installed"
	before=$(generation)
	text="generation $((before + 1)) was not confirmed in time; generation $before is in force again"
	other_policy
	listeners_script
	mkdir "$LAB_DIR/dev"
	# shellcheck disable=SC2016
	launch node told unshare -m sh -c '
		mount -t tmpfs tmpfs "$1" && mkdir "$1/pts" && mount --bind /dev/pts "$1/pts" || exit 1
		ln -s pts/ptmx "$1/ptmx" || exit 1
		for device in null zero urandom tty; do
			: >"$1/$device" && mount --bind "/dev/$device" "$1/$device" || exit 1
		done
		mount --move "$1" /dev && mount -t tmpfs tmpfs /run || exit 1
		: >/run/utmp
		python3 "$2" "$3" &
		shift 3
		until [ -S /dev/log ]; do sleep 0.05; done
		"$@"
		wait' sh "$LAB_DIR/dev" "$LAB_DIR/listen.py" "$LAB_DIR/heard" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=1
	wait_for 20 grep -q "^terminal.*rolewall: ${text%%;*}" "$LAB_DIR/heard" || fail "$(cat "$LAB_DIR"/told.*; cat "$LAB_DIR/heard")"
	# <28>: LOG_DAEMON, LOG_WARNING
	wait_for 5 grep -q "^journal <28>.*rolewall\[[0-9]*\]: rolewall: $text" "$LAB_DIR/heard" ||
		fail "$(cat "$LAB_DIR/heard")"
	assert_back "$before" 1
}

# A cgroup in which no more than so many processes may be; empty: there is no such thing here.
few_processes_directory() {
	local root

	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/mounts)
	if [ -z "$root" ]; then
		root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		grep -qw pids "$root/cgroup.subtree_control" 2>/dev/null || return 0
	fi
	echo "$root/$LAB_NAME-few"
}

# with_few_processes DIRECTORY COUNT COMMAND...: the fork that makes one more of them fails.
with_few_processes() {
	mkdir -p "$1"
	echo "$2" >"$1/pids.max"
	# shellcheck disable=SC2016
	node sh -c 'echo $$ >"$1/cgroup.procs" && shift 2 && exec "$@"' sh "$@"
}

# What is to take it back is there before anything is committed.
refused_without_guardian() { # CAUSE COMMAND...
	local before cause=$1

	shift
	before=$(generation)
	assert_exit 1 "$@"
	grep -q "take the policy back: $cause" <<<"$OUTPUT" || fail "no cause is named: $OUTPUT"
	is_generation "$before" || fail "it was committed all the same"
	assert_equal false "$(pending)" "pending"
	assert_smtp open
	wait_for 5 no_guardian || fail "somebody waits"
}

test_a_fork_that_fails_on_the_way_to_the_guardian_commits_nothing() {
	local directory count

	directory=$(few_processes_directory)
	[ -n "$directory" ] || skip "no cgroup here limits the number of processes"
	other_policy
	for count in 1 2; do
		refused_without_guardian "Resource temporarily unavailable" \
			with_few_processes "$directory" "$count" \
			"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=30
	done
	assert_exit 0 with_few_processes "$directory" 3 \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=30
	assert_exit 0 rolewall confirm
	wait_for 5 no_guardian || fail "the guardian waits for nothing"
	rmdir "$directory"
}

test_a_guardian_that_cannot_do_its_work_commits_nothing() {
	local call

	command -v strace >/dev/null || skip "strace is not installed; 'make deps' installs it"
	other_policy
	for call in pipe2:error=EMFILE setsid:error=EIO chdir:error=EIO chdir:signal=SIGKILL; do
		echo "$call"
		refused_without_guardian "Too many open files\|Input/output error\|No such process" \
			node strace -f -qq -e trace="${call%%:*}" -e inject="$call" -o "$LAB_DIR/trace" \
			"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=30
	done
}

# Writes down, each with who heard it, what comes to a terminal and to /dev/log.
listeners_script() {
	: >"$LAB_DIR/heard"
	cat >"$LAB_DIR/listen.py" <<-'END'
		import os, pty, select, socket, struct, sys, tty
		terminal, line = pty.openpty()
		tty.setraw(line)
		name = os.ttyname(line).removeprefix("/dev/").encode()
		with open("/run/utmp", "wb") as utmp:
		    utmp.write(struct.pack("<hxxi32s4s32s256shhiii4i20s", 7, os.getpid(), name, name[-4:],
		                           b"anna", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0, b""))
		journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		journal.bind("/dev/log")
		with open(sys.argv[1], "a") as out:
		    while True:
		        ready, _, _ = select.select([terminal, journal], [], [])
		        for one in ready:
		            if one is journal:
		                text = "journal " + journal.recv(65536).decode()
		            else:
		                text = "terminal " + os.read(terminal, 65536).decode()
		            out.write(" ".join(text.split()) + "\n")
		            out.flush()
	END
}

# From a second after the deadline on status exits with 1.
no_time_is_left() {
	[ "$({ rolewall --json status || true; } | jq .pending.seconds_left)" = 0 ]
}

# Without the guardian, whatever changes anything next takes it back.
test_without_its_guardian_the_next_change_takes_it_back() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	kill_guardians
	wait_for 10 no_time_is_left || fail "the deadline does not come: $(rolewall status)"
	assert_exit 6 rolewall confirm
	is_generation "$before" || fail "generation $(generation), not $before"

	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	kill_guardians
	wait_for 10 no_time_is_left || fail "the deadline does not come: $(rolewall status)"
	assert_exit 0 rolewall apply
	grep -q 'rolled back first' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
}

test_status_says_when_nobody_is_left_to_take_it_back() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=$SOON
	kill_guardians
	wait_for 10 no_time_is_left || fail "the deadline does not come: $(rolewall status)"
	sleep 2 # a second to see to it
	assert_exit 1 rolewall status
	grep -q "overdue: 'rolewall rollback' takes it back" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 1 rolewall --json status
	jq -e '.pending.overdue and (.previous_lost | not)' <<<"${OUTPUT%%rolewall: *}" >/dev/null ||
		fail "$OUTPUT"
	assert_exit 0 rolewall rollback
	is_generation "$before" || fail "generation $(generation), not $before"
	assert_exit 0 rolewall status
}

# A pin of the generation before is removed while the one in force waits.
test_status_says_when_the_way_back_is_lost() {
	local before heard=$LAB_DIR/wall.said

	before=$(generation)
	other_policy
	mkdir -p "$LAB_DIR/wall"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$1" >>"%s"\n' "$heard" >"$LAB_DIR/wall/wall"
	chmod +x "$LAB_DIR/wall/wall"
	PATH=$LAB_DIR/wall:$PATH assert_exit 0 rolewall apply --confirm=$SOON
	rm "$LAB_DIR/bpf/rolewall/generation-$before/zones"
	assert_exit 1 rolewall status
	grep -q "the way back is lost: the pins of generation $before are gone" <<<"$OUTPUT" || fail "$OUTPUT"
	wait_for 20 grep -q "cannot be taken back: .*it stays in force" "$heard" || fail "nobody is told"
	sleep 2.5
	assert_equal 1 "$(wc -l <"$heard")" "said so often"
	assert_exit 1 rolewall status
	grep -q 'hint: change the node file back and "rolewall apply" it' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 1 rolewall rollback
	assert_exit 1 rolewall confirm
	assert_exit 0 rolewall ban 198.51.100.7 --reason test
	node_file '.roles = ["mta"]'
	assert_exit 0 rolewall apply
	assert_smtp open
	assert_exit 0 rolewall status
}

run_tests "$@"
