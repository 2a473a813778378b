#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Metrics: well formed and true.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

prepare() {
	node_file '.interfaces["we\"ird"] = { zone: "internal" }'
	rolewall apply
}

# metric NAME{LABELS}: its value in `rolewall metrics`.
metric() {
	rolewall metrics | NAME=$1 awk 'index($0, ENVIRON["NAME"] " ") == 1 { print $NF }'
}

# long: promtool comes with Prometheus
test_promtool_has_nothing_to_say() {
	command -v promtool >/dev/null || skip "promtool is not installed"
	daemon_start
	wait_for 10 [ -s "$LAB_DIR/rolewall.prom" ] || fail "no file"
	rolewall metrics | promtool check metrics || fail "promtool: rolewall metrics"
	promtool check metrics <"$LAB_DIR/rolewall.prom" || fail "promtool: the daemon's file"
}

test_they_say_what_status_says() {
	outside "$PROBE" scan -t 9999,22 -w 50 "$NODE_EXTERNAL" >/dev/null
	assert_equal "$(drops_value not-open)" \
		"$(metric 'rolewall_packets_total{verdict="drop",reason="not-open"}')" "drops"
	assert_equal "$(drops_value zone-denied)" \
		"$(metric 'rolewall_packets_total{verdict="drop",reason="zone-denied"}')" "zone-denied"
	assert_equal "$(rolewall --json show |
		jq '[.rules[] | select(.service == "ssh" and .proto == "tcp")][0].dropped')" \
		"$(metric 'rolewall_rule_packets_total{role="every-node",service="ssh",proto="tcp",port="22",verdict="drop"}')" \
		"drops of a rule"
	assert_equal "$(status_value .generation)" "$(metric rolewall_generation)" "generation"
	assert_equal 1 "$(metric rolewall_enforcing)" enforcing
	assert_equal 1 "$(metric 'rolewall_hook_attached{interface="eth0",hook="xdp"}')" "hook"
	assert_equal 0 "$(metric 'rolewall_interface_present{interface="we\"ird",zone="internal"}')" \
		"an interface that is not there"
}

test_bans_and_openings_are_counted() {
	rolewall ban 192.0.2.0/24 --reason test
	rolewall ban 192.0.2.77 --reason test
	rolewall open 9999/tcp --from 192.0.2.1 --for 1m --reason test
	assert_equal 2 "$(metric rolewall_bans)" bans
	assert_equal 1 "$(metric rolewall_openings)" openings
	assert_equal 1 "$(metric 'rolewall_map_entries{map="ban_prefixes"}')" "banned prefixes"
	rolewall unban 192.0.2.0/24
	rolewall unban 192.0.2.77
}

test_no_source_address_is_a_label() {
	outside "$PROBE" scan -t 9999 -w 50 "$NODE_EXTERNAL" >/dev/null
	rolewall metrics | grep "$OUTSIDE" && fail "a source address"
	return 0
}

test_observe_is_not_enforcing() {
	rolewall apply --observe
	assert_equal "1 0" "$(metric rolewall_applied) $(metric rolewall_enforcing)" "applied, enforcing"
}

test_where_nothing_is_applied_they_say_so() {
	rolewall down
	assert_exit 0 rolewall metrics
	assert_equal "0 0" "$(metric rolewall_applied) $(metric rolewall_enforcing)" "applied, enforcing"
}

test_the_file_is_readable_by_all_and_replaced_whole() {
	local before

	daemon_start
	wait_for 10 [ -s "$LAB_DIR/rolewall.prom" ] || fail "no file"
	assert_equal 644 "$(stat -c %a "$LAB_DIR/rolewall.prom")" "its mode"
	before=$(stat -c %i "$LAB_DIR/rolewall.prom")
	wait_for 20 is_another_file "$before" || fail "it is not written anew"
	grep -q '^rolewall_followers_dropped_total 0$' "$LAB_DIR/rolewall.prom" || fail "its end is missing"
	assert_equal "" "$(find "$LAB_DIR" -maxdepth 1 -name 'rolewall.prom?*')" "left beside it"
}

is_another_file() { # INODE
	[ "$(stat -c %i "$LAB_DIR/rolewall.prom")" != "$1" ]
}

run_tests "$@"
