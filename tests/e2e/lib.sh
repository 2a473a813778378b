# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh - the runner and the assertions of the end-to-end tests. A test file sources it, defines
# functions test_<behaviour>, and ends with
#
#	run_tests "$@"
#
# which builds one lab, runs the functions named in the arguments (all without any) in the order of
# the file, each in a subshell that its first failing command ends, and reports in TAP with a last
# line "N passed, N failed, N skipped". If the file has them, `setup` runs once in the new lab and
# `prepare` before each test. Processes that a test began with `spawn` end with it. A test says
# `skip REASON` if it cannot run here. VERBOSE=1 shows what a passing test printed.
#
# SUITE=short and SUITE=long choose (see tests/run.sh): a line "# long: WHY" in the comment above a
# function, or at the head of the file for all of them, makes a test long; "# also long: WHY" is in both,
# where `sized` gives it less to do in the short one.

# shellcheck source=tests/e2e/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab.sh"

# jq knows no other time zone.
export TZ=UTC

SKIP_STATUS=77

# --- the kernel's maps ------------------------------------------------------------------------------

# Numbers of the maps that are elements of an array of maps.
map_pieces() { # MAP
	bpftool map dump pinned "$LAB_DIR/bpf/rolewall/maps/$1" |
		sed -n 's/.*value: \(..\) \(..\) \(..\) \(..\).*/0x\4\3\2\1/p'
}

# How many addresses are banned, as the kernel has them.
banned_in_kernel() {
	local id

	for id in $(map_pieces bans); do bpftool -j map dump id "$id"; done | jq -s 'map(length) | add // 0'
}

# --- the copy for the next boot -------------------------------------------------------------------

is_confirmed() { # NODE-FILE
	jq -j .policy.text "$LAB_DIR/lib/confirmed.json" | cmp "$1" -
}

# --- the runner -----------------------------------------------------------------------------------

test_names() {
	awk -v suite="${SUITE:-}" '
		/^# long: / { mark = "long" }
		/^# also long: / { mark = "short long" }
		/^#/ { next }
		!head++ { whole = mark }
		/^test_[A-Za-z0-9_]*\(\)/ {
			if (!mark) mark = whole ? whole : "short"
			sub(/\(.*/, "")
			if (index(mark, suite)) print
		}
		{ mark = "" }' "$0"
}

# sized LONG SHORT: how much of something.
sized() {
	if [ "${SUITE:-}" = short ]; then echo "$2"; else echo "$1"; fi
}

# Only what was spawned by the test: what stood before goes on.
test_stop_processes() {
	local file

	for file in "$LAB_DIR"/*.pid; do
		[ -e "$file" ] && [ ! -e "$LAB_DIR/kept/${file##*/}" ] && stop "$(basename "$file" .pid)"
	done
	return 0
}

test_run() { # NUMBER NAME
	local log=$LAB_DIR/$2.log title=${2#test_} status start=$EPOCHREALTIME

	(
		set -eE
		trap 'echo "failed: line $LINENO: $BASH_COMMAND"' ERR
		if declare -F prepare >/dev/null; then prepare; fi
		"$2"
	) >"$log" 2>&1
	status=$?
	test_stop_processes
	title=${title//_/ }
	case $status in
	0) echo "ok $1 - $title ($(elapsed "$start"))" ;;
	"$SKIP_STATUS") echo "ok $1 - $title # SKIP $(tail -n 1 "$log")" ;;
	*) echo "not ok $1 - $title" ;;
	esac
	if { [ "$status" != 0 ] && [ "$status" != "$SKIP_STATUS" ]; } || [ -n "${VERBOSE:-}" ]; then
		sed 's/^/  # /' "$log"
	fi
	return "$status"
}

elapsed() { # SINCE
	awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", to - from }'
}

