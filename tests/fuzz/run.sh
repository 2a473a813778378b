#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh SECONDS PROGRAM... - the fuzzers side by side for so long, each from the seeds in
# tests/fuzz/corpus and from what it has found before (kept beside the program). An input that ends a
# fuzzer is kept there, too.
set -u
seconds=$1 failed=0
shift
here=$(dirname "$0")

fuzz() { # PROGRAM
	local name=${1##*/fuzz_} directory found log seeds

	directory=$(dirname "$1")
	found=$directory/corpus-$name
	log=$directory/$name.log
	mkdir -p "$found"
	seeds=("$found" "$here/corpus/$name")
	[ "$name" = policy ] && seeds+=("$here/../unit/golden/accepted" "$here/../unit/golden/refused")
	# The packets of 64 KiB that GRO makes are longer than what the search should spend its time on.
	if "$1" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=2048 -timeout=60 \
		-artifact_prefix="$directory/" "${seeds[@]}" >"$log" 2>&1; then
		printf '%-8s no crash: %s\n' "$name" "$(grep '^Done' "$log")"
	else
		tail -n 40 "$log"
		printf '%-8s FAILED, see %s\n' "$name" "$log"
		return 1
	fi
}

for program in "$@"; do
	fuzz "$program" &
done
for job in $(jobs -p); do
	wait "$job" || failed=1
done
exit "$failed"
