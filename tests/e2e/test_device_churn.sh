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
	# shellcheck disable=SC2016
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
	# shellcheck disable=SC2016
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

# --- many of them ---------------------------------------------------------------------------------

LISTED=60 # beside the three of the lab: the most there may be

node_file_of_many() { # [FIRST]
	local first=${1:-0}

	node_file ".interfaces += ([range($first; $first + $LISTED) | { key: \"many\(.)\", value: { zone: \"internal\" } }] | from_entries)"
}

covered_count() {
	status_value '[.interfaces[] | select(.hook == "xdp")] | length'
}

# How many programs a command loads; how long it takes is said.
loads_of() { # FILE COMMAND...
	local file=$1 start=$EPOCHREALTIME loaded

	shift
	node strace -f -qq -e trace=bpf -o "$file" "$ROLEWALL" "${LAB_INSTANCE[@]}" "$@" >/dev/null 2>&1 ||
		fail "$*: exit $?"
	loaded=$(grep -c 'BPF_PROG_LOAD.* = [0-9]' "$file") || true
	echo "# $*: $(elapsed "$start"), $loaded programs loaded" >&2
	echo "$loaded"
}

# What a program is loaded for is not an interface: the first apply of 63 took 6 s and more, and so did
# the way back.
test_the_number_of_interfaces_is_not_the_number_of_programs() {
	local few many

	command -v strace >/dev/null || skip "strace is not installed"
	rolewall down || true
	few=$(loads_of "$LAB_DIR/few" apply)
	rolewall down
	node_file_of_many
	many=$(loads_of "$LAB_DIR/many" apply)
	assert_equal "$few" "$many" "programs loaded for 63 interfaces, and for 3"
	assert_equal 63 "$(covered_count)" "interfaces that XDP covers"
	node_file .
	# Those that probe what the kernel can.
	few=$(loads_of "$LAB_DIR/same" apply)
	assert_equal 3 "$(covered_count)" "interfaces that XDP covers"
	[ "$(loads_of "$LAB_DIR/back" rollback)" -le "$few" ] || fail "the way back loads programs"
	assert_equal 63 "$(covered_count)" "interfaces that XDP covers"
}

# A slot is never taken from the policy in force, so that the way back stays open.
test_all_interfaces_can_be_replaced_by_others() {
	node_file_of_many
	assert_exit 0 rolewall apply
	node_file_of_many "$LISTED"
	assert_exit 0 rolewall apply
	assert_equal 63 "$(covered_count)" "interfaces that XDP covers"
	assert_exit 0 rolewall rollback
	assert_equal 63 "$(covered_count)" "interfaces that XDP covers"
}

run_tests "$@"
