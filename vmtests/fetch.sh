#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fetch.sh KERNEL... - fetch kernels of Debian and unpack them; prints a folder for each.
#
# KERNEL is a series such as 5.10 or 6.18, of which the newest there is is taken; "sid", that
# distribution's newest; or "newest" of all. What is there already is not fetched again: remove
# build/vm/kernels to look for newer ones.
#
# An apt of its own keeps its lists and packages in build/vm/cache, so that the machine's sources
# stay as they are. The mirror is the one that the machine itself uses.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
VM=${VM_DIR:-$ROOT/build/vm}
CACHE=$VM/cache
FLAVOUR=cloud-amd64
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
	echo "fetch: $*" >&2
	exit 1
}

# repository LABEL: where this machine gets the packages with that label from.
repository() {
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' |
		awk -v label="$1" '$2 == label { print $1; exit }'
}

write_sources() {
	local main security suite

	main=$(repository Debian)
	security=$(repository Debian-Security)
	[ -n "$main" ] && [ -n "$security" ] ||
		die "no mirror of Debian among this machine's package sources (run apt-get update)"
	for suite in bullseye-security bookworm-security; do
		echo "deb [signed-by=$KEYRING] $security $suite main"
	done
	for suite in trixie-backports sid; do
		echo "deb [signed-by=$KEYRING] $main $suite main"
	done
}

own_apt() { # apt-get|apt-cache ARGUMENTS...
	local tool=$1

	shift
	"$tool" -o Dir::Etc::sourcelist="$CACHE/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$CACHE/lists" -o Dir::Cache="$CACHE" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Architecture=amd64 "$@"
}

# Once a run, and only if something is to be fetched.
update_lists() {
	[ -z "${LISTS_ARE_NEW:-}" ] || return 0
	mkdir -p "$CACHE/lists/partial" "$CACHE/archives/partial"
	write_sources >"$CACHE/sources.list"
	own_apt apt-get -q=2 update >&2
	LISTS_ARE_NEW=1
}

# Lines "RELEASE SUITE" of every kernel that can be had, oldest first. A release is what uname -r
# says there, for example 6.1.0-44-cloud-amd64.
list_kernels() {
	local file suite

	own_apt apt-get indextargets --format '$(FILENAME) $(RELEASE)' 'Identifier: Packages' |
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
	own_apt apt-cache show "$1" >/dev/null 2>&1
}

# From 7.2 on the image package is nearly empty: kernel and modules are two others.
packages_of() { # RELEASE
	if has_package "linux-modules-$1"; then
		echo "linux-binary-$1 linux-modules-$1"
	else
		echo "linux-image-$1"
	fi
}

unpack() { # RELEASE FOLDER
	local folder=$2 packages package

	read -ra packages <<<"$(packages_of "$1")"
	mkdir -p "$folder.part/debs"
	(cd "$folder.part/debs" && own_apt apt-get -q=2 download "${packages[@]}" >&2)
	for package in "$folder.part"/debs/*.deb; do
		dpkg-deb -x "$package" "$folder.part"
	done
	# Where /lib is a link to /usr/lib, modules may lie in either.
	[ -d "$folder.part/lib/modules" ] || ln -s usr/lib "$folder.part/lib"
	find "$folder.part" \( -name "vmlinuz-$1" -o -path "*/$1/vmlinuz" \) \
		-exec ln {} "$folder.part/vmlinuz" \;
	[ -e "$folder.part/vmlinuz" ] || die "no kernel in ${packages[*]}"
	rm -rf "$folder.part/debs"
	depmod -b "$folder.part" "$1"
	echo "$1" >"$folder.part/release"
	mv "$folder.part" "$folder"
}

# The folder of a kernel, which is fetched if it is not there.
provide() { # KERNEL
	local link=$VM/kernels/$1 release

	if [ ! -e "$link/release" ]; then
		update_lists
		release=$(choose "$1")
		[ -n "$release" ] || die "there is no kernel $1 for $FLAVOUR in $(suites)"
		if [ ! -e "$VM/kernels/$release/release" ]; then
			rm -rf "$VM/kernels/$release.part"
			echo "fetch: $1 is $release" >&2
			unpack "$release" "$VM/kernels/$release"
		fi
		ln -sfn "$release" "$link"
	fi
	readlink -f "$link"
}

suites() {
	awk '{ print $4 }' "$CACHE/sources.list" | paste -sd' '
}

[ $# -gt 0 ] || die "which kernel? For example: $0 5.10 6.1 newest"
command -v apt-get >/dev/null || die "this needs the package tools of Debian"
mkdir -p "$VM/kernels"
for kernel in "$@"; do
	provide "$kernel"
done
