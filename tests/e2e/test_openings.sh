#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Openings: a port is open to a source for a while, and never longer, whoever is alive.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

NEIGHBOUR=203.0.113.70
WHY=(--reason "a test")

# Port 9999 is nobody's; 5432 is open to internal only.
setup() {
	spawn node listeners "$PROBE" listen -t 5432,9999 -u 9999
	ip -n "$LAB_NAME-outside" address add "$NEIGHBOUR/24" dev eth0
}

prepare() {
	local id

	node_file .
	rolewall -q apply
	for id in $(rolewall --json openings | jq '.openings[].id'); do
		rolewall -q close "$id"
	done
}

openings() {
	rolewall --json openings | jq .openings
}

# --- what it opens --------------------------------------------------------------------------------

test_an_opening_admits_its_source_to_its_port_and_nothing_else() {
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999 -s "$NEIGHBOUR"
	assert_answer silent outside udp "$NODE_EXTERNAL" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 9999
}

test_udp_and_ipv6_can_be_opened() {
	assert_exit 0 rolewall open 9999/udp --from 203.0.113.64/26 --for 1h "${WHY[@]}"
	assert_answer open outside udp "$NODE_EXTERNAL" 9999 -s "$NEIGHBOUR"
	assert_answer silent outside udp "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall open 5432/tcp --from 2000::/3 --force --for 1h "${WHY[@]}"
	assert_answer open outside tcp "$NODE6_EXTERNAL" 5432
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
}

