#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# initramfs.sh KERNEL-DIRECTORY FILE - the whole file system of a virtual machine, for QEMU's -initrd.
#
# Two archives one behind the other: the programs of this machine that the tests use, with their
# libraries, and the tests, which are the same for all kernels; and that kernel's modules.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
KERNEL=$1
RELEASE=$(<"$KERNEL/release")
TREE=$BUILD/vm/tree

# What the tests call; busybox has some of it in another shape.
PACKAGES="coreutils diffutils findutils"
PROGRAMS="bash ip tc bridge teamnl gojq bpftool ping nsenter unshare script mount umount modprobe wg ethtool
	awk sed grep dmesg kill ps flock setsid setpriv hostname getent"
# What a test may do without, by skipping.
OPTIONAL="nmap openvpn nft iptables strace ss conntrack capsh tcpdump socat curl nsd"
MODULES="virtio_pci virtio_net veth tun dummy wireguard vxlan geneve 8021q ipip ip_gre ip6_gre sit ip6_tunnel bridge bonding ifb sch_netem
	vrf macvlan team team_mode_roundrobin
	sch_ingress sch_clsact cls_bpf cls_u32 cls_matchall act_mirred nf_tables nft_ct nft_counter nft_limit
	nft_log nft_chain_nat nft_nat nft_redir nft_masq nf_conntrack nf_conntrack_netlink ip_tables iptable_filter xt_conntrack
	xt_multiport inet_diag tcp_diag udp_diag xfrm_user xfrm_interface esp4 gcm ctr ghash-generic seqiv echainiv
	aes_generic aesni-intel
	crypto_null drbg jitterentropy_rng hmac sha256_generic sha512_generic cryptd"

die() {
	echo "initramfs: $*" >&2
	exit 1
}

copy() { # FILE...: to the same place, what it points to in place of a link
	local file

	for file in "$@"; do
		[ -e "$TREE$file" ] && continue
		mkdir -p "$TREE${file%/*}"
		cp -L "$file" "$TREE$file"
	done
}

