# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# lab.sh - a node and its neighbours in network namespaces. Sourced by the tests and the demo.
#
#                        outside  203.0.113.2   2001:db8:1::2  --- far  198.51.100.2  2001:db8:4::2
#                          |                        (1500)  path of 1300 bytes  (1500)
#     inside --- eth1 -- [node] -- vpn0 --- vpn
#  172.16.0.2             eth0            10.8.0.2
#  2001:db8:2::2                          2001:db8:3::2
#
# The node's address is .1 on each link. eth0 is external, eth1 internal; vpn0 stands for the VPN
# device. Every process of the node runs in a child cgroup of its own, and bpffs is mounted in a
# temporary directory, so that a lab touches nothing of the machine. lab_remove takes everything
# away again; lab_create sees to it that it runs however the script ends.
#
# The variables are for those who source this:
# shellcheck disable=SC2034

export LC_ALL=C
LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ROLEWALL=${ROLEWALL:-$LAB_ROOT/build/rolewall}
PROBE=${PROBE:-$LAB_ROOT/build/tests/e2e/probe}
ROLES_DIR=${ROLES_DIR:-$LAB_ROOT/roles}
SEED=${SEED:-$LAB_ROOT/tests/unit/seed-ports.tsv} # the page's table, typed by hand

# A busy machine is late: every deadline is this many times as long. What passes waits for none of them.
export PATIENCE=${PATIENCE:-6}

NODE_EXTERNAL=203.0.113.1
NODE_INTERNAL=172.16.0.1
NODE_VPN=10.8.0.1
NODE6_EXTERNAL=2001:db8:1::1
NODE6_INTERNAL=2001:db8:2::1
NODE6_VPN=2001:db8:3::1
OUTSIDE=203.0.113.2
OUTSIDE6=2001:db8:1::2
GATEWAY=203.0.113.254 # of the node: another address of the host outside, for no ban reaches a gateway
GATEWAY6=2001:db8:1::fe
INSIDE=172.16.0.2
INSIDE6=2001:db8:2::2
VPN=10.8.0.2
VPN6=2001:db8:3::2
FAR=198.51.100.2
FAR6=2001:db8:4::2

LAB_DIR=
LAB_NAME=
LAB_CGROUP=
LAB_NETNS=()
LAB_CONTAINERS=() # hosts whose processes share the node's cgroup
LAB_INSTANCE=() # the arguments that make a Rolewall this lab's own

# --- building -------------------------------------------------------------------------------------

lab_die() {
	echo "lab: $*" >&2
	exit 1
}

lab_check_tools() {
	local tool

	[ "$(id -u)" = 0 ] || lab_die "network namespaces need root: run it with sudo"
	for tool in ip nsenter jq bpftool ping; do
		command -v "$tool" >/dev/null || lab_die "$tool is not installed; 'make deps' installs it"
	done
	for tool in "$ROLEWALL" "$PROBE"; do
		[ -x "$tool" ] || lab_die "$tool is not built; 'make' builds it"
	done
}

# What no package brings: said before anything is made, with what to do.
lab_check_machine() {
	local said

	[ -e /proc/self/ns/net ] || lab_die "/proc is not mounted here: mount -t proc proc /proc"
	[ -e /sys/kernel ] || lab_die "/sys is not mounted here: mount -t sysfs sysfs /sys"
	said=$(unshare --net --mount true 2>&1) && return
	case $said in
	*propagation*) lab_die "/ is no mount point here, as in a chroot, and namespaces need one: leave the chroot, and
  enter it again by: mount --bind DIRECTORY DIRECTORY; chroot DIRECTORY" ;;
	*) lab_die "no namespaces can be made here ($said); in a container of docker: --privileged" ;;
	esac
}

# Where cgroup v2 is mounted; mounted in the lab's own directory if the machine has none.
lab_cgroup_create() {
	local root said

	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	if [ -z "$root" ]; then
		root=$LAB_DIR/cgroup2
		mkdir "$root"
		said=$(mount -t cgroup2 cgroup2 "$root" 2>&1) || lab_die "cgroup v2 cannot be mounted here: $said"
	fi
	said=$(mkdir "$root/$LAB_NAME" 2>&1) ||
		lab_die "no cgroup can be made here ($said); in a container of docker: --privileged --cgroupns=host"
	LAB_CGROUP=$root/$LAB_NAME
}

lab_bpffs_create() {
	local said

	mkdir "$LAB_DIR/bpf"
	said=$(mount -t bpf bpf "$LAB_DIR/bpf" 2>&1) || lab_die "the BPF file system cannot be mounted here: $said"
	said=$(bpftool map create "$LAB_DIR/bpf/trial" type array key 4 value 4 entries 1 name trial 2>&1) ||
		lab_die "BPF cannot be used here: $said"
	rm "$LAB_DIR/bpf/trial"
}

