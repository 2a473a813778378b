#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the program says where it needs a kernel to say it: each test asks, and compares commands,
# answers and exit codes with golden/messages/NAME.txt. UPDATE=1 writes those: read what `git diff`
# shows. What needs no kernel is in tests/unit/test_cli.c.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

prepare() {
	unset SSH_CONNECTION
	: >"$LAB_DIR/said"
	rolewall -q down >/dev/null 2>&1 || :
	rm -rf "${LAB_DIR:?}/lib" "${LAB_DIR:?}/state"
	# Left by a test that failed.
	node sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
	node nft delete table ip nat 2>/dev/null || :
	node_file '.roles = ["mta", "proxy"]'
}

# says ARGUMENT...: what the program answers is written down.
says() {
	local status=0

	echo "\$ rolewall $*" >>"$LAB_DIR/said"
	rolewall "$@" >>"$LAB_DIR/said" 2>&1 || status=$?
	echo "--- exit $status" >>"$LAB_DIR/said"
}

# What differs from run to run, from machine to machine, and from kernel to kernel.
masked() {
	sed -E -e "s|$LAB_DIR|LAB|g; s|$LAB_ROOT|ROOT|g; s|$LAB_CGROUP|CGROUP|g" \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9]{2}:[0-9]{2}/TIME/g' \
		-e 's|(ROOT/roles[^ ,]*):[0-9]+|\1:LINE|g; s/generation [0-9]+/generation N/g; s/Generation [0-9]+/Generation N/g' \
		-e 's/[0-9]+ packets? refused/N packets refused/; /^(INTERFACE|eth[01]|vpn0) /d; /^Hook /d; s/ +$//' "$LAB_DIR/said"
}

golden() { # NAME
	local file=$LAB_ROOT/tests/e2e/golden/messages/$1.txt

	[ -z "${UPDATE:-}" ] || masked >"$file"
	diff "$file" <(masked) || fail "it says something else: $file"
}

# --- words ----------------------------------------------------------------------------------------

test_ports_are_named_by_number_range_and_service() {
	rolewall -q apply
	says explain 203.0.113.9 80/UDP
	says explain 203.0.113.9 SMTP
	says explain 203.0.113.9 telnet
	says explain 203.0.113.9 admin-panle
	says explain 203.0.113.9 443-445
	says explain 203.0.113.9 65536
	says explain 203.0.113.9 0
	says explain 203.0.113.9 443/sctp
	says explain 443/tcp 203.0.113.9
	says explain smtp 203.0.113.9
	says open 8000-8002/udp --from 203.0.113.9 --for 1h --reason test
	says open 9000:9001 --from 203.0.113.9 --for 1h --reason test
	says open imaps --from 203.0.113.9 --for 1h --reason test
	says open 9001-9000 --from 203.0.113.9 --for 1h --reason test
	says open 8000-8999 --from 203.0.113.9 --for 1h --reason test
	says open 443 --from 203.0.113.9 --for 1w --reason test
	golden ports
	assert_json '[.openings[] | select(.proto == "udp") | .port] == [8000, 8001, 8002]' rolewall --json openings
}

test_several_sources_are_banned_at_once() {
	rolewall -q apply
	says ban 198.51.100.7 198.51.100.8 198.51.100.0/28 --for 1w --reason scanner
	says ban 198.51.100.9 nonsense
	golden ban
	assert_json '.bans | length == 3' rolewall --json bans
}

test_a_port_is_opened_to_everybody_by_force_only() {
	rolewall -q apply
	says open 6071 --from 0.0.0.0/0 --for 1h --reason test
	says open 6071 --from ::/0 --for 1h --reason test
	says open 6071 --from 128.0.0.0/1 --for 1h --reason test
	says open 6071 --from 2000::/3 --for 1h --reason test
	assert_json '.openings | length == 0' rolewall --json openings
	says open 6071 --from 0.0.0.0/0 --for 1h --reason test --force
	says open 6072 --from 10.0.0.0/8 --for 1h --reason test
	golden open-wide
}

# --- ssh ------------------------------------------------------------------------------------------

# sshd_listens PORT: a process of that name does.
sshd_listens() {
	cp "$PROBE" "$LAB_DIR/sshd"
	spawn node sshd "$LAB_DIR/sshd" listen -t "$1"
}

test_an_sshd_on_another_port_is_what_management_means() {
	sshd_listens 2222
	node_file '.roles = ["mta"] | .management = ["203.0.113.0/28"]'
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 2222"
	says check
	says -q apply
	# What it says to add is enough.
	node_file '.roles = ["mta"] | .management = ["203.0.113.0/28"]
		| .services = [{name: "ssh", proto: "tcp", port: 2222, from: ["internal", "vpn"]}]'
	says check
	says -q apply
	golden ssh-port
	assert_answer open outside tcp "$NODE_EXTERNAL" 2222
}

