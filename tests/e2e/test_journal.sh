#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Attempts in the journal. A journal of our own stands where the daemon looks for the machine's: it
# writes down each entry it is sent (systemd's "Native Journal Protocol") as one line, fields separated
# by tabs.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

BURST=100 # entries at once, and so many more a second: user/daemon/journal.h
RATE=5

prepare() {
	command -v python3 >/dev/null || skip "python3 is not installed"
	node_file .
	rolewall apply
	rm -f "$LAB_DIR/journal"
	cat >"$LAB_DIR/journal.py" <<-'END'
		import os, socket, sys
		sink = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		sink.bind("/run/systemd/journal/socket")
		with open(sys.argv[1], "w") as out:
		    os.close(int(sys.argv[2]))
		    while True:
		        entry = sink.recv(65536).decode()
		        out.write(entry.rstrip("\n").replace("\n", "\t") + "\n")
		        out.flush()
	END
	SOCKET=$LAB_DIR/state/rolewall.sock
	# The pipe tells that the journal listens.
	# shellcheck disable=SC2016
	launch node daemon unshare -m sh -c '
		mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal || exit 1
		{ python3 "$1" "$2" 3 3>&1 >/dev/null & } | cat
		shift 2
		exec "$@"' sh "$LAB_DIR/journal.py" "$LAB_DIR/journal" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" serve
	wait_for 20 daemon_said serving || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
}

# has_entry FIELD=VALUE...: one entry has them all.
has_entry() {
	FIELDS=$(printf '%s\n' "$@") awk -F '\t' '
		BEGIN { count = split(ENVIRON["FIELDS"], wanted, "\n") }
		{
			found = 0
			for (i = 1; i <= count; i++)
				for (j = 1; j <= NF; j++)
					found += $j == wanted[i]
			if (found == count) { yes = 1; exit }
		}
		END { exit !yes }' "$LAB_DIR/journal"
}

test_an_attempt_has_its_entry_with_fields() {
	outside "$PROBE" scan -t 5432 -w 20 "$NODE_EXTERNAL" >/dev/null
	wait_for 5 has_entry MESSAGE_ID=15be9f81773d46e796734a72ea605466 \
		ROLEWALL_REASON=zone-denied ROLEWALL_SOURCE="$OUTSIDE" ROLEWALL_PORT=5432 \
		ROLEWALL_PROTO=tcp ROLEWALL_SERVICE=postgres ROLEWALL_ZONE=external \
		ROLEWALL_INTERFACE=eth0 ROLEWALL_HITS=1 ROLEWALL_VERDICT=dropped \
		"ROLEWALL_GENERATION=$(status_value .generation)" PRIORITY=6 ||
		fail "no such entry: $(<"$LAB_DIR/journal")"
}

entries_of() { # SOURCE
	grep -c "ROLEWALL_SOURCE=$1\b" "$LAB_DIR/journal"
}

test_an_attempt_that_goes_on_has_an_entry_whenever_it_has_grown_tenfold() {
	outside "$PROBE" flood -s 192.0.2.66 -c 20000 "$NODE_EXTERNAL" 9 >/dev/null
	wait_for 5 has_tenfold || fail "$(<"$LAB_DIR/journal")"
	[ "$(entries_of 192.0.2.66)" -le 5 ] || fail "$(entries_of 192.0.2.66) entries"
}

has_tenfold() { # the last one that is due
	grep "ROLEWALL_SOURCE=192.0.2.66\b" "$LAB_DIR/journal" |
		grep -q "ROLEWALL_HITS=[0-9]\{4,\}\b"
}

test_a_flood_does_not_flood_the_journal() {
	local start=$SECONDS count

	outside "$PROBE" flood -s 198.18.0.0 -n 200000 -c 200000 "$NODE_EXTERNAL" 7 >/dev/null
	count=$(wc -l <"$LAB_DIR/journal")
	[ "$count" -gt 10 ] || fail "only $count entries"
	[ "$count" -le $((BURST + RATE * (SECONDS - start + 2))) ] || fail "$count entries"
}

run_tests "$@"
