#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The web page in a real browser.
#
# long: a browser is 300 MB
#
# The expressions are the browser's, not the shell's:
# shellcheck disable=SC2016,SC2119

# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/daemon.sh
. "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/e2e/browser.sh
. "$(dirname "$0")/browser.sh"

NO_BROWSER=
ESCAPE=$'\xee\x80\x8c' ARROW_LEFT=$'\xee\x80\x92' # U+E00C, U+E012: keys of WebDriver

setup() {
	node_file '.roles = ["mta", "proxy"] | .vpn_only = ["admin-panel"]'
	rolewall apply
	daemon_start
	spawn node listeners "$PROBE" listen -t 25,6071
	web_start
	web_is_up || lab_die "no page: $(<"$LAB_DIR/web.err")"
	NO_BROWSER=$(browser_tools) || return 0
	browser_start
	browser_open $WEB_URL/
}

needs_browser() {
	[ -z "$NO_BROWSER" ] || skip "$NO_BROWSER"
}

# row PORT: whether the table has one for it.
row() {
	page_says 'return [...document.querySelectorAll("#attempts tbody tr")].some(
		(row) => row.querySelector("[data-column=port]").textContent === `${arguments[0]}/tcp`)' "$1"
}

knock() { # PORT...
	local IFS=,

	outside "$PROBE" scan -t "$*" -w 50 "$NODE_EXTERNAL" >/dev/null
}

set_filter() { # TEXT
	script 'const filter = document.getElementById("filter"); filter.value = arguments[0];
		filter.dispatchEvent(new Event("input"))' "$1" >/dev/null
}

page_text() { # SELECTOR
	script 'return document.querySelector(arguments[0]).textContent' "$1" | jq -r .
}

# --- in the browser -------------------------------------------------------------------------------

test_a_blocked_attempt_appears_within_two_seconds() {
	local blocked shown

	needs_browser
	wait_for 10 page_says 'return document.getElementById("node").textContent === "mail1.example.com"' ||
		fail "the page stays empty: $(console)"
	# The page's own clock, when the row is there.
	script 'new MutationObserver(() => { if (!window.shownAt && [...document.querySelectorAll("#attempts tbody tr")]
			.some((row) => row.querySelector("[data-column=port]").textContent === "4001/tcp")) window.shownAt = Date.now(); })
		.observe(document.querySelector("#attempts tbody"), {childList: true, subtree: true, characterData: true})'
	knock 4001
	wait_for 10 row 4001 || fail "it does not appear"
	shown=$(script 'return window.shownAt')
	blocked=$(ask '{"attempts":true,"history":true}' | jq -rs 'map(select(.port == 4001))[0].first_seen')
	blocked=$(date -d "$blocked" +%s%3N)
	echo "shown $((shown - blocked)) ms after the packet"
	[ $((shown - blocked)) -le 2000 ] || fail "it took $((shown - blocked)) ms"
}

test_the_filter_shows_what_it_says() {
	needs_browser
	knock 4002 6071
	wait_for 10 row 6071 || fail "6071 does not appear"
	set_filter "reason=zone-denied src=203.0.113/24"
	row 6071 || fail "6071 is gone"
	row 4002 && fail "4002 is not zone-denied"
	set_filter "port=4002"
	row 4002 || fail "4002 is gone"
	row 6071 && fail "6071 is not 4002"
	set_filter "src=10/8"
	assert_equal "No attempt matches the filter." "$(page_text "#attempts-none")" "nobody from there"
	set_filter "admin-panel"
	row 6071 || fail "a word is a service"
	set_filter "prot=1"
	page_says 'return document.getElementById("filter").getAttribute("aria-invalid") === "true"' ||
		fail "a typo is not shown"
	grep -q '"prot"? src, port, service, reason and since are known' <<<"$(page_text "#filter-error")" ||
		fail "the typo is not explained"
	set_filter "reason=zone-denid"
	grep -q 'there is no reason "zone-denid"; the reasons are: not-open, ' <<<"$(page_text "#filter-error")" ||
		fail "the reasons are not named"
	set_filter "since=1h"
	row 4002 || fail "4002 is not an hour old"
	set_filter ""
	row 4002 || fail "all are back"
}