lab_netns_add() { # NAME
	local netns=$LAB_NAME-$1

	ip netns add "$netns"
	LAB_NETNS+=("$netns")
	# No delay before an address may be used, and no mercy for asymmetric routes.
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$netns" sh -c '
		for key in all default; do
			echo 0 >/proc/sys/net/ipv4/conf/$key/rp_filter
			echo 0 >/proc/sys/net/ipv6/conf/$key/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/$key/accept_ra
			echo 0 >/proc/sys/net/ipv6/conf/$key/disable_ipv6
		done'
	ip -n "$netns" link set lo up
}

# A cable between two namespaces, with an IPv4 and an IPv6 network: .1/::1 at the first end.
lab_link() { # NETNS1 DEVICE1 NETNS2 DEVICE2 IPV4-PREFIX. IPV6-PREFIX::
	local one=$LAB_NAME-$1 two=$LAB_NAME-$3

	ip -n "$one" link add "$2" type veth peer name "$4" netns "$two"
	ip -n "$one" address add "${5}1/24" dev "$2"
	ip -n "$two" address add "${5}2/24" dev "$4"
	ip -n "$one" address add "${6}1/64" dev "$2" nodad
	ip -n "$two" address add "${6}2/64" dev "$4" nodad
	ip -n "$one" link set "$2" up
	ip -n "$two" link set "$4" up
}

lab_route_default() { # NETNS IPV4 IPV6
	ip -n "$LAB_NAME-$1" route add default via "$2"
	ip -n "$LAB_NAME-$1" -6 route add default via "$3"
}

lab_create() {
	local netns

	lab_check_tools
	lab_check_machine
	LAB_NAME=rw$$
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap lab_remove EXIT
	LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/$LAB_NAME.XXXXXX")
	lab_bpffs_create
	lab_cgroup_create
	LAB_INSTANCE=(--config "$LAB_DIR/node.json" --roles-dir "$ROLES_DIR"
		--state-dir "$LAB_DIR/state" --lib-dir "$LAB_DIR/lib"
		--bpffs "$LAB_DIR/bpf/rolewall" --cgroup "$LAB_CGROUP")

	for netns in node outside inside vpn far; do
		lab_netns_add "$netns"
	done
	lab_link node eth0 outside eth0 203.0.113. 2001:db8:1::
	lab_link node eth1 inside eth0 172.16.0. 2001:db8:2::
	lab_link node vpn0 vpn eth0 10.8.0. 2001:db8:3::
	lab_link outside far far eth0 198.51.100. 2001:db8:4::
	# Deprecated: it sends from none of the two by itself.
	ip -n "$LAB_NAME-outside" address add "$GATEWAY/24" dev eth0
	ip -n "$LAB_NAME-outside" address add "$GATEWAY6/64" dev eth0 nodad preferred_lft 0
	lab_route_default node "$GATEWAY" "$GATEWAY6"
	lab_route_default outside "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	lab_route_default inside "$NODE_INTERNAL" "$NODE6_INTERNAL"
	lab_route_default vpn "$NODE_VPN" "$NODE6_VPN"
	lab_route_default far 198.51.100.1 2001:db8:4::1
	# The bottleneck: outside hands on at most 1300 bytes to far, which itself believes in 1500.
	ip -n "$LAB_NAME-outside" link set far mtu 1300
	outside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	node_file .
}

# --- taking away ----------------------------------------------------------------------------------

lab_kill() { # PID...
	local pid

	for pid in "$@"; do
		kill -KILL "$pid" 2>/dev/null || continue
		# A child of this shell, whose end would be reported otherwise; or none of ours.
		wait "$pid" 2>/dev/null || continue
	done
}

lab_remove() {
	local netns pids

	# What is left to do is done even if a part of it fails, and nothing interrupts it.
	trap '' INT TERM HUP
	trap - EXIT
	set +e
	for netns in "${LAB_NETNS[@]}"; do
		mapfile -t pids < <(ip netns pids "$netns" 2>/dev/null)
		lab_kill "${pids[@]}"
		ip netns delete "$netns"
	done
	LAB_NETNS=()
	lab_cgroup_remove
	[ -n "$LAB_DIR" ] || return 0
	umount "$LAB_DIR/bpf" 2>/dev/null
	umount "$LAB_DIR/cgroup2" 2>/dev/null
	rm -rf --one-file-system "$LAB_DIR"
	LAB_DIR=
}

# A process that was killed just now may still be leaving.
lab_cgroup_remove() {
	[ -n "$LAB_CGROUP" ] && [ -d "$LAB_CGROUP" ] || return 0
	wait_for 2 rmdir "$LAB_CGROUP" 2>/dev/null || echo "lab: $LAB_CGROUP is still in use" >&2
}

# --- running things -------------------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until the command succeeds; never less than ten.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + ($1 > 10 ? $1 : 10) * PATIENCE * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

