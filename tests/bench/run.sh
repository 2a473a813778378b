#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh BUILD - all of the benchmark: BUILD/bench/results.json, a table on standard output, and
# plots. PROG_ROUNDS, FLOOD_ROUNDS, ... make it longer or shorter.
set -eu

build=$1
here=$(dirname "$0")
out=$build/bench

[ "$(id -u)" = 0 ] || { echo "bench: network namespaces and BPF need root: run it with sudo" >&2; exit 1; }
mkdir -p "$out"

echo "bench: the programs alone" >&2
# shellcheck disable=SC2016
"$here/room.sh" sh -c 'exec "$1" prog-run -r "$2" "$ROOM" "$3" "$ROOM_CGROUP"' sh \
	"$build/tests/bench/bench" "${PROG_ROUNDS:-60}" "$here/../../roles" >"$out/samples"
"$here/room.sh" "$here/wire.sh" "$build" >>"$out/samples"

machine=$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)
jq -Rn --arg date "$(date -u +%F)" --arg kernel "$(uname -r)" --arg cpus "$(nproc)" \
	--arg machine "$machine" --arg version "$(cat "$here/../../VERSION")" \
	--arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" -f "$here/results.jq" "$out/samples" \
	>"$out/results.json"
"$here/table.sh" "$out/results.json"
echo
jq -r --arg template '{{targets}}' --arg attempts '' -f "$here/report.jq" "$out/results.json" | column -t -s '|'
"$here/plot.sh" "$out/results.json" "$out"
echo "bench: results in $out/results.json; 'tests/bench/report.sh $out' makes docs/performance of them" >&2
