#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The shield: in a flood native XDP stands beside tc. Nothing is judged differently, counted twice, lost or
# let in by that, whoever dies on the way.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

SHIELDED='.interfaces[].hook = "auto"'
LINKS= # of what is pinned; known once the lab stands
SCAN=(-t "22,25,5432,6071,9999" -u "8301,9999")

setup() {
	spawn node listeners "$PROBE" listen -t 22,25,5432,6071,9999 -u 8301,9999
	LINKS=$LAB_DIR/bpf/rolewall/links
	# The flood is not to wait for ARP: what queues up behind it is lost.
	outside ping -q -c 1 "$NODE_EXTERNAL" >/dev/null
}

prepare() {
	ip -n "$LAB_NAME-node" link delete late0 2>/dev/null || true
	rolewall -q down 2>/dev/null || true
	node_file "$SHIELDED"
}

daemon_with() { # RATE CALM
	SERVE=(--shield-rate "$1" --shield-calm "$2")
	daemon_start
	wait_for 30 is_ready || fail "it has not loaded what it needs: $(<"$LAB_DIR/daemon.err")"
}

# Its programs are loaded, which takes longer than it takes to say that it serves.
is_ready() {
	programs_of "$(policy_map)" | grep -q rolewall_shield
}

policy_map() {
	bpftool -j map show pinned "$LAB_DIR/bpf/rolewall/maps/policy" | jq .id
}

programs_of() { # MAP-ID
	bpftool -j prog show | jq -r --argjson map "$1" '.[] | select(.map_ids // [] | index($map)) | .name'
}

is_shielded() { # NAME
	rolewall --json status | jq -e --arg name "$1" \
		'.interfaces[] | select(.name == $name) | .shield and .hook == "xdp" and .xdp_mode == "native"' >/dev/null
}

is_plain() { # NAME
	rolewall --json status | jq -e --arg name "$1" \
		'.interfaces[] | select(.name == $name) | (.shield | not) and .hook == "tc" and .xdp_mode == "none"' >/dev/null
}

not_shielded() { # NAME
	! is_shielded "$1"
}

ifindex() {
	ip -n "$LAB_NAME-node" -j link show dev eth0 | jq '.[0].ifindex'
}

# The program that tc runs on eth0, by its name.
tc_program() {
	local id pin

	pin=$LINKS/tc-$(ifindex)
	if [ -e "$pin" ]; then
		id=$(bpftool -j link show pinned "$pin" | jq .prog_id)
	else
		id=$(node bpftool -j net show dev eth0 | jq '.[0].tc[] | select(.kind == "clsact/ingress") | .id')
	fi
	bpftool -j prog show id "$id" | jq -r .name
}

runs() { # PROGRAM
	[ "$(tc_program)" = "$1" ]
}

# flood_start PACKETS A-SECOND: in the background; flood_end waits for it and says how many arrived.
flood_start() {
	FLOOD_SENT=$1
	FLOOD_LOST=$(cable_losses)
	outside "$PROBE" flood -c "$1" -r "$2" "$NODE_EXTERNAL" 7 >"$LAB_DIR/flood.out" &
	FLOOD_PID=$!
}

flood_end() {
	wait "$FLOOD_PID"
	assert_equal "sent $FLOOD_SENT" "$(<"$LAB_DIR/flood.out")" "flood"
	FLOOD_ARRIVED=$((FLOOD_SENT - ($(cable_losses) - FLOOD_LOST)))
}

shield_up() { # RATE
	flood_start "${2:-16000}" "${1:-8000}"
	wait_for 20 is_shielded eth0 || fail "no shield: $(rolewall status; cat "$LAB_DIR/daemon.err")"
}

# In a loop, who knocks at a closed port.
prober_start() {
	(
		trap 'exit 0' TERM
		while :; do
			outside "$PROBE" scan -t 9999 -w 20 "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
			outside "$PROBE" scan -t 25 -w 5000 "$NODE_EXTERNAL"
		done >>"$LAB_DIR/prober.out"
	) &
	PROBER_PID=$!
}

prober_end() {
	kill "$PROBER_PID"
	wait "$PROBER_PID" 2>/dev/null || true
	! grep -E ' 9999 open$' "$LAB_DIR/prober.out" || fail "a packet was let in"
	grep -qE ' 25 open$' "$LAB_DIR/prober.out" || fail "the prober has reached nothing"
	rm "$LAB_DIR/prober.out"
}