# lab_exec HOST COMMAND...: become the command, in that host's namespace.
lab_exec() {
	local host=$1

	shift
	if [ "$host" = node ] || [[ " ${LAB_CONTAINERS[*]} " = *" $host "* ]]; then
		echo "$BASHPID" >"$LAB_CGROUP/cgroup.procs" || exit 1
	fi
	exec nsenter --net="/run/netns/$LAB_NAME-$host" -- "$@"
}

node() { (lab_exec node "$@"); }
outside() { (lab_exec outside "$@"); }
inside() { (lab_exec inside "$@"); }
vpn() { (lab_exec vpn "$@"); }
far() { (lab_exec far "$@"); }

rolewall() { node "$ROLEWALL" "${LAB_INSTANCE[@]}" "$@"; }

# launch HOST LABEL COMMAND...: run it in the background; its output goes to $LAB_DIR/LABEL.out, its
# number to $LAB_DIR/LABEL.pid. Its standard input is the file $LAB_DIR/LABEL.in, if there is one.
launch() {
	local host=$1 label=$2 input=/dev/null

	shift 2
	[ -e "$LAB_DIR/$label.in" ] && input=$LAB_DIR/$label.in
	: >"$LAB_DIR/$label.out"
	: >"$LAB_DIR/$label.err"
	(lab_exec "$host" "$@") <"$input" >"$LAB_DIR/$label.out" 2>"$LAB_DIR/$label.err" &
	echo $! >"$LAB_DIR/$label.pid"
}

# spawn HOST LABEL COMMAND...: launch it, and return when it has printed its first line.
spawn() {
	launch "$@"
	wait_for 10 lab_spoke "$2" || lab_die "$2 says nothing; $(<"$LAB_DIR/$2.err")"
}

lab_spoke() {
	[ -s "$LAB_DIR/$1.out" ]
}

# stop LABEL: end what spawn began.
stop() {
	[ -s "$LAB_DIR/$1.pid" ] || return 0
	lab_kill "$(<"$LAB_DIR/$1.pid")"
	rm -f "$LAB_DIR/$1.pid"
}

# With links (6.6), and by filters on clsact.
by_links_and_filters() { # COMMAND...
	local off

	for off in none tcx; do
		export ROLEWALL_PROBE_OFF=$off
		rolewall -q down 2>/dev/null || true
		"$@"
		stop daemon
	done
	rolewall -q down 2>/dev/null || true
	unset ROLEWALL_PROBE_OFF
}

# --- policies -------------------------------------------------------------------------------------

LAB_ALL_ROLES='"mta","proxy","postgres","directory-server","appserver","videoserver","mesh"'

# node_file JQ-FILTER: write the node file; the filter changes it from "all roles, enforce". Cables are veth
# devices, which "auto" leaves to tc: those that the filter says nothing of have XDP.
node_file() {
	jq -n --argjson roles "[$LAB_ALL_ROLES]" '{
		version: 1, node: "mail1.example.com", profile: "carbonio-ce-23.10", roles: $roles,
		interfaces: {
			eth0: { zone: "external" },
			eth1: { zone: "internal" },
			vpn0: { zone: "vpn" }
		},
		mode: "enforce"
	} | ('"$1"') | (.interfaces | objects) |= with_entries(
		if (.key | test("^(eth|vpn|late|wan|many|port|uplink)[0-9]*$|^lan[.]1$")) and (.value | type == "object")
		then .value.hook //= "xdp" else . end)' >"$LAB_DIR/node.json"
}

# --- the seed -------------------------------------------------------------------------------------

# What the seed page says, without asking Rolewall: lines "PROTO PORT ZONE,ZONE..." for every port
# that the roles open. Arguments: "ROLE ROLE ..." and "SERVICE ..." (those behind the VPN).
seed_open() {
	awk -F '\t' -v roles="every-node $1" -v vpn_only="$2" '
	BEGIN {
		split(roles, list, " "); for (i in list) is_role[list[i]] = 1
		split(vpn_only, list2, " "); for (i in list2) is_vpn[list2[i]] = 1
	}
	/^#/ || NF < 5 || !($1 in is_role) { next }
	{
		key = $4 " " $3
		if ($2 == "internal") add(key, "internal")
		else if ($5 in is_vpn) add(key, "vpn")
		else { add(key, "external"); add(key, "internal"); add(key, "vpn") }
		# The one row where the design departs from the page: ssh through the VPN as well.
		if ($5 == "ssh") add(key, "vpn")
	}
	function add(key, zone) { if (!((key, zone) in has)) { has[key, zone] = 1
		zones[key] = zones[key] (zones[key] ? "," : "") zone } }
	END { for (key in zones) print key, zones[key] }
	' "$SEED" | sort -k1,1 -k2,2n
}

# Every port number of the page, ascending, whatever role and protocol.
seed_ports() {
	awk -F '\t' '!/^#/ && NF >= 5 { print $3 }' "$SEED" | sort -nu
}
