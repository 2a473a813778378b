#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# static-libs.sh DIRECTORY - put libmnl.a and libsmartcols.a, which Debian 12 does not ship, into DIRECTORY.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
DIRECTORY=$(cd "$1" && pwd)
APT_CACHE=$DIRECTORY/cache

# shellcheck source=packaging/apt.sh
. "$(dirname "$0")/apt.sh"

codename() {
	# shellcheck source=/dev/null
	. /etc/os-release
	echo "$VERSION_CODENAME"
}

update() {
	local release

	release=$(codename)
	apt_update "$(apt_sources deb trixie)" \
		"$(apt_sources deb-src "$release" "$release-updates" "$release-security")"
}

# The next release has it in its package.
unpack_libmnl() {
	apt_own apt-get -q=2 download libmnl-dev/trixie
	dpkg-deb --fsys-tarfile libmnl-dev_*.deb | tar -xO --wildcards '*/libmnl.a' >libmnl.a
}

build_smartcols() {
	apt_own apt-get -q=2 --download-only source util-linux
	dpkg-source --no-check -x util-linux_*.dsc tree
	cd tree
	./configure --quiet --enable-static --disable-shared --disable-all-programs \
		--enable-libsmartcols --disable-nls --without-ncurses --without-ncursesw \
		--without-tinfo --without-udev --without-systemd --without-python
	# The patches are newer than what autotools made; that is no reason to need autotools.
	make -s -j"$(nproc)" ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libsmartcols.la
	cp .libs/libsmartcols.a ..
}

# provide ARCHIVE COMMAND: run it in a new directory, where it is to make the archive.
provide() {
	local archive=$1 work=$DIRECTORY/work

	[ ! -e "$DIRECTORY/$archive" ] || return 0
	update
	rm -rf "$work"
	mkdir "$work"
	# Not behind ||, which would switch off "set -e" inside.
	set +e
	(
		set -e
		cd "$work"
		"$2"
	) >"$DIRECTORY/$archive.log" 2>&1
	set -e
	if [ ! -s "$work/$archive" ]; then
		tail -n 20 "$DIRECTORY/$archive.log" >&2
		apt_die "cannot make $archive; all of what was said is in $DIRECTORY/$archive.log"
	fi
	mv "$work/$archive" "$DIRECTORY"
	rm -rf "$work"
}

provide libmnl.a unpack_libmnl
provide libsmartcols.a build_smartcols