up_and_down() {
	local before begin passed

	assert_exit 0 rolewall apply
	daemon_with 2000 6s
	assert_equal rolewall_tc "$(tc_program)" "before"
	assert_json '.interfaces[] | select(.name == "eth0") | .note == "native XDP would copy each packet"' \
		rolewall --json status
	before=$(drops_value not-open)
	begin=$EPOCHREALTIME
	shield_up 8000 24000
	echo "# up $(elapsed "$begin") after the begin"
	assert_equal rolewall_shield "$(tc_program)" "behind XDP"
	assert_json '.interfaces[] | select(.name == "eth0") | .answers' rolewall --json status
	passed=$(status_value '.passes["icmp-allowed"] // 0')
	outside ping -q -c 10 -i 0.01 "$NODE_EXTERNAL" >/dev/null
	assert_equal 10 $(($(status_value '.passes["icmp-allowed"] // 0') - passed)) "pings that were counted"
	grep -q 'rolewall_shield{interface="eth0"} 1' <(rolewall metrics) || fail "not in the metrics"
	wait_for 10 daemon_said "a flood on eth0, [0-9]* packets refused a second: native XDP stands beside tc now" ||
		fail "not in the log: $(<"$LAB_DIR/daemon.err")"
	flood_end
	wait_for 30 is_plain eth0 || fail "it stays: $(rolewall status; cat "$LAB_DIR/daemon.err")"
	wait_for 10 daemon_said "no flood on eth0 for 6 s: native XDP is off again, tc filters" ||
		fail "not in the log: $(<"$LAB_DIR/daemon.err")"
	assert_equal rolewall_tc "$(tc_program)" "after"
	grep -q 'rolewall_shield{interface="eth0"} 0' <(rolewall metrics) || fail "not in the metrics"
	assert_equal "$FLOOD_ARRIVED" $(($(drops_value not-open) - before)) "packets of the flood that were counted"
	assert_books_balance
}

test_a_flood_raises_the_shield_and_calm_lowers_it() {
	by_links_and_filters up_and_down
}

sink_has() { # BYTES
	[ "$(stat -c %s "$LAB_DIR/sink")" = "$1" ]
}

# While it goes up and down, again and again.
test_nothing_is_let_in_or_broken_by_the_switches() {
	node_file "$SHIELDED | .services = [{ name: \"sink\", proto: \"tcp\", port: 6072, table: \"external\" }]"
	assert_exit 0 rolewall apply
	launch node sink socat -u TCP6-LISTEN:6072,fork,reuseaddr "OPEN:$LAB_DIR/sink,creat"
	wait_for 10 eval 'node ss -Hltn "sport = 6072" | grep -q 6072' || fail "nobody listens"
	daemon_with 2000 1s
	prober_start
	(for ((i = 0; i < 400; i++)); do
		head -c 10000 /dev/zero
		sleep 0.02
	done | outside socat -u - "TCP:$NODE_EXTERNAL:6072") &
	TRANSFER_PID=$!
	for _ in 1 2 3; do
		shield_up
		assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
		flood_end
		wait_for 30 is_plain eth0 || fail "it stays: $(rolewall status)"
	done
	wait "$TRANSFER_PID" || fail "the transfer was broken"
	wait_for 20 sink_has 4000000 || fail "the transfer is not whole"
	prober_end
	assert_books_balance
}

kill_daemon() {
	kill -KILL "$(daemon_pid)"
	wait "$(daemon_pid)" 2>/dev/null || true
	rm "$LAB_DIR/daemon.pid"
}

test_a_daemon_that_dies_leaves_the_shield_to_the_next_one() {
	assert_exit 0 rolewall apply
	daemon_with 2000 600s
	shield_up
	kill_daemon
	flood_end
	is_shielded eth0 || fail "it went with the daemon"
	assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	daemon_with 2000 2s
	wait_for 30 is_plain eth0 || fail "it stays: $(rolewall status)"
	assert_equal rolewall_tc "$(tc_program)" "after"
	assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	assert_books_balance
}

# Dead between two steps: XDP is not there, and what counts nothing that passes still is.
dies_half_way() {
	assert_exit 0 rolewall apply
	daemon_with 2000 600s
	shield_up
	kill_daemon
	flood_end
	rm "$LINKS/xdp-$(ifindex)"
	wait_for 10 not_shielded eth0 || fail "XDP is still there"
	assert_equal rolewall_shield "$(tc_program)" "half"
	assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	"$@"
	wait_for 20 runs rolewall_tc || fail "it stays half"
	is_plain eth0 || fail "not plain: $(rolewall status)"
}

test_the_next_start_makes_a_half_shield_whole() {
	dies_half_way daemon_with 2000 600s
}

test_the_next_apply_makes_a_half_shield_whole() {
	dies_half_way assert_exit 0 rolewall apply
}

