#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who comes slowly is seen: a scanner of one SYN each 0.7 s, behind every kind of flood.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

SLOW=203.0.113.2
PORTS=20
ANY="-R -s 11.0.0.0 -n 1900000000" # from 11.0.0.0 to 124.63.227.255
LOG=

prepare() {
	node_file .
	rolewall apply
	LOG=$LAB_DIR/attempts-$RANDOM.jsonl
	SOCKET=$LAB_DIR/state/rolewall.sock
	: >"$LAB_DIR/daemon.err"
	launch node daemon "$ROLEWALL" "${LAB_INSTANCE[@]}" serve --log-file "$LOG"
	wait_for 20 daemon_said serving || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
	# The flood is not to wait for ARP: what queues up behind it is lost.
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null
}

# flood_begin FLOOD-ARGUMENTS...: to any port, until `stop flood`.
flood_begin() {
	local before

	before=$(drops_value not-open)
	launch outside flood "$PROBE" flood -c 1000000000 "$@" "$NODE_EXTERNAL" 0
	wait_for 5 flood_arrives "$before"
}

flood_arrives() {
	[ "$(drops_value not-open)" -gt "$1" ]
}

# Ports from FIRST on that nothing opens, seven apart.
slow_ports() { # FIRST
	seq "$1" 7 $(($1 + 7 * (PORTS - 1)))
}

scan_slowly() { # FIRST
	local port

	for port in $(slow_ports "$1"); do
		outside "$PROBE" scan -t "$port" -w 10 "$NODE_EXTERNAL" >/dev/null
		sleep 0.7
	done
}

# seen_ports FIRST: how many of them `blocked` has.
seen_ports() {
	rolewall --json blocked --source $SLOW |
		jq --argjson ports "[$(slow_ports "$1" | paste -sd,)]" '[.attempts[].port] | unique | map(select(IN($ports[]))) | length'
}

has_seen_all() { # FIRST
	[ "$(seen_ports "$1")" = "$PORTS" ]
}

assert_slow_scanner_is_seen() { # FIRST WHAT FLOOD-ARGUMENTS...
	local first=$1 what=$2 before start=$EPOCHREALTIME

	shift 2
	flood_begin "$@"
	before=$(drops_value not-open)
	sleep 2 # it has to have been going on for a while
	scan_slowly "$first"
	wait_for 5 has_seen_all "$first" || fail "$what: $(seen_ports "$first") of $PORTS ports are seen"
	awk -v n=$(($(drops_value not-open) - before)) -v from="$start" -v to="$EPOCHREALTIME" -v what="$what" \
		'BEGIN { printf "# %s: %d packets a second\n", what, n / (to - from) }'
	stop flood
	assert_json '.unattributed > 0' rolewall --json status
}

test_a_scanner_is_seen_behind_22000_random_syns_a_second() {
	# shellcheck disable=SC2086
	assert_slow_scanner_is_seen 11000 "22,000 random SYNs a second" $ANY -r 22000
}

test_a_scanner_is_seen_behind_100000_random_syns_a_second() {
	# shellcheck disable=SC2086
	assert_slow_scanner_is_seen 12000 "100,000 random SYNs a second" $ANY -r 100000
}

# All of them come again, and again.
test_a_scanner_is_seen_among_131072_sources_that_come_again() {
	assert_slow_scanner_is_seen 13000 "22,000 SYNs a second from 131,072 sources" \
		-R -s 198.18.0.0 -n 131072 -r 22000
}

# What spends every credit and share of this grant comes before the probe, what takes every place in the
# table behind it: the best that can be chosen by who does not know the hashes.
test_bursts_before_and_behind_each_probe_do_not_hide_it() {
	local port

	for port in $(slow_ports 14000); do
		# shellcheck disable=SC2086
		outside "$PROBE" flood $ANY -c 3000 "$NODE_EXTERNAL" 0 >/dev/null
		outside "$PROBE" scan -t "$port" -w 1 "$NODE_EXTERNAL" >/dev/null
		# shellcheck disable=SC2086
		outside "$PROBE" flood $ANY -c 30000 "$NODE_EXTERNAL" 0 >/dev/null
		sleep 0.5
	done
	wait_for 5 has_seen_all 14000 || fail "$(seen_ports 14000) of $PORTS ports are seen"
}

# has_logged_all FIRST
has_logged_all() {
	[ "$(logged_ports "$1")" = "$PORTS" ]
}

logged_ports() { # FIRST
	jq -s --argjson ports "[$(slow_ports "$1" | paste -sd,)]" --arg source $SLOW \
		'[.[] | select(.source == $source).port] | unique | map(select(IN($ports[]))) | length' "$LOG"
}

# Far too few for anything else than the limit of what is written.
test_a_scanner_is_logged_behind_30_random_syns_a_second() {
	# shellcheck disable=SC2086
	flood_begin $ANY -r 30
	# All that may be written at once has been.
	wait_for 30 log_is_full || fail "$(wc -l <"$LOG") lines"
	scan_slowly 15000
	wait_for 5 has_logged_all 15000 || fail "$(logged_ports 15000) of $PORTS ports are in the log"
	stop flood
}

log_is_full() {
	[ "$(wc -l <"$LOG")" -gt 110 ]
}

seed_of_maps() {
	bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/seed" | jq -c '.[0].value // .[0].formatted.value'
}

test_the_hashes_have_another_seed_whenever_the_maps_are_made() {
	local one two

	one=$(seed_of_maps)
	rolewall apply
	assert_equal "$one" "$(seed_of_maps)" "seed after another apply: the programs share a table"
	stop daemon
	rolewall -q down
	rolewall apply
	two=$(seed_of_maps)
	[ "$one" != "$two" ] || fail "the same seed: $one"
	assert_equal 600 "$(stat -c %a "$LAB_DIR/bpf/rolewall/maps/seed")" "mode of the pin"
	assert_exit 255 node setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		bpftool map dump pinned "$LAB_DIR/bpf/rolewall/maps/seed"
}

run_tests "$@"
