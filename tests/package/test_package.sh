#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What users install: the .deb and the .rpm in a Debian 12 and a Debian 11 of their own (whose C library and
# systemd are as old as Ubuntu 20.04's), "make install", and the static binary where there is nothing else.
# Expects them built: "make check-package".
#
# long: it makes a Debian

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

deb_of() { # PACKAGE-VERSION
	echo "$LAB_ROOT/build/rolewall_$1-1_$(dpkg --print-architecture).deb"
}

rpm_of() { # PACKAGE-VERSION
	find "$LAB_ROOT/build/rpm/RPMS" -name "rolewall-$1-1.*.rpm" 2>/dev/null | head -n 1
}

PACKAGE_VERSION=$(tr - '~' <"$LAB_ROOT/VERSION")
DEB=$(deb_of "$PACKAGE_VERSION")
RPM=$(rpm_of "$PACKAGE_VERSION")
STATIC=$LAB_ROOT/build/static/rolewall

# debian_make [SUITE]: made once in build/ and copied for each test; systemd is there, and does not run. Debian
# 11's has no merged /usr, as machines that were upgraded from Debian 9 or Ubuntu 18.04.
debian_make() {
	local suite=${1:-bookworm} pristine=$LAB_ROOT/build/debian-${1:-bookworm} layout=--merged-usr

	[ "$suite" != bullseye ] || layout=--no-merged-usr
	if [ ! -e "$pristine/.complete" ]; then
		rm -rf --one-file-system "$pristine"
		# The machine's own mirror.
		# shellcheck disable=SC2016
		debootstrap --variant=minbase $layout --include=systemd "$suite" "$pristine" \
			"$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)" >"$LAB_DIR/debootstrap.log" 2>&1 ||
			fail "debootstrap: $(tail -n 5 "$LAB_DIR/debootstrap.log")"
		touch "$pristine/.complete"
	fi
	rm -rf --one-file-system "$LAB_DIR/debian"
	cp -a --reflink=auto "$pristine" "$LAB_DIR/debian"
	cp "$DEB" "$LAB_DIR/debian/rolewall.deb"
}

