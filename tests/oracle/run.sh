#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh - the oracle as one test: N packets (default 1,000,000), no mismatch.
cd "$(dirname "$0")/../.." || exit 1
"${B:-build}/tests/oracle/oracle" -n "${N:-1000000}"
status=$?
if [ "$status" -eq 0 ]; then echo "1 passed, 0 failed, 0 skipped"; else echo "0 passed, 1 failed, 0 skipped"; fi
exit "$status"
