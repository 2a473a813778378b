#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Containers of a real engine, podman, on the node: what netavark publishes and masquerades is judged as
# test_forward.sh has it. The engine lives in namespaces of the lab, with its storage below LAB_DIR; the
# containers' file system is busybox and the probe, so nothing is fetched.
#
# long: a container engine

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/outside.sh
. "$(dirname "$0")/outside.sh"

MAIL=10.89.7.2
MAIL6=fd89::2
WEB=10.89.7.3
WEB6=fd89::3

PUBLISHED='{ name: "web", proto: "tcp", port: 8080, table: "external", about: "the container web" }'

mail() { podman exec mail "$@"; }
web() { podman exec web "$@"; }

setup() {
	LACKS=$(engine_lacks)
	[ -z "$LACKS" ] || return 0
	spawn outside listeners-outside "$PROBE" listen -t 443 -u 123
	spawn far listeners-far "$PROBE" listen -t 443 -u 123
	spawn node listeners-node "$PROBE" listen -t 6071
	node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	engine_start
	podman network create --ipv6 --subnet 10.89.7.0/24 --subnet fd89::/64 box >/dev/null
	container_start mail "$MAIL" "$MAIL6" -p 25:2525 -- listen -t 2525 -u 161
	container_start web "$WEB" "$WEB6" -p 8080:80 -p 5353:7777/udp -- listen -t 80 -u 161,7777
}

engine_lacks() {
	local program

	for program in podman crun busybox iptables-nft /usr/lib/podman/netavark /usr/lib/podman/aardvark-dns; do
		command -v "$program" >/dev/null || { echo "$program is not installed"; return; }
	done
}

# One process number and one mount space for the engine and all that it starts, which end with it. It sees
# cgroup v2 alone, and a /run of its own.
engine_start() {
	ENGINE=$LAB_DIR/engine
	mkdir -p "$ENGINE"/{root,run,tmp,net}
	root_create "$ENGINE/rootfs"
	cat >"$ENGINE/containers.conf" <<-CONF
		[network]
		network_backend = "netavark"
		network_config_dir = "$ENGINE/net"
		[containers]
		cgroups = "disabled"
		log_driver = "none"
		default_ulimits = [ "nofile=1024:1024", "nproc=1024:1024" ]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "none"
		runtime = "crun"
		tmp_dir = "$ENGINE/tmp"
	CONF
	cat >"$ENGINE/storage.conf" <<-CONF
		[storage]
		driver = "vfs"
		graphroot = "$ENGINE/root"
		runroot = "$ENGINE/run"
	CONF
	spawn node engine unshare --mount --pid --fork --kill-child --mount-proc bash -c '
		mount -t tmpfs tmpfs /run
		mount -t tmpfs tmpfs /dev/shm
		umount -R /sys/fs/cgroup 2>/dev/null
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		echo ready
		while :; do sleep 1; done'
	ENGINE_PID=$(pgrep -P "$(<"$LAB_DIR/engine.pid")")
}

root_create() { # DIRECTORY
	local file

	mkdir -p "$1"/{bin,proc,sys,dev,etc,tmp,run}
	cp "$(command -v busybox)" "$1/bin"
	cp "$PROBE" "$1/bin/probe"
	for file in $(ldd "$PROBE" | grep -oE '/[^ ]+'); do
		mkdir -p "$1${file%/*}"
		cp -L "$file" "$1$file"
	done
	for file in sh ping nslookup timeout; do
		ln -s busybox "$1/bin/$file"
	done
}

# in_engine COMMAND...: on the node, with the engine's processes, file systems and configuration.
in_engine() {
	CONTAINERS_CONF=$ENGINE/containers.conf CONTAINERS_STORAGE_CONF=$ENGINE/storage.conf \
		node nsenter --target "$ENGINE_PID" --mount --pid -- "$@"
}

podman() {
	in_engine podman "$@"
}

container_start() { # NAME ADDRESS ADDRESS6 PODMAN-OPTION... -- PROBE-ARGUMENT...
	local name=$1 options=(--ip "$2" --ip6 "$3")

	shift 3
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	podman run -d --name "$name" --network box "${options[@]}" --rootfs "$ENGINE/rootfs" /bin/probe "${@:2}" >/dev/null
}

prepare() {
	[ -z "$LACKS" ] || skip "$LACKS"
	needs conntrack "this kernel's connection tracking cannot be asked"
	rolewall -q down 2>/dev/null || true
	node "$PROBE" untrack
}