# The same table that tests/unit/test_live_rows.c holds rolewall top to.
test_the_words_of_the_filter_are_those_of_top() {
	needs_browser
	assert_equal '""' "$(script 'return import("/filter.js").then(({parseFilter}) => {
		const lines = arguments[0].split("\n").map((line) => line.split("\t"));
		const now = Date.UTC(2026, 8, 21);
		const attempts = lines.filter(([kind]) => kind === "attempt").map(([, source, port, proto, reason, service, ago]) =>
			({source, port: Number(port), proto, reason, service: service === "-" ? null : service, last_ms: now - ago * 1000}));
		const known = {now, reasons: ["not-open", "zone-denied", "no-connection"],
			services: attempts.map(({service}) => service).filter(Boolean)};
		const ask = (text) => {
			try {
				const shown = parseFilter(text, known);
				return attempts.flatMap((attempt, i) => (shown(attempt) ? [i] : [])).join(" ") || "none";
			} catch {
				return "wrong";
			}
		};
		const filters = lines.filter(([kind]) => kind === "filter");
		const others = filters.filter(([, text, wanted]) => ask(text) !== wanted)
			.map(([, text, wanted]) => `${text}: ${ask(text)}, not ${wanted}`);
		return filters.length > 50 ? others.join("; ") : "the table is empty";
	})' "$(<"$LAB_ROOT/tests/unit/filters.tsv")")" "filters"
}

# The same table that tests/unit/test_live_fold.c holds rolewall top to.
test_the_page_folds_what_top_folds() {
	needs_browser
	assert_equal '""' "$(script 'return import("/sums.js").then(({rowsOf}) => {
		let attempts, name, asked = 0;
		const wrong = [];
		const address = (number) => `10.${number >> 16}.${number >> 8 & 255}.${number & 255}`;
		const does = {
			case: (text) => { attempts = []; name = text; },
			knocks: (count, source, step, port, portStep, packets) => {
				for (let i = 0; i < count; i++) {
					const attempt = {source: address(+source + i * step), port: +port + i * portStep, proto: "tcp",
						reason: "not-open", observed: false, last_ms: 1, rate: 0, packets: +packets};
					attempts.push({...attempt, key: `${attempt.source} ${attempt.port}`});
				}
			},
			rows: (group, count, folds) => {
				const {rows} = rowsOf(attempts, {group, fold: true, open: new Set(), sort: {id: "packets", down: true}}, 1);
				const found = rows.filter((row) => row.folded)
					.map((row) => `${row.key.split(" ")[1]}:${row.folded.length}`).sort().join(" ") || "-";
				asked++;
				if (rows.length !== Number(count) || found !== folds)
					wrong.push(`${name}, by ${group}: ${rows.length} rows, ${found}`);
			},
		};
		for (const [kind, ...words] of arguments[0].split("\n").map((line) => line.split("\t")))
			does[kind]?.(...words);
		return asked > 15 ? wrong.join("; ") : "the table is empty";
	})' "$(<"$LAB_ROOT/tests/unit/folds.tsv")")" "folds"
}

test_a_flood_and_a_scan_are_a_row_each_that_opens() {
	needs_browser
	outside "$PROBE" flood -s 198.18.0.0 -n 300 -c 300 "$NODE_EXTERNAL" 3306 >/dev/null
	knock 5000-5099
	wait_for 10 page_says 'const rows = [...document.querySelectorAll("#attempts .fold")].map((row) => row.textContent);
		return rows.some((text) => /[0-9]{3} sources3306.tcp.*not-open/.test(text))
			&& rows.some((text) => /203.0.113.2[0-9]{2,} ports.*not-open/.test(text))' ||
		fail "not folded: $(page_text "#attempts")"
	page_says 'return !/198.18./.test(document.getElementById("attempts").textContent)' || fail "a row of the flood"
	script 'document.activeElement.blur()' >/dev/null
	script '[...document.querySelectorAll("#attempts .opener")].find((node) => /sources/.test(node.textContent)).click()' >/dev/null
	page_says 'return document.querySelectorAll("#attempts .child").length > 5
		&& document.querySelector("#attempts .opener[aria-expanded=true]") !== null' || fail "it does not open"
	script 'document.querySelector("#attempts .opener[aria-expanded=true]").click()' >/dev/null
	page_says 'return document.querySelectorAll("#attempts .child").length === 0' || fail "it does not close"
	script 'document.activeElement.blur()' >/dev/null
	press f
	page_says 'return !document.querySelector("#attempts .fold")' || fail "f does not show all"
	assert_equal 20 "$(script 'return document.querySelectorAll("#attempts tbody tr").length')" "rows at first"
	script 'document.getElementById("attempts-more").click()' >/dev/null
	assert_equal 200 "$(script 'return document.querySelectorAll("#attempts tbody tr").length')" "rows"
	script 'document.getElementById("attempts-more").click(); document.activeElement.blur()' >/dev/null
	press f
}

