#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# room.sh COMMAND... - run a command in a network and a mount namespace of its own, with an
# interface eth0, a bpffs in $ROOM/bpf and a child cgroup $ROOM_CGROUP. All of it goes when the
# command ends: the pins with the mount, the programs with the pins.
set -eu

if [ -z "${ROOM:-}" ]; then
	ROOM=$(mktemp -d "${TMPDIR:-/tmp}/rwbench.XXXXXX")
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || { echo "bench: cgroup v2 is not mounted" >&2; exit 1; }
	ROOM_CGROUP=$root/${ROOM##*/}
	export ROOM ROOM_CGROUP
	mkdir "$ROOM/bpf" "$ROOM_CGROUP"
	trap 'rm -rf --one-file-system "$ROOM"; find "$ROOM_CGROUP" -depth -type d -exec rmdir {} ";"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	unshare --mount --net --propagation private "$0" "$@"
	exit
fi

mount -t bpf bpf "$ROOM/bpf"
ip link set lo up
ip link add eth0 type veth peer name peer0
ip link set eth0 up
ip link set peer0 up
exec "$@"