in_debian() {
	unshare --mount --net chroot "$LAB_DIR/debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}

# Every file but the package manager's own notes.
files_of_debian() {
	(cd "$LAB_DIR/debian" && find . -xdev \( -path ./var/lib/dpkg -o -path ./var/log/dpkg.log -o -path ./var/log/alternatives.log -o -path ./var/cache -o -path ./proc -o -path ./sys \) \
		-prune -o -printf '%y %m %P\n' | sort)
}

# In an unshared namespace of mounts only: it fetches packages.
in_debian_online() {
	# shellcheck disable=SC2016
	unshare --mount sh -c 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"' sh \
		"$LAB_DIR/debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}

enabled_in_debian() {
	in_debian systemctl list-unit-files --state=enabled --no-legend | awk '{ print $1 }'
	find "$LAB_DIR/debian/etc" -path '*/rc[2-5].d/S*' -printf '%f\n' | sort -u
}

# What the tests install may not begin with the next boot: nsd and openvpn want to.
test_what_the_tests_install_is_not_enabled() {
	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make
	cp "$LAB_ROOT/packaging/deps.sh" "$LAB_DIR/debian/deps.sh"
	cp /etc/resolv.conf "$LAB_DIR/debian/etc/"
	assert_exit 0 in_debian_online apt-get -q=2 update
	enabled_in_debian >"$LAB_DIR/before"
	assert_exit 0 in_debian_online /deps.sh check
	for unit in nsd openvpn; do
		[ -e "$LAB_DIR/debian/lib/systemd/system/$unit.service" ] || fail "$unit is not there: $OUTPUT"
		grep -q "neither started nor enabled:.* $unit.service" <<<"$OUTPUT" || fail "it is not said of $unit: $OUTPUT"
	done
	enabled_in_debian | diff "$LAB_DIR/before" - || fail "that is what the next boot begins with"
	[ ! -e "$LAB_DIR/debian/usr/sbin/policy-rc.d" ] || fail "policy-rc.d is left"
}

test_the_deb_installs_tells_what_is_next_and_purges_clean() {
	local directory

	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make
	files_of_debian >"$LAB_DIR/before"
	assert_exit 0 in_debian dpkg -i /rolewall.deb
	grep -q 'nothing is enforced yet' <<<"$OUTPUT" || fail "it does not say what is next: $OUTPUT"
	assert_equal "rolewall $(<"$LAB_ROOT/VERSION")" "$(in_debian rolewall --version)" "the version"
	assert_exit 0 in_debian getent group rolewall
	in_debian rolewall roles mta | grep -q '25 *smtp\|smtp.*25' || fail "no roles"
	# Before there is a policy "status" says so, and "down" has nothing to do.
	assert_exit 3 in_debian rolewall down

	# The units find everything that they name; sysinit.target would come with systemd.
	mkdir -p "$LAB_DIR/debian/run/systemd/system"
	printf '[Unit]\nDescription=System Initialization\n' >"$LAB_DIR/debian/run/systemd/system/sysinit.target"
	OUTPUT=$(systemd-analyze verify --root="$LAB_DIR/debian" --man=no rolewall.service rolewall-web.service \
		rolewall-names.socket rolewall-names@.service 2>&1) ||
		fail "verify: $OUTPUT"
	assert_equal "" "$(grep rolewall <<<"$OUTPUT" || true)" "what systemd says of the units"
	rm -r "$LAB_DIR/debian/run/systemd/system"

	# Only the daemon is enabled unasked; what an administrator enables goes, too.
	assert_exit 0 systemctl --root="$LAB_DIR/debian" is-enabled rolewall.service
	assert_exit 1 systemctl --root="$LAB_DIR/debian" is-enabled rolewall-web.service
	assert_exit 0 systemctl --root="$LAB_DIR/debian" enable rolewall-web.service
	assert_exit 0 in_debian dpkg -i /rolewall.deb
	assert_exit 0 systemctl --root="$LAB_DIR/debian" is-enabled rolewall-web.service

	# What a node has by then.
	for directory in etc var/lib var/log run; do
		mkdir -p "$LAB_DIR/debian/$directory/rolewall"
		echo ours >"$LAB_DIR/debian/$directory/rolewall/file"
	done
	touch "$LAB_DIR/debian/etc/default/rolewall" "$LAB_DIR/debian/etc/default/rolewall-web"
	assert_exit 0 in_debian dpkg -r rolewall
	! grep error <<<"$OUTPUT" || fail "nothing was applied, and that is no error: $OUTPUT"
	assert_equal ours "$(<"$LAB_DIR/debian/etc/rolewall/file")" "the node file after the removal"
	assert_exit 0 in_debian dpkg -P rolewall
	files_of_debian >"$LAB_DIR/after"
	# groupadd leaves copies of its files.
	diff <(grep -vE 'etc/(group|gshadow)-?$' "$LAB_DIR/before") <(grep -vE 'etc/(group|gshadow)-?$' "$LAB_DIR/after") ||
		fail "purging leaves something or takes too much"
	assert_exit 2 in_debian getent group rolewall
}

# --- a whole life, on a kernel that is there ------------------------------------------------------

# beside_kernel COMMAND...: on the node of the lab, in the root directory of that Debian, which has in its /sys
# and /proc the lab's pins and cgroup where the program looks for them unasked.
beside_kernel() {
	# shellcheck disable=SC2016
	(lab_exec node unshare --mount sh -c '
		mount --bind /sys "$1/sys" && mount --bind "$2" "$1/sys/fs/bpf" && mount --bind "$3" "$1/sys/fs/cgroup" &&
			mount -t proc proc "$1/proc" || exit 1
		cd "$1" && shift 3 && exec "$@"' sh "$LAB_DIR/debian" "$LAB_DIR/bpf" "$LAB_CGROUP" "$@")
}

CLEAN=(/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C)

in_node() { beside_kernel chroot . "${CLEAN[@]}" "$@"; }
in_node_as_follower() { beside_kernel chroot --userspec=nobody:rolewall . "${CLEAN[@]}" "$@"; }

# What a .deb and a .rpm do, with the package managers that they are for: dpkg in there, rpm from outside.
package_install() { # FORMAT FILE
	case $1 in
	deb) cp "$2" "$LAB_DIR/debian/it.deb" && in_node dpkg -i /it.deb ;;
	# An rpm knows nothing of the shell that dpkg has put there.
	rpm) beside_kernel rpm --root "$LAB_DIR/debian" --nodeps -U "$2" ;;
	esac
}