# cells COLUMN: of the table, from the top.
cells() {
	script 'return [...document.querySelectorAll(`#attempts tbody [data-column=${arguments[0]}]`)].map((cell) => cell.textContent)' "$1"
}

test_it_sums_up_by_source_and_by_port_with_the_largest_first() {
	needs_browser
	vpn "$PROBE" scan -w 50 -t 6379,11211 "$NODE_VPN" >/dev/null
	knock 11211
	wait_for 10 row 11211 || fail "11211 does not appear"
	script 'document.activeElement.blur()' >/dev/null
	press s
	page_says 'return document.getElementById("by-source").getAttribute("aria-pressed") === "true"' || fail "s does nothing"
	cells source | jq -e 'map(select(startswith("203.0.113.2"))) | length == 1' || fail "203.0.113.2 has several rows"
	cells packets | jq -e 'map(gsub(","; "") | tonumber) | . == (sort | reverse)' || fail "not sorted: $(cells packets)"
	press d
	cells port | jq -e 'map(select(. == "11211/tcp")) | length == 1' || fail "11211/tcp has several rows"
	cells source | jq -e 'index("2 sources") != null' || fail "no port has 2 sources: $(cells source)"
	cells packets | jq -e 'map(gsub(","; "") | tonumber) | . == (sort | reverse)' || fail "not sorted: $(cells packets)"
	press d
	cells source | jq -e 'map(select(startswith("203.0.113.2"))) | length > 1' || fail "not one by one"
}

test_the_cards_say_what_matters_and_set_the_filter() {
	needs_browser
	wait_for 10 page_says 'return /packets?, .*ports?$/.test(document.getElementById("card-source-note").textContent)' ||
		fail "top source: $(page_text "#card-source")"
	assert_equal enforce "$(page_text "#card-mode-value")" "mode"
	assert_equal "all on" "$(page_text "#card-hooks-value")" "hooks"
	assert_equal "eth0, eth1, vpn0, cgroup" "$(page_text "#card-hooks-note")" "which"
	assert_equal runs "$(page_text "#card-daemon-value")" "daemon"
	page_says 'return !document.querySelector("main").innerText.includes("Attempts remembered")' || fail "internals are in the way"
	script 'document.querySelector("summary").click()' >/dev/null
	wait_for 10 page_says 'return /Attempts remembered.*Events[0-9,]+ reported, 0 lost/.test(document.getElementById("internals").textContent)' ||
		fail "details: $(page_text "#internals")"
	script 'document.querySelector("summary").click()' >/dev/null
	script 'document.getElementById("card-port-value").click()' >/dev/null
	assert_equal "port=$(page_text "#card-port-value")" "$(script 'return document.getElementById("filter").value' | jq -r .)" "filter"
	set_filter ""
}

test_a_new_source_is_marked_and_nothing_else() {
	needs_browser
	set_filter "port=4010"
	knock 4010
	wait_for 10 row 4010 || fail "4010 does not appear"
	page_says 'return !document.querySelector("#attempts .new")' || fail "a source that is known is marked"
	outside "$PROBE" flood -s 192.0.2.99 -n 1 -c 1 "$NODE_EXTERNAL" 4010 >/dev/null
	wait_for 10 page_says 'const marked = [...document.querySelectorAll("#attempts .new")];
		return marked.length === 1 && /192.0.2.99new/.test(marked[0].textContent)' || fail "not marked: $(page_text "#attempts")"
	wait_for 30 page_says 'return !document.querySelector("#attempts .new")' || fail "it stays new"
	set_filter ""
}

