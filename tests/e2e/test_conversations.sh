#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# UDP: the node's own questions are answered, and nobody who was admitted otherwise ever passes for
# somebody who was asked.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

WHY=(--reason "a test")

# Port 8301 is open to internal only; 161, 4500 and 9999 are nobody's.
setup() {
	spawn node listeners "$PROBE" listen -u 161,8301,9999
	spawn outside server "$PROBE" listen -u 53,4500
	# Outside's address inside, to forge it with.
	ip -n "$LAB_NAME-inside" address add "$OUTSIDE/32" dev lo
	ip -n "$LAB_NAME-inside" route add "$NODE_EXTERNAL/32" via "$NODE_INTERNAL"
}

prepare() {
	node_file .
	rolewall -q apply
	close_all
	stop late
}

close_all() {
	local id

	for id in $(rolewall --json openings | jq '.openings[].id'); do
		rolewall -q close "$id"
	done
}

# exchange answered|silent HOST OPTION... ADDRESS PORT
exchange() {
	local expected=$1 host=$2

	shift 2
	assert_equal "$expected" "$("$host" "$PROBE" exchange "$@")" "$host $*"
}

# The client asks again and again, so that any answer would keep alive what must end.
falls_silent() { # PORT SOURCE-PORT
	[ "$(outside "$PROBE" exchange -w 100 -p "$2" "$NODE_EXTERNAL" "$1")" = silent ]
}

stays_silent() { # PORT SOURCE-PORT
	for _ in {1..5}; do
		exchange silent outside -w 100 -p "$2" "$NODE_EXTERNAL" "$1"
	done
}

# --- what works -----------------------------------------------------------------------------------

test_the_nodes_own_questions_are_answered() {
	exchange answered node "$OUTSIDE" 53
	exchange answered node -c "$OUTSIDE" 53
	exchange answered node "$OUTSIDE6" 53
	exchange answered node -p 123 "$OUTSIDE" 53
	exchange answered node -p 8301 "$OUTSIDE" 53
	exchange answered node -s "$NODE_VPN" "$OUTSIDE" 53
}

# Where a port is open to some, its server may still ask others: NTP, from 123 to 123.
test_a_server_that_serves_some_may_ask_others() {
	exchange answered inside -p 4500 "$NODE_INTERNAL" 8301
	exchange answered node -p 8301 "$OUTSIDE" 4500
	exchange answered outside -p 4500 "$NODE_EXTERNAL" 8301
	exchange silent outside -p 4501 "$NODE_EXTERNAL" 8301
}

# --- what ends ------------------------------------------------------------------------------------

test_an_opening_ends_although_its_client_goes_on_asking() {
	assert_exit 0 rolewall open 9999/udp --from "$OUTSIDE" --for 2s "${WHY[@]}"
	exchange answered outside -p 7001 "$NODE_EXTERNAL" 9999
	wait_for 10 falls_silent 9999 7001 || fail "an opening of 2 s still answers"
	stays_silent 9999 7001
}

test_a_closed_opening_is_over_at_once() {
	assert_exit 0 rolewall --json open 9999/udp --from "$OUTSIDE" --for 1h "${WHY[@]}"
	exchange answered outside -p 7002 "$NODE_EXTERNAL" 9999
	assert_exit 0 rolewall close "$(jq .id <<<"$OUTPUT")"
	stays_silent 9999 7002
}

test_an_answer_after_the_end_of_the_opening_lets_nobody_in() {
	spawn node late "$PROBE" late -d 1500 5000
	assert_exit 0 rolewall open 5000/udp --from "$OUTSIDE" --for 1h "${WHY[@]}"
	exchange silent outside -p 7003 "$NODE_EXTERNAL" 5000
	wait_for 5 grep -q "from $OUTSIDE" "$LAB_DIR/late.out" || fail "it did not come in"
	close_all
	wait_for 10 grep -q "to $OUTSIDE" "$LAB_DIR/late.out" || fail "it was not answered"
	exchange silent outside -p 7003 "$NODE_EXTERNAL" 5000
	assert_equal 1 "$(grep -c "from $OUTSIDE" "$LAB_DIR/late.out")" "datagrams that came in"
}

test_a_stream_that_outlives_its_opening_lets_nobody_in() {
	local sent

	spawn node late "$PROBE" late -e 50 5000
	assert_exit 0 rolewall open 5000/udp --from "$OUTSIDE" --for 1h "${WHY[@]}"
	exchange answered outside -p 7004 "$NODE_EXTERNAL" 5000
	close_all
	sent=$(grep -c "to $OUTSIDE" "$LAB_DIR/late.out")
	wait_for 10 streams $((sent + 10)) || fail "the stream has ended"
	outside "$PROBE" send -p 7004 "$NODE_EXTERNAL" 5000 again
	wait_for 10 streams $((sent + 20)) || fail "the stream has ended"
	assert_equal 1 "$(grep -c "from $OUTSIDE" "$LAB_DIR/late.out")" "datagrams that came in"
}

