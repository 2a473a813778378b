#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What explain says is what happens: random packets are explained, sent, and looked for behind the hooks.
# TUPLES says how many.
#
# also long: ten thousand

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/inject/safety.sh
. "$LAB_ROOT/tests/inject/safety.sh"

TUPLES=${TUPLES:-$(sized 10000 2000)}

# A fourth cable to an interface that no node file lists: it is external, on the cgroup hook.
setup() {
	lab_link node eth3 outside spare 192.0.2. 2001:db8:9::
}

# Every way to a verdict: prefixes, VPN, management, bans, openings, all three zones.
the_policy() {
	node_file '.vpn_only = ["imap", "admin-panel"]
		| .management = ["203.0.113.128/25", "2001:db8:1:0:8000::/65"]
		| .interfaces.eth0.sources = { internal: ["203.0.113.64/26", "2001:db8:1::/112"] }
		| .interfaces.vpn0.sources = { external: ["10.8.0.0/25"] }
		| .services = [ { name: "marker", proto: "tcp", port: 7777, table: "external" } ]'
}

fate() {
	node "$INJECT/explain_agreement" -b "$LAB_DIR/bpf/rolewall" -s "$LAB_DIR/state" -g "$LAB_CGROUP" -m 7777 \
		-p 22,25,53,143,389,5432,6071,7026,7777,8301,9999,40000 \
		-a 203.0.113.70,203.0.113.20,203.0.113.200,172.16.0.9,10.8.0.9,10.8.0.200,198.51.100.9,198.51.100.66,2001:db8:1::70,2001:db8:1::8000:1,2001:db8:2::9,2001:db8:3::9,2001:db8:4::66 \
		"$@" \
		"/run/netns/$LAB_NAME-outside,eth0,eth0,$NODE_EXTERNAL,$NODE6_EXTERNAL" \
		"/run/netns/$LAB_NAME-inside,eth0,eth1,$NODE_INTERNAL,$NODE6_INTERNAL" \
		"/run/netns/$LAB_NAME-vpn,eth0,vpn0,$NODE_VPN,$NODE6_VPN" \
		"/run/netns/$LAB_NAME-outside,spare,eth3,192.0.2.1,2001:db8:9::1"
}

# fate_holds REASON...: no packet has another fate, and each of these reasons was among them.
fate_holds() {
	local summary reason

	summary=$(fate -n "$TUPLES") || fail "$summary"
	echo "$summary"
	for reason in "$@"; do
		grep -q " $reason [1-9]" <<<"$summary" || fail "no packet for $reason: $summary"
	done
}

test_explain_agrees_with_the_fate_of_random_packets() {
	the_policy
	rolewall -q apply
	rolewall -q ban 198.51.100.66 --reason test
	rolewall -q ban 2001:db8:4::/64 --reason test
	rolewall -q open 9999/tcp --from 198.51.100.9 --for 1h --reason test
	rolewall -q open 40000/udp --from 2001:db8:2::/64 --for 1h --reason test
	fate_holds open zone-denied not-open no-connection banned opening
	rolewall -q unban 198.51.100.66
	rolewall -q unban 2001:db8:4::/64
}

test_the_same_where_ipv6_is_off() {
	TUPLES=$((TUPLES / 10))
	the_policy
	jq '.ipv6 = "drop"' "$LAB_DIR/node.json" >"$LAB_DIR/six.json"
	rolewall -q --config "$LAB_DIR/six.json" apply
	# The marker over IPv6 cannot arrive: its packets are only looked at, one by one.
	assert_json '.verdict == "drop" and .reason == "ipv6-off"
		and (.remedies[0] | test("\"ipv6\": \"filter\""))' rolewall --json explain 2001:db8:1::2 25
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 7777
}

# explain SOURCE PORT [--interface IF] answers FILTER.
explained() { # FILTER WORDS...
	local filter=$1

	shift
	assert_json "$filter" rolewall --json explain "$@"
}

test_explain_names_rule_origin_zone_hook_and_the_remedy() {
	the_policy
	rolewall -q apply
	explained '.verdict == "pass" and .reason == "open" and .rule == "mta/smtp" and .zone == "external"
		and .hook == "xdp" and .interface == "eth0" and (.origin | test("mta.json:[0-9]+"))' \
		"$OUTSIDE" 25
	explained '.verdict == "drop" and .reason == "zone-denied" and .rule == "proxy/imap"
		and any(.remedies[]; test("vpn_only"))' "$OUTSIDE" 143
	explained '.verdict == "pass" and .zone == "vpn"' 10.8.0.200 143 --interface vpn0
	explained '.verdict == "drop" and .reason == "not-open" and .rule == null
		and any(.remedies[]; test("^rolewall open 9998/tcp --from 203.0.113.2 "))' "$OUTSIDE" 9998
	explained '.verdict == "drop" and .reason == "no-connection"' "$OUTSIDE" 9998/udp
	explained '.hook == "cgroup" and .zone == "external" and .verdict == "drop"' 192.0.2.7 5432
	explained '.verdict == "pass" and .hook == "none"' 127.0.0.1 9999
	rolewall -q ban 198.51.100.0/24 --reason test
	explained '.reason == "banned" and .remedies == ["rolewall unban 198.51.100.0/24"]' 198.51.100.3 25
	rolewall -q unban 198.51.100.0/24
	node_file '.roles = ["mta"]'
	rolewall -q apply
	explained '.reason == "zone-denied" and .rule == "every-node/ssh"
		and any(.remedies[]; test("^add \"203.0.113.2\" to \"management\" in "))' "$OUTSIDE" 22
	explained 'all(.remedies[]; test("management") | not)' "$OUTSIDE" 143
	explained 'any(.remedies[]; test("add \"proxy\" to \"roles\""))' "$OUTSIDE" 143
	node_file '.mode = "observe"'
	rolewall -q apply
	explained '.verdict == "drop" and .mode == "observe" and (.enforced | not)' "$OUTSIDE" 9998
}

# Neighbours look after each other meanwhile: exempt packets come and go by themselves.
counters() {
	rolewall --json status | jq -c '[.drops, (.passes | del(.exempt)), .totals.dropped]'
}

test_explain_counts_nothing_and_tells_nobody() {
	local before

	the_policy
	rolewall -q apply
	before=$(counters)
	rolewall --json explain "$OUTSIDE" 9998 >/dev/null
	rolewall --json explain "$OUTSIDE" 25 >/dev/null
	assert_equal "$before" "$(counters)" "counters"
	assert_equal 0 "$(find "$LAB_DIR/bpf/rolewall" -newer "$LAB_DIR/node.json" -name '*explain*' | wc -l)" pins
}

test_explain_last_is_the_newest_attempt() {
	needs ringbuf "without times the table does not say which attempt is the newest"
	the_policy
	rolewall -q apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 9997
	explained ".port == 9997 and .proto == \"tcp\" and .source == \"$OUTSIDE\" and .reason == \"not-open\"
		and .attempt.packets >= 1" --last
}

test_wrong_questions_are_refused() {
	assert_exit 2 rolewall explain "$OUTSIDE"
	assert_exit 2 rolewall explain 203.0.113.0/24 25
	assert_exit 2 rolewall explain "$OUTSIDE" 70000
	assert_exit 2 rolewall explain "$OUTSIDE" 25/sctp
	assert_exit 1 rolewall explain "$OUTSIDE" 25 --interface nosuch0
	rolewall -q down
	assert_exit 3 rolewall explain "$OUTSIDE" 25
}

run_tests "$@"
