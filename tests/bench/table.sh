#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# table.sh RESULTS - the results for people.
set -eu
jq -r '["bench", "subject", "unit", "min", "median", "max", "n"],
	(.results[] | [.bench, .subject, .unit, .min, .median, .max, .n]) | @tsv' "$1" |
	column -t -s "$(printf '\t')"
