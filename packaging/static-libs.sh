#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# static-libs.sh DIRECTORY [arm64] - put libmnl.a, libsmartcols.a and libmicrohttpd.a into DIRECTORY. Debian 12
# ships none of the first two, and the third with TLS, whose libraries it does not ship. What is compiled here has
# no path of this machine in it. FROM says what each was made of: "ARCHIVE SOURCE VERSION".
#
# For arm64 all other libraries come as well, in the versions whose headers this machine has, and cmocka.
set -euo pipefail

[ $# -ge 1 ] || { echo "usage: $0 DIRECTORY [arm64]" >&2; exit 2; }
export APT_ARCHITECTURE=${2:-amd64}
CROSS=
[ "$APT_ARCHITECTURE" = amd64 ] || CROSS=aarch64-linux-gnu
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
	# shellcheck disable=SC2046
	apt_update "$(apt_sources deb trixie $([ -z "$CROSS" ] || echo "$release $release-updates $release-security"))" \
		"$(apt_sources deb-src "$release" "$release-updates" "$release-security")"
}

# unpack PACKAGE ARCHIVE: as this machine has it, for the other one.
unpack() {
	apt_own apt-get -q=2 download "$1=$(dpkg-query -W -f '${Version}\n' "$1" | head -n 1)"
	dpkg-deb --fsys-tarfile "$1"_*.deb | tar -xO --wildcards "*/$2" >"$2"
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
	./configure --quiet ${CROSS:+--host="$CROSS"} --enable-static --disable-shared --disable-all-programs \
		--enable-libsmartcols --disable-nls --without-ncurses --without-ncursesw \
		--without-tinfo --without-udev --without-systemd --without-python
	# The patches are newer than what autotools made; that is no reason to need autotools.
	make -s -j"$(nproc)" ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libsmartcols.la
	cp .libs/libsmartcols.a ..
}

build_microhttpd() {
	source_get libmicrohttpd
	./configure --quiet ${CROSS:+--host="$CROSS"} --enable-static --disable-shared --disable-https --disable-doc --disable-examples \
		--disable-curl --disable-bauth --disable-dauth --disable-postprocessor
	make -s -j"$(nproc)" -C src/microhttpd ACLOCAL=: AUTOCONF=: AUTOMAKE=: AUTOHEADER=: libmicrohttpd.la
	cp src/microhttpd/.libs/libmicrohttpd.a ..
}

# One file; its makefiles are cmake's.
build_cmocka() {
	source_get cmocka
	# shellcheck disable=SC2086
	"$CROSS-gcc" $CFLAGS -Iinclude -DHAVE_INTTYPES_H -DHAVE_MALLOC_H -DHAVE_UNISTD_H -DHAVE_STRINGS_H -DHAVE_SIGNAL_H \
		-DHAVE_SETJMP_H -DHAVE_STRUCT_TIMESPEC -c src/cmocka.c -o cmocka.o
	"$CROSS-ar" rcs ../libcmocka.a cmocka.o
}

# What lies in the directory says what it is: the name of a .deb or .dsc has the version, but no epoch.
origin() { # DIRECTORY
	local file

	file=$(basename "$(find "$1" -maxdepth 1 \( -name '*.dsc' -o -name '*.deb' \) | head -n 1)")
	file=${file%.dsc}
	file=${file%_*.deb}
	printf '%s %s\n' "${file%%_*}" "${file#*_}"
}

# provide ARCHIVE COMMAND...: run it in a new directory, where it is to make the archive.
provide() {
	local archive=$1 work=$DIRECTORY/work

	[ ! -e "$DIRECTORY/$archive" ] || return 0
	shift
	update
	rm -rf "$work"
	mkdir "$work"
	# Not behind ||, which would switch off "set -e" inside.
	set +e
	(
		set -e
		cd "$work"
		"$@"
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
if [ -n "$CROSS" ]; then
	provide libbpf.a unpack libbpf-dev libbpf.a
	provide libelf.a unpack libelf-dev libelf.a
	provide libz.a unpack zlib1g-dev libz.a
	provide libjansson.a unpack libjansson-dev libjansson.a
	provide libcares.a unpack libc-ares-dev libcares.a
	provide libncursesw.a unpack libncurses-dev libncursesw.a
	provide libtinfo.a unpack libncurses-dev libtinfo.a
	provide libcmocka.a build_cmocka
fi
