# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# safety.sh - what the tests of interrupted and failing changes share: two policies that can be told
# apart from outside. Sourced after lib.sh.
#
#	policy A: role mta      port 25 open,  port 143 shut
#	policy B: role proxy    port 25 shut,  port 143 open
#
# Port 9999 is open in neither.

# shellcheck disable=SC2034
INJECT=${INJECT:-$LAB_ROOT/build/tests/inject}
STRIDE=${STRIDE:-40} # of what changes nothing, every n-th; 1: all of it

safety_setup() {
	spawn node listeners "$PROBE" listen -t 25,143,9999
}

policy_a() {
	node_file '.roles = ["mta"]'
}

policy_b() {
	node_file '.roles = ["proxy"]'
}

# What the packets say: A, B, "nothing" (all three open), or what was found.
policy_found() {
	local found

	# One try for all: who gets in is answered within a millisecond.
	found=$(outside "$PROBE" scan -w "${WAIT_MS:-150}" -t 25,143,9999 "$NODE_EXTERNAL" |
		awk '{ print $3 "=" $4 }' | sort | tr '\n' ' ')
	case $found in
	"143=silent 25=open 9999=silent ") echo A ;;
	"143=open 25=silent 9999=silent ") echo B ;;
	"143=open 25=open 9999=open ") echo nothing ;;
	*) echo "$found" ;;
	esac
}

# policy_is A|B WHERE: by packets and by what `status` says.
policy_is() {
	assert_equal "$1" "$(policy_settle "$1")" "policy $2"
	status_is "$1" "$2"
}

status_is() { # A|B WHERE
	local roles

	roles=$(rolewall --json status | jq -r '.roles[1]')
	assert_equal "$1" "$(sed 's/^mta$/A/; s/^proxy$/B/' <<<"$roles")" "status $2"
}

# A busy machine may answer late: what is shut stays shut, what is open opens on a second try.
policy_settle() { # WANTED...
	local try found

	for try in 40 150 1000 3000; do
		found=$(WAIT_MS=$try policy_found)
		[[ " $* " == *" $found "* ]] && break
	done
	echo "$found"
}

# strike_list KEEP VERB...: the calls to try, into CALLS.
strike_list() {
	local keep=$1

	shift
	node "$INJECT/kill_at_syscall" list "$ROLEWALL" "${LAB_INSTANCE[@]}" -q "$@" \
		>"$LAB_DIR/calls" 2>"$LAB_DIR/calls.err" || fail "$(<"$LAB_DIR/calls.err")"
	mapfile -t CALLS < <(grep -E '^[0-9]+ ' "$LAB_DIR/calls" | calls_choose "$keep")
	[ "${#CALLS[@]}" -gt 8 ] || fail "only ${#CALLS[@]} system calls"
}

call_name() {
	awk -v at="$1" '$1 == at { print $2; exit }' "$LAB_DIR/calls"
}

# The K-th call of the list, as the N-th of its name: another run has more calls, or fewer.
call_place() { # K
	awk -v at="$1" '{ count[$2]++ } $1 == at { print $2 ":" count[$2]; exit }' "$LAB_DIR/calls"
}

strike_at() { # K VERB...
	local at

	at=$(call_place "$1")
	shift
	node "$INJECT/kill_at_syscall" at "$at" "$ROLEWALL" "${LAB_INSTANCE[@]}" -q "$@" >/dev/null 2>&1 || true
}

# Names of system calls as `strike list` prints them -> the numbers worth trying: whatever changes
# something, of a row of map updates the first and the last, and each STRIDE-th of all. Of these, each
# KEEP-th; all of them with STRIDE=1.
calls_choose() { # KEEP
	awk -v stride="$STRIDE" -v keep="$((STRIDE > 1 ? $1 : 1))" '
		BEGIN {
			split("bpf:OBJ_PIN bpf:LINK_CREATE bpf:LINK_UPDATE bpf:MAP_FREEZE rename " \
				"unlink mkdir rmdir fsync fchmod flock clone pwrite ftruncate link " \
				"bpf:MAP_DELETE bpf:UPDATE_BATCH", list, " ")
			for (i in list) changes[list[i]] = 1
		}
		{ names[NR] = $2 }
		END {
			for (i = 1; i <= NR; i++)
				if (i % stride == 0 || i == 1 || i == NR || names[i] in changes ||
				    (names[i] == "bpf:MAP_UPDATE" && names[i - 1] != names[i]) ||
				    (names[i - 1] == "bpf:MAP_UPDATE" && names[i - 1] != names[i]))
					if (++chosen % keep == 0) print i
		}'
}
