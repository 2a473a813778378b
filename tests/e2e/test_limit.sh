#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Limits: how many connections a source may begin, who is banned for going on, and who never is. Against a
# real dovecot where it is installed.
#
# shellcheck disable=SC2119 # daemon_start takes options, if any

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"

PATH=$PATH:/usr/sbin
NEIGHBOUR=203.0.113.70
NEIGHBOUR6=2001:db8:1::70
ROUTED=172.20.5.2 # behind the inside
SLOW='{"imaps": {"new": "6/h", "burst": 5}}' # no token comes back during a test

setup() {
	ip -n "$LAB_NAME-outside" address add "$NEIGHBOUR/24" dev eth0
	ip -n "$LAB_NAME-outside" address add "$NEIGHBOUR6/64" dev eth0 nodad
	# Hundreds of clients are not to wait for each other's neighbour discovery.
	ip -n "$LAB_NAME-node" neighbour replace "$OUTSIDE" dev eth0 lladdr \
		"$(ip -n "$LAB_NAME-outside" -j link show eth0 | jq -r '.[0].address')"
}

# Every test has buckets and bans of its own.
prepare() {
	rolewall -q down 2>/dev/null || true
	rm -rf "${LAB_DIR:?}/lib"
	spawn node listeners "$PROBE" listen -t 25,993
}

limits() { # LIMITS [JQ-FILTER]
	node_file ".limits = $1 | ${2:-.}"
	rolewall -q apply
}

# connect HOST COUNT ADDRESS [SCAN-OPTION...]: what the connections met, one after the other.
connect() {
	local host=$1 count=$2 address=$3

	shift 3
	while [ $((count--)) -gt 0 ]; do
		"$host" "$PROBE" scan -w 300 -t 993 "$@" "$address"
	done | awk '{ words[$4]++ } END { printf "%d open, %d silent", words["open"], words["silent"] }'
}

assert_connects() { # EXPECTED HOST COUNT ADDRESS [SCAN-OPTION...]
	local expected=$1

	shift
	assert_equal "$expected" "$(connect "$@")" "connections of $*"
}

stayers() {
	bpftool -j map dump pinned "$LAB_DIR/bpf/rolewall/maps/limit_stayers"
}

bans() {
	rolewall --json bans | jq .bans
}

is_banned() { # SOURCE
	bans | jq -e --arg source "$1" 'any(.[]; .source == $source)' >/dev/null
}

# --- limited --------------------------------------------------------------------------------------

test_a_source_may_begin_so_many_and_its_neighbour_as_many() {
	limits "$SLOW"
	assert_connects "5 open, 2 silent" outside 7 "$NODE_EXTERNAL"
	assert_connects "5 open, 1 silent" outside 6 "$NODE_EXTERNAL" -s "$NEIGHBOUR"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_json "any(.attempts[]; .source == \"$OUTSIDE\" and .port == 993 and .service == \"imaps\"
		and .reason == \"rate-limited\" and .zone == \"external\" and .packets >= 2)" rolewall --json blocked
	assert_books_balance
}

test_one_network_of_ipv6_is_one_source() {
	limits "$SLOW"
	assert_connects "3 open, 0 silent" outside 3 "$NODE6_EXTERNAL"
	assert_connects "2 open, 1 silent" outside 3 "$NODE6_EXTERNAL" -s "$NEIGHBOUR6"
	assert_connects "0 open, 1 silent" outside 1 "$NODE6_EXTERNAL"
}

test_a_token_comes_back() {
	limits '{"imaps": {"new": "60/min", "burst": 2}}'
	assert_connects "2 open, 0 silent" outside 2 "$NODE_EXTERNAL"
	assert_answer open outside tcp "$NODE_EXTERNAL" 993
}

test_what_is_used_up_stays_so_over_another_policy() {
	limits "$SLOW"
	assert_connects "5 open, 1 silent" outside 6 "$NODE_EXTERNAL"
	limits "$SLOW" '.services = [{ name: "extra", proto: "tcp", port: 9999, table: "external" }]'
	assert_connects "0 open, 1 silent" outside 1 "$NODE_EXTERNAL"
	limits '{}'
	assert_connects "6 open, 0 silent" outside 6 "$NODE_EXTERNAL"
}