package_remove() { # FORMAT
	case $1 in
	deb) in_node dpkg -r rolewall ;;
	rpm) beside_kernel rpm --root "$LAB_DIR/debian" -e rolewall ;;
	esac
}

# package_next FORMAT: the same in the next revision; prints the file.
package_next() {
	local tree=$LAB_DIR/next

	rm -rf "$tree"
	case $1 in
	deb)
		dpkg-deb -R "$DEB" "$tree"
		sed -i 's/^Version: .*/Version: 99.0-1/' "$tree/DEBIAN/control"
		dpkg-deb -Zxz -b "$tree" "$LAB_DIR/next.deb" >/dev/null
		echo "$LAB_DIR/next.deb"
		;;
	rpm)
		mkdir -p "$tree/rpm"
		cp -a "$LAB_ROOT/build/rpm/root" "$tree/rpm/root"
		SOURCE_DATE_EPOCH=1700000000 "$LAB_ROOT/packaging/rpm/build.sh" "$tree" 99.0
		;;
	esac
}

assert_node_filters() {
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
}

# Nothing but the commands of the units: there is no systemd that runs.
services_start() {
	in_node rolewall serve >"$LAB_DIR/daemon.out" 2>"$LAB_DIR/daemon.err" &
	echo $! >"$LAB_DIR/daemon.pid"
	wait_for 20 grep -q serving "$LAB_DIR/daemon.err" || fail "the daemon does not start: $(<"$LAB_DIR/daemon.err")"
	assert_equal "srw-rw---- rolewall" "$(in_node stat -c '%A %G' /run/rolewall/rolewall.sock)" "the socket of the daemon"
	in_node_as_follower rolewall-web >"$LAB_DIR/web.out" 2>"$LAB_DIR/web.err" &
	echo $! >"$LAB_DIR/web.pid"
	wait_for 20 node curl -sf http://127.0.0.1:7373/ -o "$LAB_DIR/page" || fail "no page: $(<"$LAB_DIR/web.err")"
	grep -qi rolewall "$LAB_DIR/page" || fail "another page: $(<"$LAB_DIR/page")"
}

# verify UNIT...: what that Debian's own systemd says; it makes a cgroup for itself and leaves it.
verify() {
	in_node systemd-analyze verify --man=no "$@" 2>&1 || true
	find "$LAB_CGROUP" -mindepth 1 -depth -type d -exec rmdir {} +
}

assert_units_are_read() {
	local units=/usr/lib/systemd/system

	OUTPUT=$(verify $units/rolewall.service $units/rolewall-web.service $units/rolewall-names.socket)
	assert_equal "" "$(grep rolewall <<<"$OUTPUT" || true)" "what $(in_debian systemctl --version | head -n 1) says of the units"
	sed 's/^ProtectHome=/ProtectEverything=/' "$LAB_DIR/debian$units/rolewall.service" >"$LAB_DIR/debian/planted.service"
	OUTPUT=$(verify /planted.service)
	grep -q ProtectEverything <<<"$OUTPUT" || fail "it does not read units: $OUTPUT"
}