test_a_frozen_table_stays_as_it_is_until_it_may_go_on() {
	needs_browser
	set_filter "port=4003" # else it is one of the ports of a scan
	script 'document.activeElement.blur()' >/dev/null
	press p
	page_says 'return document.getElementById("freeze").getAttribute("aria-pressed") === "true"' ||
		fail "the key p does not freeze it"
	knock 4003
	wait_for 10 page_says 'return /frozen at .* [1-9][0-9]* changes? since/.test(
		document.getElementById("blocked-count").textContent)' || fail "nothing came meanwhile"
	row 4003 && fail "it moves"
	press p
	wait_for 2 row 4003 || fail "it does not go on"
	set_filter ""
}

test_ports_bans_and_openings_are_shown() {
	needs_browser
	rolewall ban 198.51.100.0/24 --for 1h --reason "test one"
	rolewall open 9999/tcp --from "$OUTSIDE" --for 10m --reason "test two"
	wait_for 10 page_says 'return /198.51.100.0\/24(59 min \d+ s|1 h 0 min)test one/.test(
		document.getElementById("bans-body").textContent)' || fail "ban: $(page_text "#bans-body")"
	wait_for 10 page_says 'return /9999\/tcp203.0.113.2(9 min \d+ s|10 min 0 s)test two/.test(
		document.getElementById("openings-body").textContent)' || fail "opening: $(page_text "#openings-body")"
	wait_for 10 page_says 'const cells = [...document.querySelectorAll("#ports-body tr")]
		.map((row) => [...row.cells].map((cell) => cell.textContent).join("|"));
		return cells.some((row) => row.startsWith("25/tcp|smtp|mta|●open|●open|●open||listens|"))
			&& cells.some((row) => row.startsWith("6071/tcp|admin-panel|proxy|–closed|–closed|●open||listens|"))
			&& cells.some((row) => row.startsWith("465/tcp|smtps|mta|●open|●open|●open||nothing|"))' ||
		fail "ports: $(page_text "#ports-body")"
}

# row_command SELECTOR: of the first such button.
row_command() {
	script 'return document.querySelector(arguments[0]).dataset.command' "$1" | jq -r .
}

test_the_commands_of_the_rows_can_be_typed_as_they_are() {
	local words verb

	needs_browser
	set_filter "port=6071 reason=zone-denied"
	for verb in explain ban; do
		read -ra words <<<"$(row_command "#attempts [data-command*=' $verb ']")"
		assert_exit 0 "${words[@]}"
	done
	read -ra words <<<"$(row_command "#bans [data-command*=unban]")"
	assert_exit 0 "${words[@]}"
	read -ra words <<<"$(row_command "#openings [data-command]")"
	assert_exit 0 "${words[@]}"
	rolewall unban "$OUTSIDE" 2>/dev/null || true
	rolewall unban 198.51.100.0/24 2>/dev/null || true
	script 'document.querySelector("#attempts .copy").click()' >/dev/null
	wait_for 5 page_says 'return !document.getElementById("command").hidden
		&& document.getElementById("command-text").textContent.startsWith("rolewall explain 203.0.113.2 6071/tcp")' ||
		fail "the command is not shown"
	script 'document.getElementById("command-close").click()' >/dev/null
	set_filter ""
}

# Whatever can be clicked has a name, and can be reached with the keyboard; every picture is
# described; nothing is wider than a narrow window.
test_keyboard_and_screen_reader_find_their_way() {
	needs_browser
	assert_equal "[]" "$(script 'return [...document.querySelectorAll("button, input, a, svg[role=img], [role=alert]")]
		.filter((node) => node.tabIndex < 0 && !node.matches("[role=alert]")
			|| !(node.ariaLabel || node.textContent.trim() || node.labels?.length
				|| node.getAttribute("aria-labelledby") || node.matches("[role=alert]")))
		.map((node) => node.outerHTML.slice(0, 80))')" "without a name, or out of reach"
	assert_equal "[]" "$(script 'return [...document.querySelectorAll("table")].filter((table) => !table.caption
		|| [...table.tHead.querySelectorAll("th")].some((cell) => cell.scope !== "col" || !cell.textContent.trim()))
		.map((table) => table.id)')" "tables without a caption or with nameless columns"
	assert_equal "[]" "$(script 'const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
		return ids.filter((id, i) => ids.indexOf(id) !== i)')" "ids that stand twice"
	script 'document.activeElement.blur()' >/dev/null
	press "/"
	assert_equal '"filter"' "$(script 'return document.activeElement.id')" "focus after /"
	press "$ESCAPE"
	press 2
	assert_equal '"ports"' "$(script 'return document.activeElement.id')" "focus after Escape and 2"
	script 'document.getElementById("chart").focus()' >/dev/null
	press "$ARROW_LEFT"
	grep -q '^[0-9][0-9]:' <<<"$(page_text "#readout")" || fail "the arrow does not read the chart"
}

