#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Datagrams in fragments arrive, in every order, while somebody fills the kernel's memory for them as far as
# he can; and a flood of pings from one zone costs another none.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	spawn outside dns "$PROBE" listen -u 53
}

prepare() {
	node_file .
	assert_exit 0 rolewall apply
	assert_pings "before" 100
}

# assert_pings WHEN BYTES [HOST]: both families, both ways.
assert_pings() {
	local host=${3:-inside} address

	for address in "$NODE_INTERNAL" "$NODE6_INTERNAL"; do
		[ "$host" = inside ] || break
		inside ping -q -c 3 -i 0.01 -W 5 -s "$2" "$address" >/dev/null ||
			fail "$1: inside cannot ping $address with $2 bytes"
	done
	for address in "$NODE_EXTERNAL" "$NODE6_EXTERNAL"; do
		[ "$host" = outside ] || break
		outside ping -q -c 3 -i 0.01 -W 5 -s "$2" "$address" >/dev/null ||
			fail "$1: outside cannot ping $address with $2 bytes"
	done
}

# Datagrams that the node's kernel has put together so far.
reassembled() {
	# shellcheck disable=SC2016
	node awk '$1 == "Ip:" && $2 == "Forwarding" { for (i = 2; i <= NF; i++) if ($i == "ReasmOKs") at = i }
		$1 == "Ip:" && $2 != "Forwarding" { sum += $at } $1 == "Ip6ReasmOKs" { sum += $2 }
		END { print sum }' /proc/net/snmp /proc/net/snmp6
}

# assert_pieces ORDER COUNT HOST SOURCE TARGET PORT: all of them are put together.
assert_pieces() {
	local before

	before=$(reassembled)
	"$3" "$PROBE" pieces "$1" "$2" "$4" "$5" 4000 "$6" 6000
	# shellcheck disable=SC2317,SC2329
	are_there() { [ "$(reassembled)" -ge $((before + $2)) ]; }
	wait_for 10 are_there "$@" ||
		fail "$1 from $4: $(($(reassembled) - before)) of $2 were put together; $(rolewall status)"
}

# Bytes that the kernel holds for incomplete datagrams, by its own count.
memory_held() {
	# shellcheck disable=SC2016
	node awk '$1 == "FRAG:" || $1 == "FRAG6:" { sum += $5 } END { print sum }' \
		/proc/net/sockstat /proc/net/sockstat6
}

strays() { # COUNT MICROSECONDS
	outside "$PROBE" strays "$OUTSIDE" "$NODE_EXTERNAL" "$1" "$2"
	outside "$PROBE" strays "$OUTSIDE6" "$NODE6_EXTERNAL" "$1" "$2"
}

test_1800_later_fragments_from_outside_stop_no_reassembly() {
	local before

	before=$(drops_value fragment-flood)
	strays 1800 0 >/dev/null
	echo "held: $(memory_held) bytes"
	# Two families, a third of a third of 4 MiB each.
	[ "$(memory_held)" -lt 1000000 ] || fail "the kernel holds $(memory_held) bytes"
	assert_pings "after 1,800 later fragments" 6000
	# Nor outside: what comes first fragment first has room of its own.
	assert_pings "after 1,800 later fragments" 6000 outside
	assert_pieces forward 50 inside "$INSIDE" "$NODE_INTERNAL" 8301
	assert_pieces shuffled 50 inside "$INSIDE" "$NODE_INTERNAL" 8301
	assert_pieces shuffled 50 inside "$INSIDE6" "$NODE6_INTERNAL" 8301
	[ "$(drops_value fragment-flood)" -ge $((before + 3000)) ] || fail "who dropped the flood?"
	assert_books_balance
}

test_a_flood_of_later_fragments_that_goes_on_stops_no_reassembly() {
	spawn outside flood4 "$PROBE" strays "$OUTSIDE" "$NODE_EXTERNAL" 10000000 200
	spawn outside flood6 "$PROBE" strays "$OUTSIDE6" "$NODE6_EXTERNAL" 10000000 200
	sleep 1
	assert_pings "during the flood" 6000
	assert_pings "during the flood" 6000 outside
	node ping -q -c 3 -i 0.01 -W 5 -s 6000 "$OUTSIDE" >/dev/null
	node ping -q -c 3 -i 0.01 -W 5 -s 6000 "$OUTSIDE6" >/dev/null
}

# answer_test SERVER NODE: an answer of 4,000 bytes to the node's own question.
answer_test() {
	local port

	spawn node query "$PROBE" query "$1" 53
	port=$(awk '{ print $2; exit }' "$LAB_DIR/query.out")
	wait_for 5 grep -q "^from $1 53 question" "$LAB_DIR/query.out" || fail "no answer"
	outside "$PROBE" pieces forward 1 "$1" "$2" 53 "$port" 4000
	wait_for 5 grep -q "^from $1 53 piecework" "$LAB_DIR/query.out" || fail "no answer in pieces"
	stop query
}

test_an_answer_in_fragments_arrives_during_a_flood() {
	spawn outside flood4 "$PROBE" strays "$OUTSIDE" "$NODE_EXTERNAL" 10000000 200
	spawn outside flood6 "$PROBE" strays "$OUTSIDE6" "$NODE6_EXTERNAL" 10000000 200
	sleep 1
	answer_test "$OUTSIDE" "$NODE_EXTERNAL"
	answer_test "$OUTSIDE6" "$NODE6_EXTERNAL"
}

# More than a zone's room would hold, if what is complete did not give it back.
test_reordered_fragments_pass_in_peace() {
	local before order

	# The table of the kernel is the node's alone in a namespace of its own; ours remembers the floods.
	assert_exit 0 rolewall down
	assert_exit 0 rolewall apply
	before=$(drops_value fragment-flood)
	for order in forward backward shuffled; do
		assert_pieces "$order" 300 inside "$INSIDE" "$NODE_INTERNAL" 8301
		assert_pieces "$order" 300 inside "$INSIDE6" "$NODE6_INTERNAL" 8301
	done
	assert_equal "$before" "$(drops_value fragment-flood)" "fragments dropped"
}

# Buckets are per CPU: both sides on one.
test_a_flood_of_pings_outside_costs_the_inside_none() {
	node_file '.echo_rate = 20'
	assert_exit 0 rolewall apply
	sleep 1.2
	outside taskset -c 0 ping -q -f -c 400 -W 1 "$NODE_EXTERNAL" >/dev/null || true
	[ "$(drops_value icmp-rate)" -gt 100 ] || fail "the flood was not limited: $(rolewall status)"
	inside taskset -c 0 ping -q -c 10 -i 0.01 -W 3 "$NODE_INTERNAL" | grep -q ' 10 received' ||
		fail "inside lost pings"
}

run_tests "$@"