copy_program() { # PATH
	local libraries

	mapfile -t libraries < <(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+')
	copy "$1" "${libraries[@]}"
}

directories_make() {
	local name

	rm -rf "$TREE"
	mkdir -p "$TREE"/{usr/bin,usr/sbin,usr/lib,usr/lib64,proc,sys,dev,run,tmp,root,etc,var/lib,rolewall/build}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$TREE/$name"
	done
	ln -s /run "$TREE/var/run"
	chmod 755 "$TREE"
}

# The standard library, without what other packages have added.
python_copy() {
	local library

	copy_program /usr/bin/python3
	library=$(/usr/bin/python3 -c 'import os; print(os.path.dirname(os.__file__))')
	mkdir -p "$TREE${library%/*}"
	cp -r "$library" "$TREE$library"
	find "$TREE$library" -depth \( -name __pycache__ -o -name test -o -name idlelib \
		-o -name dist-packages -o -name 'config-*' \) -exec rm -rf {} \;
	find "$TREE$library" -name '*.so' | while read -r library; do
		copy_program "${library#"$TREE"}"
	done
}

programs_copy() {
	local name path

	# shellcheck disable=SC2086
	for path in $(dpkg -L $PACKAGES | grep -E '^(/usr)?/s?bin/'); do
		copy_program "$path"
	done
	for name in $PROGRAMS; do
		path=$(type -P "$name") || die "$name is not installed; packaging/deps.sh vm installs it"
		copy_program "$path"
	done
	for name in $OPTIONAL; do
		path=$(type -P "$name") && copy_program "$path"
	done
	# jq 1.6 compiles its library at each start: of test_audit.sh that was a third, of test_daemon.sh a tenth.
	ln -s gojq "$TREE/usr/bin/jq"
	[ ! -x /usr/bin/python3 ] || python_copy
	for name in nmap-services nmap-payloads nmap-protocols; do
		[ ! -e "/usr/share/nmap/$name" ] || copy "/usr/share/nmap/$name"
	done
	[ -e "$TREE/usr/bin/sh" ] || ln -s bash "$TREE/usr/bin/sh"
	copy /usr/bin/busybox
	while read -r name; do
		[ -e "$TREE/usr/bin/$name" ] || [ -e "$TREE/usr/sbin/$name" ] ||
			ln -s busybox "$TREE/usr/bin/$name"
	done < <(busybox --list)
	echo "root:x:0:0:root:/root:/bin/bash" >"$TREE/etc/passwd"
	echo "nobody:x:65534:65534:nobody:/:/bin/false" >>"$TREE/etc/passwd"
	echo "root:x:0:" >"$TREE/etc/group"
	echo "127.0.0.1 localhost" >"$TREE/etc/hosts"
}

tests_copy() {
	local program libraries

	cp "$ROOT/vmtests/init" "$TREE/init"
	cp -r "$ROOT/VERSION" "$ROOT/roles" "$ROOT/tests" "$ROOT/packaging" "$ROOT/docs" "$TREE/rolewall"
	find "$BUILD"/static/rolewall "$BUILD"/vmtests/features "$BUILD"/tests \
		\( -path '*/tests/unit' -o -path '*/tests/bench' \) -prune \
		-o -type f -perm -u+x -print | while read -r program; do
		mkdir -p "$TREE/rolewall/build/$(dirname "${program#"$BUILD"/}")"
		cp "$program" "$TREE/rolewall/build/${program#"$BUILD"/}"
		mapfile -t libraries < <(ldd "$program" 2>/dev/null | grep -oE '/[^ ]+')
		copy "${libraries[@]}"
	done
	ln -s static/rolewall "$TREE/rolewall/build/rolewall"
}

archive() { # DIRECTORY
	(cd "$1" && find . -print0 | cpio --null -o -H newc --owner=0:0 --quiet | gzip -1)
}

# The modules that are wanted, and those that they want.
modules_archive() {
	local tree=$BUILD/vm/modules-$RELEASE directory=lib/modules/$RELEASE module file

	[ -d "$KERNEL/lib/modules" ] || return 0
	rm -rf "$tree"
	mkdir -p "$tree/usr/$directory"
	for module in $MODULES; do
		# Not every series has every one.
		{ modprobe -d "$KERNEL" -S "$RELEASE" --show-depends "$module" 2>/dev/null || true; } |
			awk '$1 == "insmod" { print $2 }'
	done | sort -u | while read -r file; do
		file=${file#*"/$directory/"}
		mkdir -p "$tree/usr/$directory/$(dirname "$file")"
		cp "$KERNEL/$directory/$file" "$tree/usr/$directory/$file"
	done
	for file in modules.builtin modules.builtin.modinfo modules.order; do
		[ ! -e "$KERNEL/$directory/$file" ] || cp "$KERNEL/$directory/$file" "$tree/usr/$directory"
	done
	ln -s usr/lib "$tree/lib"
	depmod -b "$tree" "$RELEASE" 2>/dev/null
	rm "$tree/lib"
	archive "$tree"
	rm -rf "$tree"
}

for program in static/rolewall vmtests/features tests/oracle/oracle tests/e2e/probe; do
	[ -x "$BUILD/$program" ] || die "$program is not built; 'make vmtest' builds it"
done
[ $# = 2 ] || die "usage: $0 KERNEL-DIRECTORY FILE"
if [ ! -e "$BUILD/vm/tree.cpio.gz" ] || [ -z "${KEEP_TREE:-}" ]; then
	directories_make
	programs_copy
	tests_copy
	archive "$TREE" >"$BUILD/vm/tree.cpio.gz"
fi
{
	cat "$BUILD/vm/tree.cpio.gz"
	modules_archive
} >"$2"
