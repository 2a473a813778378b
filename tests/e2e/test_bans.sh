#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Bans: who is banned gets nothing, and who must not be banned is not.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/bans.sh
. "$(dirname "$0")/bans.sh"

# --- one at a time --------------------------------------------------------------------------------

test_a_banned_address_gets_nothing_until_it_is_unbanned() {
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_exit 0 rolewall ban "$OUTSIDE"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	assert_answer open outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	[ "$(drops_value banned)" -gt 0 ] || fail "no packet was counted as banned"
	assert_exit 0 rolewall unban "$OUTSIDE"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_json 'length == 0' bans
}

test_a_banned_prefix_gets_nothing() {
	assert_exit 0 rolewall ban 203.0.113.64/26
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_exit 0 rolewall ban 2001:db8:1::2/127
	assert_answer silent outside tcp "$NODE6_EXTERNAL" 25
}

test_a_ban_cuts_a_connection_that_stands() {
	mkfifo "$LAB_DIR/talk.in"
	launch outside talk "$PROBE" talk "$NODE_EXTERNAL" 25
	exec 4>"$LAB_DIR/talk.in"
	echo before >&4
	wait_for 5 lab_spoke talk || fail "there is no connection: $(cat "$LAB_DIR"/talk.*)"
	assert_exit 0 rolewall ban "$OUTSIDE"
	echo behind >&4
	# Answered within a millisecond if it gets through; resent after 200.
	sleep 0.4
	exec 4>&-
	! grep -q behind "$LAB_DIR/talk.out" || fail "the connection goes on"
}

