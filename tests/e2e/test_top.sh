#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# test_top.sh - the terminal view, driven through tmux: what keys do, and what the screen says then.

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/terminal.sh
. "$(dirname "$0")/terminal.sh"

setup() {
	node_file '.roles = ["mta", "proxy"] | .vpn_only = ["admin-panel"]'
	rolewall apply
	outside "$PROBE" scan -w 50 -t 6071,23,11211 "$NODE_EXTERNAL" >/dev/null
	vpn "$PROBE" scan -w 50 -t 11211 "$NODE_VPN" >/dev/null
}

# view COLUMNS ROWS [WORD=VALUE...]: and it has begun.
view() {
	top_start "$@"
	sees "mail1.example.com"
}

prepare() {
	TM_NAME=$BASHPID
	trap tm_end EXIT
}

hides() { ! shows "$1"; }
sees() { wait_for 15 shows "$1" || fail "no \"$1\" in: $(screen) $(cat "$LAB_DIR/top.err")"; }
misses() { wait_for 15 hides "$1" || fail "still \"$1\" in: $(screen)"; }
# The one that is shown; those of tests before it may not have ended yet.
top_pid() {
	local pid

	while read -r pid; do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != rolewall ] || echo "$pid"
	done <"$LAB_CGROUP/cgroup.procs"
}
top_is_alone() { [ "$(top_pid | wc -l)" = 1 ]; }
top_cpu() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$(top_pid)/stat"; }

ended() { [ -s "$LAB_DIR/top.exit" ]; }

# Times, rates and counts are masked: how many SYNs a scan sends depends on the machine.
masked() {
	screen | sed -E 's/[0-9]{2}:[0-9]{2}:[0-9]{2} +[0-9]+ +[-0-9.]+ /TIME COUNT RATE /
		s/(passed|refused) +[0-9.kM]+ +[0-9.kM]+\/s/\1 NUMBERS/; s/generation [0-9]+/generation N/
		s/ +[0-9]+ +[0-9]+$/ COUNT COUNT/; s/ +$//' | grep -vE '^(zone-denied|not-open|nothing (was )?refused)'
}

golden() { # NAME
	local file=$LAB_ROOT/tests/e2e/golden/top-$1.txt

	[ -z "${GOLDEN:-}" ] || masked >"$file"
	diff "$file" <(masked) || fail "the screen $1 is another"
}

test_the_screen_of_80x24_shows_attempts_services_and_reasons() {
	needs ringbuf "without times the rows begin with a dash"
	view 80 24
	sees "Blocked 4"
	# By what differs: a scan's packets may have one time.
	keys '>' '>' '>' '>'
	sees 'PORT\^'
	golden blocked
	keys q
	wait_for 15 ended || fail "q does not end it"
	assert_equal "exit 0" "$(cat "$LAB_DIR/top.exit")" "its end"
}

test_views_and_help_are_a_key_away() {
	view 80 24
	keys Tab
	sees "admin-panel"
	golden ports
	keys Tab
	sees "no bans and no openings"
	keys Tab '?'
	sees "freeze and go on"
	golden help
}

test_a_filter_hides_the_rest_and_says_what_is_wrong_with_it() {
	view 80 24
	keys / 'port=6071 src=203/8' Enter
	sees "Blocked 1"
	sees "admin-panel"
	keys / C-u 'reason=zone-denid' Enter
	sees 'did you mean "zone-denied"'
	keys C-u 'zone-denid' Enter
	sees 'no rule has service "zone-denid"; did you mean "zone-denied"'
	keys C-u '6071/tcp' Enter
	sees " /6071/tcp"
	keys / C-u 'src=10/8' Enter
	sees "10.8.0.2"
	misses "203.0.113.2"
}

test_a_filter_of_the_command_line_is_shown_and_can_be_changed() {
	TOP_ARGUMENTS=(--port 6071 --reason zone-denied)
	view 80 24
	sees "Blocked 1"
	sees "/port=6071 reason=zone-denied"
	keys / C-u Enter
	sees "Blocked 4"
}

test_frozen_it_stays_and_goes_on_afterwards() {
	view 80 24
	sees "Blocked 4"
	keys p
	sees FROZEN
	outside "$PROBE" scan -w 50 -t 5999 "$NODE_EXTERNAL" >/dev/null
	sees '^not-open ' # the header goes on
	hides 5999/tcp || fail "not frozen: $(screen)"
	keys p
	misses FROZEN
	sees 5999/tcp
}

