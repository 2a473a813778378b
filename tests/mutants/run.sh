#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh [NAME...] - proof that the tests bite: each fault of mutants.txt (or those named) is put into a
# copy of the tree, which is built and tested. Fails if a fault is not caught, cannot be put in, or
# makes programs that the kernel does not load (which catches nothing).
#
# The packet tests stop at the first program that fails. The oracle judges ORACLE packets (20,000), of
# what the packet tests have let by; with BOTH=1, of every fault. TESTS="NAME..." asks fewer packet tests.
set -u
here=$(cd "$(dirname "$0")" && pwd) tree=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
log=$work/log
# The quick ones first; exhaustive is asked only if nobody else knows.
tests="${TESTS:-bypass_link bypass_ipv4 bypass_ipv6 bypass_policy prefixes never_ban ban_filter state conversations fragments frames limit attempts exhaustive}"

say() { printf '%-32s %-60s %s\n' "$1" "$2" "$3"; }

build() { # TARGET...
	make -C "$work/tree" -j2 "$@" >"$log" 2>&1
}

build_packet_tests() {
	# shellcheck disable=SC2046,SC2086
	build $(printf 'build/tests/packet/test_%s ' $tests)
}

# Prints who caught it; empty: nobody.
ask_packet_tests() {
	local test
	for test in $tests; do
		if ! (cd "$work/tree" && "build/tests/packet/test_$test") >"$log" 2>&1; then
			if grep -qE 'refuses to load|GROUP SETUP' "$log"; then echo "NOT LOADED"; return; fi
			echo "$test: $(grep -oE '^\[  FAILED  \] [a-z][a-z0-9_]+' "$log" | head -n 1 | cut -c 14-)"
			return
		fi
	done
}

ask_oracle() {
	if ! build build/tests/oracle/oracle; then echo "NOT BUILT"; return; fi
	if ! (cd "$work/tree" && build/tests/oracle/oracle -n "${ORACLE:-20000}") >"$log" 2>&1; then
		grep -oE '[0-9]+ mismatches' "$log" || echo "failed"
	fi
	rm -f "$work/tree/tests/packet/vectors/"*
}

# Put the fault in: nothing but the pattern may decide whether it is there.
mutate() { # FILE EXPRESSION
	cp "$tree/bpf/$1" "$work/tree/bpf/$1" && sed -E -i "$2" "$work/tree/bpf/$1" &&
		! cmp -s "$tree/bpf/$1" "$work/tree/bpf/$1"
}

judge() { # NAME FILE EXPRESSION; returns 0 if it was caught
	local packet oracle=""
	if ! mutate "$2" "$3"; then say "$1" "NOT APPLIED: nothing in bpf/$2 matches" ""; return 1; fi
	if ! build_packet_tests; then say "$1" "NOT BUILT" ""; tail -n 5 "$log"; return 1; fi
	packet=$(ask_packet_tests)
	if [ -z "$packet" ] || [ -n "${BOTH:-}" ]; then oracle=$(ask_oracle); fi
	cp "$tree/bpf/$2" "$work/tree/bpf/$2"
	say "$1" "${packet:--}" "${oracle:--}"
	[ "$packet" != "NOT LOADED" ] && [ -n "$packet$oracle" ]
}

mkdir "$work/tree"
(cd "$tree" && cp -r Makefile VERSION bpf include user roles tests packaging "$work/tree/") || exit 1
rm -f "$work/tree/tests/packet/vectors/"*
if ! build_packet_tests; then tail -n 20 "$log"; echo "mutants: the tree itself does not build"; exit 1; fi
caught=$(ask_packet_tests)$(ask_oracle)
if [ -n "$caught" ]; then cat "$log"; echo "mutants: without any fault the tests fail ($caught)"; exit 1; fi

say "fault" "packet tests" "oracle"
count=0 survived=0
while IFS='|' read -r name file expression; do
	name=${name//[[:space:]]/} file=${file//[[:space:]]/}
	case $name in '' | '#'*) continue ;; esac
	if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
	count=$((count + 1))
	judge "$name" "$file" "$expression" </dev/null || survived=$((survived + 1))
done <"$here/mutants.txt"
echo "$count faults, $survived not caught"
[ "$count" -gt 0 ] && [ "$survived" -eq 0 ]
