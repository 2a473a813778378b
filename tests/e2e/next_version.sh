#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# next_version.sh FOLDER MAKE-ARGUMENT... - the next version, for tests of an upgrade: these sources,
# with a call more in each program for packets and another number, in FOLDER, and made there. With
# OTHER_LAYOUT set, what it pins is of another layout, too: maps and records.
set -eu

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
FOLDER=$1
shift

rm -rf "$FOLDER"
mkdir -p "$FOLDER"
(cd "$ROOT" && cp -r Makefile bpf user include roles "$FOLDER")
echo "$(<"$ROOT/VERSION")-next" >"$FOLDER/VERSION"
sed -i 's/^\tstruct verdict verdict = {};$/&\n\n\tbpf_ktime_get_ns();/' "$FOLDER/bpf/xdp.bpf.h"
sed -i 's/^\tskb_cursor(&cursor, skb);$/\tbpf_ktime_get_ns();\n&/' "$FOLDER/bpf/cgroup.bpf.h"
for file in xdp cgroup; do
	! cmp -s "$ROOT/bpf/$file.bpf.h" "$FOLDER/bpf/$file.bpf.h" || { echo "$file.bpf.h is not another" >&2; exit 1; }
done
if [ -n "${OTHER_LAYOUT:-}" ]; then
	sed -i 's/^#define RW_ABI_VERSION .*/#define RW_ABI_VERSION 999/' "$FOLDER/include/rolewall/abi.h"
	sed -i 's/^#define RECORD_LAYOUT .*/#define RECORD_LAYOUT 999/' "$FOLDER/user/kernel/generation/records.h"
fi
make -s -C "$FOLDER" -j "$(nproc)" "$@"
