#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh - the oracle as one test: N packets (1,000,000, or 100,000 in the short suite), no mismatch.
cd "$(dirname "$0")/../.." || exit 1
# also long: a million packets
[ "${SUITE:-}" != short ] || N=${N:-100000}
"${B:-build}/tests/oracle/oracle" -n "${N:-1000000}"
status=$?
if [ "$status" -eq 0 ]; then echo "1 passed, 0 failed, 0 skipped"; else echo "0 passed, 1 failed, 0 skipped"; fi
exit "$status"
