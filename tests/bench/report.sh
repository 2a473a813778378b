#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# report.sh FOLDER - take over FOLDER's results.json and plots into docs/performance/, and write
# docs/performance.md from them. report.sh alone: only write the page again.
# report.sh --check: is the page what the committed results make of it?
set -eu

here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs

page() { # RESULTS
	jq -r --rawfile template "$here/performance.md.in" -f "$here/report.jq" "$1"
}

case ${1:-} in
--check)
	page "$docs/performance/results.json" | cmp -s - "$docs/performance.md" ||
		{ echo "report: docs/performance.md is not what docs/performance/results.json says; run tests/bench/report.sh" >&2; exit 1; }
	exit
	;;
?*)
	mkdir -p "$docs/performance"
	jq . "$1/results.json" >"$docs/performance/results.json"
	cp "$1"/*.svg "$docs/performance/"
	;;
esac
page "$docs/performance/results.json" >"$docs/performance.md"