test_init_writes_the_port_of_sshd() {
	sshd_listens 2222
	rm "$LAB_DIR/node.json"
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 2222"
	assert_exit 0 rolewall init
	grep -q 'service ssh on port 2222, because sshd listens there' <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
	assert_json ".management == [\"$OUTSIDE\"] and .services == [{name: \"ssh\", proto: \"tcp\", port: 2222,
		from: [\"internal\", \"vpn\"]}]" cat "$LAB_DIR/node.json"
	jq '.mode = "enforce"' "$LAB_DIR/node.json" >"$LAB_DIR/enforce" && mv "$LAB_DIR/enforce" "$LAB_DIR/node.json"
	assert_exit 0 rolewall apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 2222
	assert_answer silent far tcp "$NODE_EXTERNAL" 2222
}

test_to_cut_the_own_session_takes_force_and_confirm() {
	node_file '.roles = ["mta"]'
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22"
	says -q apply
	says -q apply --force
	assert_exit 3 rolewall status
	says apply --force --confirm=600
	golden force
	rolewall confirm
}

test_allow_and_deny_of_ssh_say_what_to_do() {
	sshd_listens 2222
	node_file '.roles = ["mta"] | .management = ["203.0.113.0/28"]
		| .services = [{name: "ssh", proto: "tcp", port: 2222, from: ["internal", "vpn"]}]'
	export SSH_CONNECTION="$INSIDE 50000 $NODE_INTERNAL 2222"
	rolewall -q apply
	says allow ssh --from 198.51.100.9
	says deny ssh --from 198.51.100.9
	says deny 2222
	says apply --confirm
	golden permit-ssh
}

# --- what became of it ----------------------------------------------------------------------------

not_applied() {
	local status=0

	rolewall -q status >/dev/null 2>&1 || status=$?
	[ "$status" = 3 ]
}

test_a_first_policy_that_was_not_confirmed_leaves_a_trace() {
	rolewall -q apply --confirm=1
	wait_for 20 not_applied || fail "it stays"
	wait_for 20 test -e "$LAB_DIR/state/taken-back" || fail "no trace"
	says status
	says confirm
	assert_json '.taken_back | .generation == 1 and .late_ms >= 0 and (.at | test("T"))' json_of 3 status
	# What is applied or taken away since counts.
	rolewall -q apply
	assert_json '.taken_back == null' rolewall --json status
	rolewall -q down
	says status
	rolewall -q apply --confirm=600
	rolewall -q rollback
	says status
	golden trial
	assert_exit 3 rolewall down
	[ ! -e "$LAB_DIR/state/taken-back" ] || fail "down leaves the trace"
}

json_of() { # CODE ARGUMENT...: its document
	local status=0 code=$1

	shift
	rolewall --json "$@" 2>/dev/null || status=$?
	[ "$status" = "$code" ]
}

# notes: of `status`, on the node file and the copy.
notes() {
	echo "\$ rolewall status" >>"$LAB_DIR/said"
	rolewall status 2>&1 | grep -E '^Confirmed|node file' >>"$LAB_DIR/said" || :
}

test_status_says_what_became_of_the_node_file() {
	rolewall -q apply
	notes
	node_file '.roles = ["mta"]'
	notes
	echo '{' >"$LAB_DIR/node.json"
	notes
	rm "$LAB_DIR/node.json"
	notes
	# As it says.
	jq -j .policy.text "$LAB_DIR/lib/confirmed.json" >"$LAB_DIR/node.json"
	notes
	rolewall -q apply --observe --confirm=600
	notes
	rolewall -q rollback
	golden node-file
}

# --- explain --------------------------------------------------------------------------------------

# raw PROTOCOL BYTES: a packet of that protocol from outside, after its IP header; BYTES as Python has them.
raw() {
	outside python3 -c "
import socket, struct
socket.socket(socket.AF_INET, socket.SOCK_RAW, $1).sendto($2, ('$NODE_EXTERNAL', 0))"
}

counted() { # REASON PACKETS
	[ "$(drops_value "$1")" = "$2" ]
}

# segment FLAGS: a TCP segment from port 443 to 40000.
segment() {
	raw 6 "struct.pack('!HHIIBBHHH', 443, 40000, 1, 1, 0x50, $1, 1000, 0, 0)"
}

test_explain_last_tells_what_was_refused_not_what_is_like_it() {
	needs ringbuf "records have no times"
	rolewall -q apply
	# A SYN-ACK to a scan of the node itself.
	segment 0x12
	wait_for 10 counted no-connection 1
	says explain --last
	segment 0x03
	wait_for 10 counted bad-flags 1
	says explain --last
	# VRRP, and a protocol without a name.
	raw 112 "bytes(20)"
	wait_for 10 counted protocol 1
	says explain --last
	raw 200 "bytes(20)"
	wait_for 10 counted protocol 2
	says explain --last
	outside "$PROBE" scan -w 300 -u 7777 "$NODE_EXTERNAL" >/dev/null
	says explain --last
	golden explain-last
	assert_json '(.asked | not) and .proto == "vrrp" and .port == 0' last_of protocol
}

# The newest but one is of VRRP again.
last_of() {
	raw 112 "bytes(20)"
	wait_for 10 counted protocol 3
	rolewall --json explain --last
}

test_explain_says_when_there_is_nothing_to_do() {
	spawn node listeners "$PROBE" listen -t 8080 -u 5353
	rolewall -q apply
	says explain 203.0.113.9 23
	says explain 203.0.113.9 5060/udp
	# Here something waits.
	says explain 203.0.113.9 8080
	says explain 203.0.113.9 5353/udp
	golden explain-scan
}

test_explain_opens_no_admin_port_to_the_world_first() {
	sshd_listens 2222
	rolewall -q apply
	says explain 203.0.113.9 2222
	says explain 203.0.113.9 22
	node_file '.roles = ["mta", "proxy"] | .vpn_only = ["admin-panel"]'
	rolewall -q apply
	says explain 203.0.113.9 admin-panel
	golden explain-admin
}

# --- counters -------------------------------------------------------------------------------------

test_what_mode_observe_let_pass_is_counted_apart() {
	node_file '.roles = ["mta", "proxy"] | .vpn_only = ["admin-panel"]'
	spawn node listeners "$PROBE" listen -t 8080,6071
	rolewall -q apply --observe
	assert_answer open outside tcp "$NODE_EXTERNAL" 8080
	assert_answer open outside tcp "$NODE_EXTERNAL" 6071
	assert_json '.totals.dropped == 0 and .totals.observed >= 2 and .observed["not-open"] >= 1
		and .observed["zone-denied"] >= 1' rolewall --json status
	rolewall metrics | grep -q '^rolewall_packets_total{verdict="drop",reason="not-open"} 0$' ||
		fail "the metrics count a drop"
	rolewall -q apply
	segment 0x12
	wait_for 10 counted no-connection 1
	assert_json '.totals.dropped == 1' rolewall --json status
	assert_json '[.rules[] | select(.service == "admin-panel") | .dropped, (.observed > 0)] == [0, true]' \
		rolewall --json show
	rolewall metrics | grep -q '^rolewall_packets_total{verdict="observe",reason="zone-denied"} [1-9]' ||
		fail "the metrics do not count what was observed"
	rolewall status | grep -E '^(Packets|REASON|no-connection|not-open|zone-denied)' |
		sed -E 's/[0-9]+ passed/N passed/; s/[0-9]+ observed/N observed/; s/ +/ /g; s/(not-open|zone-denied) 0 [0-9]+/\1 0 N/' \
		>"$LAB_DIR/said"
	golden observed
}

# --- the host -------------------------------------------------------------------------------------

test_forwarding_and_other_firewalls_are_named_by_check_plan_and_apply() {
	local verb

	node sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	node nft 'table ip nat { chain out { type nat hook postrouting priority 100; masquerade; }; }' ||
		skip "this kernel has no NAT of nf_tables"
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		grep -q 'forwards packets.*\[forwarding\]' <<<"$OUTPUT" || fail "$verb: no forwarding: $OUTPUT"
		grep -q 'nftables table ip nat (1 rule).*\[other-firewall\]' <<<"$OUTPUT" || fail "$verb: no table: $OUTPUT"
	done
	# Accepted, they are said no more.
	node_file '.roles = ["mta"] | .accept = ["forwarding", "other-firewall"]'
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		! grep -qE 'forwards|nftables' <<<"$OUTPUT" || fail "$verb: $OUTPUT"
	done
	assert_json '.accepted | contains(["forwarding", "other-firewall"])' rolewall --json check
	node nft delete table ip nat
	node sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
}

test_down_says_what_is_kept() {
	rolewall -q apply
	rolewall -q ban 198.51.100.7
	rolewall -q open 6071 --from 203.0.113.9 --for 1h --reason test
	says down
	golden down
	rolewall -q apply
	assert_json '.bans | length == 1' rolewall --json bans
}

run_tests "$@"
