# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# browser.sh - the web page, and a real browser on the node, led by the WebDriver protocol. Sourced
# after lab.sh and daemon.sh. Browser and server are in the node's namespace: nothing that they do
# leaves the lab.
# The variables are for those who source this, the expressions for the browser:
# shellcheck disable=SC2034,SC2016,SC2119,SC2120

WEB=${WEB:-$(dirname "$ROLEWALL")/rolewall-web}
WEB_URL=http://127.0.0.1:7373
DRIVER_PORT=9515
SESSION= # of the browser

# The daemon gives its socket to the group rolewall; hosts without it keep it to root.
socket_share() {
	[ "$(stat -c %g "$SOCKET")" != 0 ] || chgrp 65534 "$SOCKET"
}

# web_start [ARGUMENT...]: as nobody, who is in the socket's group.
web_start() {
	socket_share
	chmod 711 "$LAB_DIR"
	install -m 755 "$WEB" "$LAB_DIR/rolewall-web"
	launch node web setpriv --reuid 65534 --regid "$(stat -c %g "$SOCKET")" --clear-groups \
		"$LAB_DIR/rolewall-web" --state-dir "$LAB_DIR/state" "$@"
}

web_is_up() {
	wait_for 10 grep -q http:// "$LAB_DIR/web.out"
}

# --- the browser ----------------------------------------------------------------------------------

browser_tools() {
	local tool

	for tool in chromium chromedriver curl; do
		command -v $tool >/dev/null || { echo "$tool is not installed"; return 1; }
	done
}

# driver METHOD PATH [JSON]: the value that the driver answers with, as JSON.
driver() {
	local data=()

	[ $# -lt 3 ] || data=(-H "Content-Type: application/json" -d "$3")
	node curl -s -X "$1" "${data[@]}" "http://127.0.0.1:$DRIVER_PORT$2" | jq .value
}

driver_is_ready() {
	driver GET /status | jq -e .ready >/dev/null 2>&1
}

# Logs of the console and of every request are kept.
browser_start() {
	# A browser that is ended leaves its files where it made them: in the lab, which goes.
	launch node driver env TMPDIR="$LAB_DIR" chromedriver --port=$DRIVER_PORT --allowed-ips=127.0.0.1
	wait_for 20 driver_is_ready || lab_die "chromedriver does not start: $(<"$LAB_DIR/driver.err")"
	SESSION=$(driver POST /session "$(jq -n --arg profile "$LAB_DIR/profile" '{capabilities: {alwaysMatch: {
		browserName: "chrome",
		"goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
		"goog:chromeOptions": {args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
			"--no-first-run", "--disable-background-networking", "--disable-component-update",
			"--disable-sync", "--disable-dev-shm-usage",
			"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1440,1500",
			"--user-data-dir=\($profile)"]}}}}')" |
		jq -r .sessionId)
	[ "$SESSION" != null ] || lab_die "no browser: $(tail -n 5 "$LAB_DIR/driver.out")"
}

browser_end() {
	[ -z "$SESSION" ] || driver DELETE "/session/$SESSION" >/dev/null
	SESSION=
	stop driver
}

browse() { # METHOD PATH [JSON]
	driver "$1" "/session/$SESSION$2" "${@:3}"
}

browser_open() { # URL
	browse POST /url "$(jq -n --arg url "$1" '{url: $url}')" >/dev/null
}

# script JAVASCRIPT [ARGUMENT...]: what the function body returns, as JSON.
script() {
	local code=$1

	shift
	browse POST /execute/sync "$(jq -n --arg code "$code" '{script: $code, args: $ARGS.positional}' --args "$@")"
}

# page_says JAVASCRIPT [ARGUMENT...]: it returns true.
page_says() {
	[ "$(script "$@")" = true ]
}

# press KEYS: to whatever has the focus; special keys as in WebDriver (\uE00C is Escape).
press() {
	browse POST /actions "$(jq -n --arg keys "$1" '{actions: [{type: "key", id: "keys", actions:
		[$keys / "" | .[] | {type: "keyDown", value: .}, {type: "keyUp", value: .}]}]}')" >/dev/null
}

# console: what the browser complained about since it was last asked.
console() {
	browse POST /se/log '{"type": "browser"}' | jq -r '.[] | "\(.level) \(.source): \(.message)"'
}

# requests: every address that was asked for since it was last asked.
requests() {
	browse POST /se/log '{"type": "performance"}' |
		jq -r '.[].message | fromjson.message | select(.method == "Network.requestWillBeSent") | .params.request.url'
}

browser_colours() { # light|dark
	browse POST /goog/cdp/execute "$(jq -n --arg value "$1" '{cmd: "Emulation.setEmulatedMedia",
		params: {features: [{name: "prefers-color-scheme", value: $value}]}}')" >/dev/null
}

screenshot() { # FILE
	browse GET /screenshot | jq -r . | base64 -d >"$1"
}

# screenshot_of SELECTOR FILE: only that element.
screenshot_of() {
	local element

	element=$(browse POST /element "$(jq -n --arg value "$1" '{using: "css selector", value: $value}')" | jq -r '.[]')
	browse GET "/element/$element/screenshot" | jq -r . | base64 -d >"$2"
}
