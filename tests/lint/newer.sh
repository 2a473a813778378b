#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# newer.sh FLOOR OBJECT - does the floor find everything in newer.bpf.c, and nothing else?
set -u
source="$(dirname "$0")/newer.bpf.c"

expected=$(sed -n 's,^/\* \(floor: .*\) \*/$,\1,p' "$source" | sort)
found=$("$1" "$2" 2>&1 >/dev/null | sed -n '/^floor: /{s/;.*//;p}' | sort)

[ -n "$expected" ] && diff <(echo "$expected") <(echo "$found") >&2 && exit
echo "newer.sh: the floor (>) does not say what $source expects (<)" >&2
exit 1