# life FORMAT FILE SUITE: install, start, upgrade, remove; what is in force, too.
life() {
	local generation next

	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make "$3"
	trap 'stop web; stop daemon; in_node rolewall -q down || true' EXIT
	assert_exit 0 package_install "$1" "$2"
	grep -q 'nothing is enforced yet' <<<"$OUTPUT" || fail "it does not say what is next: $OUTPUT"
	assert_exit 0 in_debian getent group rolewall
	assert_units_are_read

	node_file '.roles = ["mta"] | .vpn_only = []'
	cp "$LAB_DIR/node.json" "$LAB_DIR/debian/etc/rolewall/node.json"
	spawn node listeners "$PROBE" listen -t 25,5432
	assert_exit 0 in_node rolewall apply
	services_start
	assert_node_filters
	generation=$(in_node rolewall --json status | jq .generation)

	next=$(package_next "$1")
	assert_exit 0 package_install "$1" "$next"
	! grep -q 'nothing is enforced yet' <<<"$OUTPUT" || fail "an upgrade is no first installation: $OUTPUT"
	assert_equal "$generation" "$(in_node rolewall --json status | jq .generation)" "the generation after the upgrade"
	assert_node_filters
	stop web
	stop daemon

	assert_exit 0 package_remove "$1"
	grep -q 'the filter is taken away' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432
	[ ! -e "$LAB_DIR/debian/usr/sbin/rolewall" ] || fail "the program stays"
	[ -e "$LAB_DIR/debian/etc/rolewall/node.json" ] || fail "the node file is gone"
}

test_the_deb_lives_on_debian_12() { life deb "$DEB" bookworm; }
test_the_deb_lives_on_debian_11() {
	life deb "$DEB" bullseye
	assert_exit 0 in_debian dpkg -P rolewall
	[ ! -e "$LAB_DIR/debian/etc/rolewall" ] || fail "the node file stays"
	assert_exit 2 in_debian getent group rolewall
}

test_the_rpm_lives_on_a_system_as_old() {
	command -v rpm >/dev/null || skip "rpm is not installed"
	life rpm "$RPM" bullseye
}

# Neither systemd's tool nor, where that is missing, groupadd is taken for granted.
test_the_group_is_made_without_systemd() {
	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make
	rm "$LAB_DIR/debian/usr/bin/systemd-sysusers"
	assert_exit 0 in_debian dpkg -i /rolewall.deb
	assert_exit 0 in_debian getent group rolewall
	debian_make
	rm "$LAB_DIR/debian/usr/sbin/groupadd"
	assert_exit 0 in_debian dpkg -i /rolewall.deb
	assert_exit 0 in_debian getent group rolewall
}

test_the_packages_need_nothing() {
	assert_equal "" "$(dpkg-deb -f "$DEB" Depends)" "what the .deb depends on"
	command -v rpm >/dev/null || skip "rpm is not installed"
	assert_equal /bin/sh "$(rpm -qpR "$RPM" | grep -v '^rpmlib(' | sort -u)" "what the .rpm depends on"
	# What rpm 4.14 of RHEL 8 can read.
	assert_equal "xz 8" "$(rpm -qp --qf '%{PAYLOADCOMPRESSOR} %{FILEDIGESTALGO}' "$RPM")" "how it is packed"
}

# --- when the filter cannot be taken away ---------------------------------------------------------

# A kernel with a filter and a systemd this root has not: "rolewall down" that answers with STATUS, and
# units that run, whose every command is written down.
down_exits() { # STATUS
	local program

	mkdir -p "$LAB_DIR/debian/run/systemd/system"
	printf '#!/bin/sh\necho "$@" >/asked\necho "down: status %s" >&2\nexit %s\n' "$1" "$1" >"$LAB_DIR/debian/usr/sbin/rolewall"
	printf '#!/bin/sh\necho "$@" >>/units\n' >"$LAB_DIR/debian/usr/bin/systemctl"
	for program in usr/sbin/rolewall usr/bin/systemctl; do
		chmod 755 "$LAB_DIR/debian/$program"
	done
}

