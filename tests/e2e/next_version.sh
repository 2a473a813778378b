#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# next_version.sh DIRECTORY MAKE-ARGUMENT... - the next version, for tests of an upgrade: these sources,
# with a call more in each program for packets and another number, in DIRECTORY, and made there. With
# OTHER_LAYOUT set, what it pins is of another layout, too: maps and records.
set -eu

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
DIRECTORY=$1
shift

rm -rf "$DIRECTORY"
mkdir -p "$DIRECTORY"
(cd "$ROOT" && cp -r Makefile bpf user include roles "$DIRECTORY")
echo "$(<"$ROOT/VERSION")-next" >"$DIRECTORY/VERSION"
sed -i 's/^\tstruct verdict verdict = {};$/&\n\n\tbpf_ktime_get_ns();/' "$DIRECTORY/bpf/xdp.bpf.h"
sed -i 's/^\tskb_cursor(&cursor, skb);$/\tbpf_ktime_get_ns();\n&/' "$DIRECTORY/bpf/cgroup.bpf.h"
for file in xdp cgroup; do
	! cmp -s "$ROOT/bpf/$file.bpf.h" "$DIRECTORY/bpf/$file.bpf.h" || { echo "$file.bpf.h is not another" >&2; exit 1; }
done
if [ -n "${OTHER_LAYOUT:-}" ]; then
	sed -i 's/^#define RW_ABI_VERSION .*/#define RW_ABI_VERSION 999/' "$DIRECTORY/include/rolewall/abi.h"
	sed -i 's/^#define RECORD_LAYOUT .*/#define RECORD_LAYOUT 999/' "$DIRECTORY/user/kernel/generation/records.h"
fi
make -s -C "$DIRECTORY" -j "$(nproc)" "$@"
