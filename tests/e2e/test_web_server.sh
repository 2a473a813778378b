#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The web page's server: whom it answers, where it listens, what it bears.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"

# Each test has a daemon of its own.
prepare() {
	node_file '.roles = ["mta", "proxy"]
		| .services = [{ name: "web", proto: "tcp", port: 7373, from: ["vpn"] }]'
	rolewall apply
}

get() { # CURL-ARGUMENT...
	node curl -s -m 30 "$@"
}

status_of() { # CURL-ARGUMENT...
	get -o /dev/null -w '%{http_code}' "$@"
}

web_ready() {
	daemon_start
	web_start
	web_is_up || fail "no page: $(<"$LAB_DIR/web.err")"
}

test_every_answer_is_guarded() {
	local path

	web_ready
	for path in / /main.js /events /missing; do
		get -I "$WEB_URL$path" | tr -d '\r' >"$LAB_DIR/head"
		grep -q "^Content-Security-Policy: default-src 'none'; " "$LAB_DIR/head" || fail "$path: no policy"
		grep -q "unsafe" "$LAB_DIR/head" && fail "$path: something unsafe is allowed"
		grep -qx "X-Content-Type-Options: nosniff" "$LAB_DIR/head" || fail "$path: no nosniff"
		grep -qx "Referrer-Policy: no-referrer" "$LAB_DIR/head" || fail "$path: no referrer policy"
	done
	assert_equal 200 "$(status_of $WEB_URL/)" "the page"
	assert_equal 404 "$(status_of --path-as-is $WEB_URL/../../etc/passwd)" "a path that leads out"
	assert_equal 405 "$(status_of -X POST $WEB_URL/)" POST
	assert_equal 413 "$(status_of -X GET -d body $WEB_URL/)" "GET with a body"
	assert_equal 421 "$(status_of -H 'Host: evil.example:7373' $WEB_URL/)" "a name that leads here"
	assert_equal 200 "$(status_of -H 'Host: localhost:12345' $WEB_URL/)" "a tunnel"
	assert_equal 403 "$(status_of -H 'Sec-Fetch-Site: cross-site' $WEB_URL/events)" "another site's page"
}

test_it_holds_no_privileges_and_knows_no_bpf() {
	web_ready
	assert_equal "0000000000000000" "$(awk '$1 == "CapEff:" { print $2 }' "/proc/$(<"$LAB_DIR/web.pid")/status")" "capabilities"
	assert_equal 1 "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$(<"$LAB_DIR/web.pid")/status")" NoNewPrivs
	grep -q libbpf "/proc/$(<"$LAB_DIR/web.pid")/maps" && fail "it has libbpf"
	assert_exit 5 node "$WEB" --state-dir "$LAB_DIR/state" --listen 127.0.0.1:7374
	grep -q "will not run as root" <<<"$OUTPUT" || fail "it does not say why: $OUTPUT"
}

# refused ADDRESS TEXT: it does not listen there, and says why.
refused() {
	rm -f "$LAB_DIR/web.err"
	web_start --listen "$1"
	wait_for 10 grep -q "$2" "$LAB_DIR/web.err" || fail "$1: $(<"$LAB_DIR/web.err")"
	wait_for 5 web_gone || fail "it listens on $1"
}

web_gone() {
	! kill -0 "$(<"$LAB_DIR/web.pid")" 2>/dev/null
}

test_it_listens_on_loopback_and_in_the_vpn_and_nowhere_else() {
	daemon_start
	refused "$NODE_EXTERNAL" "it is on eth0, whose zone is external"
	refused "$NODE6_EXTERNAL" "it is on eth0, whose zone is external"
	refused "$NODE_INTERNAL" "it is on eth1, whose zone is internal"
	refused 0.0.0.0 "every address of this host"
	refused 192.0.2.1 "no interface of this host has that address"
	web_start --listen "$NODE_VPN"
	web_is_up || fail "it does not listen in the VPN: $(<"$LAB_DIR/web.err")"
	vpn curl -s -m 30 "http://$NODE_VPN:7373/" | grep -q "Blocked attempts" || fail "no page in the VPN"
	assert_equal 421 "$(vpn curl -s -m 30 -o /dev/null -w '%{http_code}' -H 'Host: localhost' "http://$NODE_VPN:7373/")" \
		"another name in the VPN"
	# The same address by another way in.
	ip -n "$LAB_NAME-inside" route replace "$NODE_VPN" via "$NODE_INTERNAL"
	rolewall apply --observe
	assert_answer refused inside tcp "$NODE_VPN" 7373
	# What was in the VPN is external now.
	node_file '.interfaces.vpn0 = { zone: "external" } | .mode = "observe"'
	rolewall apply --force
	wait_for 10 grep -q "on vpn0, whose zone is external" "$LAB_DIR/web.err" || fail "it stays: $(<"$LAB_DIR/web.err")"
	wait_for 5 web_gone || fail "it still listens"
}

