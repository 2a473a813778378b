#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# screenshots.sh - the pictures of the README, from a node in namespaces as the demo has it:
#	docs/images/web.png	the live page
#	docs/images/top.png	the terminal view
# SECONDS_OF_TRAFFIC=N: how long its neighbours knock before the picture is taken.

# shellcheck source=tests/e2e/lab.sh
. "$(dirname "$0")/lab.sh"
fail() { lab_die "$*"; }
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"
# shellcheck source=tests/e2e/terminal.sh
. "$(dirname "$0")/terminal.sh"

IMAGES=$LAB_ROOT/docs/images

# What a mail node hears in a minute: a scanner, a curious neighbour, a lost packet, a small flood.
knock() { # ROUND
	outside "$PROBE" scan -t "6071,143,22,$((3000 + $1))" -w 30 "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	outside "$PROBE" scan -t 25,993 -w 30 "$NODE_EXTERNAL"
	[ $(($1 % 3)) != 0 ] || vpn "$PROBE" scan -t 11211,5432 -u 11211 -w 30 "$NODE_VPN"
	[ $(($1 % 4)) != 0 ] || far "$PROBE" scan -t 25 -w 30 "$NODE_EXTERNAL"
	[ $(($1 % 20)) -ge 7 ] || inside "$PROBE" scan -t "$((8000 + $1))-$((8000 + $1 + $1 % 20 * 3))" -w 30 "$NODE_INTERNAL"
	[ $(($1 % 9)) != 0 ] || outside "$PROBE" flood -n 12 -c 150 "$NODE_EXTERNAL" 23
}

browser_tools || lab_die "make deps installs it"
for tool in tmux aha; do
	command -v $tool >/dev/null || lab_die "$tool is not installed; make deps installs it"
done
cd "$LAB_ROOT" || exit
lab_create
node_file '.roles = ["mta", "proxy"] | .vpn_only = ["admin-panel", "imap"]'
spawn node listeners "$PROBE" listen -t 22,25,80,443,465,993,6071
rolewall -q apply || exit
daemon_start
web_start
web_is_up || lab_die "no page: $(<"$LAB_DIR/web.err")"
rolewall -q ban 198.51.100.0/24 --for 2h --reason "port scan"
rolewall -q ban 192.0.2.77 --reason "spam, ticket 4711"
rolewall -q open 9999/tcp --from "$OUTSIDE" --for 10m --reason "vendor support"
browser_start
browser_colours light
browser_open "$WEB_URL/"
top_start 110 32 LC_ALL=C.UTF-8 TERM=tmux-256color
trap 'tm_end; lab_remove' EXIT
end=$((SECONDS + ${SECONDS_OF_TRAFFIC:-120}))
for ((round = 1; SECONDS < end; round++)); do
	knock $round >/dev/null
	sleep 1
done
mkdir -p "$IMAGES"
knock $round >/dev/null &
screen_html >"$LAB_DIR/top.html"
screenshot "$IMAGES/web.png"
wait $!
browser_open "file://$LAB_DIR/top.html"
screenshot_of pre "$IMAGES/top.png"
browser_end
echo "docs/images/web.png docs/images/top.png"
