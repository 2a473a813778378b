#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A real fail2ban, with directories and a socket of its own, reads a log file and bans through Rolewall.
#
# long: a newcomer's machine needs no fail2ban

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

setup() {
	command -v fail2ban-server >/dev/null || return 0
	spawn node listeners "$PROBE" listen -t 25
	node_file '.management = ["198.51.100.0/28"]'
	rolewall -q apply
	fail2ban_configure
	launch node fail2ban fail2ban-server -c "$LAB_DIR/f2b" -f start
	wait_for 20 fail2ban ping || lab_die "fail2ban does not start: $(cat "$LAB_DIR"/fail2ban.*)"
}

prepare() {
	command -v fail2ban-server >/dev/null || skip "fail2ban is not installed"
}

# The action file is the one that is shipped.
fail2ban_configure() {
	local dir=$LAB_DIR/f2b

	mkdir -p "$dir/action.d" "$dir/filter.d"
	cp "$LAB_ROOT/packaging/fail2ban/action.d/rolewall.conf" "$dir/action.d/"
	: >"$LAB_DIR/auth.log"
	: >"$LAB_DIR/web.log"
	printf '#!/bin/sh\necho "$*" >>%s\nexec %s -q %s "$@"\n' "$LAB_DIR/calls" "$ROLEWALL" "${LAB_INSTANCE[*]}" \
		>"$LAB_DIR/called"
	chmod +x "$LAB_DIR/called"
	: >"$LAB_DIR/calls"
	cat >"$dir/fail2ban.conf" <<-END
		[Definition]
		loglevel = INFO
		logtarget = $LAB_DIR/fail2ban.log
		syslogsocket = auto
		socket = $dir/socket
		pidfile = $dir/pid
		dbfile = None
		dbpurgeage = 1d
	END
	cat >"$dir/filter.d/mail.conf" <<-END
		[Definition]
		failregex = ^ login failed from <ADDR>\$
	END
	cat >"$dir/jail.conf" <<-END
		[DEFAULT]
		backend = polling
		usedns = no
		ignoreself = false
		maxretry = 3
		findtime = 600
		banaction = rolewall
		action = %(banaction)s[rolewall="$LAB_DIR/called"]
		[mail]
		enabled = true
		filter = mail
		bantime = 600
		logpath = $LAB_DIR/auth.log
		[web]
		enabled = true
		filter = mail
		bantime = 3600
		logpath = $LAB_DIR/web.log
	END
}

fail2ban() {
	node fail2ban-client -c "$LAB_DIR/f2b" "$@" >/dev/null 2>&1
}

fail_logins() { # SOURCE
	local now

	now=$(date '+%Y-%m-%d %H:%M:%S')
	printf "$now login failed from %s\n" "$1" "$1" "$1" >>"$LAB_DIR/auth.log"
}

bans() {
	rolewall --json bans | jq .bans
}

is_banned() { # SOURCE
	bans | jq -e --arg source "$1" 'any(.[]; .source == $source)' >/dev/null
}

is_free() {
	! is_banned "$1"
}

log_says() {
	grep -q "$1" "$LAB_DIR/fail2ban.log"
}

test_failed_logins_end_in_a_ban() {
	assert_answer open outside tcp "$NODE_EXTERNAL" 25
	fail_logins "$OUTSIDE"
	wait_for 20 is_banned "$OUTSIDE" || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
	assert_json "any(.[]; .source == \"$OUTSIDE\" and .reason == \"fail2ban mail\" and .expires)" bans
	assert_answer silent outside tcp "$NODE_EXTERNAL" 25
}

test_ipv6_is_banned_too() {
	fail_logins "$OUTSIDE6"
	wait_for 20 is_banned "$OUTSIDE6" || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
}

test_fail2ban_unbans() {
	fail2ban set mail banip 198.51.100.77
	wait_for 20 is_banned 198.51.100.77 || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
	fail2ban set mail unbanip 198.51.100.77
	wait_for 20 is_free 198.51.100.77 || fail "no unban: $(<"$LAB_DIR/fail2ban.log")"
}

is_banned_for() { # SOURCE REASON
	bans | jq -e --arg source "$1" --arg reason "$2" \
		'any(.[]; .source == $source and .reason == $reason)' >/dev/null
}

test_a_jail_lifts_neither_another_ones_ban_nor_the_administrators() {
	fail2ban set mail banip 198.51.100.88
	wait_for 20 is_banned 198.51.100.88 || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
	fail2ban set web banip 198.51.100.88
	wait_for 20 is_banned_for 198.51.100.88 "fail2ban web" || fail "not banned longer: $(bans)"
	rolewall -q ban 198.51.100.89 --reason abuse
	fail2ban set mail banip 198.51.100.89
	fail2ban set mail unbanip 198.51.100.88
	fail2ban set mail unbanip 198.51.100.89
	fail2ban set mail banip 198.51.100.90 # after all of that
	wait_for 20 is_banned 198.51.100.90 || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
	is_banned_for 198.51.100.88 "fail2ban web" || fail "gone: $(bans)"
	is_banned_for 198.51.100.89 abuse || fail "gone: $(bans)"
	! log_says "Failed to execute" || fail "fail2ban complains: $(<"$LAB_DIR/fail2ban.log")"
	fail2ban set web unbanip 198.51.100.88
	wait_for 20 is_free 198.51.100.88 || fail "no unban: $(<"$LAB_DIR/fail2ban.log")"
}

# The longer one goes first: the shorter one has its own end still.
test_two_jails_ban_and_one_unbans() {
	fail2ban set mail banip 198.51.100.91
	fail2ban set web banip 198.51.100.91
	wait_for 20 is_banned_for 198.51.100.91 "fail2ban web" || fail "not banned longer: $(bans)"
	fail2ban set web unbanip 198.51.100.91
	wait_for 20 is_banned_for 198.51.100.91 "fail2ban mail" || fail "nobody is banned: $(bans)"
	fail2ban set mail unbanip 198.51.100.91
	wait_for 20 is_free 198.51.100.91 || fail "no unban: $(<"$LAB_DIR/fail2ban.log")"
}

# fail2ban unbans what it has banned: with one command, not with one for each.
test_a_jail_that_stops_unbans_in_one_step() {
	local i calls

	for i in {100..119}; do fail2ban set mail banip "198.51.100.$i"; done
	wait_for 30 is_banned 198.51.100.119 || fail "no ban: $(<"$LAB_DIR/fail2ban.log")"
	fail2ban set web banip 198.51.100.110
	wait_for 20 is_banned_for 198.51.100.110 "fail2ban web" || fail "$(bans)"
	calls=$(grep -c "^unban" "$LAB_DIR/calls" || true)
	fail2ban restart mail
	wait_for 20 is_free 198.51.100.119 || fail "no unban: $(<"$LAB_DIR/fail2ban.log")"
	for i in {100..118}; do
		[ "$i" = 110 ] || is_free "198.51.100.$i" || fail "198.51.100.$i is banned still"
	done
	is_banned_for 198.51.100.110 "fail2ban web" || fail "the other jail's ban went: $(bans)"
	assert_equal "unban --all --reason fail2ban mail" "$(grep "^unban" "$LAB_DIR/calls" | tail -n +$((calls + 1)))" \
		"what fail2ban called"
}

test_a_refusal_is_in_the_log_of_fail2ban() {
	fail2ban set mail banip 198.51.100.3
	wait_for 20 log_says "management prefix" || fail "not said: $(<"$LAB_DIR/fail2ban.log")"
	is_free 198.51.100.3
}

run_tests "$@"
