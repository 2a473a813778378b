#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh IFINDEX PROBE - for test_namespaces.sh: in a user and a network namespace of its own, as an
# unprivileged user makes them (unshare -Urn), a device eth0 of that number, 192.0.2.1, where something
# listens on TCP port 9999. What is at the other end, 192.0.2.2, is reached by "wire COMMAND".
# Then it runs what its standard input says, a line a command, and prints "done" after each.
set -eu

wire() { nsenter --net="/proc/$other/ns/net" "$@"; }

unshare -n sleep infinity &
other=$!
until [ "$(readlink "/proc/$other/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link set lo up
ip link add eth0 index "$1" type veth peer name eth0 netns "$other"
ip link set eth0 up
ip address add 192.0.2.1/24 dev eth0
ip -6 address add 2001:db8:9::1/64 dev eth0 nodad
wire ip link set eth0 up
wire ip address add 192.0.2.2/24 dev eth0
ip route add default via 192.0.2.2
ip -6 route add default dev eth0
"$2" listen -t 9999 >/dev/null &
until "$2" bind tcp 127.0.0.1 0 >/dev/null && ss -Hltn 'sport = 9999' | grep -q 9999; do sleep 0.02; done
echo ready
while read -ra words; do
	"${words[@]}" </dev/null || echo "failed: ${words[*]}"
	echo "done"
done
