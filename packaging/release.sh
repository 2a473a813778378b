#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# release.sh BUILD VERSION PACKAGE-VERSION - what "make release" publishes, in BUILD/release: the packages
# that are there, an archive of the static programs and all that belongs to them, one of the sources, the
# bill of materials, and SHA256SUMS of these. With SIGN=KEY minisign signs SHA256SUMS with that secret key.
#
# The same commit makes the same bytes: SOURCE_DATE_EPOCH is its time.
set -euo pipefail

BUILD=$1
VERSION=$2
PACKAGE_VERSION=$3
OUT=$BUILD/release
MACHINE=$(uname -m)
umask 022

die() {
	echo "release: $*" >&2
	exit 1
}

[ -e .git ] || die "this needs the repository: the archive of the sources is made of its last commit"
[ -z "$(git status --porcelain --untracked-files=no)" ] || die "commit first: what is built has to be what is published"
rm -rf "$OUT"
mkdir -p "$OUT"
cp "$BUILD/rolewall_$PACKAGE_VERSION-1_$(dpkg --print-architecture).deb" "$BUILD"/rpm/RPMS/*/"rolewall-$PACKAGE_VERSION-1.$MACHINE.rpm" "$OUT"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=gnu \
	--transform="s,^\./,rolewall-$VERSION/," -C "$BUILD/archive/root" -cf - . | gzip -9n >"$OUT/rolewall-$VERSION-linux-$MACHINE.tar.gz"
git -c tar.umask=0022 archive --format=tar --prefix="rolewall-$VERSION/" HEAD | gzip -9n >"$OUT/rolewall-$VERSION.tar.gz"
packaging/sbom.sh "$BUILD" "$VERSION" >"$OUT/rolewall-$VERSION.spdx.json"
(cd "$OUT" && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
if [ -n "${SIGN:-}" ]; then
	minisign -S -s "$SIGN" -m "$OUT/SHA256SUMS" -t "rolewall $VERSION" >/dev/null
fi
ls "$OUT"
