#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cross.sh - the unit tests and the packet suite of the cross build, on Debian's arm64 cloud kernel in QEMU.
# Expects them built: "make check-cross". LIMIT=7200: seconds for the machine.
#
# The machine has busybox, dash, ip and rm with their libraries, and our programs, which are static.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
export VM_DIR=$BUILD/vm-arm64 APT_ARCHITECTURE=arm64 FLAVOUR=cloud-arm64 FETCH_SUITES="bookworm bookworm-security"
APT_CACHE=$VM_DIR/cache
TREE=$VM_DIR/tree
LOG=$VM_DIR/log.txt
PACKAGES="busybox-static coreutils dash iproute2 libbpf1 libbsd0 libc6 libcap2 libelf1 libmd0 libmnl0 libtirpc3 libxtables12 zlib1g"
MODULES="veth inet_diag tcp_diag udp_diag" # in this order

# shellcheck source=packaging/apt.sh
. "$ROOT/packaging/apt.sh"

packages_unpack() {
	local package

	[ ! -e "$VM_DIR/debs/.complete" ] || return 0
	rm -rf "$VM_DIR/debs"
	mkdir -p "$VM_DIR/debs"
	# shellcheck disable=SC2086
	apt_update "$(apt_sources deb $FETCH_SUITES)"
	# shellcheck disable=SC2086
	(cd "$VM_DIR/debs" && apt_own apt-get -q=2 download $PACKAGES >&2)
	for package in "$VM_DIR"/debs/*.deb; do
		dpkg-deb -x "$package" "$VM_DIR/debs"
	done
	touch "$VM_DIR/debs/.complete"
}

tree_make() { # KERNEL-DIRECTORY
	local program

	rm -rf "$TREE"
	mkdir -p "$TREE"/{bin,real,lib,proc,sys,dev,tmp,run,etc,rolewall/build/cross,usr/lib}
	cp "$VM_DIR/debs/bin/busybox" "$TREE/bin"
	for program in dash ip rm; do
		cp "$(find "$VM_DIR/debs" -path "*bin/$program" -type f | head -n 1)" "$TREE/real"
	done
	find "$VM_DIR/debs" -path '*/lib/aarch64-linux-gnu/*.so*' ! -type d ! -path '*/gconv/*' -exec cp -a {} "$TREE/lib" \;
	for program in $MODULES; do
		find "$1/lib/" -name "$program.ko" -exec cp {} "$TREE/lib" \;
	done
	cp -r "$ROOT"/{VERSION,roles,tests,packaging,docs} "$TREE/rolewall"
	cp --parents -t "$TREE/rolewall" build/cross/rolewall
	find build/cross/tests/unit build/cross/tests/packet -type f -perm -u+x -name 'test_*' | while read -r program; do
		cp --parents -t "$TREE/rolewall" "$program"
	done
	cat >"$TREE/init" <<-END
		#!/bin/busybox sh
		export PATH=/real:/bin LD_LIBRARY_PATH=/lib HOME=/ TMPDIR=/tmp ROLEWALL=/rolewall/build/cross/rolewall
		/bin/busybox --install -s /bin 2>/dev/null
		ln -sf /real/dash /bin/sh # that of busybox takes its own programs before others
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		mount -t tmpfs tmpfs /tmp
		mount -t tmpfs tmpfs /run
		mount -t bpf bpf /sys/fs/bpf
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		echo root:x:0:0:root:/:/bin/sh >/etc/passwd
		echo root:x:0: >/etc/group
		for module in $MODULES; do insmod /lib/\$module.ko; done
		cd /rolewall
		for program in build/cross/tests/unit/test_* build/cross/tests/packet/test_*; do
			echo "BEGIN \$program"
			\$program 2>&1
			echo "END \$program \$?"
		done
		echo "COMPLETE \$(uname -m) \$(uname -r)"
		echo o >/proc/sysrq-trigger
		sleep 60
	END
	chmod 755 "$TREE/init"
	(cd "$TREE" && find . -print0 | cpio --null -o -H newc --owner=0:0 --quiet | gzip -1) >"$VM_DIR/initrd"
}

boot() { # KERNEL-DIRECTORY
	timeout --foreground "${LIMIT:-7200}" qemu-system-aarch64 -accel tcg -machine virt -cpu cortex-a72 -smp 2 -m 1536 \
		-nodefaults -no-user-config -display none -serial stdio -no-reboot -kernel "$1/vmlinuz" -initrd "$VM_DIR/initrd" \
		-append "console=ttyAMA0 panic=-1 quiet loglevel=3 rdinit=/init mitigations=off nokaslr" </dev/null >"$LOG" 2>&1
}

# A program fails if it exits so, or says nothing of its tests: cmocka's summary.
summarise() {
	tr -d '\r' <"$LOG" | awk '
		/^BEGIN / { said = 0 }
		/^\[  PASSED  \] [0-9]+ test/ { passed += $4; said = 1 }
		/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { failed += $4; bad = 1 }
		/^\[  FAILED  \] [^0-9]/ || /^\[  SKIPPED \] [^0-9]/ { print }
		/^END / { if ($3 != 0 || !said) { print "exit " $3 ": " $2; if (!bad) failed++ } bad = 0 }
		/^COMPLETE / { complete = 1; print }
		END {
			if (!complete) { print "the machine did not finish"; failed++ }
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed > 0
		}'
}

cd "$ROOT"
mkdir -p "$VM_DIR"
kernel=$("$ROOT/vmtests/fetch.sh" 6.1)
packages_unpack
tree_make "$kernel"
boot "$kernel" || true
summarise || { grep -aE 'FAILED|Error|error' "$LOG" | head -n 40; exit 1; }
