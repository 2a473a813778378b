#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mutants.sh - each fault of tests/mutants/mutants.txt must still change the file that it names: one that
# changes nothing is caught by nobody, and says nothing until the mutants are run.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
while IFS='|' read -r name file expression; do
	name=${name//[[:space:]]/} file=${file//[[:space:]]/}
	case $name in '' | '#'*) continue ;; esac
	if sed -E "$expression" "bpf/$file" | cmp -s - "bpf/$file"; then
		echo "tests/mutants/mutants.txt: $name changes nothing in bpf/$file" >&2
		failed=1
	fi
done <tests/mutants/mutants.txt
exit $failed
