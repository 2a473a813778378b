#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# build.sh BUILD VERSION - a .deb of what "make package-root" puts into BUILD/deb/root; a pre-release
# is VERSION~PRE. Prints the .deb's path. The programs are static, so it depends on nothing. The same
# root and SOURCE_DATE_EPOCH make the same bytes.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
root=$1/deb/root
version=$2-1
architecture=$(dpkg --print-architecture)
deb=$1/rolewall_${version}_$architecture.deb

# KiB, as dpkg-gencontrol(1) counts: what a file system does with them is another matter.
size() {
	find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' |
		awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }'
}

mkdir -p "$root/DEBIAN" "$root/usr/share/doc/rolewall"
install -m 0644 "$here/copyright" "$root/usr/share/doc/rolewall/copyright"
{
	printf 'rolewall (%s) stable; urgency=medium\n\n' "$version"
	printf '  * See /usr/share/doc/rolewall/changelog.gz.\n\n'
	printf ' -- Rolewall authors <rolewall@lists.rolewall.org>  %s\n' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$root/usr/share/doc/rolewall/changelog.Debian.gz"
# The name that Debian gives it (Policy, 12.7).
(cd "$root/usr/share/doc/rolewall" && gzip -9n <CHANGELOG.md >changelog.gz && rm CHANGELOG.md &&
	sed -i 's,(CHANGELOG\.md),(changelog.gz),' README.md)
install -D -m 0644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/rolewall"

# Nobody but root has reason to read which ports are open to whom.
chmod 0750 "$root/etc/rolewall"
find "$root/etc" -type f -printf '/etc/%P\n' | sort >"$root/DEBIAN/conffiles"
[ -s "$root/DEBIAN/conffiles" ] || rm "$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do
	install -m 0755 "$here/$script" "$root/DEBIAN/$script"
done
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" \
	-e "s/@SIZE@/$(size)/" "$here/control.in" >"$root/DEBIAN/control"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
# Debian 11 and Ubuntu 20.04 know no zstd.
dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
echo "$deb"