test_the_list_says_who_why_and_until_when() {
	SUDO_USER=anna assert_exit 0 rolewall ban "$OUTSIDE" --for 2h --reason "too many logins"
	assert_exit 0 rolewall ban 198.51.100.0/24
	assert_json ". == (. | sort_by(.source)) and length == 2
		and (.[1] | .source == \"$OUTSIDE\" and .who == \"anna\" and .reason == \"too many logins\"
			and (.expires | test(\"^[0-9]{4}-\")) and (.since | test(\"^[0-9]{4}-\")))
		and (.[0] | .source == \"198.51.100.0/24\" and .expires == null and .reason == null)" bans
	rolewall bans | grep -q "^$OUTSIDE .*too many logins" || fail "not in the table"
}

test_the_list_is_that_of_the_kernel() {
	local table

	assert_exit 0 rolewall ban "$OUTSIDE" --reason mine
	table=$(map_pieces bans)
	# Behind Rolewall's back: ::ffff:198.51.100.9, without end.
	# shellcheck disable=SC2046
	bpftool map update id "$table" key hex 00 00 00 00 00 00 00 00 00 00 ff ff c6 33 64 09 \
		value hex $(printf '00 %.0s' {1..16})
	assert_json '[.[].source] == ["198.51.100.9", "203.0.113.2"] and .[1].reason == "mine"' bans
	bpftool map delete id "$table" key hex 00 00 00 00 00 00 00 00 00 00 ff ff cb 00 71 02
	assert_json '[.[].source] == ["198.51.100.9"]' bans
}

test_a_ban_ends() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1s
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	wait_for 5 nobody_is_banned || fail "it does not end"
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
}

nobody_is_banned() {
	[ "$(bans | jq length)" = 0 ]
}

test_a_ban_can_be_renewed() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1m
	assert_exit 0 rolewall ban "$OUTSIDE"
	grep -q anew <<<"$OUTPUT" || fail "it does not say so: $OUTPUT"
	assert_json 'length == 1 and .[0].expires == null' bans
}

assert_ban() { # JQ-FILTER
	assert_json "length == 1 and (.[0] | $1)" bans
}

test_a_ban_is_not_longer_than_a_clock_can_say() {
	assert_exit 0 rolewall ban "$OUTSIDE" --reason "for good"
	assert_exit 2 rolewall ban "$OUTSIDE" --for 99999d --replace
	grep -q "100 years" <<<"$OUTPUT" || fail "it does not say how long it may last: $OUTPUT"
	assert_json 'length == 1 and .[0].reason == "for good" and .[0].expires == null' bans
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	assert_exit 0 rolewall ban 198.51.100.9 --for 36500d
	assert_json 'any(.[]; .source == "198.51.100.9" and (.expires > "2120"))' bans
}

# The clock is set by ten days, at any moment of a command that only looks: no ban ends for it.
test_a_clock_that_is_set_while_bans_are_read_ends_none() {
	local asked at

	command -v cc >/dev/null || skip "there is no compiler"
	cc -shared -fPIC -o "$LAB_DIR/step.so" "$LAB_ROOT/tests/inject/clock_step.c" -ldl
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1d --reason "one day"
	STEP_AT=1000000 STEP_COUNT=$LAB_DIR/asked LD_PRELOAD=$LAB_DIR/step.so assert_exit 0 rolewall bans
	asked=$(<"$LAB_DIR/asked")
	[ "$asked" -gt 0 ] || fail "the clock was never asked for"
	for ((at = 1; at <= asked; at++)); do
		STEP_AT=$at LD_PRELOAD=$LAB_DIR/step.so assert_exit 0 rolewall bans
		assert_equal 1 "$(banned_in_kernel)" \
			"bans, set at $at of $asked"
	done
	assert_json 'length == 1 and .[0].reason == "one day"' bans
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
}

test_of_two_bans_the_one_that_ends_later_stays() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail one"
	assert_exit 0 rolewall ban "$OUTSIDE" --for 2m --reason "jail two"
	grep -q "already banned until .*jail one; --replace" <<<"$OUTPUT" || fail "not said: $OUTPUT"
	assert_ban '.reason == "jail one"'
	assert_exit 0 rolewall ban "$OUTSIDE" --for 2h --reason "jail two"
	assert_ban '.reason == "jail two" and .expires'
	assert_exit 0 rolewall ban "$OUTSIDE" --reason "for good"
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail one"
	grep -q "already banned without end, because: for good" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_json '.reason == "for good" and .expires == null' \
		rolewall --json ban "$OUTSIDE" --for 1h --reason "jail one"
	assert_ban '.reason == "for good" and .expires == null'
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail one" --replace
	assert_ban '.reason == "jail one" and .expires'
}

test_a_ban_is_only_taken_away_for_its_reason() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail one"
	assert_exit 0 rolewall ban "$OUTSIDE" --for 2h --reason "jail two"
	assert_ban '[.reasons[].reason] == ["jail two", "jail one"] and .reasons[0].expires == .expires'
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail one"
	grep -q "stays banned, for another reason: jail two" <<<"$OUTPUT" || fail "not said: $OUTPUT"
	assert_ban '.reason == "jail two" and (.reasons | length) == 1'
	assert_json '.removed == 0' rolewall --json unban "$OUTSIDE" --reason "jail"
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail two"
	assert_json 'length == 0' bans
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail two"
	grep -q "is not banned" <<<"$OUTPUT" || fail "not said: $OUTPUT"
}

# A second more or less: the file has whole ones, the kernel has another clock.
ends_at() { # TIME
	echo "(.expires | sub(\"[+]00:00\"; \"Z\") | fromdate - $(date -d "$1" +%s) | fabs) <= 1"
}

# Whichever of the two ends last, and whichever goes first.
test_each_reason_has_an_end_of_its_own() {
	local one two

	assert_exit 0 rolewall ban "$OUTSIDE" --for 2h --reason "jail one"
	one=$(bans | jq -r '.[0].expires')
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail two"
	two=$(bans | jq -r '.[0].reasons[1].expires')
	assert_ban ".reason == \"jail one\" and $(ends_at "$one")"
	rolewall bans | grep -q "jail one; jail two" || fail "not in the table"
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail one"
	assert_ban ".reason == \"jail two\" and $(ends_at "$two")"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	assert_exit 0 rolewall ban "$OUTSIDE" --reason "for good"
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail two"
	assert_ban '.reason == "for good" and .expires == null'
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1s --reason "a moment"
	sleep 2
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "for good"
	assert_json 'length == 0' bans
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
}

test_reasons_survive_a_reboot() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 2h --reason "jail one"
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason "jail two"
	rolewall down
	assert_exit 0 rolewall apply
	assert_ban '[.reasons[].reason] == ["jail one", "jail two"]'
	assert_exit 0 rolewall unban "$OUTSIDE" --reason "jail one"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
}