test_it_sums_up_by_source_and_by_port() {
	view 80 24
	keys s
	sees "by source"
	sees "[34] ports"
	keys d
	sees "by port"
	sees "2 sources"
	rolewall --json blocked --by source >"$LAB_DIR/by"
	jq -e '.by == "source" and (.sums | length == 2) and ([.sums[].source] | sort == ["10.8.0.2", "203.0.113.2"])' "$LAB_DIR/by"
	rolewall --json blocked --by port | jq -e '.sums | map(select(.port == 11211))[0].sources == 2'
	rolewall --json blocked --service admin-panel | jq -e '.attempts | length == 1 and .[0].port == 6071'
	assert_exit 2 rolewall blocked --by zone
}

test_enter_explains() {
	view 80 24
	keys / 6071 Enter
	sees "Blocked 1"
	keys Enter
	sees "zone-denied: "
	sees "Origin"
	sees "To change it"
}

test_a_ban_and_an_opening_ask_first() {
	view 80 24
	keys / 'port=6071' Enter
	sees "Blocked 1"
	keys b
	sees "Ban 203.0.113.2 for 1h"
	keys n
	sees "nothing was changed"
	assert_json '.bans == []' rolewall --json bans
	keys o
	sees "Open 6071/tcp to 203.0.113.2 for 30m"
	keys y
	sees "open for 30m"
	assert_json '.openings[0] | .port == 6071 and .source == "203.0.113.2"' rolewall --json openings
	keys b
	sees "Ban 203.0.113.2"
	keys y
	sees "banned for 1h"
	assert_json '.bans[0].source == "203.0.113.2"' rolewall --json bans
	rolewall ban 203.0.113.2
	keys b
	sees "Ban 203.0.113.2"
	keys y
	sees "it is banned already, and for longer"
	keys Tab Tab
	sees "open 6071/tcp +203.0.113.2"
	sees "banned +203.0.113.2"
	rolewall unban 203.0.113.2
	rolewall close "$(rolewall --json openings | jq '.openings[0].id')"
	sees "no bans and no openings"
}

test_what_is_shown_is_written_to_a_new_file() {
	view 80 24
	keys / 6071 Enter
	sees "Blocked 1"
	keys w C-u "$LAB_DIR/saved" Enter
	sees "1 rows are in"
	jq -e '.port == 6071 and .reason == "zone-denied"' "$LAB_DIR/saved"
	keys w C-u "$LAB_DIR/saved" Enter
	sees "File exists"
}

test_without_a_policy_it_does_not_look_as_if_there_were_one() {
	view 80 24
	sees "mail1.example.com  enforce"
	sees "Blocked [4-9]"
	rolewall down
	sees "mail1.example.com  NOT APPLIED"
	sees "nothing is applied: no policy is in force"
	misses "enforce|hooks"
	keys Tab
	sees "Ports 0"
	rolewall apply
	sees "mail1.example.com  enforce"
	sees "Ports [1-9]"
	misses "no policy is in force"
}

test_the_bottom_line_names_the_keys_that_work() {
	view 140 24
	sees "Enter explain .* [?] help .* p freeze  Tab next view  q quit"
	keys Tab
	sees "^Tab next view  j k move  [?] help  q quit"
	misses "Enter explain"
	keys Tab
	sees "^Tab next view  j k move  u unban  c close  [?] help"
	view 80 24
	sees "o open  [?] help"
	misses "q quit"
}

test_a_flood_from_everywhere_is_one_row_that_opens() {
	local sources=600

	outside "$PROBE" flood -s 198.18.0.0 -n $sources -c $sources "$NODE_EXTERNAL" 3306 >/dev/null
	rolewall ban 198.18.0.0/15 >/dev/null
	outside "$PROBE" flood -s 198.18.0.0 -n $sources -c $sources "$NODE_EXTERNAL" 993 >/dev/null
	rolewall unban 198.18.0.0/15 >/dev/null
	# Last, for the flood may push it out of the table.
	outside "$PROBE" scan -w 50 -t 6071 "$NODE_EXTERNAL" >/dev/null
	view 80 24
	keys '>' # by hits
	sees "Blocked [0-9]+ in [0-9] rows"
	sees "[+] [0-9]+ sources +3306/tcp +- +not-open"
	sees "[+] [0-9]+ sources +993/tcp +imaps +banned"
	sees "6071/tcp"
	misses "198[.]18[.]"
	keys Home Enter
	sees "  198[.]18[.]"
	sees "- [0-9]+ sources"
	keys Enter
	misses "198[.]18[.]"
	keys / 'port=3306' Enter
	sees "in 1 row\\] .*/port=3306"
	keys w C-u "$LAB_DIR/flood" Enter
	sees "[0-9]{3} rows are in"
	[ "$(wc -l <"$LAB_DIR/flood")" -gt 32 ] || fail "what is folded is not written"
}

