#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sbom.sh BUILD VERSION - the bill of materials of the static programs, SPDX 2.3 as JSON, on stdout.
#
# The linker's maps say which archives each program was linked from; dpkg, or static-libs/FROM, which
# package that was and of what version. An archive whose licence is not known here is an error.
set -euo pipefail

BUILD=$1
VERSION=$2
# Empty if static-libs.sh found all it wanted elsewhere.
FROM=${STATIC_LIBS:-$BUILD/static-libs}/FROM

die() {
	echo "sbom: $*" >&2
	exit 1
}

licence() { # NAME
	case $1 in
	libbpf*) echo "LGPL-2.1-only OR BSD-2-Clause" ;;
	libelf*) echo "LGPL-3.0-or-later OR GPL-2.0-or-later" ;;
	zlib*) echo "Zlib" ;;
	libjansson* | libc-ares*) echo "MIT" ;;
	libncurses*) echo "X11-distribute-modifications-variant" ;;
	libc6-dev) echo "LGPL-2.1-or-later" ;;
	libgcc-*) echo "GPL-3.0-or-later WITH GCC-exception-3.1" ;;
	libmnl* | util-linux | libmicrohttpd) echo "LGPL-2.1-or-later" ;;
	*) die "$1 is linked in; what is its licence?" ;;
	esac
}

# What a program was linked from, a path a line: "Archive member included" is one's reason.
archives() { # MAP
	sed -n '/^Archive member included/,/^Discarded input sections\|^There are no discarded/p' "$1" |
		sed -nE 's/^(\/[^ ()]+\.a|[^ ()]+\.a)\(.*/\1/p' | sort -u
}

# origin ARCHIVE: "NAME VERSION" of the package that it came from; nothing for our own.
origin() {
	local file package

	file=$(readlink -f "$1")
	case $file in
	*/librolewall.a) return ;;
	"$(readlink -f "$(dirname "$FROM")")"/*)
		awk -v archive="${file##*/}" '$1 == archive { name = $2; version = $3 } END { print name, version }' "$FROM"
		;;
	*)
		package=$(dpkg -S "$1" "$file" 2>/dev/null | head -n 1 | cut -d: -f1)
		[ -n "$package" ] || die "no package has $1"
		dpkg-query -W -f '${Package} ${Version}\n' "$package" | head -n 1
		;;
	esac
}

# Lines "PROGRAM NAME VERSION", of which each is there once.
links() {
	local program archive

	for program in rolewall rolewall-web rolewall-names; do
		while read -r archive; do
			origin "$archive" | sed "s/^/$program /"
		done < <(archives "$BUILD/static/$program.map")
	done | sort -u
}

LINKS=$(links)
while read -r _ name version; do
	[ -n "$version" ] || die "nothing says of which version $name is"
	jq -n --arg name "$name" --arg version "$version" --arg licence "$(licence "$name")" '{
		name: $name, SPDXID: "SPDXRef-\($name)", versionInfo: $version,
		supplier: "Organization: Debian", downloadLocation: "NOASSERTION", filesAnalyzed: false,
		licenseConcluded: $licence, licenseDeclared: $licence, copyrightText: "NOASSERTION",
		externalRefs: [{referenceCategory: "PACKAGE-MANAGER", referenceType: "purl",
			referenceLocator: "pkg:deb/debian/\($name)@\($version | @uri)"}]}'
done < <(cut -d' ' -f1- <<<"$LINKS" | sort -u -k2,2) | jq -s . >"$BUILD/sbom.packages"

jq -n --slurpfile packages "$BUILD/sbom.packages" --arg links "$LINKS" --arg version "$VERSION" \
	--arg digest "$(sha256sum "$BUILD/static/rolewall" "$BUILD/static/rolewall-web" "$BUILD/static/rolewall-names" | cut -d' ' -f1 | sha256sum | cut -c1-32)" \
	--arg created "$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" '
	def program($name): {name: $name, SPDXID: "SPDXRef-program-\($name)", versionInfo: $version,
		supplier: "Organization: Rolewall authors", downloadLocation: "NOASSERTION", filesAnalyzed: false,
		licenseConcluded: "GPL-2.0-only", licenseDeclared: "GPL-2.0-only", copyrightText: "2026 Rolewall authors"};
	{
		spdxVersion: "SPDX-2.3", dataLicense: "CC0-1.0", SPDXID: "SPDXRef-DOCUMENT", name: "rolewall-\($version)",
		documentNamespace: "https://rolewall.org/spdx/rolewall-\($version)-\($digest)",
		creationInfo: {created: $created, creators: ["Organization: Rolewall authors", "Tool: packaging/sbom.sh"]},
		packages: ([program("rolewall", "rolewall-web", "rolewall-names")] + $packages[0]),
		relationships: ([("rolewall", "rolewall-web", "rolewall-names") | {spdxElementId: "SPDXRef-DOCUMENT",
				relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-program-\(.)"}] +
			[$links | split("\n")[] | split(" ") | {spdxElementId: "SPDXRef-program-\(.[0])",
				relationshipType: "STATIC_LINK", relatedSpdxElement: "SPDXRef-\(.[1])"}])
	}'
rm -f "$BUILD/sbom.packages"