test_the_list_says_who_why_and_until_when() {
	SUDO_USER=anna assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h --reason "the vendor"
	assert_json "length == 1 and (.[0] | .source == \"$OUTSIDE\" and .port == 9999 and .proto == \"tcp\"
		and .who == \"anna\" and .reason == \"the vendor\" and (.id | type) == \"number\"
		and (.expires | test(\"^[0-9]{4}-\")))" openings
	rolewall openings | grep -q "the vendor" || fail "not in the table"
}

test_a_closed_opening_is_over() {
	local id

	assert_exit 0 rolewall --json open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	id=$(jq .id <<<"$OUTPUT")
	assert_exit 0 rolewall close "$id"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_exit 1 rolewall close "$id"
	assert_json 'length == 0' openings
}

test_a_ban_goes_before_an_opening() {
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 0 rolewall ban "$OUTSIDE"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall unban "$OUTSIDE"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

# --- how long -------------------------------------------------------------------------------------

assert_shut() {
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9999
}

# The same as a question: what fails, fails in a shell of its own.
is_shut() {
	(assert_shut) >/dev/null
}

test_an_opening_ends_in_the_kernel_with_nobody_alive() {
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for "$((2 + PATIENCE))s" "${WHY[@]}"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	wait_for 5 is_shut || fail "it does not end"
	# It was the program that ended it: the entry is still in the map, since nobody has removed it.
	assert_equal 1 "$(bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/openings" | jq length)" \
		"entries in the map"
	assert_json 'length == 0' openings
}

# A machine that was suspended: the clock that stood still meanwhile is behind. Here it is ahead, for
# the one command.
test_an_opening_ends_by_the_clock_that_suspend_does_not_stop() {
	local program

	unshare --time true 2>/dev/null || skip "no time namespaces"
	assert_exit 0 node unshare --time --monotonic 1000000 --fork "$ROLEWALL" "${LAB_INSTANCE[@]}" open 9999 --from "$OUTSIDE" \
		--for "$((2 + PATIENCE))s" "${WHY[@]}"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	wait_for 10 is_shut || fail "it does not end"
	needs ringbuf "before 5.8 programs have no such clock"
	program=$(ip -n "$LAB_NAME-node" -j link show dev eth0 | jq '.[0].xdp.prog.id')
	bpftool prog dump xlated id "$program" | grep -q bpf_ktime_get_boot_ns || fail "the program asks another clock"
}

test_it_takes_a_time_and_not_a_long_one() {
	assert_exit 2 rolewall open 9999 --from "$OUTSIDE" "${WHY[@]}"
	assert_exit 2 rolewall open 9999 --from "$OUTSIDE" --for 0s "${WHY[@]}"
	assert_exit 2 rolewall open 9999 --from "$OUTSIDE" --for 25h "${WHY[@]}"
	assert_exit 2 rolewall open 9999 --from "$OUTSIDE" --for 31d "${WHY[@]}" --force
	assert_exit 2 rolewall open 9999 --for 1h "${WHY[@]}"
	assert_exit 2 rolewall open 9999 --from "$OUTSIDE" --for 1h
	assert_exit 2 rolewall open 0 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 2 rolewall open 9999/sctp --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 2 rolewall open 65536 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 1 rolewall open 9999 --from ::/0 --force --for 1h "${WHY[@]}"
	assert_json 'length == 0' openings
	assert_shut
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 25h "${WHY[@]}" --force
}

# --- one inside the other -------------------------------------------------------------------------

test_a_narrower_opening_does_not_shut_out_whom_a_wider_one_admits() {
	assert_exit 0 rolewall open 9999 --from 203.0.113.0/24 --for 1h "${WHY[@]}"
	assert_exit 1 rolewall open 9999 --from "$OUTSIDE" --for 1s "${WHY[@]}"
	grep -q "admits .* already" <<<"$OUTPUT" || fail "the reason is not said: $OUTPUT"
	assert_exit 0 rolewall open 9999/udp --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 2h "${WHY[@]}"
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999 -s "$NEIGHBOUR"
}

test_a_wider_opening_takes_the_place_of_a_narrower_one_that_ends_sooner() {
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1s "${WHY[@]}"
	assert_exit 0 rolewall open 9999 --from 203.0.113.0/24 --for 1h "${WHY[@]}"
	sleep 1 # the end of the first
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_json '[.[].source] == ["203.0.113.0/24"]' openings
}

test_an_opening_can_be_made_longer() {
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1s "${WHY[@]}"
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	sleep 1 # the end of the first
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_json 'length == 1' openings
	assert_exit 1 rolewall open 9999 --from "$OUTSIDE" --for 1s "${WHY[@]}"
}

# --- what survives --------------------------------------------------------------------------------

test_an_opening_survives_a_change_of_policy() {
	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	node_file '.roles = []'
	rolewall -q apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

# For the maps a `down` is what a reboot is.
test_after_a_reboot_the_time_that_is_left_is_left_and_no_more() {
	local ends

	assert_exit 0 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 0 rolewall open 5432 --from "$OUTSIDE" --for 1s "${WHY[@]}"
	ends=$(openings | jq -r '.[] | select(.port == 9999) | .expires')
	rolewall -q down
	sleep 1 # the end of the second
	rolewall -q apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
	assert_answer silent outside tcp "$NODE_EXTERNAL" 5432
	assert_json "length == 1 and .[0].port == 9999 and .[0].expires <= \"$ends\"" openings
}

restored_from() { # LINE: of openings.tsv, after a reboot
	local line size

	rolewall -q down
	line=$(printf '%b' "$1")
	size=$((47 + ${#line} + 1)) # the heading has 47 bytes
	printf '#rolewall openings 2 %012d %012d\n%s\n' $size $size "$line" >"$LAB_DIR/lib/openings.tsv"
	rolewall -q apply
}

test_a_file_cannot_make_an_opening_permanent() {
	local now

	now=$(date +%s)
	restored_from "203.0.113.2\t0\troot\t$now\twhy\t9999/tcp\t1"
	assert_json 'length == 0' openings
	assert_shut
	# Made an hour from now, says the file: this clock is wrong, and nobody knows what time is left.
	restored_from "203.0.113.2\t$((now + 7200))\troot\t$((now + 3600))\twhy\t9999/tcp\t1"
	assert_json 'length == 0' openings
	assert_shut
	restored_from "203.0.113.2\t$((now + 7200))\troot\t$now\twhy\t9999/tcp\t1"
	assert_json 'length == 1' openings
	assert_answer open outside tcp "$NODE_EXTERNAL" 9999
}

test_nothing_can_be_opened_where_nothing_is_applied() {
	rolewall -q down
	assert_exit 3 rolewall open 9999 --from "$OUTSIDE" --for 1h "${WHY[@]}"
	assert_exit 3 rolewall openings
}

run_tests "$@"
