#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh PROGRAM... - run test programs, JOBS at a time, and add up what they say: a line for each when
# it ends, and before it what it printed if it failed.
#
# Understands cmocka's summary and the line "N passed, N failed, N skipped". A program is itself a
# failure if it says neither, if it exits non-zero without a failed test, or if it leaves something
# behind: files, mounts, namespaces, cgroups, processes. Environment:
#	JOBS=N			how many at a time; two more than there are processors: they mostly wait
#	SUITE=short|long	without what is marked "long: WHY", or only that (see is_wanted); else all
#	RUN_TOTALS=FILE		the totals are added to that file as well, so that several calls have one sum
#	V=1			one at a time, and everything they print at once
# Each job is a process group of its own, which ends as a whole.
set -um
: "${JOBS:=$(($(nproc) + 2))}"
passed=0 failed=0 skipped=0 ended=0
# One directory for each program, named for its process: NUMBER.log, and NUMBER/ for its temporary files.
DIRECTORY=$(mktemp -d "${TMPDIR:-/tmp}/run.XXXXXX") || exit 1
chmod 711 "$DIRECTORY" # a test may send another user to its lab
declare -A program_of=() began=()

# shellcheck disable=SC2046
trap 'kill -TERM $(jobs -p | sed "s/^/-/") 2>/dev/null; wait; exit 130' INT TERM HUP
trap 'rm -rf --one-file-system "$DIRECTORY" 2>/dev/null' EXIT

# --- which ----------------------------------------------------------------------------------------

# A test is long if a line "long: WHY" stands in the comment at the head of its file (all of it is), or in
# the comment above its function; lib.sh chooses among functions. "also long: WHY" is in both suites.
is_wanted() { # PROGRAM
	local source=tests/${1##*tests/}.c

	case $1 in *.sh) source=$1 ;; esac
	case ${SUITE:-} in
	short) ! sed -E '/^(#|\/\*| \*)/!q' "$source" | grep -qE '^(#| \*) long: ' ;;
	long) grep -qE '^(#| \*) (also )?long: ' "$source" ;;
	*) true ;;
	esac
}

# --- what they say --------------------------------------------------------------------------------

number() { # LOG EXPRESSION: the number before a word in the log's last line that has both
	grep -oE "$2" "$1" | tail -n 1 | grep -oE '[0-9]+' | head -n 1
}

count() { # LOG STATUS: sets p, f and s
	p='' f='' s=''
	if grep -qE '^[0-9]+ passed, [0-9]+ failed' "$1"; then
		p=$(number "$1" '^[0-9]+ passed') f=$(number "$1" '[0-9]+ failed') s=$(number "$1" '[0-9]+ skipped')
	elif grep -qE '^\[  PASSED  \] [0-9]+ test' "$1"; then
		p=$(number "$1" '^\[  PASSED  \] [0-9]+')
		f=$(number "$1" '^\[  FAILED  \] [0-9]+ test')
		s=$(number "$1" '^\[  SKIPPED \] [0-9]+')
	else
		f=1
	fi
	: "${p:=0}" "${f:=0}" "${s:=0}"
	[ "$2" -eq 0 ] || [ "$f" -ne 0 ] || f=1
}

processes() { # PID: those that it began, wherever they have gone
	local environment

	grep -lazE "^TMPDIR=$DIRECTORY/$1$" /proc/[0-9]*/environ 2>/dev/null | while read -r environment; do
		tr '\0' ' ' <"${environment%environ}cmdline"
		echo
	done
}

# What the program with this process number has not taken away, a line each. A lab names all that it makes
# for its process; of other runs beside this one nothing is seen.
leftovers() { # PID
	find "$DIRECTORY/$1" -mindepth 1 -maxdepth 2
	grep -oE " $DIRECTORY/$1/[^ ]*" /proc/self/mounts | sed 's/^/mounted:/'
	ip netns list 2>/dev/null | grep -oE "^rw$1-[a-z]*" | sed 's/^/network namespace /'
	find /sys/fs/cgroup -maxdepth 3 -type d -name "rw$1" 2>/dev/null
	processes "$1" | sed 's/^/process /'
}

report() { # PROGRAM PID STATUS SECONDS
	local p f s log=$DIRECTORY/$2.log

	count "$log" "$3"
	leftovers "$2" | sed 's/^/  # left behind: /' >"$DIRECTORY/left"
	[ ! -s "$DIRECTORY/left" ] || f=$((f + 1))
	if [ -z "${V:-}" ]; then
		if [ "$f" -gt 0 ]; then cat "$log"; else grep 'SKIP' "$log"; fi
	fi
	cat "$DIRECTORY/left"
	# What is mounted there was said to be.
	rm -rf --one-file-system "$log" "${DIRECTORY:?}/$2" 2>/dev/null
	ended=$((ended + 1)) passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '[%*d/%d] %s: %s passed, %s failed, %s skipped (exit %s, %s s)\n' ${#total} "$ended" "$total" \
		"$1" "$p" "$f" "$s" "$3" "$4"
}

# --- running --------------------------------------------------------------------------------------

become() { # PROGRAM
	export TMPDIR=$DIRECTORY/$BASHPID
	mkdir "$TMPDIR"
	echo "$BASHPID" >"$DIRECTORY/pid"
	exec "$1" </dev/null 2>&1
}

begin() { # PROGRAM
	(become "$1" >"$DIRECTORY/$BASHPID.log") &
	program_of[$!]=$1 began[$!]=$SECONDS
}

watch_one() { # PROGRAM
	local start=$SECONDS status pid

	(become "$1") | tee "$DIRECTORY/log"
	status=${PIPESTATUS[0]}
	pid=$(<"$DIRECTORY/pid")
	mv "$DIRECTORY/log" "$DIRECTORY/$pid.log"
	report "$1" "$pid" "$status" $((SECONDS - start))
}

wait_for_one() {
	local pid status

	wait -n -p pid
	status=$?
	report "${program_of[$pid]}" "$pid" "$status" $((SECONDS - began[$pid]))
	unset "program_of[$pid]"
}

programs=()
for program in "$@"; do
	if is_wanted "$program"; then programs+=("$program"); fi
done
total=${#programs[@]}
for program in "${programs[@]}"; do
	if [ -n "${V:-}" ]; then
		watch_one "$program"
		continue
	fi
	[ "${#program_of[@]}" -lt "$JOBS" ] || wait_for_one
	begin "$program"
done
while [ "${#program_of[@]}" -gt 0 ]; do wait_for_one; done
[ -n "${RUN_TOTALS:-}" ] && echo "$passed $failed $skipped" >>"$RUN_TOTALS"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
