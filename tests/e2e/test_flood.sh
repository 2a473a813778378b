#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Floods of SYNs: every single packet is counted, under the right reason, and either attributed to
# its source or said to be unattributed.
#
# also long: a million packets each

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

PACKETS=${FLOOD_PACKETS:-$(sized 1000000 100000)} # in each of the floods

setup() {
	spawn node listeners "$PROBE" listen -t 7,22,25
	rolewall apply || lab_die "apply failed"
	# The flood is not to wait for ARP: what queues up behind it is lost.
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null || lab_die "the node does not answer a ping"
}

test_a_flood_from_a_source_for_each_packet_is_counted_to_the_packet() {
	local before arrived

	before=$(drops_value not-open)
	arrived=$(flood "$PACKETS" -s 198.18.0.0 -n "$PACKETS" "$NODE_EXTERNAL" 7)
	assert_equal $((before + arrived)) "$(drops_value not-open)" "not-open drops"
	assert_books_balance
	# More sources than the table holds: forgetting is allowed, hiding it is not. Nobody reads
	# events, so that none is made.
	assert_json '.unattributed > 0 and .settled == 0' rolewall --json status
}

test_one_source_is_counted_and_attributed_to_the_packet() {
	local before arrived

	before=$(drops_value not-open)
	arrived=$(flood "$PACKETS" -s 192.0.2.66 "$NODE_EXTERNAL" 9)
	assert_equal $((before + arrived)) "$(drops_value not-open)" "not-open drops"
	assert_books_balance
	assert_json "[.attempts[] | select(.source == \"192.0.2.66\" and .port == 9)] | length == 1
		and .[0].packets == $arrived and .[0].bytes >= 40 * $arrived
		and .[0].reason == \"not-open\" and .[0].proto == \"tcp\" and .[0].interface == \"eth0\"" \
		rolewall --json blocked
}

test_a_flood_against_a_closed_zone_is_counted_in_the_rule() {
	local before arrived

	before=$(drops_value zone-denied)
	arrived=$(flood "$PACKETS" -s 198.18.0.0 -n 5000 "$NODE_EXTERNAL" 22)
	assert_equal $((before + arrived)) "$(drops_value zone-denied)" "zone-denied drops"
	assert_json "[.rules[] | select(.service == \"ssh\" and .proto == \"tcp\")][0].dropped
		== $((before + arrived))" rolewall --json show
	assert_books_balance
}

test_an_open_port_answers_during_a_flood() {
	spawn_flood
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	kill -0 "$(<"$LAB_DIR/flood.pid")" || fail "the flood was over before the question"
	stop flood
	assert_books_balance
}

# Long enough to still be running when the question is asked; ends with the test.
spawn_flood() {
	local before

	before=$(drops_value not-open)
	launch outside flood "$PROBE" flood -n 100000 -c 1000000000 "$NODE_EXTERNAL" 7
	wait_for 5 flood_arrives "$before"
}

flood_arrives() {
	[ "$(drops_value not-open)" -gt "$1" ]
}

run_tests "$@"
