#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# screenshots.sh - pictures to look at, from a node in namespaces as the demo has it, after a scan, a
# flood from random sources, bans, and a slow scanner:
#	build/screenshots/page-WIDTH-COLOURS.png	the live page, 1280 and 390 wide, light and dark
#	build/screenshots/page-390-ports.png		the lower half of it
#	build/screenshots/page-gone.png			the same without a daemon
#	build/screenshots/top-COLUMNSxROWS.png		the terminal view, as a terminal (tmux) shows it
#	docs/images/{web,top}.png			of these, those of the README
# SECONDS_OF_TRAFFIC=N: how long its neighbours knock before the pictures are taken.

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
PICTURES=$LAB_ROOT/build/screenshots
FLOOD_SOURCES=60000

# as SOURCE PORT: one SYN from far away.
as() { outside "$PROBE" flood -s "$1" -n 1 -c 1 "$NODE_EXTERNAL" "$2"; }

# What a mail node hears in a minute: who tries passwords, a banned one, a lost packet, a slow scanner.
knock() { # ROUND
	as 192.0.2.44 $((5900 + $1))
	outside "$PROBE" scan -t 6071,143,22 -w 30 "$NODE_EXTERNAL" "$NODE6_EXTERNAL"
	outside "$PROBE" scan -t 25,993 -w 30 "$NODE_EXTERNAL"
	[ $(($1 % 3)) != 0 ] || vpn "$PROBE" scan -t 11211,5432 -u 11211 -w 30 "$NODE_VPN"
	[ $(($1 % 4)) != 0 ] || far "$PROBE" scan -t 25 -w 30 "$NODE_EXTERNAL"
	[ $(($1 % 9)) != 0 ] || outside "$PROBE" flood -s 100.64.0.0 -n 12 -c 150 "$NODE_EXTERNAL" 23
	[ $(($1 % 5)) != 0 ] || inside "$PROBE" scan -t "389,2049,3306" -w 30 "$NODE_INTERNAL"
}

traffic() { # SECONDS
	local end=$((SECONDS + $1))

	while [ $SECONDS -lt $end ]; do
		ROUND=$((ROUND + 1))
		knock $ROUND >/dev/null
		sleep 1
	done
}

# small FILE: few colours, few bytes.
small() { pngquant --force --skip-if-larger --strip --quality 60-95 --output "$1" 64 "$1" || [ $? = 98 ]; }

# page_size WIDTH HEIGHT SCALE: of the window, and pixels for each of its own.
page_size() {
	browse POST /goog/cdp/execute "$(jq -n --argjson w "$1" --argjson h "$2" --argjson s "$3" '{
		cmd: "Emulation.setDeviceMetricsOverride",
		params: {width: $w, height: $h, deviceScaleFactor: $s, mobile: ($w < 600)}}')" >/dev/null
}

page_picture() { # WIDTH HEIGHT COLOURS FILE [ID]: from that section on
	page_size "$1" "$2" 1
	browser_colours "$3"
	script 'scrollTo(0, 0); document.getElementById(arguments[0])?.scrollIntoView()' "${5:-}" >/dev/null
	traffic 3 # the page draws each second
	screenshot "$4"
	small "$4"
}

# top_picture COLUMNS ROWS [KEYS...]: the view in a terminal of that size.
top_picture() {
	local file=$PICTURES/top-$1x$2.png

	top_start "$1" "$2" LC_ALL=C.UTF-8 TERM=tmux-256color
	wait_for 20 shows "Blocked [0-9]{3}" || lab_die "top shows nothing: $(screen)"
	[ $# -lt 3 ] || keys "${@:3}"
	# Some steps of the sparklines, and rates.
	traffic "${SECONDS_OF_TOP:-45}"
	screen_html >"$LAB_DIR/top.html"
	tm_end
	page_size 1900 1100 1
	browser_open "file://$LAB_DIR/top.html"
	screenshot_of pre "$file"
	small "$file"
}

browser_tools || lab_die "make deps installs it"
for tool in tmux aha pngquant; do
	command -v $tool >/dev/null || lab_die "$tool is not installed; make deps installs it"
done
cd "$LAB_ROOT" || exit
lab_create
trap 'tm_end; lab_remove' EXIT
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
browser_open "$WEB_URL/"
ROUND=0
traffic "${SECONDS_OF_TRAFFIC:-120}"
outside "$PROBE" scan -t 1-1024 -w 30 "$NODE6_EXTERNAL" >/dev/null
outside "$PROBE" flood -R -s 198.18.0.0 -n $FLOOD_SOURCES -c $FLOOD_SOURCES -r 20000 "$NODE_EXTERNAL" 3306 >/dev/null
traffic 3

mkdir -p "$PICTURES" "$IMAGES"
for colours in light dark; do
	page_picture 1280 1500 $colours "$PICTURES/page-1280-$colours.png"
	page_picture 390 1500 $colours "$PICTURES/page-390-$colours.png"
done
page_picture 390 1500 light "$PICTURES/page-390-ports.png" ports
stop daemon
page_picture 1280 900 light "$PICTURES/page-gone.png"
daemon_start
socket_share
top_picture 80 24
top_picture 200 50
top_picture 110 30 '>'
browser_end
cp "$PICTURES/page-1280-light.png" "$IMAGES/web.png"
cp "$PICTURES/top-110x30.png" "$IMAGES/top.png"
ls -l "$PICTURES" "$IMAGES"
