#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# plot.sh RESULTS DIRECTORY - a bar chart of each comparison that has one in docs/performance.md.
set -eu

results=$1
directory=$2

plot() { # BENCH FIELD TITLE SUBJECT-REGEX
	local data=$directory/$1.tsv

	jq -r --arg bench "$1" --arg field "$2" --arg subjects "$4" '.results[]
		| select(.bench == $bench and (.subject | test($subjects)))
		| [.subject, .[$field]] | @tsv' "$results" | tac >"$data"
	gnuplot <<-END
		set terminal svg size 760, 60 + 26 * $(wc -l <"$data") font "sans,12" background "#ffffff"
		set output "$directory/$1.svg"
		set title "$3"
		set datafile separator "\t"
		set style fill solid noborder
		set key off
		set lmargin 36
		set xrange [0:*]
		set offsets 0, graph 0.12, 0.5, 0.5
		set border 3
		set tics nomirror
		set boxwidth 0.7
		plot "$data" using (\$2 * 0.5):0:(\$2 * 0.5):(0.35):yticlabels(1) with boxxyerror linecolor rgb "#3b6ea5", \
			"" using 2:0:(sprintf(" %.4g", \$2)) with labels left
	END
	rm "$data"
}

plot prog-run-ns min "ns a packet, the program alone (less is better)" '^(?!.*1000000-random)'
plot flood-drop-mpps max "SYN flood dropped, million packets a second (more is better)" .
plot legit-under-flood median "legitimate transactions a second under the same flood (more is better)" .