# page_width PIXELS: as on a telephone; 0: as the window is.
page_width() {
	local command=setDeviceMetricsOverride

	[ "$1" != 0 ] || command=clearDeviceMetricsOverride
	browse POST /goog/cdp/execute "$(jq -n --argjson width "$1" --arg command "Emulation.$command" \
		'{cmd: $command, params: {width: $width, height: 844, deviceScaleFactor: 1, mobile: true}}')" >/dev/null
}

test_no_width_needs_a_scroller() {
	local width colours

	needs_browser
	rolewall ban 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff --for 1h --reason "a source that is as long as it can be" >/dev/null
	outside "$PROBE" scan -t 4011 -w 50 "$NODE6_EXTERNAL" >/dev/null
	wait_for 10 page_says 'return /eeee:ffff/.test(document.getElementById("bans-body").textContent)' || fail "no ban"
	for width in 360 390 600 800 900 1000 1280; do
		page_width $width
		page_says 'return document.documentElement.scrollWidth <= innerWidth' ||
			fail "too wide at $width: $(script 'return [...document.querySelectorAll("body *")].filter((node) =>
				node.getBoundingClientRect().right > innerWidth).map((node) => node.outerHTML.slice(0, 80))')"
		assert_equal "[]" "$(script 'return [...document.querySelectorAll("main, main *")].filter((node) =>
			/auto|scroll/.test(getComputedStyle(node).overflowX + getComputedStyle(node).overflowY))
			.map((node) => node.outerHTML.slice(0, 80))')" "scrollers in the page at $width"
	done
	page_width 390
	# What matters stands first, and is whole.
	page_says 'const row = [...document.querySelectorAll("#attempts tbody tr")].find((row) => !row.matches(".fold"));
		const box = (name) => row.querySelector(`[data-column=${name}]`).getBoundingClientRect();
		return box("port").top < box("source").top && Math.abs(box("reason").bottom - box("port").bottom) < 12
			&& box("port").left < box("reason").left' || fail "port and reason are not the first line"
	for colours in light dark; do
		browser_colours $colours
		assert_equal "[]" "$(contrast_below 4.5)" "too faint on a telephone in $colours"
	done
	page_width 0
	rolewall unban 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff >/dev/null
}

# card_lines TEXT: the lines in which a card shows it, as JSON; the last one is "too wide" if it is.
card_lines() {
	script 'return import("/cards.js").then(({showValue}) => {
		const value = document.getElementById("card-source-value");
		showValue(value, arguments[0]);
		const lines = [], range = document.createRange();
		const walker = document.createTreeWalker(value, NodeFilter.SHOW_TEXT);
		let last = null;
		for (let node = walker.nextNode(); node; node = walker.nextNode())
			for (let at = 0; at < node.length; at++) {
				range.setStart(node, at);
				range.setEnd(node, at + 1);
				const top = Math.round(range.getBoundingClientRect().top);
				if (top !== last)
					lines.push("");
				last = top;
				lines[lines.length - 1] += node.data[at];
			}
		range.selectNodeContents(value);
		const tile = document.getElementById("card-source").getBoundingClientRect();
		return range.getBoundingClientRect().right > tile.right ? [...lines, "too wide"] : lines;
	})' "$1"
}

test_a_card_breaks_an_address_nowhere_but_after_a_colon() {
	local width address lines

	needs_browser
	for width in 360 480 600 800 1000 1280; do
		page_width $width
		for address in 203.0.113.9 198.151.100.199; do
			assert_equal "[\"$address\"]" "$(card_lines $address | jq -c .)" "at $width"
		done
		lines=$(card_lines 2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff | jq -c .)
		jq -e 'add == "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff" and (.[:-1] | all(endswith(":")))' <<<"$lines" >/dev/null ||
			fail "at $width: $lines"
	done
	page_width 0
}

