#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# deps.sh - install the Debian packages that a part of the project needs, and only those that are
# missing.
#
#	packaging/deps.sh [build] [check] [bench] [demo] [lint] [mailnode] [package] [vm] [static] [cross]	(without any: build)
#
# Each set is complete for its purpose on top of "build". Running it again changes nothing; the
# package lists are fetched only if something is missing.
set -eu

# gcc and libc for the tools, clang and llvm for the programs in the kernel, bpftool for the skeleton.
BUILD="make gcc libc6-dev clang llvm bpftool pkg-config
	libbpf-dev libelf-dev zlib1g-dev libjansson-dev libsmartcols-dev libmnl-dev libc-ares-dev libncurses-dev libmicrohttpd-dev
	libsystemd-dev"

# Namespaces, JSON in shell, ping.
DEMO="iproute2 jq iputils-ping"

# Unit tests, a scanner to be scanned with, somebody else's firewall, a real VPN, a DNS server, a
# real Prometheus, a real browser, leak checks, what the daemon asks of systemd and of the kernel.
CHECK="$DEMO aha chromium chromium-driver curl fail2ban libcmocka-dev logrotate nmap nftables openvpn nsd prometheus prometheus-node-exporter
	libclang-rt-14-dev python3 socat strace systemd tmux valgrind"

# A node with real servers, and the clients that ask them.
MAILNODE="$DEMO curl dovecot-core dovecot-imapd dovecot-lmtpd dovecot-pop3d ldap-utils memcached nginx-light
	openssl postfix postgresql prometheus-node-exporter slapd"

# Virtual machines with kernels of their own, and what is copied into them.
VM="$CHECK qemu-system-x86 busybox-static cpio kmod wireguard-tools ethtool openvpn gojq"

# What make static and make cross need: to unpack sources, and the other machine's compiler.
STATIC="dpkg-dev xz-utils"
CROSS="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"

# Packages: manual pages, .deb and .rpm, a Debian to install them in.
PACKAGE="$STATIC scdoc lintian rpm debootstrap bash-completion"

# The peers that the product is measured beside, and plots.
BENCH="$DEMO nftables iptables xdp-tools ethtool gnuplot-nox"

LINT="clang-tidy clang-format-14 cppcheck shellcheck prometheus python3-jsonschema"

packages_of() {
	case $1 in
	build) echo "$BUILD" ;;
	check) echo "$CHECK" ;;
	demo) echo "$DEMO" ;;
	lint) echo "$LINT" ;;
	bench) echo "$BENCH" ;;
	mailnode) echo "$MAILNODE" ;;
	vm) echo "$VM $STATIC" ;;
	package) echo "$PACKAGE" ;;
	static) echo "$STATIC" ;;
	cross) echo "$CROSS" ;;
	*)
		echo "deps: there is no set \"$1\"; the sets are build, check, bench, demo, lint, mailnode, package, vm, static and cross" >&2
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

# Tests start servers by hand; that a package starts its own as well is not wanted.
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
apt-get -q=2 update
# shellcheck disable=SC2086
apt-get -q=2 install -y --no-install-recommends $missing >/dev/null
echo "deps: done"
