#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# static-libs.sh DIRECTORY - put libmnl.a, libsmartcols.a and libmicrohttpd.a into DIRECTORY. Debian 12 ships
# none of the first two, and the third with TLS, whose libraries it does not ship. What is compiled here has no
# path of this machine in it. FROM says what each was made of: "ARCHIVE SOURCE VERSION".
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

# source_get PACKAGE: unpacked into tree, where it then is.
source_get() {
	apt_own apt-get -q=2 --download-only source "$1"
	dpkg-source --no-check -x "$1"_*.dsc tree
	cd tree
	export CFLAGS="-O2 -fstack-protector-strong -ffile-prefix-map=$PWD=."
}

build_smartcols() {
	source_get util-linux
	./configure --quiet --enable-static --disable-shared --disable-all-programs \
		--enable-libsmartcols --disable-nls --without-ncurses --without-ncursesw \
		--without-tinfo --without-udev --without-systemd --without-python
	# The patches are newer than what autotools made; that is no reason to need autotools.
	make -s -j"$(nproc)" ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libsmartcols.la
	cp .libs/libsmartcols.a ..
}

build_microhttpd() {
	source_get libmicrohttpd
	./configure --quiet --enable-static --disable-shared --disable-https --disable-doc --disable-examples \
		--disable-curl --disable-bauth --disable-dauth --disable-postprocessor
	make -s -j"$(nproc)" -C src/microhttpd ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libmicrohttpd.la
	cp src/microhttpd/.libs/libmicrohttpd.a ..
}

# What lies in the directory says what it is: the name of a .deb or .dsc has the version, but no epoch.
origin() { # DIRECTORY
	local file

	file=$(basename "$(find "$1" -maxdepth 1 \( -name '*.dsc' -o -name '*.deb' \) | head -n 1)")
	file=${file%.dsc}
	file=${file%_*.deb}
	printf '%s %s\n' "${file%%_*}" "${file#*_}"
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
	echo "$archive $(origin "$work")" >>"$DIRECTORY/FROM"
	mv "$work/$archive" "$DIRECTORY"
	rm -rf "$work"
}

provide libmnl.a unpack_libmnl
provide libsmartcols.a build_smartcols
provide libmicrohttpd.a build_microhttpd