# answer_in CONTAINER tcp|udp ADDRESS PORT
answer_in() {
	podman exec "$1" /bin/probe scan -w 15000 "-${2:0:1}" "$4" "$3" | awk '{ print $4 }'
}

containers_are_answered() {
	local address

	assert_equal tracked "$(status_value .forwarding)" "forwarding"
	for address in "$OUTSIDE" "$OUTSIDE6" "$FAR" "$FAR6"; do
		assert_equal open "$(answer_in mail tcp "$address" 443)" "tcp/443 at $address from mail"
		assert_equal open "$(answer_in web udp "$address" 123)" "udp/123 at $address from web"
		mail ping -c 1 -W 15 "$address" >/dev/null || fail "no ping to $address"
	done
	[ "$(status_value .passes.forwarded)" -ge 8 ] || fail "forwarded: $(status_value .passes.forwarded)"
	assert_books_balance
}

test_containers_reach_the_outside() {
	by_each_hook containers_are_answered
}

published_by_outside_number() {
	assert_answer silent outside udp "$NODE_EXTERNAL" 5353
	assert_published_by_outside_number \
		"$PUBLISHED, { name: \"mdns\", proto: \"udp\", port: 5353, table: \"external\" }"
	assert_answer open outside udp "$NODE_EXTERNAL" 5353
	assert_books_balance
}

test_a_published_port_is_open_by_its_outside_number_alone() {
	by_each_hook published_by_outside_number
}

test_container_to_container_is_untouched() {
	local dropped

	only_outside auto
	dropped=$(status_value .totals.dropped)
	assert_equal open "$(answer_in mail tcp "$WEB" 80)" "tcp/80 at web"
	assert_equal open "$(answer_in mail tcp "$WEB6" 80)" "tcp/80 at web"
	assert_equal open "$(answer_in web udp "$MAIL" 161)" "udp/161 at mail"
	mail ping -c 1 -W 15 "$WEB6" >/dev/null
	assert_equal "$dropped" "$(status_value .totals.dropped)" "dropped"
}

test_containers_reach_the_node_by_the_zone_of_their_bridge() {
	local bridge

	bridge=$(ip -n "$LAB_NAME-node" -j link show type bridge | jq -r '.[0].ifname')
	only_outside auto ".interfaces[\"$bridge\"] = { zone: \"internal\", hook: \"cgroup\" }
		| .services = [{ name: \"panel\", proto: \"tcp\", port: 6071, table: \"internal\", about: \"panel\" }]"
	assert_equal open "$(answer_in mail tcp 10.89.7.1 6071)" "tcp/6071 at the node"
	assert_equal open "$(answer_in mail tcp fd89::1 6071)" "tcp/6071 at the node"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 6071
}

# The engine's name server is a process of the node: who asks it comes in by the bridge.
test_containers_find_each_other_by_name_where_the_name_server_is_open() {
	local bridge

	bridge=$(ip -n "$LAB_NAME-node" -j link show type bridge | jq -r '.[0].ifname')
	only_outside auto
	! mail timeout 5 nslookup web 10.89.7.1 >/dev/null || fail "53/udp is open to the bridge, which is not listed"
	only_outside auto ".interfaces[\"$bridge\"] = { zone: \"internal\", hook: \"cgroup\" }
		| .services = [{ name: \"container-names\", proto: \"udp\", port: 53, table: \"internal\" }]"
	mail timeout 30 nslookup web 10.89.7.1 | grep -qF "$WEB" || fail "no answer"
}

audit() {
	rolewall --json audit || [ $? = 10 ]
}

# PROTO/PORT of what is published and shut, in order.
published_closed() {
	audit | jq -j '[.findings[] | select(.kind == "published-closed") | "\(.proto)/\(.port)"] | join(" ")'
}

test_audit_and_init_know_what_is_published() {
	only_outside auto
	assert_equal "tcp/8080 udp/5353" "$(published_closed)" "published, shut"
	in_engine "$ROLEWALL" "${LAB_INSTANCE[@]}" init --force >/dev/null 2>&1 # it asks podman
	assert_json '[.services[] | "\(.proto) \(.port)"] == ["tcp 8080", "udp 5353"]' cat "$LAB_DIR/node.json"
}

# Last: it takes a container away.
test_a_container_that_is_gone_is_published_no_more() {
	only_outside auto ".services = [$PUBLISHED]"
	assert_answer open outside tcp "$NODE_EXTERNAL" 8080
	podman rm -f -t 0 web >/dev/null
	[ "$(outside "$PROBE" scan -w 300 -t 8080 "$NODE_EXTERNAL" | awk '{ print $4 }')" != open ] || fail "it is still there"
}

run_tests "$@"