assert_repairable() {
	grep -q 'down: status 5' <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
	grep -q 'the package stays' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	grep -q '^stop ' "$LAB_DIR/debian/units" || fail "the units are not stopped"
	assert_equal "start rolewall.service rolewall-web.service" "$(tail -n 1 "$LAB_DIR/debian/units")" "what is started again"
}

test_the_deb_goes_only_when_the_filter_is_gone() {
	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make
	assert_exit 0 in_debian dpkg -i /rolewall.deb
	down_exits 5
	assert_exit 1 in_debian dpkg -r rolewall
	assert_repairable
	assert_equal "-q down" "$(<"$LAB_DIR/debian/asked")" "what the program was asked"
	# shellcheck disable=SC2016
	in_debian dpkg-query -W -f '${db:Status-Abbrev}' rolewall | grep -q '^.i' || fail "it is gone all the same"
	assert_exit 0 systemctl --root="$LAB_DIR/debian" is-enabled rolewall.service
	down_exits 0
	assert_exit 0 in_debian dpkg -r rolewall
	grep -q 'the filter is taken away' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
}

test_the_rpm_goes_only_when_the_filter_is_gone() {
	local preun

	command -v rpm >/dev/null || skip "rpm is not installed"
	command -v debootstrap >/dev/null || skip "debootstrap is not installed"
	debian_make
	preun=$(rpm -qp --qf '%{PREUN}' "$RPM")
	down_exits 5
	assert_exit 1 in_debian sh -c "$preun" preun 0
	assert_repairable
	down_exits 3
	assert_exit 0 in_debian sh -c "$preun" preun 0
	assert_equal "" "$OUTPUT" "what it says when nothing was applied"
	down_exits 0
	assert_exit 0 in_debian sh -c "$preun" preun 0
	grep -q 'the filter is taken away' <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
}

# The program inside is the one that is built already.
test_a_pre_release_sorts_first_and_has_the_same_modes_whatever_the_umask() {
	local deb rpm

	(
		umask 077
		assert_exit 0 make -C "$LAB_ROOT" --no-print-directory deb rpm VERSION=1.0.0-rc.1
	)
	deb=$(deb_of '1.0.0~rc.1')
	rpm=$(rpm_of '1.0.0~rc.1')
	mv "$deb" "$LAB_DIR/rc.deb"
	mv "$rpm" "$LAB_DIR/rc.rpm"
	assert_equal '1.0.0~rc.1-1' "$(dpkg-deb -f "$LAB_DIR/rc.deb" Version)" "the version for dpkg"
	assert_exit 0 dpkg --compare-versions '1.0.0~rc.1-1' lt 1.0.0-1
	assert_equal '1.0.0~rc.1-1' "$(rpm -qp --qf '%{VERSION}-%{RELEASE}' "$LAB_DIR/rc.rpm")" "the version for rpm"
	assert_equal ./etc/rolewall/ "$(dpkg-deb -c "$LAB_DIR/rc.deb" | awk 'substr($1, 8, 1) != "r" { print $6 }')" "what not everybody may read in the .deb"
	assert_equal /etc/rolewall "$(rpm -qplv "$LAB_DIR/rc.rpm" | awk 'substr($1, 8, 1) != "r" { print $9 }')" "what not everybody may read in the .rpm"
}

test_the_deb_has_no_errors_for_lintian() {
	command -v lintian >/dev/null || skip "lintian is not installed"
	# It leaves files in its temporary directory.
	TMPDIR=$LAB_DIR assert_exit 0 lintian --fail-on error --no-tag-display-limit "$DEB"
}

test_the_rpm_has_no_errors_for_rpmlint() {
	command -v rpmlint >/dev/null || skip "rpmlint is not installed"
	OUTPUT=$(rpmlint -c "$LAB_ROOT/packaging/rpm/rpmlint.toml" "$RPM" 2>&1) || true
	grep -q ' 0 errors' <<<"$OUTPUT" || fail "$OUTPUT"
}

