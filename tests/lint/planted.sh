#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# planted.sh - includes.py and units.py must find what they are there for: one planted fault of each kind, in a
# copy.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

plant() { # WORDS-OF-THE-COMPLAINT FILE LINE
	rm -rf "$work/tree" && mkdir "$work/tree" && cp -r "$top/user" "$top/bpf" "$top/include" "$work/tree" || exit 1
	printf '%s\n' "$3" >>"$work/tree/$2"
	if "$top/tests/lint/includes.py" "$work/tree" >"$work/said" 2>&1 || ! grep -qF "$1" "$work/said"; then
		echo "planted.sh: $3 in $2 is not found: \"$1\" was expected" >&2
		cat "$work/said" >&2
		failed=1
	fi
}

plant 'util/ may not include policy/' user/util/array.h '#include "policy/cidr.h"'
plant 'kernel/object/ may not include kernel/commit/' user/kernel/object/maps.c '#include "kernel/commit/install.h"'
plant 'daemon/ may not include live/' user/daemon/serve.c '#include "live/view.h"'
plant 'a circle of modules' user/policy/cidr.h '#include "policy/tables.h"
#include "policy/rules.h"'
plant 'written from user/' user/cli/main.c '#include "cli.h"'
plant 'are pure' user/policy/cidr.c '#include <bpf/bpf.h>'
plant 'knows no BPF' user/host/route.c '#include <bpf/libbpf.h>'
plant 'fill a struct error' user/report/metrics.c 'void f(void) { puts("x"); }'
plant 'shares only rolewall/abi.h' bpf/maps.bpf.h '#include "../user/util/array.h"'

plant_unit() { # WORDS-OF-THE-COMPLAINT LINE
	printf '%s\n' "$2" >"$work/planted.service"
	if "$top/tests/lint/units.py" "$work/planted.service" >"$work/said" 2>&1 || ! grep -qF "$1" "$work/said"; then
		echo "planted.sh: $2 in a unit is not found: \"$1\" was expected" >&2
		failed=1
	fi
}

plant_unit 'is not in the table' ProtectEverything=yes
plant_unit 'the value exec, which came with systemd 240' Type=exec
exit $failed
