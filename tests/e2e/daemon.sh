# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# daemon.sh - a daemon for the tests that need one. Sourced after lib.sh.

SOCKET= # where it listens; known once the lab stands
SERVE=() # options of `rolewall serve`, for the test that sets them

# Returns when it serves. It ends with the test.
daemon_start() {
	SOCKET=$LAB_DIR/state/rolewall.sock
	: >"$LAB_DIR/daemon.err" # what another one said is not waited for
	launch node daemon "$ROLEWALL" "${LAB_INSTANCE[@]}" serve --metrics-file "$LAB_DIR/rolewall.prom" "${SERVE[@]}"
	wait_for 20 daemon_said serving || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
}

# The same under strace, with which it ends.
daemon_start_traced() { # STRACE-OPTION...
	: >"$LAB_DIR/daemon.err"
	launch node daemon strace -f -qq "$@" setpriv --pdeathsig TERM \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" serve
	wait_for 60 daemon_said serving || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
}

daemon_pid() {
	cat "$LAB_DIR/daemon.pid"
}

daemon_said() { # TEXT
	grep -q -- "$1" "$LAB_DIR/daemon.err"
}

daemon_gone() {
	! kill -0 "$(daemon_pid)" 2>/dev/null
}

# Listeners: 25 external, 5432 internal, 9999 nobody's.
assert_filtering() {
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open inside tcp "$NODE_INTERNAL" 5432
}

# A reboot takes what is in the kernel, and every process; it leaves the disk. No daemon is started.
reboot() {
	[ ! -e "$LAB_DIR/daemon.pid" ] || stop daemon
	[ ! -e "$LAB_DIR/lib" ] || cp -a "$LAB_DIR/lib" "$LAB_DIR/disk"
	rolewall -q down
	rm -rf "${LAB_DIR:?}/lib"
	[ ! -e "$LAB_DIR/disk" ] || mv "$LAB_DIR/disk" "$LAB_DIR/lib"
}

# ask REQUEST: what the daemon answers to it, until it closes.
ask() {
	socat -t 120 - "UNIX-CONNECT:$SOCKET" <<<"$1"
}

# Address families of the sockets in a trace that UNIT does not allow, a line each.
families_forbidden() { # UNIT TRACE
	sed -n 's/.* socket(\(AF_[A-Z0-9]*\),.*/\1/p' "$2" | sort -u |
		grep -vxF "$(sed -n 's/^RestrictAddressFamilies=//p' "$1" | tr ' ' '\n')" || true
}

# ms of CPU that the daemon has used so far. It has one thread.
daemon_cpu() {
	if [ -r "/proc/$(daemon_pid)/schedstat" ]; then
		awk '{ printf "%d", $1 / 1e6 }' "/proc/$(daemon_pid)/schedstat"
	else
		awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$(daemon_pid)/stat"
	fi
}

# assert_cheap PERCENT MOST: of a core, while whatever goes on now goes on. MOST holds for a machine on
# which the loop takes REFERENCE_MS of CPU; a slower one, or one that is busy, may use as much more.
REFERENCE_MS=400
assert_cheap() {
	local loop TIMEFORMAT=%U

	loop=$({ time for ((i = 0; i < 200000; i++)); do :; done; } 2>&1)
	awk -v p="$1" -v most="$2" -v loop="$loop" -v reference=$REFERENCE_MS 'BEGIN {
		slowness = loop * 1000 / reference
		if (slowness > 1) most *= slowness
		printf "# %s %% of a core; %.1f would be too much here\n", p, most
		exit !(p < most)
	}' || fail "that is too much"
}