test_without_a_daemon_it_trusts_loopback_only() {
	SOCKET=$LAB_DIR/state/none.sock
	: >"$SOCKET"
	refused "$NODE_VPN" "the daemon does not say which zone"
	web_start
	web_is_up || fail "loopback needs no daemon: $(<"$LAB_DIR/web.err")"
	assert_equal 200 "$(status_of $WEB_URL/)" "the page"
}

streams_open() { # COUNT
	[ "$(grep -l "event: link" "$LAB_DIR"/stream-*.out | wc -l)" = "$1" ]
}

rss_kb() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$(<"$LAB_DIR/web.pid")/status"
}

STRANGER=(setpriv --reuid 65533 --regid 65533 --clear-groups)

stranger_is_full() {
	[ "$(node "${STRANGER[@]}" curl -s -m 5 -o /dev/null -w '%{http_code}' $WEB_URL/events)" = 503 ]
}

test_one_user_of_the_host_takes_the_page_from_no_other() {
	local i

	web_ready
	for i in {1..24}; do launch node "stream-$i" "${STRANGER[@]}" curl -sN $WEB_URL/events; done
	wait_for 20 streams_open 12 || fail "the stranger has not got 12 streams"
	wait_for 20 stranger_is_full || fail "he gets more than 12"
	streams_open 12 || fail "he has more than 12"
	wait_for 20 a_stream_is_free || fail "another user gets none"
}

test_pages_that_do_not_read_and_pages_too_many_hinder_nobody() {
	local i

	web_ready
	for i in {1..12}; do launch node "stream-$i" curl -sN $WEB_URL/events; done
	for i in {13..24}; do launch node "stream-$i" "${STRANGER[@]}" curl -sN $WEB_URL/events; done
	wait_for 20 streams_open 24 || fail "not all streams are open"
	assert_equal 503 "$(status_of $WEB_URL/events)" "one stream too many"
	assert_equal 200 "$(status_of $WEB_URL/)" "the page itself"
	for i in {2..24}; do kill -STOP "$(<"$LAB_DIR/stream-$i.pid")"; done
	outside "$PROBE" flood -s 198.18.0.0 -n 50000 -c 100000 "$NODE_EXTERNAL" 23 >/dev/null
	outside "$PROBE" scan -t 4006 -w 50 "$NODE_EXTERNAL" >/dev/null
	wait_for 20 grep -q '"port":4006' "$LAB_DIR/stream-1.out" || fail "the reader waits for the others"
	echo "memory: $(rss_kb) kB"
	[ "$(rss_kb)" -lt 40000 ] || fail "it has grown to $(rss_kb) kB"
	for i in {2..24}; do kill -KILL "$(<"$LAB_DIR/stream-$i.pid")"; done
	wait_for 20 a_stream_is_free || fail "their places are not free again"
}

a_stream_is_free() {
	[ "$(status_of -m 5 $WEB_URL/events)" = 200 ]
}

# slow_headers COUNT: each says a byte a second and never comes to an end; who was let go comes again.
slow_headers() {
	cat >"$LAB_DIR/slow.py" <<-'END'
		import socket, sys, time
		def come():
		    one = socket.create_connection(("127.0.0.1", 7373))
		    one.send(b"GET / HTTP/1.1\r\nX-Slow: ")
		    return one
		slow = [come() for _ in range(int(sys.argv[1]))]
		gone = 0
		while True:
		    print("gone", gone, flush=True)
		    time.sleep(1)
		    for i, one in enumerate(slow):
		        try:
		            one.send(b"x")
		        except OSError:
		            gone += 1
		            slow[i] = come()
	END
	spawn node slow python3 "$LAB_DIR/slow.py" "$1"
}

slow_are_gone() { # AT-LEAST
	[ "$(awk 'END { print $2 }' "$LAB_DIR/slow.out")" -ge "$1" ]
}

test_slow_headers_do_not_take_it_away() {
	web_ready
	slow_headers 48
	assert_equal 200 "$(status_of $WEB_URL/)" "the page beside 48 slow headers"
	wait_for 60 slow_are_gone 48 || fail "they have no deadline: $(tail -n 1 "$LAB_DIR/slow.out")"
	assert_equal 200 "$(status_of $WEB_URL/)" "the page after their deadline"
	stop slow
	slow_headers 200
	assert_equal 200 "$(status_of $WEB_URL/)" "the page beside 200 slow headers"
}

# Its end says no more as soon as it has asked: the socket is not established then.
test_one_user_of_the_host_gets_no_more_with_ends_that_are_half_closed() {
	local i

	web_ready
	printf 'GET /events HTTP/1.1\r\nHost: 127.0.0.1:7373\r\n\r\n' >"$LAB_DIR/request"
	for i in {1..24}; do
		launch node "stream-$i" "${STRANGER[@]}" sh -c \
			"exec socat -t 60 - TCP:127.0.0.1:7373 <'$LAB_DIR/request'"
	done
	wait_for 20 streams_open 12 || fail "the stranger has not got 12 streams"
	wait_for 20 stranger_is_full || fail "he gets more than 12"
	streams_open 12 || fail "he has more than 12"
	wait_for 20 a_stream_is_free || fail "another user gets none"
}

run_tests "$@"
