#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh - what depends on the kernel, on the oldest kernel and on the one after Debian 12's, as one test
# for tests/run.sh. All kernels, all suites: make vmtest KERNEL=all.
#
# long: emulated machines
cd "$(dirname "$0")" || exit 1
SUITES=static,devices,oracle PACKETS=20000 JOBS=1 ./run.sh 5.10 6.12+stacked
