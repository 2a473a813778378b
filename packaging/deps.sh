#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh - install the Debian packages that a part of the project needs, and only those that are
# missing.
#
#	packaging/deps.sh [build] [check] [long] [bench] [demo] [lint] [mailnode] [package] [vm] [static] [cross] [coverage]	(without any: build)
#
# Each set is complete for its purpose on top of "build". Running it again changes nothing; the
# package lists are fetched only if something is missing.
set -eu

# gcc and libc for the tools, clang and llvm for the programs in the kernel, bpftool for the skeleton,
# scdoc for the manual pages of make install.
BUILD="make gcc libc6-dev clang llvm bpftool pkg-config
	libbpf-dev libelf-dev zlib1g-dev libjansson-dev libsmartcols-dev libmnl-dev libc-ares-dev libncurses-dev libmicrohttpd-dev
	scdoc"

# Namespaces, JSON in shell, ping, a terminal, and what asks for the page.
DEMO="iproute2 jq iputils-ping tmux curl"

# Unit tests, a scanner to be scanned with, somebody else's firewall, real VPNs, DNS servers, what the
# daemon asks of systemd and of the kernel.
CHECK="$DEMO ethtool iptables libcmocka-dev logrotate nmap nftables nsd openvpn python3 python3-jsonschema
	socat strace systemd tmux unbound wireguard-tools"

# A node with real servers, and the clients that ask them.
MAILNODE="$DEMO dovecot-core dovecot-imapd dovecot-lmtpd dovecot-pop3d ldap-utils memcached nginx-light
	openssl postfix postgresql prometheus-node-exporter slapd"

# Virtual machines with kernels of their own, and what is copied into them.
VM="$CHECK qemu-system-x86 busybox-static cpio kmod gojq libteam-utils"

# What make static and make cross need: to unpack sources, the other machine's compiler, and the machine.
STATIC="dpkg-dev xz-utils"
CROSS="gcc-aarch64-linux-gnu libc6-dev-arm64-cross libcmocka-dev qemu-system-arm dpkg-dev xz-utils cpio kmod"

# Packages: .deb and .rpm, a Debian to install them in.
PACKAGE="$STATIC git jq lintian rpm rpmlint minisign debootstrap bash-completion faketime"

# A container engine.
CONTAINERS="aardvark-dns busybox-static crun iptables netavark podman"

# All else that is tested: a real browser, a real Prometheus, fail2ban, packages, mail servers, machines; and
# fuzzing.
LONG="$VM $PACKAGE $MAILNODE $CONTAINERS aha chromium chromium-driver fail2ban libclang-rt-14-dev pngquant prometheus"

# The peers that the product is measured beside, and plots.
BENCH="$DEMO nftables iptables xdp-tools ethtool gnuplot-nox"

LINT="clang-tidy clang-format-14 cppcheck shellcheck prometheus python3-jsonschema"

# How much of the code the tests reach.
COVERAGE="gcovr"

packages_of() {
	case $1 in
	build) echo "$BUILD" ;;
	check) echo "$CHECK" ;;
	long) echo "$LONG" ;;
	demo) echo "$DEMO" ;;
	lint) echo "$LINT" ;;
	bench) echo "$BENCH" ;;
	mailnode) echo "$MAILNODE" ;;
	vm) echo "$VM $STATIC" ;;
	package) echo "$PACKAGE" ;;
	static) echo "$STATIC" ;;
	cross) echo "$CROSS" ;;
	coverage) echo "$COVERAGE" ;;
	*)
		echo "deps: there is no set \"$1\"; the sets are build, check, long, bench, demo, lint, mailnode, package, vm, static, cross and coverage" >&2
		exit 2
		;;
	esac
}

is_installed() {
	dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

[ $# -gt 0 ] || set -- build
wanted=
for name in "$@"; do
	list=$(packages_of "$name")
	wanted="$wanted $list"
done

if ! command -v apt-get >/dev/null; then
	echo "deps: this is not Debian or one of its children; install what corresponds to:" >&2
	# shellcheck disable=SC2086
	echo "  " $wanted >&2
	exit 1
fi

missing=
for package in $wanted; do
	is_installed "$package" || missing="$missing $package"
done

if [ -z "$missing" ]; then
	echo "deps: everything for $* is installed"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "deps: missing:$missing" >&2
	echo "deps: install them with: sudo apt-get install --no-install-recommends$missing" >&2
	exit 5
fi

echo "deps: installing$missing"

# Tests start servers by hand: no package starts its own, now or at the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	# Without these it would stay when it is interrupted: dash runs no EXIT trap then.
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 0755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive

install_packages() {
	apt-get -q=2 install -y --no-install-recommends "$@" >/dev/null
}

enabled_units() {
	systemctl list-unit-files --state=enabled --no-legend | awk '{ print $1 }'
}

apt-get -q=2 update
# What comes with systemd itself may stay.
command -v systemctl >/dev/null || [ "${missing#* systemd}" = "$missing" ] || install_packages systemd
if command -v systemctl >/dev/null; then before=$(enabled_units); fi
# shellcheck disable=SC2086
install_packages $missing
if [ -n "${before:-}" ]; then
	for unit in $(enabled_units); do
		printf '%s\n' "$before" | grep -qxF "$unit" || added="${added:-} $unit"
	done
fi
if [ -n "${added:-}" ]; then
	# shellcheck disable=SC2086
	systemctl -q disable $added 2>/dev/null
	echo "deps: installed, but neither started nor enabled:$added"
fi
echo "deps: done"