run_tests() {
	local names=("$@") name number=0 passed=0 failed=0 skipped=0

	[ $# -gt 0 ] || mapfile -t names < <(test_names)
	for name in "${names[@]}"; do
		declare -F "$name" >/dev/null || lab_die "$0 has no test $name"
	done
	if [ ${#names[@]} = 0 ]; then
		echo "0 passed, 0 failed, 0 skipped"
		return
	fi
	lab_create
	mkdir "$LAB_DIR/kept"
	if declare -F setup >/dev/null; then setup; fi
	cp "$LAB_DIR"/*.pid "$LAB_DIR/kept" 2>/dev/null
	echo "1..${#names[@]}"
	for name in "${names[@]}"; do
		test_run "$((++number))" "$name"
		case $? in
		0) passed=$((passed + 1)) ;;
		"$SKIP_STATUS") skipped=$((skipped + 1)) ;;
		*) failed=$((failed + 1)) ;;
		esac
	done
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] || exit 1
}

# --- assertions -----------------------------------------------------------------------------------

fail() {
	echo "$*"
	# The ERR trap would say it again.
	trap - ERR
	exit 1
}

skip() {
	echo "$*"
	trap - ERR
	exit "$SKIP_STATUS"
}

# lacks WHAT: skip where a device of the kernel is missing; DEVICES_REQUIRED=1 makes that a failure.
lacks() {
	[ -z "${DEVICES_REQUIRED:-}" ] || fail "$*"
	skip "$*"
}

FEATURES=${FEATURES:-$LAB_ROOT/build/vmtests/features}

# needs FEATURE WHY: skip where the kernel has not that ability, or ROLEWALL_PROBE_OFF takes it away.
needs() {
	[ -x "$FEATURES" ] || fail "$FEATURES is not built; 'make build/vmtests/features' builds it"
	! "$FEATURES" | grep -qw "$1=no" || skip "$2"
}

assert_equal() { # EXPECTED FOUND WHAT
	[ "$1" = "$2" ] || fail "$3: expected \"$1\", found \"$2\""
}

# assert_exit CODE COMMAND...; what it prints is in $OUTPUT.
assert_exit() {
	local expected=$1 status=0

	shift
	OUTPUT=$("$@" 2>&1) || status=$?
	[ "$status" = "$expected" ] || fail "$*: expected exit $expected, found $status: $OUTPUT"
}

# assert_json FILTER COMMAND...: the command's JSON makes the filter true.
assert_json() {
	local filter=$1 text

	shift
	text=$("$@") || fail "$*: exit $?"
	jq -e "$filter" >/dev/null <<<"$text" || fail "$*: not true: $filter; found: $text"
}

# assert_answer ANSWER HOST tcp|udp ADDRESS PORT [SCAN-OPTION...]
assert_answer() {
	local expected=$1 host=$2 proto=$3 address=$4 port=$5 wait_ms=15000 found

	shift 5
	# What gets in is answered within a millisecond; only an answer is worth waiting for.
	[ "$expected" = silent ] && wait_ms=300
	found=$("$host" "$PROBE" scan -w "$wait_ms" "-${proto:0:1}" "$port" "$@" "$address")
	assert_equal "$expected" "${found##* }" "$proto port $port at $address from $host"
}

# assert_reach HOST "PROTO/PORT ..." SCAN-OPTION... ADDRESS...: of what is scanned, these ports and no
# others are open, on every address.
assert_reach() {
	local host=$1 expected found addresses=0 word wait_ms

	expected=$(tr ' ' '\n' <<<"$2" | sort)
	shift 2
	for word in "$@"; do
		case $word in *.*.* | *:*) addresses=$((addresses + 1)) ;; esac
	done
	# A busy machine may answer late: what is shut stays shut, what is open opens on a second try.
	for wait_ms in 600 5000; do
		found=$("$host" "$PROBE" scan -w $wait_ms "$@" | awk -v addresses="$addresses" '
			$4 == "open" { count[$1 "/" $3]++ }
			END { for (port in count) print port (count[port] == addresses ? "" : "(not everywhere)") }
		' | sort)
		[ "$expected" != "$found" ] || break
	done
	assert_equal "$expected" "$found" "open from $host at $*"
}

# --- shorthands -----------------------------------------------------------------------------------

# status_value FILTER: one number or word of `status`.
status_value() {
	status_json | jq -r "$1"
}

# Its document, whether everything is attached or not.
status_json() {
	local status=0

	rolewall --json status || status=$?
	[ "$status" -le 1 ]
}

# drops_value REASON
drops_value() {
	status_value ".drops[\"$1\"] // 0"
}

# Everything that was refused is in the table of attempts, or went out with an event (none does while
# nobody reads them), or is said to be unattributed.
assert_books_balance() {
	rolewall --json status >"$LAB_DIR/status.json"
	rolewall --json blocked >"$LAB_DIR/blocked.json"
	jq -e -n --slurpfile s "$LAB_DIR/status.json" --slurpfile b "$LAB_DIR/blocked.json" '
		$s[0] as $s | ($b[0].attempts | map(.packets) | add // 0) as $attempts
		| ($s.drops | add) as $drops
		| if $s.totals.dropped + $s.totals.observed != $drops then
			error("dropped \($s.totals.dropped), observed \($s.totals.observed), sum of drops \($drops)")
		  elif $drops != $attempts + $s.settled + $s.unattributed then
			error("drops \($drops), attempts \($attempts), settled \($s.settled), "
				+ "unattributed \($s.unattributed)")
		  else true end' >/dev/null
}

# Packets that the sender's own device dropped before the node saw them.
cable_losses() {
	ip -n "$LAB_NAME-outside" -s -j link show dev eth0 | jq '.[0].stats64.tx.dropped'
}

# flood PACKETS FLOOD-ARGUMENTS: from outside; says how many reached the node.
flood() {
	local packets=$1 lost sent

	shift
	lost=$(cable_losses)
	sent=$(outside "$PROBE" flood -c "$packets" "$@")
	assert_equal "sent $packets" "$sent" "flood"
	echo $((packets - ($(cable_losses) - lost)))
}