# What fail2ban does when a jail stops.
test_all_bans_of_a_reason_go_in_one_step() {
	seq -f '198.51.100.%.0f' 1 200 >"$LAB_DIR/list"
	assert_exit 0 rolewall -q bans --import "$LAB_DIR/list" --for 1h --reason "jail one"
	assert_exit 0 rolewall -q ban 198.51.100.7 --for 30m --reason "jail two"
	assert_exit 0 rolewall -q ban 198.51.100.8 --for 2h --reason "jail two"
	assert_exit 0 rolewall -q ban 198.51.100.201 --reason mine
	assert_json '.removed == 198' rolewall --json unban --all --reason "jail one"
	assert_json '[.[] | [.source, .reason, (.reasons | length)]] == [["198.51.100.7", "jail two", 1],
		["198.51.100.8", "jail two", 1], ["198.51.100.201", "mine", 1]]' bans
	assert_json '.removed == 0' rolewall --json unban --all --reason "jail one"
	assert_json '.removed == 3' rolewall --json unban --all
}

test_an_import_shortens_nothing_unless_it_is_to() {
	assert_exit 0 rolewall ban 198.51.100.1 --reason mine
	assert_exit 0 rolewall ban 198.51.100.2 --for 1m --reason mine
	printf '198.51.100.%d\n' 1 2 3 >"$LAB_DIR/list"
	assert_json '.added == 1 and .renewed == 1 and .kept == 1 and .total == 3' \
		rolewall --json bans --import "$LAB_DIR/list" --for 1h --reason list
	assert_json '[.[].reason] == ["mine", "list", "list"] and .[0].expires == null' bans
	assert_json '.added == 0 and .renewed == 3 and .kept == 0' \
		rolewall --json bans --import "$LAB_DIR/list" --for 30m --reason other --replace
	assert_json 'all(.[]; .reason == "other" and .expires)' bans
}

test_what_is_not_banned_cannot_be_unbanned() {
	assert_exit 1 rolewall unban "$OUTSIDE"
	assert_exit 0 rolewall ban 203.0.113.64/26
	assert_exit 1 rolewall unban "$NEIGHBOUR"
	grep -q "unban 203.0.113.64/26" <<<"$OUTPUT" || fail "the ban is not named: $OUTPUT"
}

test_wrong_usage_is_refused() {
	assert_exit 2 rolewall ban
	assert_exit 2 rolewall ban 203.0.113.2/24
	assert_exit 2 rolewall ban "$OUTSIDE" --for soon
	assert_exit 2 rolewall ban "$OUTSIDE" --for 0s
	assert_exit 2 rolewall ban "$OUTSIDE" --reason $'two\nlines'
	assert_exit 2 rolewall unban
	assert_exit 2 rolewall unban "$OUTSIDE" --all
	assert_exit 2 rolewall bans --for 1h
	assert_exit 2 rolewall bans --replace
	assert_json 'length == 0' bans
}

# --- who must not be banned -----------------------------------------------------------------------

assert_not_banned() { # WHY ARGUMENT...
	local why=$1

	shift
	assert_exit 1 rolewall ban "$@"
	grep -q "$why" <<<"$OUTPUT" || fail "the reason is not \"$why\": $OUTPUT"
	assert_json 'length == 0' bans
}

test_the_host_itself_is_not_banned() {
	assert_not_banned loopback 127.0.0.1 --force
	assert_not_banned loopback ::1 --force
	assert_not_banned "address of this host" "$NODE_EXTERNAL" --force
	! grep -q narrower <<<"$OUTPUT" || fail "nothing is narrower than an address: $OUTPUT"
	assert_not_banned "address of this host" "$NODE6_INTERNAL" --force
	assert_not_banned "address of this host" 172.16.0.0/24 --force
}

test_the_own_session_is_not_banned() {
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22"
	assert_not_banned "your own SSH session" "$OUTSIDE" --force
	assert_not_banned "your own SSH session" 203.0.113.2/31 --force
	assert_exit 0 rolewall ban "$NEIGHBOUR"
}

test_sudo_does_not_hide_the_own_session() {
	export SSH_CONNECTION="2001:db8:1::2 50000 $NODE6_EXTERNAL 22"
	assert_exit 1 bash -c 'env -u SSH_CONNECTION "$@"; exit $?' bash \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" ban "$OUTSIDE6"
	grep -q "your own SSH session" <<<"$OUTPUT" || fail "$OUTPUT"
}