test_management_never_ban_and_the_inside_are_never_limited() {
	limits "$SLOW" ".management = [\"$OUTSIDE\"] | .never_ban = [\"$NEIGHBOUR\"]"
	assert_connects "9 open, 0 silent" outside 9 "$NODE_EXTERNAL"
	assert_connects "9 open, 0 silent" outside 9 "$NODE_EXTERNAL" -s "$NEIGHBOUR"
	assert_connects "9 open, 0 silent" inside 9 "$NODE_INTERNAL"
	assert_connects "5 open, 1 silent" vpn 6 "$NODE_VPN"
	assert_equal "$VPN" "$(rolewall --json blocked | jq -r '.attempts[].source')" "who was limited"
}

# In mode observe nobody owes anything when it ends.
test_mode_observe_counts_and_refuses_nobody() {
	limits '{"imaps": {"new": "60/min", "burst": 5}}' '.mode = "observe"'
	assert_connects "40 open, 0 silent" outside 40 "$NODE_EXTERNAL"
	assert_json '.observed["rate-limited"] > 0 and .drops["rate-limited"] > 0' rolewall --json status
	limits '{"imaps": {"new": "60/min", "burst": 5}}'
	assert_answer open outside tcp "$NODE_EXTERNAL" 993
}

test_the_default_is_for_what_the_world_reaches() {
	limits '{"@default": {"new": "6/h", "burst": 5}, "smtp": "none"}'
	assert_connects "5 open, 1 silent" outside 6 "$NODE_EXTERNAL"
	assert_json 'any(.rules[]; .service == "imaps" and .limit.new == "6/h") and
		all(.rules[]; (.limit != null) == ((.zones | index("external")) != null and .proto == "tcp"
			and .service != "smtp"))' rolewall --json show
}

# Without the hook of established connections nobody is charged.
test_a_lost_hook_is_said() {
	limits "$SLOW"
	assert_exit 0 rolewall status
	rm "$LAB_DIR/bpf/rolewall/links/cgroup-sock-ops"
	assert_exit 1 rolewall status
	grep -q "^Cgroup hooks .*established" <<<"$OUTPUT" || fail "it is not named: $OUTPUT"
	assert_exit 0 rolewall -q apply
	assert_exit 0 rolewall status
	limits '{}'
	rm "$LAB_DIR/bpf/rolewall/links/cgroup-sock-ops"
	assert_exit 0 rolewall status
}

test_it_is_told_everywhere() {
	limits '{}'
	node_file ".limits = $SLOW"
	rolewall plan | grep -q "^limits .*none -> imaps 6/h, burst 5" || fail "not in the plan"
	rolewall -q apply
	rolewall show | grep -q "imaps .*6/h, burst 5" || fail "not in the rules"
	assert_connects "5 open, 1 silent" outside 6 "$NODE_EXTERNAL"
	assert_json '.reason == "rate-limited" and .verdict == "drop" and .limit.burst == 5 and .rule == "proxy/imaps"' \
		rolewall --json explain "$OUTSIDE" 993/tcp
	rolewall explain "$OUTSIDE" 993/tcp >"$LAB_DIR/why"
	grep -q "Limit .*6/h, burst 5" "$LAB_DIR/why" || fail "not explained: $(<"$LAB_DIR/why")"
	grep -q "wait at most 600 s" "$LAB_DIR/why" || fail "not how long: $(<"$LAB_DIR/why")"
	rolewall status | grep -q "established" || fail "the hook is not named"
	rolewall metrics | grep -q '^rolewall_packets_total{.*"rate-limited".*} [1-9]' || fail "not in the metrics"
}

# --- banned ---------------------------------------------------------------------------------------

# goes_on HOST COMMAND...: it connects a dozen times at once, until the command is true. Those owe seven seconds: the
# next dozen is refused, and its SYNs are sent again until they pass.
goes_on() {
	local host=$1 at=$NODE_EXTERNAL

	shift
	"$host" "$PROBE" scan -w 8000 -t 993 "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" "$at" >/dev/null
	"$@"
}

