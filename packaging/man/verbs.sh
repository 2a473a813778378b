#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# verbs.sh ROLEWALL PAGE.scd.in VERSION - fill a manual page with what the program says of itself, so that
# the two cannot differ.
set -eu
rolewall=$1 page=$2 version=$3

escape() { sed -e 's/[\\_*]/\\&/g' -e 's/^-/\\-/'; }

# "  --confirm[=SECONDS]      go back unless ..." -> a term and its text.
options() {
	escape | sed -nE 's/^  (-[^ ]+(, -[^ ]+)?)( ([^ ]+))?  +(.*)$/*\1* \4\n\t\5\n/p'
}

verb() {
	text=$("$rolewall" help "$1")
	usage=$(echo "$text" | sed -nE 's/^Usage: rolewall \[GLOBAL OPTION \.\.\.\] //p' | escape)
	printf '## %s\n\n' "$usage"
	# The first line's summary, then the details.
	echo "$text" | sed -nE '1s/^rolewall [a-z]+ - (.)(.*)$/\u\1\2./p' | escape
	echo
	echo "$text" | sed -n '3,/^Options:/p' | sed -e '1d' -e '/^Options:/d' -e '/^"rolewall help" lists/d' | escape
	echo
	echo "$text" | sed -n '/^Options:/,$p' | options
}

verbs() {
	"$rolewall" help | sed -n '/^Verbs:/,/^Global/p' | sed -nE 's/^  ([a-z]+) .*/\1/p' |
		while read -r name; do verb "$name"; done
}

global() { "$rolewall" help | sed -n '/^Global/,/^Exit/p' | options; }

codes() { "$rolewall" help | sed -n 's/^Exit codes: //p' | escape; }

while IFS= read -r line; do
	case $line in
	@VERBS@) verbs ;;
	@GLOBAL@) global ;;
	@EXIT@) codes ;;
	*) printf '%s\n' "$line" | sed "s/@VERSION@/$version/" ;;
	esac
done <"$page"
