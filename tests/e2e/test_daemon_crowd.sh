#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many at the daemon's socket: no user keeps others out, and "not answered" is not taken for "nothing".

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

PORT=4001

prepare() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	node_file .
	rolewall apply
	daemon_start
	chmod 711 "$LAB_DIR"
	chgrp 65534 "$SOCKET"
	outside "$PROBE" scan -t $PORT -w 50 "$NODE_EXTERNAL" >/dev/null
	wait_for 10 knows || fail "the attempt is not known"
}

knows() {
	rolewall --json blocked | jq -e --argjson port $PORT 'any(.attempts[]; .port == $port)' >/dev/null
}

# crowd COUNT REQUEST [USER]: so many connections that say this and stay. A line when all stand, and one
# with how many are open still, each second.
crowd() {
	cat >"$LAB_DIR/crowd.py" <<-'END'
		import os, select, socket, sys, time
		path, count, request, user = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
		if user:
		    os.setgroups([])
		    os.setgid(user)
		    os.setuid(user)
		crowd = []
		for _ in range(count):
		    one = socket.socket(socket.AF_UNIX)
		    one.connect(path)
		    if request:
		        one.send((request + "\n").encode())
		    crowd.append(one)
		for one in crowd:
		    try:
		        if request:
		            one.recv(1)
		    except OSError:
		        pass
		    one.setblocking(False)
		print("connected", flush=True)
		while True:
		    time.sleep(1)
		    for one in list(crowd):
		        try:
		            while one.recv(65536):
		                pass
		            crowd.remove(one)
		        except BlockingIOError:
		            pass
		        except OSError:
		            crowd.remove(one)
		    print("open", len(crowd), flush=True)
	END
	launch node crowd python3 "$LAB_DIR/crowd.py" "$SOCKET" "$1" "$2" "${3:-0}"
	wait_for 30 grep -q connected "$LAB_DIR/crowd.out" || fail "no crowd: $(<"$LAB_DIR/crowd.err")"
}

crowd_is() { # MOST
	local open

	open=$(awk '$1 == "open" { n = $2 } END { print n + 0 }' "$LAB_DIR/crowd.out")
	grep -q open "$LAB_DIR/crowd.out" && [ "$open" -le "$1" ]
}

test_connections_that_say_nothing_keep_nobody_out() {
	crowd 64 ""
	knows || fail "$(rolewall blocked 2>&1)"
	wait_for 30 crowd_is 0 || fail "they stay: $(tail -n 1 "$LAB_DIR/crowd.out")"
}

test_one_user_has_only_so_many_places() {
	crowd 64 '{"status":true,"follow":true}' 65534
	wait_for 30 crowd_is 16 || fail "one user has more: $(tail -n 1 "$LAB_DIR/crowd.out")"
	knows || fail "$(rolewall blocked 2>&1)"
}

test_what_is_not_answered_is_not_empty() {
	crowd 64 '{"status":true,"follow":true}'
	assert_exit 1 rolewall blocked
	grep -q "the daemon closed the connection" <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	grep -q "\b$PORT\b" <<<"$OUTPUT" || fail "the kernel's table has it: $OUTPUT"
	assert_exit 1 rolewall blocked -f
	grep -q "the daemon closed the connection" <<<"$OUTPUT" || fail "-f does not say so: $OUTPUT"
	rolewall --json blocked 2>/dev/null >"$LAB_DIR/list.json" || true
	jq -e --argjson port $PORT 'any(.attempts[]; .port == $port)' "$LAB_DIR/list.json" >/dev/null || fail "$(<"$LAB_DIR/list.json")"
}

# Something else listens there, and says what no daemon says.
test_nonsense_is_not_taken_for_an_answer() {
	cat >"$LAB_DIR/liar.py" <<-'END'
		import os, socket, sys
		os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1])
		listener.listen()
		print("listens", flush=True)
		while True:
		    one, _ = listener.accept()
		    one.recv(4096)
		    one.send(b"nonsense\n")
		    one.recv(1)
	END
	stop daemon
	rm -f "$SOCKET"
	spawn node liar python3 "$LAB_DIR/liar.py" "$SOCKET"
	assert_exit 1 rolewall blocked
	grep -q "the daemon's answer cannot be understood" <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_exit 1 rolewall blocked -f
	grep -q "the daemon's answer cannot be understood" <<<"$OUTPUT" || fail "-f does not say so: $OUTPUT"
}

test_a_daemon_that_hangs_is_not_waited_for_for_ever() {
	kill -STOP "$(daemon_pid)"
	assert_exit 1 timeout 120 "$ROLEWALL" "${LAB_INSTANCE[@]}" blocked
	kill -CONT "$(daemon_pid)"
	grep -q "the daemon did not answer" <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	grep -q "\b$PORT\b" <<<"$OUTPUT" || fail "the kernel's table has it: $OUTPUT"
}

# again USER: connections one after the other, each for all that is known, until `stop again`.
again() {
	cat >"$LAB_DIR/again.py" <<-'END'
		import os, socket, sys
		os.setgroups([])
		os.setgid(int(sys.argv[2]))
		os.setuid(int(sys.argv[2]))
		while True:
		    one = socket.socket(socket.AF_UNIX)
		    one.connect(sys.argv[1])
		    one.send(b'{"attempts":true,"history":true,"status":true,"rules":true}\n')
		    last = b""
		    while part := one.recv(65536):
		        last = (last + part)[-200:]
		    print("whole" if b'"type":"ready"' in last else "cut", flush=True)
		    one.close()
	END
	launch node again python3 "$LAB_DIR/again.py" "$SOCKET" "$1"
}

test_who_connects_again_and_again_takes_no_more_than_a_share() {
	local before percent start

	outside "$PROBE" flood -s 198.18.0.0 -n 20000 -c 20000 "$NODE_EXTERNAL" 7 >/dev/null
	again 65534
	wait_for 60 grep -q whole "$LAB_DIR/again.out" || fail "it is told nothing: $(<"$LAB_DIR/again.err")"
	sleep 5 # what may be spent at once
	before=$(daemon_cpu) start=$EPOCHREALTIME
	sleep 10
	percent=$(awk -v cpu=$(($(daemon_cpu) - before)) -v from="$start" -v to="$EPOCHREALTIME" \
		'BEGIN { printf "%.1f", cpu / 10 / (to - from) }')
	# Beside him root is answered at once, and need not be content with the kernel's table.
	knows || fail "root is not answered: $(rolewall blocked 2>&1 | head)"
	assert_json '[.attempts[].port] == [4001]' rolewall --json blocked --source $OUTSIDE --port $PORT
	assert_cheap "$percent" 20
	stop again
	! grep -q cut "$LAB_DIR/again.out" || fail "a listing was cut"
}

run_tests "$@"