test_who_goes_on_is_banned_with_its_network() {
	limits '{"imaps": {"new": "60/min", "burst": 5, "per": "/28", "then": {"ban": "1h"}}}'
	assert_exit 0 rolewall status
	grep -q "note: the daemon does not run: who goes on at a limit is refused, but not banned" <<<"$OUTPUT" ||
		fail "nobody says that there is no daemon: $OUTPUT"
	daemon_start
	assert_exit 0 rolewall status
	! grep -q "the daemon does not run" <<<"$OUTPUT" || fail "it runs: $OUTPUT"
	wait_for 120 goes_on far is_banned 198.51.100.0/28 || fail "not banned: $(stayers)"
	assert_json '.[0] | .reason == "limit of imaps" and .who == "rolewall"' bans
	assert_json '.reason == "banned" and .ban.reason == "limit of imaps" and .ban.expires' \
		rolewall --json explain "$FAR" 993/tcp
	rolewall explain "$FAR" 993/tcp | grep -qE "^Ban +198\.51\.100\.0/28 by rolewall since .*, until .*: limit of imaps" ||
		fail "who, and why, is not said: $(rolewall explain "$FAR" 993/tcp)"
	assert_answer silent far tcp "$NODE_EXTERNAL" 25
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_equal "[]" "$(stayers)" "who stays"
}

# Its gateway is among them.
test_who_must_not_be_banned_is_limited_only() {
	limits '{"imaps": {"new": "60/min", "burst": 5, "per": "/24", "then": {"ban": "1h"}}}'
	daemon_start
	wait_for 120 goes_on outside daemon_said "203.0.113.0/24 goes on at its limit, and is not banned" ||
		fail "not said: $(<"$LAB_DIR/daemon.err") $(stayers)"
	assert_equal "[]" "$(bans)" "who is banned"
}

# --- forged ---------------------------------------------------------------------------------------

# What is sent in somebody's name costs him nothing.
test_forged_syns_limit_nobody_and_ban_nobody() {
	limits '{"imaps": {"new": "6/h", "burst": 5, "then": {"ban": "1h"}}}'
	daemon_start
	outside "$PROBE" flood -s "$NEIGHBOUR" -c 2000 "$NODE_EXTERNAL" 993
	outside "$PROBE" flood -s 198.18.0.0 -n 20000 -c 20000 "$NODE_EXTERNAL" 993
	assert_equal "[]" "$(stayers)" "who stays"
	assert_equal 0 "$(drops_value rate-limited)" "what was limited"
	assert_connects "5 open, 0 silent" outside 5 "$NODE_EXTERNAL" -s "$NEIGHBOUR"
	# With nothing left, and refused for what others send: it has not gone on.
	outside "$PROBE" flood -s "$NEIGHBOUR" -c 2000 "$NODE_EXTERNAL" 993
	wait_for 10 stayer_is_refused || fail "not refused: $(stayers)"
	settle
	assert_equal "[]" "$(bans)" "who is banned"
}

stayer_is_refused() {
	stayers | jq -e 'length == 1' >/dev/null && [ "$(drops_value rate-limited)" -ge 1000 ]
}

# A network behind the inside may connect as often as it likes, and is never refused. What comes from outside
# in its name, once or as a flood, makes no refusal of it.
test_who_was_never_refused_is_not_banned_for_syns_that_others_forge() {
	limits '{"imaps": {"new": "60/min", "burst": 5, "then": {"ban": "1h"}}}'
	daemon_start
	ip -n "$LAB_NAME-inside" address add "$ROUTED/32" dev lo
	ip -n "$LAB_NAME-node" route add "$ROUTED/32" via "$INSIDE" dev eth1
	launch outside forger "$PROBE" flood -s "$ROUTED" -r 50 -c 1000000 "$NODE_EXTERNAL" 993
	assert_connects "40 open, 0 silent" inside 40 "$NODE_INTERNAL" -s "$ROUTED"
	wait_for 10 is_forged || fail "what is forged is not refused: $(stayers)"
	settle
	stop forger
	assert_equal "[]" "$(bans)" "who is banned"
	assert_connects "1 open, 0 silent" inside 1 "$NODE_INTERNAL" -s "$ROUTED"
}

is_forged() {
	stayers | jq -e '.[0].formatted.value.connections >= 10' >/dev/null && [ "$(drops_value rate-limited)" -gt 0 ]
}

# The daemon looks once a second: its metrics are younger than what was there before.
settle() {
	local before=$EPOCHSECONDS

	wait_for 30 metrics_since $((before + 2)) || fail "the daemon does not tick"
}

metrics_since() { # SECOND
	[ "$(stat -c %Y "$LAB_DIR/rolewall.prom")" -ge "$1" ]
}

# --- a real server --------------------------------------------------------------------------------

