#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_hooks.sh as on kernels before 5.9: programs are attached without links.
#
# long: the tests of test_hooks.sh once more
cd "$(dirname "$0")" || exit 1
SUITE='' ROLEWALL_PROBE_OFF=links,replace exec ./test_hooks.sh "$@"
