#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A change that has to be confirmed goes back by itself, whatever dies in the meantime. What becomes of its
# author's session: test_safety_session.sh.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

LATE_MS=1000 # what a rollback may be late, by the kernel's clock: see "taken_back" of status

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

# assert_back GENERATION SECONDS: not before the deadline, and within a second of it. Whoever takes a
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

test_unconfirmed_it_goes_back_at_the_deadline() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=3
	grep -q 'rolewall confirm' <<<"$OUTPUT" || fail "it does not say what to do: $OUTPUT"
	assert_json ".pending.seconds_left >= 1 and .pending.previous_generation == $before" \
		rolewall --json status
	assert_smtp silent
	assert_back "$before" 3
	assert_smtp open
	assert_exit 0 rolewall status
	assert_json '.roles == ["every-node", "mta"]' rolewall --json status
}

test_confirmed_it_stays() {
	local before after

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=2
	after=$(generation)
	[ "$after" -gt "$before" ] || fail "generation $after after $before"
	assert_exit 0 rolewall confirm
	assert_equal false "$(pending)" "pending"
	sleep 3 # past the deadline that no longer is
	is_generation "$after" || fail "it went back to $(generation)"
	assert_smtp silent
	assert_exit 1 rolewall confirm
	grep -q 'nothing awaits' <<<"$OUTPUT" || fail "a second confirm: $OUTPUT"
}

test_the_copy_for_the_next_boot_follows_the_confirmation() {
	cmp "$LAB_DIR/node.json" "$LAB_DIR/lib/confirmed.json" || fail "a plain apply is confirmed"
	cp "$LAB_DIR/node.json" "$LAB_DIR/old.json"
	other_policy
	assert_exit 0 rolewall apply --confirm=30
	cmp "$LAB_DIR/old.json" "$LAB_DIR/lib/confirmed.json" || fail "not confirmed, but copied"
	assert_exit 0 rolewall confirm
	cmp "$LAB_DIR/node.json" "$LAB_DIR/lib/confirmed.json" || fail "confirmed, but not copied"
	assert_exit 0 rolewall rollback
	cmp "$LAB_DIR/old.json" "$LAB_DIR/lib/confirmed.json" || fail "rolled back, but not the copy"
	assert_equal "" "$(find "$LAB_DIR/lib" -name '*.next*')" "staged copies"
}

# The node file as it was applied is confirmed, not as it is by then.
test_the_copy_is_what_was_applied() {
	other_policy
	cp "$LAB_DIR/node.json" "$LAB_DIR/applied.json"
	assert_exit 0 rolewall apply --confirm=30
	node_file '.roles = ["proxy"]'
	assert_exit 0 rolewall confirm
	cmp "$LAB_DIR/applied.json" "$LAB_DIR/lib/confirmed.json" || fail "another file was copied"
}

test_a_copy_that_cannot_be_written_leaves_it_unconfirmed() {
	other_policy
	assert_exit 0 rolewall apply --confirm=30
	rm -rf "${LAB_DIR:?}/lib"
	: >"$LAB_DIR/lib"
	assert_exit 1 rolewall confirm
	rm "$LAB_DIR/lib"
	grep -q "$LAB_DIR/lib" <<<"$OUTPUT" || fail "it does not name the folder: $OUTPUT"
	assert_equal true "$(pending)" "pending"
	assert_exit 0 rolewall confirm
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

# A session of its own with a terminal of its own; when the terminal goes, all of it goes.
test_it_goes_back_though_the_terminal_is_closed() {
	local before

	before=$(generation)
	other_policy
	launch node terminal script -qec \
		"$ROLEWALL ${LAB_INSTANCE[*]} apply --confirm=4; echo applied; sleep 600" /dev/null
	wait_for 20 grep -q applied "$LAB_DIR/terminal.out" || fail "$(<"$LAB_DIR/terminal.out")"
	stop terminal
	[ -n "$(guardians)" ] || fail "nobody waits"
	assert_equal true "$(pending)" "pending"
	assert_back "$before" 4
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
	assert_exit 0 rolewall apply --confirm=3
	stop daemon
	assert_back "$before" 3
	assert_smtp open
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
few_processes_folder() {
	local root

	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/mounts)
	if [ -z "$root" ]; then
		root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		grep -qw pids "$root/cgroup.subtree_control" 2>/dev/null || return 0
	fi
	echo "$root/$LAB_NAME-few"
}

# with_few_processes FOLDER COUNT COMMAND...: the fork that makes one more of them fails.
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
	local folder count

	folder=$(few_processes_folder)
	[ -n "$folder" ] || skip "no cgroup here limits the number of processes"
	other_policy
	for count in 1 2; do
		refused_without_guardian "Resource temporarily unavailable" \
			with_few_processes "$folder" "$count" \
			"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=30
	done
	assert_exit 0 with_few_processes "$folder" 3 \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" apply --confirm=30
	assert_exit 0 rolewall confirm
	wait_for 5 no_guardian || fail "the guardian waits for nothing"
	rmdir "$folder"
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
	cmp "$LAB_DIR/node.json" "$LAB_DIR/lib/confirmed.json" || fail "the copy is not the node file"
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

# Without the guardian, whatever changes anything next takes it back.
test_without_its_guardian_the_next_change_takes_it_back() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=3
	kill_guardians
	sleep 3.2 # the deadline
	# From a second after the deadline on it exits with 1.
	assert_equal 0 "$({ rolewall --json status || true; } | jq .pending.seconds_left)" "seconds left"
	assert_exit 6 rolewall confirm
	is_generation "$before" || fail "generation $(generation), not $before"

	other_policy
	assert_exit 0 rolewall apply --confirm=3
	kill_guardians
	sleep 3.2
	assert_exit 0 rolewall apply
	grep -q 'rolled back first' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
}

test_status_says_when_nobody_is_left_to_take_it_back() {
	local before

	before=$(generation)
	other_policy
	assert_exit 0 rolewall apply --confirm=3
	kill_guardians
	sleep 4.5 # the deadline, and a second to see to it
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
	PATH=$LAB_DIR/wall:$PATH assert_exit 0 rolewall apply --confirm=3
	rm "$LAB_DIR/bpf/rolewall/generation-$before/zones"
	assert_exit 1 rolewall status
	grep -q "the way back is lost: the pins of generation $before are gone" <<<"$OUTPUT" || fail "$OUTPUT"
	wait_for 10 grep -q "cannot be taken back: .*it stays in force" "$heard" || fail "nobody is told"
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

test_the_first_policy_unconfirmed_leaves_nothing() {
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply --confirm=1
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	wait_for 10 nothing_applied || fail "it stays"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_equal "" "$(find "$LAB_DIR/bpf" -mindepth 1 ! -name '*.debug')" "left in bpffs"
}

nothing_applied() {
	! rolewall status >/dev/null 2>&1
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
	assert_json '[.interfaces[].name] | sort == ["eth0", "eth1"]' rolewall --json status
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show vpn0
	assert_exit 0 rolewall rollback
	assert_json '[.interfaces[] | select(.hook == "xdp") | .name] | sort == ["eth0", "eth1", "vpn0"]' \
		rolewall --json status
}

run_tests "$@"
