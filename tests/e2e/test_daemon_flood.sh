#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon in a flood: it costs little, it does not lose sight of who comes slowly, and the books
# balance whatever becomes of it.
#
# long: minutes of floods

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

SLOW=203.0.113.2
CPU_MAX=10 # percent of a core
PACKETS=${FLOOD_PACKETS:-1000000} # in each flood that ends

prepare() {
	node_file .
	rolewall apply
	daemon_start
	# The flood is not to wait for ARP: what queues up behind it is lost.
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null
}

# flood_begin FLOOD-ARGUMENTS...: goes on until `stop flood`.
flood_begin() {
	local before

	before=$(drops_value not-open)
	launch outside flood "$PROBE" flood -c 1000000000 "$@"
	wait_for 5 flood_arrives "$before"
}

flood_arrives() {
	[ "$(drops_value not-open)" -gt "$1" ]
}

# One SYN a second, each to the next port; as long as there are ports.
scan_slowly() { # FIRST LAST
	local port

	for ((port = $1; port <= $2; port++)); do
		outside "$PROBE" scan -t "$port" -w 10 "$NODE_EXTERNAL" >/dev/null
		sleep 1 # that is what slow means
	done
}

sees_all() { # FIRST LAST
	rolewall --json blocked --source $SLOW | jq -e --argjson first "$1" --argjson last "$2" \
		'[.attempts[].port] as $seen | all(range($first; $last + 1); . as $port | any($seen[]; . == $port))' >/dev/null || {
		sleep 1
		return 1
	}
}

# What a second of the flood costs the daemon, in percent of a core; on stdout.
cpu_of() { # COMMAND...
	local cpu=0 start=$EPOCHREALTIME before

	before=$(daemon_cpu)
	"$@"
	cpu=$(($(daemon_cpu) - before))
	awk -v cpu=$cpu -v from="$start" -v to="$EPOCHREALTIME" \
		'BEGIN { printf "%.1f", cpu / 10 / (to - from) }'
}

assert_slow_scanner_is_seen() { # FIRST-PORT WHAT FLOOD-ARGUMENTS...
	local first=$1 what=$2 last=$(($1 + 7)) before sent percent

	shift 2
	flood_begin "$@"
	before=$(drops_value not-open)
	percent=$(cpu_of scan_slowly "$first" "$last")
	sent=$(($(drops_value not-open) - before))
	echo "# $what: $sent packets"
	wait_for 30 sees_all "$first" "$last" ||
		fail "$what hides the scanner: $(rolewall blocked --source $SLOW)"
	assert_cheap "$percent" $CPU_MAX
	stop flood
}

test_a_slow_scanner_is_seen_behind_a_flood_from_a_million_sources() {
	assert_slow_scanner_is_seen 11000 "a flood from 1,000,000 sources" \
		-s 198.18.0.0 -n 1000000 "$NODE_EXTERNAL" 7
}

test_a_slow_scanner_is_seen_behind_a_flood_from_one_source() {
	assert_slow_scanner_is_seen 12000 "a flood from one source" -s 198.18.0.1 "$NODE_EXTERNAL" 7
}

# Live frames in the kernel: millions a second, each from a new source.
test_the_heaviest_flood_there_is_costs_less_than_a_tenth_of_a_core() {
	local bench=${ROLEWALL%/*}/tests/bench/bench before arrived percent start=$EPOCHREALTIME

	[ -x "$bench" ] || skip "$bench is not built; 'make bench-programs' builds it"
	before=$(drops_value not-open)
	launch outside flood "$bench" flood 1000 1000000 7 node:eth0
	wait_for 10 flood_arrives "$before" || skip "no live frames here: $(<"$LAB_DIR/flood.err")"
	before=$(drops_value not-open)
	start=$EPOCHREALTIME
	percent=$(cpu_of scan_slowly 13000 13007)
	arrived=$(($(drops_value not-open) - before))
	awk -v n=$arrived -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN {
		printf "# %.2f million packets a second\n", n / (to - from) / 1e6 }'
	assert_cheap "$percent" $CPU_MAX
	stop flood
	wait_for 30 sees_all 13000 13007 || fail "it hides the scanner: $(rolewall blocked --source $SLOW)"
}

hears() { # LABEL
	outside "$PROBE" scan -t 4001 -w 10 "$NODE_EXTERNAL" >/dev/null
	lab_spoke "$1"
}

test_followers_do_not_make_it_dear() {
	local label percent

	for label in one two; do
		launch node $label "$ROLEWALL" "${LAB_INSTANCE[@]}" -o jsonl blocked -f
	done
	for label in one two; do
		wait_for 20 hears $label || fail "$label hears nothing: $(<"$LAB_DIR/$label.err")"
	done
	flood_begin -s 198.18.0.0 -n 1000000 "$NODE_EXTERNAL" 7
	percent=$(cpu_of sleep 5)
	assert_cheap "$percent" 20
	stop flood
}

# The daemon's books: what events took out of the table since it began to read is in its history, or
# said to be forgotten.
assert_history_balances() { # SETTLED-AT-ITS-BEGINNING
	ask '{"attempts":true,"status":true,"history":true}' >"$LAB_DIR/feed"
	jq -e -n --slurpfile lines "$LAB_DIR/feed" --argjson before "$1" '
		($lines | map(select(.type == "status")) | .[0]) as $status
		| ($lines | map(select(.type == "attempt") | .settled) | add // 0) as $remembered
		| $status.forgotten as $forgotten
		| $status.settled as $settled
		| if $settled - $before != $remembered + $forgotten then
			error("settled \($settled) - \($before), remembered \($remembered), forgotten \($forgotten)")
		  else true end' >/dev/null
}

# Not in a hot loop: each look at it is work for the daemon.
history_balances() { # SETTLED-AT-ITS-BEGINNING
	assert_history_balances "$1" || {
		sleep 1
		return 1
	}
}

settled_value() {
	status_value .settled
}

test_its_history_balances_after_every_kind_of_flood() {
	local before

	before=$(settled_value)
	outside "$PROBE" flood -s 192.0.2.66 -c "$PACKETS" "$NODE_EXTERNAL" 9
	wait_for 30 history_balances "$before" || assert_history_balances "$before"
	outside "$PROBE" flood -s 198.18.0.0 -n "$PACKETS" -c "$PACKETS" "$NODE_EXTERNAL" 7
	wait_for 30 history_balances "$before" || assert_history_balances "$before"
	outside "$PROBE" flood -s 198.18.0.0 -n 5000 -c "$PACKETS" "$NODE_EXTERNAL" 22
	wait_for 30 history_balances "$before" || assert_history_balances "$before"
	assert_json '.settled > 0 and .unattributed > 0' rolewall --json status
}

test_the_kernels_books_balance_when_it_is_killed_in_a_flood_and_when_it_stands_still() {
	flood_begin -s 198.18.0.0 -n 1000000 "$NODE_EXTERNAL" 7
	sleep 1 # let it work
	kill -STOP "$(daemon_pid)"
	sleep 10 # the ring is not read
	kill -CONT "$(daemon_pid)"
	sleep 1
	stop daemon
	sleep 1
	stop flood
	# Without a daemon `blocked` reads the kernel's table.
	assert_books_balance
	daemon_start
	outside "$PROBE" flood -s 198.18.0.0 -n 50000 -c 50000 "$NODE_EXTERNAL" 7
	stop daemon
	assert_books_balance
}

test_at_rest_it_costs_less_than_one_percent() {
	local percent

	percent=$(cpu_of sleep 10)
	assert_cheap "$percent" 1
}

run_tests "$@"
