#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# coverage.sh PROGRAM PACKETS - run tests/fuzz/coverage.c, print which branches of bpf/ it reached, and
# fail below LEAST percent (default 88: what remembers callers and namespaces, asks connection tracking, or
# stands beside tc is for the packet tests). Not counted is what only the kernel's sockets can be asked:
# SYN cookies and established connections (tests/packet/test_cookies.c, test_limit.c).
set -eu
program=$1 packets=$2
profile=$(dirname "$program")

LLVM_PROFILE_FILE=$profile/coverage.raw "$program" "$packets"
"${LLVM_PROFDATA:-llvm-profdata}" merge "$profile/coverage.raw" -o "$profile/coverage.prof"
"${LLVM_COV:-llvm-cov}" report "$program" -instr-profile="$profile/coverage.prof" \
	--show-branch-summary --show-region-summary=0 -ignore-filename-regex="(cookie|cookie_answer|established)\.bpf\.h" bpf/ |
	awk -v least="${LEAST:-88}" '
		function row(name) {
			printf "%-16s %5d lines %8s %5d branches %8s\n", name, $5, $7, $8, $10
		}
		/\.bpf\.h/ && $5 > 0 { row($1) }
		/^TOTAL/ { row("all of bpf/"); reached = $10; sub("%", "", reached) }
		END {
			if (reached == "") { print "no coverage was reported"; exit 1 }
			if (reached + 0 < least) { printf "below %s %% of branches\n", least; exit 1 }
		}'
