#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fetch.sh KERNEL... - fetch kernels of Debian and unpack them; prints a directory for each.
#
# KERNEL is a series such as 5.10 or 6.18, of which the newest there is is taken; "sid", that
# distribution's newest; "newest" of all; or the path of an image, which has no modules but those of
# KERNEL_MODULES=DIRECTORY. What is there already is not fetched again: remove build/vm/kernels to look
# for newer ones.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
VM=${VM_DIR:-$ROOT/build/vm}
APT_CACHE=$VM/cache
SUITES=${FETCH_SUITES:-bullseye-security bookworm-security trixie-backports sid}
# cloud-arm64 with APT_ARCHITECTURE=arm64 for the other machine.
FLAVOUR=${FLAVOUR:-cloud-amd64}

# shellcheck source=packaging/apt.sh
. "$ROOT/packaging/apt.sh"

# Lines "RELEASE SUITE" of every kernel that can be had, oldest first. A release is what uname -r
# says there, for example 6.1.0-44-cloud-amd64.
list_kernels() {
	local file suite

	# shellcheck disable=SC2016
	apt_own apt-get indextargets --format '$(FILENAME) $(RELEASE)' 'Identifier: Packages' |
		while read -r file suite; do
			/usr/lib/apt/apt-helper cat-file "$file" |
				sed -nE "s/^Package: linux-image-([0-9]+\.[0-9]+\..*-$FLAVOUR)\$/\1 $suite/p"
		done | sort -V
}

choose() { # KERNEL
	case $1 in
	newest) list_kernels ;;
	sid) list_kernels | grep ' sid$' ;;
	*) list_kernels | grep "^${1//./\\.}\.[0-9]" ;;
	esac | tail -n 1 | cut -d' ' -f1
}

has_package() {
	apt_own apt-cache show "$1" >/dev/null 2>&1
}

# From 7.2 on the image package is nearly empty: kernel and modules are two others.
packages_of() { # RELEASE
	if has_package "linux-modules-$1"; then
		echo "linux-binary-$1 linux-modules-$1"
	else
		echo "linux-image-$1"
	fi
}

unpack() { # RELEASE DIRECTORY
	local directory=$2 packages package

	read -ra packages <<<"$(packages_of "$1")"
	mkdir -p "$directory.part/debs"
	(cd "$directory.part/debs" && apt_own apt-get -q=2 download "${packages[@]}" >&2)
	for package in "$directory.part"/debs/*.deb; do
		dpkg-deb -x "$package" "$directory.part"
	done
	# Newer packages have everything below /usr.
	[ -d "$directory.part/lib/modules" ] || ln -s usr/lib "$directory.part/lib"
	find "$directory.part" \( -name "vmlinuz-$1" -o -path "*/$1/vmlinuz" \) \
		-exec ln {} "$directory.part/vmlinuz" \;
	[ -e "$directory.part/vmlinuz" ] || apt_die "no kernel in ${packages[*]}"
	rm -rf "$directory.part/debs"
	depmod -b "$directory.part" "$1" 2>/dev/null
	echo "$1" >"$directory.part/release"
	mv "$directory.part" "$directory"
}

# The version of a bzImage stands where its header says (Documentation/x86/boot.rst, kernel_version).
image_release() { # FILE
	local at

	at=$(od -An -tu2 -j $((0x20e)) -N 2 "$1" | tr -d ' ')
	dd if="$1" bs=1 skip=$((at + 0x200)) count=200 status=none | tr '\0 ' '\n' | sed -n 1p
}

provide_image() { # FILE
	local directory release

	[ "$(od -An -c -j $((0x202)) -N 4 "$1" | tr -d ' ')" = HdrS ] || apt_die "$1 is no bzImage"
	release=$(image_release "$1")
	directory=$VM/kernels/image-$release
	rm -rf "$directory"
	mkdir -p "$directory"
	cp "$1" "$directory/vmlinuz"
	if [ -n "${KERNEL_MODULES:-}" ]; then
		[ -d "$KERNEL_MODULES/kernel" ] || apt_die "KERNEL_MODULES=$KERNEL_MODULES is no lib/modules/$release"
		mkdir -p "$directory/lib/modules"
		cp -a "$KERNEL_MODULES" "$directory/lib/modules/$release"
		depmod -b "$directory" "$release" 2>/dev/null
	fi
	echo "$release" >"$directory/release"
	echo "$directory"
}

# The directory of a kernel, which is fetched if it is not there.
provide() { # KERNEL
	local link=$VM/kernels/$1 release

	if [ ! -e "$link/release" ]; then
		# shellcheck disable=SC2086
		apt_update "$(apt_sources deb $SUITES)"
		release=$(choose "$1")
		[ -n "$release" ] || apt_die "there is no kernel $1 for $FLAVOUR in: $SUITES"
		if [ ! -e "$VM/kernels/$release/release" ]; then
			rm -rf "$VM/kernels/$release.part"
			echo "fetch: $1 is $release" >&2
			unpack "$release" "$VM/kernels/$release"
		fi
		ln -sfn "$release" "$link"
	fi
	readlink -f "$link"
}

[ $# -gt 0 ] || apt_die "which kernel? For example: $0 5.10 6.1 newest"
mkdir -p "$VM/kernels"
for kernel in "$@"; do
	case $kernel in
	*/*) provide_image "$kernel" ;;
	*) provide "$kernel" ;;
	esac
done