dovecot_start() {
	local dir=$LAB_DIR/mail

	if ! command -v dovecot >/dev/null || ! command -v curl >/dev/null; then
		skip "dovecot or curl is not installed"
	fi
	stop listeners
	chmod 0711 "$LAB_DIR"
	mkdir -p "$dir/run" "$dir/state"
	[ -e "$dir/cert.pem" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj /CN=mail1.example.com -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
	cat >"$dir/dovecot.conf" <<-CONF
		base_dir = $dir/run
		state_dir = $dir/state
		log_path = $dir/dovecot.log
		protocols = imap
		listen = *
		ssl = required
		ssl_cert = <$dir/cert.pem
		ssl_key = <$dir/key.pem
		auth_failure_delay = 0
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		first_valid_uid = 1
		mail_location = maildir:$dir/%n
		passdb {
		  driver = static
		  args = password=secret
		}
		userdb {
		  driver = static
		  args = uid=nobody gid=nogroup home=$dir/%n
		}
		service imap-login {
		  service_count = 0
		  inet_listener imap {
		    port = 0
		  }
		}
	CONF
	launch node dovecot dovecot -F -c "$dir/dovecot.conf"
	wait_for 30 node bash -c ": </dev/tcp/127.0.0.1/993" 2>/dev/null ||
		fail "dovecot does not listen: $(cat "$dir/dovecot.log" "$LAB_DIR/dovecot.err")"
}

# It has delays of its own for those who guess; here they are not to help.
# imap SOURCE PASSWORD [SECONDS]: what the client exits with. 67: it was denied; 28: nothing answered.
imap() {
	local status=0

	outside curl -sk --interface "$1" --connect-timeout "${3:-30}" --max-time 60 -u "user:$2" \
		"imaps://$NODE_EXTERNAL/" -X NOOP >/dev/null || status=$?
	echo "$status"
}

guess_until_stopped() {
	local number

	for ((number = 0; ; number++)); do
		imap "$NEIGHBOUR" "guess$number" 5
	done
}

# Of 200 addresses in the guesser's network, two at a time: each logs in, and connects twice besides.
honest_clients() {
	local client

	for client in {100..249} {20..69}; do
		ip -n "$LAB_NAME-outside" address add "203.0.113.$client/24" dev eth0 2>/dev/null || true
		echo "203.0.113.$client"
	done >"$LAB_DIR/clients"
	# shellcheck disable=SC2016
	outside xargs -P 2 -I @ sh -c '"$3" scan -t 993 -s "$1" "$2"; "$3" scan -t 993 -s "$1" "$2"
		curl -sk --interface "$1" --connect-timeout 60 --max-time 120 -u user:secret "imaps://$2/" -X NOOP \
			>/dev/null; echo "logged in $?"' sh @ "$NODE_EXTERNAL" "$PROBE" <"$LAB_DIR/clients"
}

# long: dovecot is a package of its own
test_who_guesses_passwords_is_limited_then_banned_and_200_honest_clients_beside_it_are_not() {
	limits '{"imaps": {"new": "60/min", "burst": 5, "then": {"ban": "1h"}}}'
	daemon_start
	dovecot_start
	assert_equal 0 "$(imap "$OUTSIDE" secret)" "an honest client"
	guess_until_stopped >"$LAB_DIR/guesses" &
	echo $! >"$LAB_DIR/guesser.pid"
	honest_clients >"$LAB_DIR/answers"
	wait_for 60 is_banned "$NEIGHBOUR" || fail "not banned: $(sort "$LAB_DIR/guesses" | uniq -c) $(stayers)"
	assert_equal "200 logged in 0, 400 tcp ipv4 993 open" \
		"$(sort "$LAB_DIR/answers" | uniq -c | sed 's/^ *//' | paste -sd, | sed 's/,/, /')" "honest clients"
	assert_equal "[\"$NEIGHBOUR\"]" "$(bans | jq -c 'map(.source)')" "who is banned"
	assert_json '.[0] | .reason == "limit of imaps" and .who == "rolewall" and .expires' bans
	assert_json "[.attempts[] | select(.reason == \"rate-limited\") | .source] | unique == [\"$NEIGHBOUR\"]" \
		rolewall --json blocked
	daemon_said "$NEIGHBOUR is banned: it went on at the limit of imaps (port 993)" || fail "not in the log"
	# It was let to guess, and then limited.
	[ "$(grep -c 67 "$LAB_DIR/guesses")" -ge 10 ] || fail "guesses: $(sort "$LAB_DIR/guesses" | uniq -c)"
	assert_equal 28 "$(imap "$NEIGHBOUR" secret 2)" "the guesser"
	assert_equal 0 "$(imap "$OUTSIDE" secret)" "an honest client"
	stop guesser
}

run_tests "$@"
