#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# compare.sh [-r ROUNDS] BASE OTHER... - prog-run of several versions, in turns: one round of the
# first, one of the second, and so on. A version is a revision, which is built in a worktree of its
# own, or a directory with a tree that is built there. Prints minimum and median of every subject, and
# by how much each version differs from the first. SUBJECTS=REGEX limits what is measured.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
rounds=40
if [ "${1:-}" = -r ]; then rounds=$2; shift 2; fi
if [ $# -lt 2 ] || [ -z "$1" ]; then
	echo "usage: make bench-compare BASE=REVISION" >&2
	exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/rwcompare.XXXXXX")
pids=() gos=() outs=()
finish() {
	local pid tree fd

	for fd in "${gos[@]}" "${outs[@]}"; do exec {fd}>&-; done # those who wait for their turn end
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait
	for tree in "$work"/tree-*; do
		[ -d "$tree" ] && git -C "$here" worktree remove --force "$tree"
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap '' PIPE # of a version that ended early; it is said below

# The directory of a version, built.
version_build() { # NUMBER VERSION
	local tree=$2

	if [ ! -d "$tree" ]; then
		tree=$work/tree-$1
		git -C "$here" worktree add --quiet --detach "$tree" "$2"
	fi
	make -s -C "$tree" build/tests/bench/bench >&2 ||
		{ echo "compare: $2 has no benchmark, or does not build" >&2; return 1; }
	echo "$tree"
}

version_start() { # NUMBER TREE
	mkfifo "$work/go-$1" "$work/out-$1"
	# shellcheck disable=SC2016
	"$here/tests/bench/room.sh" sh -c 'cd "$1" && exec build/tests/bench/bench prog-run -p -r "$2" -s "$3" \
		"$ROOM" roles "$ROOM_CGROUP"' sh "$2" "$rounds" "${SUBJECTS:-.}" <"$work/go-$1" >"$work/out-$1" &
	pids+=($!)
}

# One round: its samples, under the version's name.
version_round() { # NUMBER VERSION GO OUT
	local line

	{ echo >&"$3"; } 2>/dev/null || true
	while read -r line <&"$4"; do
		[ "$line" = round ] && return
		printf '%s\t%s\n' "$2" "$line" >>"$work/samples"
	done
	echo "compare: $2 ended early" >&2
	exit 1
}

number=0
for version in "$@"; do
	tree=$(version_build $number "$version")
	version_start $number "$tree"
	exec {go}>"$work/go-$number" {out}<"$work/out-$number"
	gos+=("$go") outs+=("$out")
	number=$((number + 1))
done
for ((round = 0; round < rounds; round++)); do
	number=0
	for version in "$@"; do
		version_round $number "$version" "${gos[number]}" "${outs[number]}"
		number=$((number + 1))
	done
done

jq -Rnr '
def median: sort | .[length / 2 | floor];
def places($n): . * pow(10; $n) | round / pow(10; $n);
[inputs | split("\t") | {version: .[0], subject: .[2], ns: (.[4] | tonumber)}] as $all
| (["subject", "version", "min", "median", "vs first"] | @tsv),
  ($all | map(.subject) | reduce .[] as $s ([]; if index($s) then . else . + [$s] end))[] as $subject
| [$all[] | select(.subject == $subject)] as $here
| ($here[0].version) as $first
| ($here | map(select(.version == $first).ns) | min) as $base
| ($here | map(.version) | reduce .[] as $v ([]; if index($v) then . else . + [$v] end))[] as $version
| ($here | map(select(.version == $version).ns)) as $ns
| [$subject, $version, ($ns | min | places(2)), ($ns | median | places(2)),
   ((($ns | min) / $base - 1) * 100 | places(1) | tostring + "%")]
| @tsv' "$work/samples" | column -t -s "$(printf '\t')"