test_the_rpm_has_what_the_deb_has() {
	command -v rpm >/dev/null || skip "rpm is not installed"
	assert_exit 0 rpm --checksig --nosignature "$RPM"
	diff <(dpkg-deb -c "$DEB" | awk '{ print $6 }' | sed 's,^\.,,; s,/$,,' | grep -E '^/(etc/|usr/(s?bin|libexec/|lib/sys(temd|users.d)|share/(man|rolewall|bash)))' |
		grep -vE '^/etc/logrotate.d$|^/usr/(s?bin|lib/(systemd(/system)?|sysusers.d)|share/(man|bash-completion)(/man.|/completions)?)$' | sort) \
		<(rpm -qpl "$RPM" | grep -v '^/usr/share/doc' | sort) || fail "they differ"
	mkdir -p "$LAB_DIR/rpm/var/lib/rpm"
	assert_exit 0 rpm --root "$LAB_DIR/rpm" --nodeps --noscripts -i "$RPM"
	[ -x "$LAB_DIR/rpm/usr/sbin/rolewall" ] || fail "not installed"
	assert_exit 0 rpm --root "$LAB_DIR/rpm" --noscripts -e rolewall
	assert_equal "" "$(find "$LAB_DIR/rpm/usr" "$LAB_DIR/rpm/etc" -type f -path '*rolewall*')" "what stays"
}

test_what_make_installs_make_uninstalls() {
	local here=$LAB_DIR/install

	(
		umask 077
		assert_exit 0 make -C "$LAB_ROOT" --no-print-directory install DESTDIR="$here"
	)
	assert_equal "$here/etc/rolewall" "$(find "$here" ! -perm -o=r)" "what not everybody may read"
	[ -x "$here/usr/sbin/rolewall" ] || fail "not installed"
	# The group that the live page belongs to, where no package makes it.
	assert_equal "g rolewall -" "$(systemd-sysusers --root="$here" --cat-config rolewall.conf | grep -v '^#')" "sysusers.d"
	assert_exit 0 make -C "$LAB_ROOT" --no-print-directory uninstall DESTDIR="$here"
	assert_equal "" "$(find "$here" -type f)" "what stays"
}

# --- the static binary ----------------------------------------------------------------------------

# The mounts are gone when the command ends; the pins are in the lab's bpffs.
alone() { # VERB...
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$LAB_NAME-node" unshare --mount sh -c '
		mount --bind "$1/bpf" "$1/alone/bpf" && mount --bind "$2" "$1/alone/cgroup" && mount --bind /sys "$1/alone/sys"
		root=$1/alone
		shift 2
		exec chroot "$root" /rolewall "$@"' sh "$LAB_DIR" "$LAB_CGROUP" \
		--config /node.json --roles-dir /roles --state-dir /run/rolewall --lib-dir /lib/rolewall \
		--bpffs /bpf/rolewall --cgroup /cgroup "$@"
}

test_the_static_binary_needs_nothing_but_the_kernel() {
	local root=$LAB_DIR/alone

	[ -x "$STATIC" ] || skip "make static has not been run"
	mkdir -p "$root"/{bpf,cgroup,run,sys,lib}
	cp "$STATIC" "$root/rolewall"
	cp -r "$ROLES_DIR" "$root/roles"
	node_file '.roles = ["mta"] | .vpn_only = []'
	cp "$LAB_DIR/node.json" "$root/node.json"
	spawn node listeners "$PROBE" listen -t 25,5432

	assert_equal "rolewall $(<"$LAB_ROOT/VERSION")" "$(chroot "$root" /rolewall --version)" "the version"
	assert_exit 0 alone check
	assert_exit 0 alone apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_json '.applied and .mode == "enforce" and .totals.dropped > 0' alone --json status
	assert_exit 0 alone down
	assert_answer open outside tcp "$NODE_EXTERNAL" 5432
}

run_tests "$@"