# What is read aloud changes when somebody does something, and not every second.
test_a_screen_reader_is_told_what_one_does_and_not_every_number() {
	needs_browser
	set_filter "port=4006"
	wait_for 5 page_says 'return document.getElementById("said").textContent === "0 attempts for port=4006."' ||
		fail "said: $(page_text "#said")"
	script 'document.activeElement.blur(); window.told = [];
		for (const node of document.querySelectorAll("output, [role=status], [role=alert], [role=log], [aria-live]"))
			new MutationObserver(() => window.told.push(node.id))
				.observe(node, {childList: true, subtree: true, characterData: true})' >/dev/null
	knock 4006
	wait_for 10 row 4006 || fail "it does not appear"
	sleep 2
	assert_equal "[]" "$(script 'return window.told')" "told unasked"
	press p
	assert_equal "The table is frozen." "$(page_text "#said")" "frozen"
	press p
	assert_equal "The table goes on." "$(page_text "#said")" "not frozen"
	set_filter " port=4006"
	wait_for 5 page_says 'return document.getElementById("said").textContent === "1 attempt for port=4006."' ||
		fail "said: $(page_text "#said")"
	set_filter ""
	script 'document.getElementById("chart").focus()' >/dev/null
	page_says 'return document.getElementById("readout").ariaLive === null' || fail "the readout is live at rest"
	press "$ARROW_LEFT"
	page_says 'return document.getElementById("readout").ariaLive === "polite"' || fail "the cursor is not read"
	wait_for 5 page_says 'return document.getElementById("readout").ariaLive === null' || fail "it stays live"
	script 'document.activeElement.blur()' >/dev/null
}

# contrast_below RATIO: texts that stand out less from what is behind them.
contrast_below() {
	script 'const parse = (text) => text.match(/[\d.]+/g).map(Number);
		const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
			.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
		const behind = (node) => { for (; node; node = node.parentElement) {
			const colour = parse(getComputedStyle(node).backgroundColor);
			if (colour.length < 4 || colour[3] === 1) return colour; } return [255, 255, 255]; };
		return [...document.querySelectorAll("h1, h2, p, dt, dd, small, th, td, button, .fact, .chip, code, label")]
			.filter((node) => node.checkVisibility() && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
			.map((node) => { const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
				return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), node.outerHTML.slice(0, 80)]; })
			.filter(([ratio]) => ratio < Number(arguments[0]))' "$1"
}

test_it_can_be_read_in_light_and_dark() {
	local colours

	needs_browser
	for colours in light dark; do
		browser_colours $colours
		assert_equal "[]" "$(contrast_below 4.5)" "too faint in $colours"
		screenshot "$LAB_DIR/$colours.png"
		[ "$(stat -c %s "$LAB_DIR/$colours.png")" -gt 20000 ] || fail "the picture is empty"
	done
	cmp -s "$LAB_DIR/light.png" "$LAB_DIR/dark.png" && fail "light and dark are the same"
	[ -z "${PICTURES:-}" ] || cp "$LAB_DIR"/{light,dark}.png "$PICTURES"
}

test_the_browser_has_nothing_to_complain_of_and_asks_nobody_else() {
	needs_browser
	assert_equal "" "$(console)" "console"
	assert_equal "" "$(requests | grep -v "^$WEB_URL/\|^chrome:\|^data:" || true)" "requests"
	# It would be seen: style and script that are not the page's own, another host.
	script 'document.body.setAttribute("style", "color: red")
		fetch("http://203.0.113.2/").catch(() => {})' >/dev/null
	console >"$LAB_DIR/console"
	grep -q "style-src" "$LAB_DIR/console" || fail "an inline style is not reported: $(<"$LAB_DIR/console")"
	grep -q "connect-src" "$LAB_DIR/console" || fail "another host is not reported: $(<"$LAB_DIR/console")"
	assert_equal "rgb(27, 34, 48)" "$(browser_colours light; script 'return getComputedStyle(document.body).color' | jq -r .)" \
		"the inline style has no effect"
}

# The colours of what is drawn: of a filter they are not told.
is_grey() {
	page_says 'const grey = (colour) => { const [r, g, b] = colour.match(/[0-9.]+/g).map(Number); return r === g && g === b; };
		return grey(getComputedStyle(document.body).backgroundColor) && [...document.querySelectorAll("header, main")]
			.every((node) => getComputedStyle(node).filter === "grayscale(1)")'
}

