#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many devices, and devices that come and go all the time: a host of containers.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

PAIRS=130

setup() {
	local i

	spawn node listeners "$PROBE" listen -t 25,5432,9999
	for ((i = 0; i < PAIRS; i++)); do
		echo "link add many$i type veth peer name peer$i"
	done | ip -n "$LAB_NAME-node" -batch -
}

prepare() {
	node_file .
}

# news_start SECONDS COMMAND...: commands of ip, over and over, with so long a pause.
news_start() {
	launch node news bash -c 'exec 9<> <(:); pause=$1; shift
		while printf "%s\n" "$@"; do
			read -r -t "$pause" -u 9
		done | ip -force -batch -' bash "$@"
}

# A list of the devices takes the kernel several messages; between two of them something changes.
churn_start() {
	news_start 0.0001 "link add churn0 type bridge" "link del churn0"
}

test_devices_that_come_and_go_hinder_no_command() {
	local i

	churn_start
	for i in 1 2 3 4 5 6 7 8; do
		assert_exit 0 rolewall apply
		assert_exit 0 rolewall status
		assert_exit 0 rolewall check
		assert_exit 0 rolewall plan
	done
	assert_filtering
}

test_devices_that_come_and_go_hinder_no_start_of_the_daemon() {
	local i

	assert_exit 0 rolewall apply
	churn_start
	for i in 1 2 3 4 5 6 7 8; do
		reboot
		daemon_start
		! daemon_said "cannot" || fail "it complains: $(<"$LAB_DIR/daemon.err")"
		assert_filtering
		stop daemon
	done
}

test_devices_that_come_and_go_do_not_hold_a_rollback_up() {
	assert_exit 0 rolewall apply
	node_file '.roles = ["mta"]'
	churn_start
	assert_exit 0 rolewall apply --confirm=2
	wait_for 10 eval '[ "$(status_value .pending)" = null ]' || fail "it was not taken back"
	assert_answer open inside tcp "$NODE_INTERNAL" 5432
}

has_xdp() { # DEVICE
	ip -n "$LAB_NAME-node" -j -d link show dev "$1" | jq -e '.[0] | has("xdp")' >/dev/null
}

# News of one device are no reason to put another off.
test_an_interface_is_covered_while_news_of_others_never_end() {
	trap 'ip -n "$LAB_NAME-node" link delete wan9' EXIT
	node_file '.interfaces.wan9 = { zone: "external" }'
	assert_exit 0 rolewall apply
	daemon_start
	news_start 0.005 "link set dev many0 mtu 1400" "link set dev many0 mtu 1500"
	sleep 0.1
	ip -n "$LAB_NAME-node" link add wan9 type veth peer name peer-wan9
	wait_for 10 has_xdp wan9 || fail "it is not covered: $(<"$LAB_DIR/daemon.err")"
	kill -0 "$(<"$LAB_DIR/news.pid")" || fail "the news ended before"
}

run_tests "$@"
