#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the demo says where it cannot run: what is missing, and what to do; nothing else, and nothing is made.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# demo_says TEXT COMMAND...: which runs the demo.
demo_says() {
	local text=$1

	shift
	mkdir -p "$LAB_DIR/tmp"
	assert_exit 1 env TMPDIR="$LAB_DIR/tmp" "$@"
	grep -qF -- "$text" <<<"$OUTPUT" || fail "not said: $text; said: $OUTPUT"
	assert_equal 1 "$(grep -c '^[a-z]*: ' <<<"$OUTPUT")" "messages: $OUTPUT"
	assert_equal "" "$(ls "$LAB_DIR/tmp")" "left behind"
}

DEMO=$LAB_ROOT/tests/e2e/demo.sh

test_it_needs_root() {
	demo_says "need root: run it with sudo" setpriv --reuid 65534 --clear-groups "$DEMO"
}

test_it_names_a_program_that_is_not_installed() {
	mkdir "$LAB_DIR/bin"
	ln -s /usr/bin/bash /usr/bin/dirname /usr/bin/id "$LAB_DIR/bin"
	demo_says "ip is not installed; 'make deps' installs it" env PATH="$LAB_DIR/bin" "$DEMO"
}

test_a_build_that_is_missing_is_named() {
	demo_says "is not built; 'make' builds it" env ROLEWALL="$LAB_DIR/nothing" "$DEMO"
}

# A root that may not do what root does, as in most containers.
test_it_needs_namespaces() {
	demo_says "in a container of docker: --privileged" setpriv --bounding-set -sys_admin "$DEMO"
}

# A chroot whose / is no mount point: the demo told its whole story there, and 300 of 300 verdicts disagreed.
test_a_chroot_that_is_no_mount_point_is_named() {
	# shellcheck disable=SC2016
	demo_says "/ is no mount point here" unshare --mount sh -c '
		root=$1/root
		mkdir -p "$root"
		for name in usr etc proc sys dev tmp "${2#/}"; do
			mkdir -p "$root/$name"
			mount --rbind "/$name" "$root/$name" || exit 2
		done
		for name in bin sbin lib lib64; do ln -s usr/$name "$root/$name"; done
		exec chroot "$root" "$2/tests/e2e/demo.sh"' sh "$LAB_DIR" "$LAB_ROOT"
}

# long: the whole demo
test_a_claim_that_is_not_so_is_said_and_is_an_error() {
	printf '#!/bin/sh\ncase " $* " in *" ban "*) exit 0 ;; esac\nexec %s "$@"\n' "$ROLEWALL" >"$LAB_DIR/deceiver"
	chmod +x "$LAB_DIR/deceiver"
	export WEB=${ROLEWALL%/*}/rolewall-web
	assert_exit 1 env ROLEWALL="$LAB_DIR/deceiver" "$DEMO"
	assert_equal 1 "$(grep -c '^   NOT SO  ' <<<"$OUTPUT")" "claims that are not so: $OUTPUT"
	grep -q 'NOT SO  port 25 does not answer' <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 0 "$DEMO"
}

run_tests "$@"