test_apply_keeps_the_shield_and_another_choice_ends_it() {
	assert_exit 0 rolewall apply
	daemon_with 2000 600s
	shield_up
	flood_end
	prober_start
	assert_exit 0 rolewall apply
	is_shielded eth0 || fail "an apply took it off: $(rolewall status)"
	node_file "$SHIELDED | .interfaces[].shield = false"
	assert_exit 0 rolewall plan
	[[ $OUTPUT == *"shield auto -> false"* ]] || fail "the plan does not say it: $OUTPUT"
	assert_exit 0 rolewall apply
	is_plain eth0 || fail "it stays: $(rolewall status)"
	assert_equal rolewall_tc "$(tc_program)" "after"
	assert_exit 0 rolewall rollback
	is_plain eth0 || fail "a rollback brings it back: $(rolewall status)"
	shield_up
	flood_end
	node_file '.interfaces[].hook = "xdp"'
	assert_exit 0 rolewall apply
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "xdp" and (.shield | not)' rolewall --json status
	assert_equal "" "$(find "$LINKS" -name 'tc-*')" "tc"
	prober_end
	assert_books_balance
}

down_leaves_nothing() {
	local map

	assert_exit 0 rolewall apply
	map=$(policy_map)
	daemon_with 2000 600s
	shield_up
	flood_end
	assert_exit 0 rolewall down
	assert_json 'all(.[]; has("xdp") | not)' ip -n "$LAB_NAME-node" -d -j link show eth0
	assert_equal "" "$(tc -n "$LAB_NAME-node" qdisc show dev eth0 clsact)" "clsact"
	# The daemon has noticed, and lets go of what it held.
	wait_for 20 has_no_programs "$map" || fail "left: $(programs_of "$map")"
	# What is made anew then has its shield as well.
	assert_exit 0 rolewall apply
	wait_for 30 is_ready || fail "it has not loaded them again: $(<"$LAB_DIR/daemon.err")"
	shield_up
	flood_end
}

has_no_programs() { # MAP-ID
	[ -z "$(programs_of "$1")" ]
}

test_down_leaves_nothing_of_the_shield() {
	by_links_and_filters down_leaves_nothing
}

test_a_device_that_vanishes_takes_its_shield_along() {
	lab_link node late0 outside late0 192.0.2. 2001:db8:5::
	node_file "$SHIELDED | .interfaces.late0 = { zone: \"internal\", hook: \"tc\", shield: true }"
	assert_exit 0 rolewall apply
	daemon_with 2000 600s
	outside "$PROBE" flood -c 30000 -r 8000 192.0.2.1 7 >"$LAB_DIR/late.out" &
	FLOOD_PID=$!
	wait_for 20 is_shielded late0 || fail "no shield: $(rolewall status)"
	is_plain eth0 || fail "another interface has one, too"
	ip -n "$LAB_NAME-node" link delete late0
	wait "$FLOOD_PID" || true
	wait_for 10 daemon_said "interface late0 has vanished" || fail "not noticed: $(<"$LAB_DIR/daemon.err")"
	lab_link node late0 outside late0 192.0.2. 2001:db8:5::
	wait_for 10 is_plain late0 || fail "it does not come back: $(rolewall status)"
	outside "$PROBE" flood -c 30000 -r 8000 192.0.2.1 7 >"$LAB_DIR/late.out" &
	FLOOD_PID=$!
	wait_for 20 is_shielded late0 || fail "no second shield: $(rolewall status)"
	wait "$FLOOD_PID"
	ip -n "$LAB_NAME-node" link delete late0
}

# Where the kernel refuses, tc goes on.
test_tc_goes_on_where_xdp_is_refused() {
	node "$PROBE" stranger "$LAB_DIR/bpf/stranger"
	ip -n "$LAB_NAME-node" link set eth0 xdpdrv pinned "$LAB_DIR/bpf/stranger"
	assert_exit 0 rolewall apply
	daemon_with 2000 600s
	flood_start 20000 8000
	wait_for 20 daemon_said "the shield stays as it is" || fail "it does not say so: $(<"$LAB_DIR/daemon.err")"
	flood_end
	wait_for 20 runs rolewall_tc || fail "it stays half"
	assert_json '.interfaces[] | select(.name == "eth0") | .hook == "tc" and (.shield | not)' rolewall --json status
	assert_reach outside "tcp/25 tcp/6071" "${SCAN[@]}" "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	ip -n "$LAB_NAME-node" link set eth0 xdpdrv off
	rm "$LAB_DIR/bpf/stranger"
}

# tc by name says that tc it is to be, in a flood as well.
test_tc_by_name_has_none_unless_the_node_file_says_so() {
	node_file '.interfaces[].hook = "tc"'
	assert_exit 0 rolewall apply
	SERVE=(--shield-rate 1000)
	daemon_start
	flood_start 16000 4000
	flood_end
	is_plain eth0 || fail "it has one: $(rolewall status)"
}

run_tests "$@"