test_management_and_peers_are_not_banned() {
	node_file '.management = ["198.51.100.0/28"]
		| .interfaces.eth0.sources = { internal: ["203.0.113.64/26"] }'
	rolewall apply
	assert_not_banned "management prefix" 198.51.100.3 --force
	assert_not_banned "management prefix" 198.51.100.0/24 --force
	assert_not_banned "peers" "$NEIGHBOUR"
	assert_not_banned "peers" "$NEIGHBOUR" --force
	assert_exit 0 rolewall ban 198.51.100.16
}

# The ban came first: in the kernel the list of whom no ban reaches wins, and check, plan and apply say so.
test_what_the_node_lives_on_is_reached_by_no_ban_whichever_came_first() {
	local verb

	assert_exit 0 rolewall ban "$OUTSIDE" --reason early
	assert_exit 0 rolewall ban 203.0.113.64/26
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	node_file ".management = [\"$OUTSIDE\"] | .never_ban = [\"$NEIGHBOUR\"]"
	for verb in check plan apply; do
		assert_exit 0 rolewall "$verb"
		grep -q "$OUTSIDE is banned, but $OUTSIDE is a management prefix" <<<"$OUTPUT" ||
			fail "$verb does not compare: $OUTPUT"
		grep -q "203.0.113.64/26 is banned, but $NEIGHBOUR is listed under \"never_ban\"" <<<"$OUTPUT" ||
			fail "$verb does not compare: $OUTPUT"
		[ "$verb" != plan ] || grep -q "never_ban.*none -> 1: $NEIGHBOUR" <<<"$OUTPUT" ||
			fail "plan does not show the change: $OUTPUT"
	done
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	assert_answer open outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_not_banned_beside 2 "management prefix" "$OUTSIDE"
	assert_not_banned_beside 2 "listed under \"never_ban\"" "$NEIGHBOUR" --force
	# And back: the bans have not gone.
	node_file .
	assert_exit 0 rolewall apply
	! grep -q "is banned, but" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
}

test_an_own_session_that_is_never_banned_is_not_cut_by_a_ban() {
	assert_exit 0 rolewall ban "$OUTSIDE"
	export SSH_CONNECTION="$OUTSIDE 50000 $NODE_EXTERNAL 22"
	assert_exit 1 rolewall apply
	node_file ".management = [\"$OUTSIDE\"]"
	assert_exit 0 rolewall apply
	assert_json '.own_session.survives' rolewall --json plan
}

# With a resolv.conf of its own.
with_resolver() { # ADDRESS COMMAND...
	echo "nameserver $1" >"$LAB_DIR/resolv.conf"
	shift
	# shellcheck disable=SC2016
	node unshare -m sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$LAB_DIR/resolv.conf" \
		"$ROLEWALL" "${LAB_INSTANCE[@]}" "$@"
}

test_resolver_and_gateway_are_not_banned() {
	assert_exit 0 rolewall ban "$NEIGHBOUR"
	assert_exit 1 with_resolver 198.51.100.53 ban 198.51.100.53 --force
	grep -q "a resolver of this host" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_exit 0 with_resolver "$NEIGHBOUR" plan
	grep -q "$NEIGHBOUR is a resolver of this host: no ban reaches that" <<<"$OUTPUT" || fail "$OUTPUT"
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_exit 0 with_resolver "$NEIGHBOUR" apply
	assert_answer open outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_exit 0 rolewall unban "$NEIGHBOUR"
	assert_exit 0 rolewall apply
	assert_not_banned "the gateway of this host" "$GATEWAY" --force
	assert_not_banned "the gateway of this host" "$GATEWAY6" --force
	assert_not_banned "the gateway of this host" 203.0.113.128/25
}

assert_not_banned_beside() { # NUMBER WHY ARGUMENT...
	local number=$1 why=$2

	shift 2
	assert_exit 1 rolewall ban "$@"
	grep -q "$why" <<<"$OUTPUT" || fail "the reason is not \"$why\": $OUTPUT"
	assert_json "length == $number" bans
}

