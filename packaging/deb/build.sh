#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# build.sh BUILD VERSION - a .deb of what "make install" puts into BUILD/deb/root; a pre-release
# is VERSION~PRE. Prints the .deb's path.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
work=$1/deb
root=$work/root
version=$2-1
architecture=$(dpkg --print-architecture)
deb=$1/rolewall_${version}_$architecture.deb

mkdir -p "$root/DEBIAN" "$root/usr/share/doc/rolewall"
install -m 0644 "$here/copyright" "$root/usr/share/doc/rolewall/copyright"
{
	printf 'rolewall (%s) stable; urgency=medium\n\n' "$version"
	printf '  * See /usr/share/doc/rolewall/changelog.gz.\n\n'
	printf ' -- Rolewall authors <rolewall@lists.rolewall.org>  %s\n' "$(date -R)"
} | gzip -9n >"$root/usr/share/doc/rolewall/changelog.Debian.gz"
# The name that Debian gives it (Policy, 12.7).
(cd "$root/usr/share/doc/rolewall" && gzip -9n <CHANGELOG.md >changelog.gz && rm CHANGELOG.md &&
	sed -i 's,(CHANGELOG\.md),(changelog.gz),' README.md)
find "$root/usr/share/man" -type f ! -name '*.gz' -exec gzip -9nf {} +
find "$root/usr/sbin" "$root/usr/bin" -type f -exec strip --strip-unneeded {} + 2>/dev/null || true

# dpkg-shlibdeps wants a source tree around it.
mkdir -p "$work/debian"
printf 'Source: rolewall\n\nPackage: rolewall\nArchitecture: any\n' >"$work/debian/control"
depends=$(cd "$work" && find root/usr/sbin root/usr/bin -type f -print0 2>/dev/null |
	xargs -0 dpkg-shlibdeps -O --ignore-missing-info 2>/dev/null | sed -n 's/^shlibs:Depends=//p')

# Nobody but root has reason to read which ports are open to whom.
chmod 0750 "$root/etc/rolewall"
find "$root/etc" -type f -printf '/etc/%P\n' >"$root/DEBIAN/conffiles"
[ -s "$root/DEBIAN/conffiles" ] || rm "$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do
	install -m 0755 "$here/$script" "$root/DEBIAN/$script"
done
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" \
	-e "s/@SIZE@/$(du -sk --exclude=DEBIAN "$root" | cut -f1)/" "$here/control.in" >"$root/DEBIAN/control"
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
dpkg-deb --root-owner-group --build "$root" "$deb" >/dev/null
echo "$deb"
