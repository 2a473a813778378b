#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# package-root.sh ROOT - what "make install" put into ROOT, as packages want it: stripped, manual pages
# compressed, and nothing newer than SOURCE_DATE_EPOCH.
set -eu

root=$1
find "$root/usr/sbin" "$root/usr/bin" "$root/usr/libexec" -type f -exec strip --strip-unneeded {} +
find "$root/usr/share/man" -type f ! -name '*.gz' -exec gzip -9nf {} +
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
