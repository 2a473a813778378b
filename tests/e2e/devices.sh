# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# devices.sh - for tests of devices that are not a cable: make them, or skip. Sourced after lib.sh.

# device_add HOST DEVICE ARGUMENTS...: ip link add, or skip.
device_add() {
	local host=$1 device=$2

	shift 2
	ip -n "$LAB_NAME-$host" link add "$device" "$@" 2>"$LAB_DIR/device.err" && return 0
	lacks "this kernel cannot make the device: link add $* ($(<"$LAB_DIR/device.err"))"
}

device_up() { # HOST DEVICE ADDRESS...
	local host=$1 device=$2 address

	shift 2
	for address in "$@"; do
		ip -n "$LAB_NAME-$host" address add "$address" dev "$device"
	done
	ip -n "$LAB_NAME-$host" link set "$device" up
}

# port_add DEVICE: a second cable to the outside host, port0 there and here, as a port of the device.
port_add() {
	lab_link node port0 outside port0 192.0.2. 2001:db8:12::
	ip -n "$LAB_NAME-node" address flush dev port0
	ip -n "$LAB_NAME-node" link set port0 down
	ip -n "$LAB_NAME-node" link set port0 master "$1"
	ip -n "$LAB_NAME-node" link set port0 up
}

# master_add DEVICE TYPE...: a device over such a cable, with its addresses.
master_add() {
	device_add node "$1" type "${@:2}"
	port_add "$1"
	ip -n "$LAB_NAME-node" address add 2001:db8:12::1/64 dev "$1" nodad
	device_up node "$1" 192.0.2.1/24
}
