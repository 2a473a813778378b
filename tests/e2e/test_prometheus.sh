#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A real Prometheus, with our alerts, sees the node through a real node exporter.
#
# long: Prometheus and its exporter are 110 MB

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

MONITORING=$LAB_ROOT/packaging/monitoring
LACKING=

tools_lacking() {
	local tool

	for tool in prometheus promtool prometheus-node-exporter curl python3; do
		command -v $tool >/dev/null || echo "$tool is not installed"
	done
}

setup() {
	LACKING=$(tools_lacking)
	[ -z "$LACKING" ] || return 0
	node_file .
	rolewall apply
	daemon_start
	cat >"$LAB_DIR/prometheus.yml" <<-END
		global: { scrape_interval: 1s, evaluation_interval: 1s }
		rule_files: [ "$MONITORING/rolewall.rules.yml" ]
		scrape_configs:
		  - job_name: node
		    static_configs: [ { targets: [ "127.0.0.1:9100" ] } ]
	END
	launch node exporter prometheus-node-exporter --web.listen-address=127.0.0.1:9100 \
		--collector.disable-defaults --collector.textfile "--collector.textfile.directory=$LAB_DIR"
	launch node prometheus prometheus "--config.file=$LAB_DIR/prometheus.yml" \
		"--storage.tsdb.path=$LAB_DIR/tsdb" --web.listen-address=127.0.0.1:9090
}

prepare() {
	[ -z "$LACKING" ] || skip "$LACKING"
}

# query EXPRESSION: what Prometheus answers.
query() {
	node curl -sG http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1"
}

has() { # EXPRESSION
	query "$1" | jq -e '.data.result | length > 0' >/dev/null
}

test_the_series_are_there() {
	wait_for 40 has 'rolewall_enforcing == 1' ||
		fail "it sees nothing: $(tail -n 3 "$LAB_DIR"/prometheus.err "$LAB_DIR"/exporter.err)"
	wait_for 10 has 'rolewall_packets_total{verdict="drop",reason="not-open"}' || fail "it sees no drops"
	wait_for 10 has 'rolewall_hook_attached{interface="eth0",hook="xdp"} == 1' || fail "it sees no hooks"
	wait_for 10 has 'node_textfile_mtime_seconds{file=~".*rolewall.*"} > time() - 120' || fail "no time of the file"
	wait_for 10 has 'node_textfile_scrape_error == 0' || fail "the exporter cannot read the file"
}

test_every_panel_of_the_dashboard_has_an_answer() {
	local expression count=0

	wait_for 40 has 'rolewall_enforcing == 1'
	while read -r expression; do
		query "$expression" | jq -e '.status == "success"' >/dev/null ||
			fail "$expression: $(query "$expression")"
		# What is shown only above zero, and rates of a series that is young, may be empty.
		[[ $expression == *" > 0"* || $expression == *"rate("* ]] || has "$expression" ||
			fail "nothing for $expression"
		count=$((count + 1))
	done < <(python3 "$LAB_ROOT/tests/lint/monitoring.py" --exprs)
	[ "$count" -gt 10 ] || fail "only $count expressions"
}

alert_is() { # NAME STATE
	node curl -s http://127.0.0.1:9090/api/v1/rules | jq -e --arg name "$1" --arg state "$2" \
		'any(.data.groups[].rules[]; .name == $name and .state == $state and .health == "ok")' >/dev/null
}

test_the_alerts_are_evaluated_and_notice_what_is_wrong() {
	wait_for 40 alert_is RolewallNotApplied inactive || fail "not evaluated"
	rolewall apply --confirm=120
	# The daemon writes its file every 15 seconds.
	wait_for 60 alert_is RolewallConfirmPending pending || fail "the pending change is not noticed"
	rolewall confirm
	alert_is RolewallNotApplied inactive || fail "a false alarm"
}

run_tests "$@"