# The node file says nothing of sources: eth1 is internal, vpn0 is vpn.
test_who_is_behind_an_inner_interface_is_not_banned() {
	assert_not_banned "172.16.0.0/24 is the network of eth1" "$INSIDE"
	grep -q -- --force <<<"$OUTPUT" || fail "no way out is named: $OUTPUT"
	assert_not_banned "the network of eth1" 172.16.0.128/25
	assert_not_banned "the network of eth1" "$INSIDE6"
	assert_not_banned "the network of vpn0" "$VPN"
	printf '198.51.100.1\n%s\n' "$INSIDE" >"$LAB_DIR/list"
	assert_exit 1 rolewall bans --import "$LAB_DIR/list"
	assert_json 'length == 0' bans
	assert_answer open inside tcp "$NODE_INTERNAL" 25
	assert_exit 0 rolewall ban 172.16.1.2
	assert_exit 0 rolewall ban "$OUTSIDE6"
	assert_exit 0 rolewall ban "$INSIDE" --force
	assert_answer silent inside tcp "$NODE_INTERNAL" 25
}

test_absurdly_wide_prefixes_are_not_banned() {
	assert_not_banned "too wide" 64.0.0.0/7
	assert_not_banned "too wide" 4000::/3
	assert_not_banned "" 0.0.0.0/0 --force
	assert_not_banned "" ::/0 --force
	assert_exit 0 rolewall ban 64.0.0.0/7 --force
}

test_what_can_be_nobodys_source_is_not_banned() {
	local source

	for source in 0.0.0.0 224.0.0.1 224.0.0.0/4 255.255.255.255 :: ff02::1; do
		assert_not_banned "no address of a host" "$source" --force
	done
}

# --- what survives --------------------------------------------------------------------------------

test_bans_survive_a_change_of_policy_and_come_back_after_a_reboot() {
	assert_exit 0 rolewall ban "$OUTSIDE" --for 1h --reason keep
	assert_exit 0 rolewall ban 203.0.113.64/26
	assert_exit 0 rolewall ban 198.51.100.1 --for 1s
	node_file '.roles = ["mta"]'
	rolewall apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	# For the maps a `down` is what a reboot is.
	rolewall down
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	sleep 1 # the end of the third
	assert_exit 0 rolewall apply
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_json '[.[].source] == ["203.0.113.2", "203.0.113.64/26"] and .[0].reason == "keep"' bans
}

test_a_damaged_file_is_reported_and_its_whole_lines_count() {
	local file=$LAB_DIR/lib/bans.tsv

	assert_exit 0 rolewall ban 198.51.100.1
	assert_exit 0 rolewall ban 198.51.100.2
	rolewall down
	truncate -s -3 "$file"
	assert_exit 0 rolewall apply
	grep -q "warning: .*cut short" <<<"$OUTPUT" || fail "nothing is said: $OUTPUT"
	assert_json '[.[].source] == ["198.51.100.1"]' bans
	[ -s "$file.damaged" ] || fail "the damaged file is not kept"
	assert_exit 0 rolewall bans
	! grep -q warning <<<"$OUTPUT" || fail "it is not repaired: $OUTPUT"
	rm "$file.damaged"
}

test_nothing_can_be_banned_where_nothing_is_applied() {
	rolewall down
	assert_exit 3 rolewall ban "$OUTSIDE"
	assert_exit 3 rolewall bans
	[ ! -e "$LAB_DIR/state/lock" ] || fail "a state directory was made"
}

test_bans_of_several_at_once_all_count() {
	local i

	for i in 1 2 3 4 5 6; do
		launch node "ban$i" "$ROLEWALL" "${LAB_INSTANCE[@]}" ban "198.51.100.$i"
	done
	for i in 1 2 3 4 5 6; do
		wait "$(<"$LAB_DIR/ban$i.pid")" || true
	done
	wait_for 10 six_are_banned || fail "found: $(bans)"
}

six_are_banned() {
	[ "$(bans | jq length)" = 6 ]
}

test_it_works_without_batches() {
	export ROLEWALL_PROBE_OFF=batch

	seq -f '198.51.100.%.0f' 1 100 >"$LAB_DIR/list"
	seq -f '203.0.113.%.0f/31' 64 2 126 >>"$LAB_DIR/list"
	assert_exit 0 rolewall bans --import "$LAB_DIR/list"
	assert_json 'length == 132' bans
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25 -s "$NEIGHBOUR"
	assert_exit 0 rolewall unban --all
	assert_json 'length == 0' bans
}

run_tests "$@"
