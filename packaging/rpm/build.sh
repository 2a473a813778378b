#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# build.sh BUILD VERSION - a .rpm of what "make package-root" puts into BUILD/rpm/root. Prints its path.
# The same root and SOURCE_DATE_EPOCH make the same bytes. RHEL 8 reads it: xz, SHA-256.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$1/rpm" && pwd)

date=$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')
sed -e "s/@VERSION@/$2/" -e "s/@DATE@/$date/" -e "s,@ROOT@,$top/root," "$here/rolewall.spec.in" >"$top/rolewall.spec"
rpmbuild --quiet --define "_topdir $top" --define '_buildhost localhost' \
	--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
	--define '_binary_payload w9.xzdio' --define '_binary_filedigest_algorithm 8' \
	-bb "$top/rolewall.spec"
find "$top/RPMS" -name "rolewall-$2-1.*.rpm"
