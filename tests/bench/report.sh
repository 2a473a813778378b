#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# report.sh DIRECTORY - take over DIRECTORY's results.json and plots into docs/performance/, and write
# docs/performance.md and the figures of the README from them. report.sh alone: only write them again.
# report.sh --check: are they what the committed results make of them?
set -eu

here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs
results=$docs/performance/results.json

page() { # TEMPLATE
	jq -r --rawfile template "$1" --rawfile attempts "$docs/performance/attempts.tsv" \
		-f "$here/report.jq" "$results"
}

# The README with what lies between its two marks made anew.
readme() {
	sed -e '/^<!-- figures -->$/,$d' "$docs/../README.md"
	echo "<!-- figures -->"
	page "$here/readme.md.in"
	sed -n '/^<!-- end of figures -->$/,$p' "$docs/../README.md"
}

case ${1:-} in
--check)
	{ page "$here/performance.md.in" | cmp -s - "$docs/performance.md" &&
		readme | cmp -s - "$docs/../README.md"; } ||
		{ echo "report: docs/performance.md or the README is not what docs/performance/results.json says; run tests/bench/report.sh" >&2; exit 1; }
	exit
	;;
?*)
	mkdir -p "$docs/performance"
	jq . "$1/results.json" >"$results"
	cp "$1"/*.svg "$docs/performance/"
	;;
esac
page "$here/performance.md.in" >"$docs/performance.md"
readme=$(readme)
echo "$readme" >"$docs/../README.md"
