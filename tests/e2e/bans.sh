# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# bans.sh - what the tests of bans share. Sourced after lib.sh.

# More faces of the outside host, on the far side of it.
NEIGHBOUR=203.0.113.70

setup() {
	spawn node listeners "$PROBE" listen -t 25 -u 53
	ip -n "$LAB_NAME-outside" address add "$NEIGHBOUR/24" dev eth0
}

prepare() {
	node_file .
	rolewall apply
	rolewall unban --all
}

bans() {
	rolewall --json bans | jq .bans
}