test_totals_are_those_since_apply_and_not_since_the_view_began() {
	local total

	outside "$PROBE" scan -w 50 -t 6071,23 "$NODE_EXTERNAL" >/dev/null
	view 80 24
	total=$(rolewall --json status | jq '.drops["not-open"]')
	[ "$total" -gt 0 ] || fail "nothing was refused"
	sees "^not-open .* $total\$"
	sees " refused +$(rolewall --json status | jq .totals.dropped) "
}

test_how_long_is_chosen_and_u_and_c_take_it_back() {
	local left

	outside "$PROBE" scan -w 50 -t 6071 "$NODE_EXTERNAL" >/dev/null
	view 80 24
	keys / 'port=6071 src=203/8' Enter
	sees "Blocked 1"
	keys b
	sees "for 1h[?] y yes, n no, [+] longer, - shorter"
	keys + +
	sees "for 1d[?]"
	keys y
	sees "banned for 1d"
	left=$(($(date -d "$(rolewall --json bans | jq -r '.bans[0].expires')" +%s) - $(date +%s)))
	{ [ $left -gt 80000 ] && [ $left -le 86400 ]; } || fail "it ends in $left s"
	keys o - y
	sees "open for 5m"
	keys u
	sees "Take the ban of 203.0.113.2 away[?]"
	keys y
	sees "the ban is taken away"
	assert_json '.bans == []' rolewall --json bans
	keys Tab Tab
	sees "open 6071/tcp +203.0.113.2"
	keys u
	sees "that is an opening: c ends it"
	keys c
	sees "Close 6071/tcp to 203.0.113.2[?]"
	keys y
	sees "the policy decides again"
	assert_json '.openings == []' rolewall --json openings
	sees "no bans and no openings"
}

test_every_size_is_survived() {
	local size

	view 80 24
	for size in "20 5" "1 1" "7 3" "200 50" "80 24"; do
		# shellcheck disable=SC2086
		tm resize-window -x ${size% *} -y ${size#* }
		keys Down Enter Down
	done
	sees "mail1.example.com"
	sees "REASON"
}

test_ascii_and_utf8_follow_the_locale() {
	view 80 24 LC_ALL=C
	sees 'LASTv'
	view 80 24 LC_ALL=C.UTF-8 NO_COLOR=1
	sees "Blocked"
	tm capture-pane -p -e >"$LAB_DIR/colours"
	! grep -E $'\e\\[([0-9;]*;)?3[0-7]m' "$LAB_DIR/colours" || fail "colours in spite of NO_COLOR"
}

# Under 1 % on a machine that does nothing else; three times that is still little.
test_at_rest_it_costs_next_to_nothing() {
	local cpu start percent

	outside "$PROBE" scan -w 50 -t 6071,23 "$NODE_EXTERNAL" >/dev/null
	view 80 24
	sees "Blocked [1-9]"
	wait_for 10 top_is_alone || fail "others still run: $(top_pid)"
	start=$EPOCHREALTIME
	cpu=$(top_cpu)
	sleep 10
	cpu=$(($(top_cpu) - cpu))
	percent=$(awk -v cpu=$cpu -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", cpu / 10 / (to - from) }')
	echo "# at rest: $percent % of a core"
	awk -v p="$percent" 'BEGIN { exit !(p < 3) }' || fail "that is too much"
}

test_no_terminal_means_lines_and_no_terminfo_a_message() {
	launch node piped "$ROLEWALL" "${LAB_INSTANCE[@]}" top
	wait_for 10 lab_spoke piped || fail "nothing: $(<"$LAB_DIR/piped.err")"
	grep -q '^LAST' "$LAB_DIR/piped.out"
	stop piped
	tm new-session -d -x 80 -y 24 "TERM=nosuch $ROLEWALL ${LAB_INSTANCE[*]} top 2>$LAB_DIR/nosuch.err"
	wait_for 10 grep -q 'terminal "nosuch" is not known' "$LAB_DIR/nosuch.err" ||
		fail "found: $(<"$LAB_DIR/nosuch.err")"
}

run_tests "$@"
