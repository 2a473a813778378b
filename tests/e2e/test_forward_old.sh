#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_forward.sh as where connection tracking cannot be asked: what leaves is learned instead.
#
# long: the tests of test_forward.sh once more
cd "$(dirname "$0")" || exit 1
SUITE='' KNOWN=learned ROLEWALL_PROBE_OFF=conntrack exec ./test_forward.sh "$@"
