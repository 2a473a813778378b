#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# audit: what listens against what is open, both ways.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

# The role mta opens 25, 465, 587 to all and 7026 to internal; every node 22, 8301, 9100, 9256.
prepare() {
	node_file '.roles = ["mta"]'
	rolewall -q apply
}

audit() {
	rolewall --json audit || [ $? = 10 ]
}

# assert_finding PRESENCE KIND PROTO PORT: "a" or "no" finding of that kind.
assert_finding() {
	local found

	found=$(audit | jq -r "[.findings[] | select(.kind == \"$2\" and .proto == \"$3\"
		and .port == $4)] | if length > 0 then \"a\" else \"no\" end")
	assert_equal "$1" "$found" "$2 of $3 port $4"
}

test_a_listener_that_no_role_opens_is_found_with_its_process() {
	spawn node listeners "$PROBE" listen -t 9999 -u 9998
	assert_exit 10 rolewall audit
	assert_finding a listening-closed tcp 9999
	assert_finding a listening-closed udp 9998
	assert_json "any(.findings[]; .port == 9999 and .process == \"probe\" and .open_to == []
		and .closed_to == [\"external\", \"internal\", \"vpn\"]
		and .pid == $(<"$LAB_DIR/listeners.pid"))" audit
	rolewall audit | grep -q "9999 .*probe\[" || fail "the table does not name the process"
}

test_an_open_port_without_a_listener_is_found() {
	assert_finding a open-unused tcp 25
	spawn node listeners "$PROBE" listen -t 25
	assert_finding no open-unused tcp 25
	assert_finding no listening-closed tcp 25
	assert_finding a open-unused tcp 587
	assert_json 'any(.findings[]; .port == 587 and .service == "submission" and .role == "mta"
		and .open_to == ["external", "internal", "vpn"] and .process == null)' audit
}

# sshd on another port, before and after the node file says so.
test_an_sshd_on_another_port_is_named_until_a_service_covers_it() {
	cp "$PROBE" "$LAB_DIR/sshd"
	spawn node sshd "$LAB_DIR/sshd" listen -t 2222
	assert_finding a open-unused tcp 22
	assert_json 'any(.findings[]; .port == 22 and (.what | test("sshd listens on port 2222.*\"port\": 2222")))' audit
	assert_finding a listening-closed tcp 2222
	node_file '.roles = ["mta"]
		| .services = [{name: "ssh", proto: "tcp", port: 2222, from: ["internal", "vpn"]}]'
	rolewall -q apply
	assert_finding no open-unused tcp 22
	assert_finding no listening-closed tcp 2222
	stop sshd
	assert_finding a open-unused tcp 22
	assert_finding a open-unused tcp 2222
}

test_a_wildcard_bind_of_a_port_that_is_not_external_is_found() {
	spawn node listeners "$PROBE" listen -t 22,25 -u 8301
	assert_finding a wildcard-bind tcp 22
	assert_finding a wildcard-bind udp 8301
	assert_finding no wildcard-bind tcp 25
	rolewall audit | grep -q "eth0 (external)" || fail "the interface is not named"
}

test_a_wildcard_bind_harms_nobody_where_every_interface_may_come() {
	node_file '.roles = ["mta"] | .interfaces = { eth1: { zone: "internal" } }'
	rolewall -q apply
	spawn node listeners "$PROBE" listen -u 8301
	assert_finding no wildcard-bind udp 8301
}

# ssh has to listen where management comes in: by whichever interface.
test_a_wildcard_bind_of_what_management_may_reach_is_meant() {
	node_file '.roles = ["mta"] | .management = ["203.0.113.64/28"]'
	rolewall -q apply
	spawn node listeners "$PROBE" listen -t 22 -u 8301
	assert_finding no wildcard-bind tcp 22
	assert_finding a wildcard-bind udp 8301
}

# nc would be one more package; bash cannot listen.
listen_on() { # ADDRESS PORT
	spawn node one python3 -c "
import socket, sys, time
s = socket.socket(socket.AF_INET); s.bind(('$1', $2)); s.listen()
print('ready', flush=True)
time.sleep(60)"
}

test_what_is_for_loopback_alone_and_listens_elsewhere_is_found() {
	node_file '.roles = ["mta"] |
		.services = [{ name: "redis", proto: "tcp", port: 6379, loopback_only: true }]'
	rolewall -q apply
	assert_finding no open-unused tcp 6379
	listen_on 127.0.0.1 6379
	assert_finding no not-on-loopback tcp 6379
	stop one
	listen_on 0.0.0.0 6379
	assert_finding a not-on-loopback tcp 6379
	assert_finding no wildcard-bind tcp 6379
	assert_json 'any(.findings[]; .kind == "not-on-loopback" and .service == "redis" and .open_to == [])' audit
	assert_answer silent inside tcp "$NODE_INTERNAL" 6379
	assert_json 'any(.rules[]; .service == "redis" and .loopback and .zones == [])' rolewall --json show
	assert_json '.reason == "zone-denied" and any(.remedies[]; test("127.0.0.1"))' \
		rolewall --json explain "$INSIDE" 6379
}

test_a_listener_that_another_role_of_the_profile_would_open_is_told_its_role() {
	node_file '.profile = "carbonio-ce-25.9" | .roles = ["appserver"]'
	rolewall -q apply
	spawn node listeners "$PROBE" listen -t 8443
	assert_json 'any(.findings[]; .port == 8443 and (.what | test("appserver-https \\(https-internal\\)")))' audit
}

test_loopback_is_nobodys_business() {
	listen_on 127.0.0.1 9999
	assert_finding no listening-closed tcp 9999
	stop one
	listen_on 127.8.8.8 25
	assert_finding a open-unused tcp 25
	rolewall audit | grep -q "loopback only" || fail "it does not say that it listens on loopback"
}

test_a_bind_to_one_address_is_no_wildcard() {
	listen_on "$NODE_INTERNAL" 7026
	assert_finding no wildcard-bind tcp 7026
	assert_finding no open-unused tcp 7026
}

test_udp_clients_are_no_findings() {
	spawn node client python3 -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 40001))
print('ready', flush=True)
time.sleep(60)"
	assert_finding no listening-closed udp 40001
}

test_without_findings_it_exits_with_0() {
	node_file '.roles = ["mta"] | .interfaces = { eth1: { zone: "internal" } }'
	rolewall -q apply
	spawn node listeners "$PROBE" listen -t 22,25,465,587,7026,8301,9100,9256 -u 8301
	assert_exit 0 rolewall audit
	assert_json '.version == 1 and .findings == []' rolewall --json audit
}

test_nothing_applied_is_nothing_to_compare_with() {
	rolewall -q down
	assert_exit 3 rolewall audit
}

run_tests "$@"
