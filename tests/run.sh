#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh PROGRAM... - run test programs one after the other and add up what they say.
#
# Understands cmocka's summary and the line "N passed, N failed, N skipped". A program that says
# neither, or exits non-zero without a failed test, is itself a failure. With RUN_TOTALS=FILE the
# totals are added to that file as well, so that several calls have one sum.
set -u
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

number() { # the number before a word in the log's last line that has both
	grep -oE "$1" "$log" | tail -n 1 | grep -oE '[0-9]+' | head -n 1
}

for program in "$@"; do
	printf '== %s\n' "$program"
	start=$SECONDS
	"$program" >"$log" 2>&1
	status=$?
	if grep -qE '^[0-9]+ passed, [0-9]+ failed' "$log"; then
		p=$(number '^[0-9]+ passed') f=$(number '[0-9]+ failed') s=$(number '[0-9]+ skipped')
	elif grep -qE '^\[  PASSED  \] [0-9]+ test' "$log"; then
		p=$(number '^\[  PASSED  \] [0-9]+') f=$(number '^\[  FAILED  \] [0-9]+ test') s=$(number '^\[  SKIPPED \] [0-9]+')
	else
		p=0 f=1 s=0
	fi
	: "${p:=0}" "${f:=0}" "${s:=0}"
	[ "$status" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	if [ "$f" -gt 0 ] || [ -n "${V:-}" ]; then cat "$log"; else grep -E 'SKIP' "$log"; fi
	printf '   %s passed, %s failed, %s skipped (exit %s, %s s)\n' "$p" "$f" "$s" "$status" \
		$((SECONDS - start))
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
[ -n "${RUN_TOTALS:-}" ] && echo "$passed $failed $skipped" >>"$RUN_TOTALS"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