test_it_says_that_the_daemon_is_gone_and_comes_back_with_it() {
	local colours

	needs_browser
	is_grey && fail "grey although the daemon runs"
	stop daemon
	wait_for 10 page_says 'return /The daemon does not answer.*systemctl start rolewall/.test(document.getElementById("banners").textContent)' ||
		fail "not said: $(page_text "#banners")"
	assert_equal stopped "$(page_text "#card-daemon-value")" "the card"
	assert_equal – "$(page_text "#card-refused-value")" "what is refused now"
	page_says 'return document.getElementById("readout").textContent === "Now: not known"' ||
		fail "the chart knows of now: $(page_text "#readout")"
	page_says 'return [...document.querySelectorAll("#reasons tbody tr")].every((row) => row.cells[2].textContent === "–")' ||
		fail "the reasons know of now"
	for colours in dark light; do
		browser_colours $colours
		is_grey || fail "not grey in $colours"
		assert_equal "[]" "$(contrast_below 4.5)" "too faint in grey, $colours"
	done
	daemon_start
	socket_share
	wait_for 10 page_says 'return document.getElementById("banners").textContent === ""' ||
		fail "still said: $(page_text "#banners")"
	is_grey && fail "still grey"
	wait_for 10 page_says 'return /\/s$/.test(document.getElementById("card-refused-value").textContent)' ||
		fail "no rate: $(page_text "#card-refused-value")"
	set_filter "port=4005"
	knock 4005
	wait_for 10 row 4005 || fail "nothing new is shown"
}

# What was refused while the daemon was away stands in no single bar.
test_an_absence_of_the_daemon_is_marked_in_the_chart() {
	needs_browser
	script 'return import("/chart.js").then(({Chart}) => {
		const chart = new Chart(() => {}), start = 1000000 * 5000;
		chart.add(start, {"not-open": 10});
		chart.add(start + 1000, {"not-open": 20});
		chart.add(start + 41000, {"not-open": 420});
		const bars = [...chart.buckets].map(([number, bucket]) => [number - 1000000, Math.round(bucket.get("not-open"))]);
		window.answer = JSON.stringify([bars, [...chart.gaps].map((number) => number - 1000000), chart.known]);
	})' >/dev/null
	wait_for 10 page_says 'return window.answer === JSON.stringify([[[0, 50], [1, 50], [2, 50], [3, 50], [4, 50],
		[5, 50], [6, 50], [7, 50], [8, 10]], [1, 2, 3, 4, 5, 6, 7, 8], false])' ||
		fail "$(script 'return window.answer')"
}

test_what_mode_observe_let_pass_was_not_refused() {
	local refused

	needs_browser
	knock 4006
	rolewall -q apply --observe
	knock 4007
	wait_for 10 page_says 'return /^[1-9][0-9,]* observed in all/.test(document.getElementById("card-refused-note").textContent)' ||
		fail "observe: $(page_text "#card-refused-note")"
	rolewall -q apply
	refused=$(rolewall --json status | jq .totals.dropped)
	wait_for 10 page_says 'return new RegExp(`^${arguments[0]} in all, [1-9][0-9,]* observed`)
		.test(document.getElementById("card-refused-note").textContent.replaceAll(/(?<=[0-9]),(?=[0-9])/g, ""))' "$refused" ||
		fail "$refused refused: $(page_text "#card-refused-note")"
	assert_equal "$(rolewall --json status | jq '.drops["not-open"] - .observed["not-open"]')" \
		"$(script 'return [...document.querySelectorAll("#reasons tbody tr")].find((row) => /not-open/.test(row.textContent))
		.cells[3].textContent.replaceAll(",", "")' | jq -r .)" "the total of not-open"
}

test_without_a_policy_the_last_numbers_do_not_stay() {
	needs_browser
	page_says 'return [...document.querySelectorAll("#numbers .tile")].every((tile) => tile.checkVisibility())' ||
		fail "no numbers to begin with"
	rolewall down
	wait_for 10 page_says 'return /No policy is in force/.test(document.getElementById("banners").textContent)' ||
		fail "not said: $(page_text "#banners")"
	assert_equal '["card-daemon"]' "$(script 'return [...document.querySelectorAll("#numbers .tile")]
		.filter((tile) => tile.checkVisibility()).map((tile) => tile.id)' | jq -c .)" "numbers"
	rolewall apply
	wait_for 10 page_says 'return document.getElementById("card-refused").checkVisibility()' || fail "they do not come back"
}

run_tests "$@"
