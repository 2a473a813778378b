#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh KERNEL... - the tests on other kernels, each in a virtual machine; prints a matrix.
#
# KERNEL: see fetch.sh; "all" is all that we promise to run on; 6.12+stacked: one suite more than SUITES
# says. A machine that does not say how its tests went, in one line, has failed. Environment:
#	SUITES=packet,...	only these (see vmtests/init); else all, and "old" on 5.10 only: with every
#				newer feature switched off, the next kernel says the same again
#	KERNEL_MODULES=DIR	lib/modules/RELEASE of an image of your own
#	E2E=hooks,...		only these files of the end-to-end tests
#	PACKETS=200000		for the oracle
#	LIMIT=10800		seconds for one machine
#	JOBS=2			machines side by side, else as many as there are processors: each takes one,
#				and 1.5 GB of memory
#	DOCS=1			write the matrix to docs/kernels.md
set -uo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
export BUILD=${BUILD:-$ROOT/build}
VM=$BUILD/vm
export VM_DIR=$VM
ALL="5.10 6.1 6.12 6.18 sid newest"
LIMIT=${LIMIT:-10800}
JOBS=${JOBS:-$(nproc)}
RESULTS=$VM/results
# What is tested, even if somebody works on while it runs.
COMMIT=$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown)

# One thread emulates both processors in turn: with one each, 6.18 panics where the kernel patches code that
# the other processor runs (docs/decisions/). On a busy host 5.10 panics where it counts ticks: no_timer_check.
boot() { # KERNEL-DIRECTORY INITRD LOG SUITES
	local append="console=ttyS0 panic=-1 quiet loglevel=3 rdinit=/init mitigations=off nokaslr no_timer_check"

	[[ ${1##*/} != image-* ]] || append="$append rolewall.image=1"
	append="$append rolewall.suites=$4${PACKETS:+ rolewall.packets=$PACKETS}${E2E:+ rolewall.e2e=$E2E}"
	exec timeout --foreground "$LIMIT" qemu-system-x86_64 -accel tcg,thread=single -cpu max -machine q35 -smp 2 \
		-m 1536 -nodefaults -no-user-config -netdev user,id=net,restrict=on \
		-device virtio-net-pci,netdev=net,romfile= -display none -serial stdio -no-reboot \
		-kernel "$1/vmlinuz" -initrd "$2" -append "$append" </dev/null >"$3" 2>&1
}

# test_release DIRECTORY RELEASE SUITES: leaves one line in $RESULTS.RELEASE.
test_release() {
	local line log=$VM/log-$2.txt

	echo "vmtest: $2 boots; what it says goes to ${log#"$ROOT"/}" >&2
	boot "$1" "$VM/initrd-$2" "$log" "$3" &
	# shellcheck disable=SC2064
	trap "kill $!; exit 1" TERM
	wait "$!"
	rm -f "$VM/initrd-$2"
	line=$(tr -d '\r' <"$log" | grep -a '^VMTEST ' | tail -n 1)
	if [ -z "$line" ]; then
		echo "vmtest: $2 did not finish in $LIMIT seconds; its last words:" >&2
		tail -n 15 "$log" >&2
		line="VMTEST $2 failed=unfinished"
	fi
	echo "$line" | tee "$RESULTS.$2"
}

RELEASES=()

# test_kernel KERNEL: its machine runs in the background when this returns.
test_kernel() {
	local directory release kernel=$1 suites=packet,oracle,e2e,devices,stacked,static

	[[ $1 = */* ]] || kernel=${1%%+*}
	[ "$kernel" != 5.10 ] || suites=$suites,old
	suites=${SUITES:-$suites}$(tr + , <<<"${1#"$kernel"}")
	if ! directory=$("$ROOT/vmtests/fetch.sh" "$kernel"); then
		RELEASES+=("$kernel")
		echo "VMTEST $kernel failed=fetch" >"$RESULTS.$kernel"
		return
	fi
	release=$(<"$directory/release")
	# "newest" may be sid's.
	[[ " ${RELEASES[*]} " != *" $release "* ]] || return 0
	RELEASES+=("$release")
	if ! "$ROOT/vmtests/initramfs.sh" "$directory" "$VM/initrd-$release"; then
		echo "VMTEST $release failed=initramfs" >"$RESULTS.$release"
		return
	fi
	export KEEP_TREE=1
	[ "$(jobs -rp | wc -l)" -lt "$JOBS" ] || wait -n
	test_release "$directory" "$release" "$suites" &
}

# In the order in which they were asked for.
results_gather() {
	local release

	wait
	for release in "${RELEASES[@]}"; do
		cat "$RESULTS.$release"
		rm -f "$RESULTS.$release"
	done >"$RESULTS"
}

# value LINE NAME
value() {
	sed -nE "s/.* $2=([^ ]*).*/\1/p" <<<"$1"
}

# Passed, or what of passed, failed and skipped tests is not zero.
cell() { # p/f/s
	local passed failed skipped

	IFS=/ read -r passed failed skipped <<<"$1"
	[ -n "$passed" ] || { echo "-"; return; }
	echo "$passed passed$([ "$failed" = 0 ] || echo ", $failed FAILED")$([ "$skipped" = 0 ] || echo ", $skipped skipped")"
}

FEATURES="ringbuf lookup frags links hook"
TESTS=${SUITES:-packet,oracle,e2e,devices,stacked,static,old}
for kernel in "$@"; do
	[[ $kernel = */* || $kernel != *+* || ,$TESTS, = *,${kernel#*+},* ]] || TESTS=$TESTS,${kernel#*+}
done
TESTS=${TESTS//,/ }

# The matrix as a table of Markdown, which reads well on a terminal too.
matrix() {
	local line column

	# shellcheck disable=SC2086
	printf '| %s ' kernel $FEATURES $TESTS result
	# shellcheck disable=SC2086
	printf '|\n%s|\n' "$(printf '|---%.0s' kernel $FEATURES $TESTS result)"
	while read -r line; do
		printf '| %s ' "$(cut -d' ' -f2 <<<"$line")"
		for column in $FEATURES; do
			printf '| %s ' "$(value "$line" "$column")"
		done
		for column in $TESTS; do
			printf '| %s ' "$(cell "$(value "$line" "$column")")"
		done
		if is_passed "$line"; then echo "| passed |"; else echo "| FAILED: ${line##*failed=} |"; fi
	done <"$RESULTS"
}

is_passed() { # LINE
	[[ $1 == *" failed=" ]]
}

docs_write() {
	local file=$ROOT/docs/kernels.md

	sed -i '/^<!-- matrix -->$/,$d' "$file"
	{
		echo "<!-- matrix -->"
		echo
		echo "Run on $(date -u +%F) by \`make vmtest KERNEL=\"$KERNELS\"\`, QEMU without hardware virtualisation,"
		echo "version $(<"$ROOT/VERSION"), commit $COMMIT:"
		echo
		matrix
	} >>"$file"
}

[ $# -gt 0 ] || { echo "usage: $0 KERNEL... | all" >&2; exit 2; }
command -v qemu-system-x86_64 >/dev/null ||
	{ echo "vmtest: qemu-system-x86_64 is not installed; packaging/deps.sh vm installs it" >&2; exit 1; }
mkdir -p "$VM"
unset KEEP_TREE
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM
KERNELS=$*
# shellcheck disable=SC2086
[ "$*" != all ] || set -- $ALL
for kernel in "$@"; do
	test_kernel "$kernel"
done
results_gather
echo
matrix
[ -z "${DOCS:-}" ] || docs_write
passed=$(grep -c ' failed=$' "$RESULTS")
failed=$(grep -vc ' failed=$' "$RESULTS")
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