streams() { # COUNT
	[ "$(grep -c "to $OUTSIDE" "$LAB_DIR/late.out")" -ge "$1" ]
}

test_a_rule_that_goes_is_over_at_once() {
	node_file '.services = [{ name: "own", proto: "udp", port: 5000, table: "external" }]'
	rolewall -q apply
	spawn node late "$PROBE" late -d 2000 5000
	exchange silent outside -p 7005 "$NODE_EXTERNAL" 5000
	wait_for 5 grep -q "from $OUTSIDE" "$LAB_DIR/late.out" || fail "it did not come in"
	node_file .
	rolewall -q apply
	wait_for 10 grep -q "to $OUTSIDE" "$LAB_DIR/late.out" || fail "it was not answered"
	exchange silent outside -p 7005 "$NODE_EXTERNAL" 5000
	assert_equal 1 "$(grep -c "from $OUTSIDE" "$LAB_DIR/late.out")" "datagrams that came in"
}

test_whom_observe_let_in_does_not_stay_in() {
	rolewall -q apply --observe
	exchange answered outside -p 7006 "$NODE_EXTERNAL" 9999
	exchange answered node -p 7106 "$OUTSIDE" 4500
	rolewall -q apply
	stays_silent 9999 7006
	exchange answered node -p 7106 "$OUTSIDE" 4500
}

test_an_answer_after_observe_lets_nobody_in() {
	spawn node late "$PROBE" late -d 2000 5000
	rolewall -q apply --observe
	exchange silent outside -p 7007 "$NODE_EXTERNAL" 5000
	wait_for 5 grep -q "from $OUTSIDE" "$LAB_DIR/late.out" || fail "it did not come in"
	rolewall -q apply
	wait_for 10 grep -q "to $OUTSIDE" "$LAB_DIR/late.out" || fail "it was not answered"
	exchange silent outside -p 7007 "$NODE_EXTERNAL" 5000
	assert_equal 1 "$(grep -c "from $OUTSIDE" "$LAB_DIR/late.out")" "datagrams that came in"
}

# --- what is forged -------------------------------------------------------------------------------

test_a_datagram_forged_inside_lets_nobody_in_outside() {
	exchange silent outside -p 7777 "$NODE_EXTERNAL" 8301
	inside "$PROBE" send -s "$OUTSIDE" -p 7777 "$NODE_EXTERNAL" 8301 forged
	exchange silent outside -p 7777 "$NODE_EXTERNAL" 8301
	# The other way round: who was refused outside stays refused there.
	inside "$PROBE" send -s "$OUTSIDE" -p 7777 "$NODE_EXTERNAL" 8301 forged
	stays_silent 8301 7777
}

test_another_address_of_the_node_did_not_ask() {
	node "$PROBE" send -s "$NODE_VPN" -p 9999 "$OUTSIDE" 6000 question
	exchange silent outside -p 6000 "$NODE_EXTERNAL" 9999
	exchange silent outside -p 6000 "$NODE_INTERNAL" 9999
	exchange answered outside -p 6000 "$NODE_VPN" 9999
}

# --- the list -------------------------------------------------------------------------------------

conversation() { # JQ-FILTER
	rolewall --json conversations | jq -e "any(.conversations[]; $1)" >/dev/null
}

test_conversations_are_listed_and_can_be_flushed() {
	assert_exit 0 rolewall conversations --flush
	assert_exit 0 rolewall conversations
	[[ $OUTPUT = *"no conversations"* ]] || fail "found: $OUTPUT"
	node "$PROBE" send -s "$NODE_VPN" -p 9999 "$OUTSIDE" 6001 question
	conversation ".remote == \"$OUTSIDE\" and .remote_port == 6001 and .local == \"$NODE_VPN\"
		and .port == 9999 and (.age >= 0 and .age < 60) and (.began | test(\"^[0-9-]+T.*:[0-9]{2}\"))
		and .last_sent >= .began and .expires > .last_sent" || fail "not listed"
	assert_exit 0 rolewall conversations
	[[ $OUTPUT = *"$OUTSIDE"*6001*"$NODE_VPN"*9999* ]] || fail "found: $OUTPUT"
	exchange answered outside -p 6001 "$NODE_VPN" 9999
	assert_json '.flushed >= 1' rolewall --json conversations --flush
	exchange silent outside -p 6001 "$NODE_VPN" 9999
	assert_json '.conversations == []' rolewall --json conversations
}

run_tests "$@"
