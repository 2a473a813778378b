#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# "make release": the same commit makes the same bytes, in other directories, at other times, by other users'
# habits; the bill of materials names what is linked in; SHA256SUMS holds, and is signed if there is a key. It
# tests the last commit. The libraries that static-libs.sh makes are made once, for both.
#
# long: it builds everything twice

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

VERSION=$(<"$LAB_ROOT/VERSION")

# release_make DIRECTORY [ENV-ARGUMENT...]: clone and release; the result is in DIRECTORY/build/release.
release_make() {
	local directory=$1

	shift
	mkdir -p "${directory%/*}"
	git clone -q "file://$LAB_ROOT" "$directory" || fail "cannot clone"
	mkdir -p "$directory/build"
	cp -a "$LAB_ROOT/build/static-libs" "$directory/build/"
	touch "$directory"/build/static-libs/*.a
	(cd "$directory" && env "$@" make -j2 release) >"$LAB_DIR/make.log" 2>&1 || fail "$(tail -n 20 "$LAB_DIR/make.log")"
}

RELEASE=one/build/release

prepare() {
	[ -e "$LAB_ROOT/.git" ] || skip "this is not the repository"
	command -v rpmbuild >/dev/null || skip "rpm is not installed"
	ls "$LAB_ROOT"/build/static-libs/*.a >/dev/null 2>&1 || skip "make static has not been run"
	[ -e "$LAB_DIR/$RELEASE/SHA256SUMS" ] || release_make "$LAB_DIR/one"
}

# A year and some days later, by a clock that every program of the build reads.
test_two_builds_are_the_same_bytes() {
	local file later

	command -v faketime >/dev/null || skip "faketime is not installed"
	later=$(date +%Y -d "+370 days")
	assert_equal "$later" "$(faketime -f +370d date +%Y)" "the year of the second one"
	(
		umask 077
		release_make "$LAB_DIR/another/directory/of/a/longer/name" TZ=Asia/Kathmandu LC_ALL=C.UTF-8 LANG=tr_TR.UTF-8 \
			HOME="$LAB_DIR" faketime -f +370d
	) || fail "the second one: $(tail -n 20 "$LAB_DIR/make.log")"
	for file in "$LAB_DIR/$RELEASE"/*; do
		cmp "$file" "$LAB_DIR/another/directory/of/a/longer/name/build/release/${file##*/}" || fail "${file##*/} differs"
	done
	assert_equal 6 "$(find "$LAB_DIR/$RELEASE" -type f | wc -l)" "the number of files"
}

test_no_file_knows_where_or_when_it_was_made() {
	local commit

	commit=$(git -C "$LAB_DIR/one" log -1 --format=%ct)
	mkdir "$LAB_DIR/deb"
	dpkg-deb -R "$LAB_DIR/$RELEASE"/*.deb "$LAB_DIR/deb"
	! grep -rlF "$LAB_DIR" "$LAB_DIR/deb" || fail "those name the directory"
	assert_equal "" "$(find "$LAB_DIR/deb/usr" -newermt "@$commit")" "what is newer than the commit"
	assert_equal "$commit" "$(rpm -qp --qf '%{BUILDTIME}' "$LAB_DIR/$RELEASE"/*.rpm)" "when the .rpm was built"
}

test_the_archives_hold_what_they_say() {
	mkdir "$LAB_DIR/root"
	tar -xzf "$LAB_DIR/$RELEASE/rolewall-$VERSION-linux-$(uname -m).tar.gz" -C "$LAB_DIR/root" --strip-components=1
	assert_equal "rolewall $VERSION" "$("$LAB_DIR/root/usr/sbin/rolewall" --version)" "the program in the archive"
	for file in usr/bin/rolewall-web usr/libexec/rolewall/rolewall-names usr/lib/systemd/system/rolewall.service usr/share/rolewall/roles usr/share/man/man8/rolewall.8.gz; do
		[ -e "$LAB_DIR/root/$file" ] || fail "no $file"
	done
	tar -xzf "$LAB_DIR/$RELEASE/rolewall-$VERSION.tar.gz" -C "$LAB_DIR"
	diff -r "$LAB_DIR/rolewall-$VERSION" "$LAB_DIR/one" -x build -x .git || fail "other sources"
}

test_the_bill_of_materials_names_what_is_linked_in() {
	local sbom=$LAB_DIR/$RELEASE/rolewall-$VERSION.spdx.json library

	assert_json '.spdxVersion == "SPDX-2.3" and .SPDXID == "SPDXRef-DOCUMENT" and .creationInfo.created' cat "$sbom"
	assert_json '[.packages[] | select(.SPDXID and .name and .versionInfo and .licenseDeclared and .downloadLocation)] | length == '"$(jq '.packages | length' "$sbom")" cat "$sbom"
	# shellcheck disable=SC2016
	assert_json '([.packages[].SPDXID] | unique) as $ids |
		all(.relationships[]; (.spdxElementId == "SPDXRef-DOCUMENT" or (.spdxElementId | IN($ids[]))) and (.relatedSpdxElement | IN($ids[])))' cat "$sbom"
	for library in libbpf-dev libelf-dev zlib1g-dev libjansson-dev libc-ares-dev libc6-dev; do
		assert_equal "$(dpkg-query -W -f '${Version}' "$library")" \
			"$(jq -r --arg name "$library" '.packages[] | select(.name == $name).versionInfo' "$sbom")" "the version of $library"
	done
	for library in libmnl-dev util-linux libmicrohttpd; do
		jq -e --arg name "$library" 'any(.packages[]; .name == $name)' "$sbom" >/dev/null || fail "$library is missing"
	done
	# The page knows no BPF (docs/architecture.md).
	assert_json 'any(.relationships[]; .spdxElementId == "SPDXRef-program-rolewall-web" and .relatedSpdxElement == "SPDXRef-libbpf-dev") | not' cat "$sbom"
}

test_checksums_hold_and_are_signed_with_a_key() {
	(cd "$LAB_DIR/$RELEASE" && sha256sum -c --quiet SHA256SUMS) || fail "they do not hold"
	assert_equal 5 "$(wc -l <"$LAB_DIR/$RELEASE/SHA256SUMS")" "files with a checksum"
	[ ! -e "$LAB_DIR/$RELEASE/SHA256SUMS.minisig" ] || fail "signed without a key"
	command -v minisign >/dev/null || skip "minisign is not installed"
	minisign -G -W -p "$LAB_DIR/key.pub" -s "$LAB_DIR/key" >/dev/null
	(cd "$LAB_DIR/one" && assert_exit 0 make -j2 release SIGN="$LAB_DIR/key")
	assert_exit 0 minisign -V -p "$LAB_DIR/key.pub" -m "$LAB_DIR/$RELEASE/SHA256SUMS"
	grep -q "rolewall $VERSION" <<<"$OUTPUT" || fail "of another release: $OUTPUT"
	echo >>"$LAB_DIR/one/README.md"
	! OUTPUT=$(cd "$LAB_DIR/one" && make release 2>&1) || fail "released with a change that is not committed"
	grep -q 'commit first' <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
}

run_tests "$@"
