// SPDX-License-Identifier: GPL-2.0
// main.js - listen to the events, and hand each to its part of the page.
import {Attempts} from "./attempts.js";
import {Chart, grown} from "./chart.js";
import {$, clock, count, el, rate, setText, showCommand, span} from "./dom.js";
import {countDown, setLists} from "./lists.js";
import {Ports} from "./ports.js";

const state = {
	status: null, before: null, link: {connected: false, why: "connecting"}, skew: 0, heard: 0,
};

const attempts = new Attempts();
const ports = new Ports();
const chart = new Chart(filterReason);

const sum = (counters) => Object.values(counters ?? {}).reduce((a, b) => a + b, 0);

// --- filter by a reason ----------------------------------------------------------------------------

const activeReason = () => $("filter").value.match(/\breason=(\S+)/)?.[1] ?? null;

function filterReason(reason) {
	const others = $("filter").value.replace(/\s*\breason=\S*/g, "").trim();

	$("filter").value = activeReason() === reason ? others : `${others} reason=${reason}`.trim();
	attempts.setFilter();
}

attempts.onFilter = () => chart.last && chart.drawReasons(activeReason());

// --- the head of the page --------------------------------------------------------------------------

function fact(name, value, tone) {
	return el("li", {class: `fact ${tone ?? ""}`}, el("span", {class: "faint"}, `${name} `), el("strong", {}, value));
}

function interfaceFact({name, zone, hook, xdp_mode, present}) {
	const how = !present ? "absent" : hook === "xdp" ? `XDP ${xdp_mode}` : hook === "cgroup" ? "cgroup" : "NO HOOK";

	return fact(`${name} ${zone}`, how, present && hook === "none" ? "bad" : "");
}

function drawHead(status) {
	const facts = $("facts");

	document.title = `${status.node ?? "Rolewall"} – Rolewall`;
	setText($("node"), status.node ?? "Rolewall");
	setText($("roles"), status.roles.join(", "));
	if (!status.applied) {
		facts.replaceChildren(fact("policy", "none", "bad"));
		return;
	}
	facts.replaceChildren(
		fact("mode", status.mode, status.mode === "enforce" ? "good" : "care"),
		fact("generation", String(status.generation)),
		...status.interfaces.filter(({listed}) => listed !== false).map(interfaceFact));
}

function tile(name, value, note, tone) {
	return el("div", {class: `tile ${tone ?? ""}`}, el("dt", {}, name), el("dd", {}, value, el("small", {}, note)));
}

function ratesOf(status, before) {
	const seconds = before ? (status.time_ms - before.time_ms) / 1000 : 0;

	if (!before?.applied || seconds <= 0)
		return {drops: 0, passes: 0};
	return {
		drops: grown(sum(status.drops), sum(before.drops)) / seconds,
		passes: grown(sum(status.passes), sum(before.passes)) / seconds,
	};
}

function drawNumbers(status, before) {
	const rates = ratesOf(status, before);
	const lost = status.events?.lost ?? 0;
	const {unattributed} = status;

	$("numbers").replaceChildren(
		tile(status.mode === "observe" ? "Would be refused" : "Refused", rate(rates.drops), `${count(sum(status.drops))} packets`),
		tile("Passed", rate(rates.passes), `${count(sum(status.passes))} packets`),
		tile("Attempts remembered", count(status.history_entries), `${count(status.forgotten)} packets forgotten`),
		tile("Events lost", count(lost), `of ${count((status.events?.emitted ?? 0) + lost)}`, lost ? "care" : ""),
		tile("Unattributed", count(unattributed), "packets whose source is not known", unattributed ? "care" : ""));
}

// --- what everybody has to know --------------------------------------------------------------------

function bannersOf({status, link, heard}) {
	const list = [];

	if (!link.connected)
		list.push(["bad", `${link.page ? "The page's server" : "The daemon"} does not answer (${link.why}).` +
			(heard ? ` What you see is from ${clock(heard)}. Filtering goes on without it.` : "")]);
	if (status && !status.applied)
		list.push(["bad", "No policy is in force: nothing is filtered. \"rolewall apply\" changes that."]);
	if (status?.applied && !status.attached)
		list.push(["bad", "A hook is missing: some packets are not filtered. \"rolewall status\" says which."]);
	if (status?.applied && status.mode !== "enforce")
		list.push(["care", "Mode is observe: what is listed as refused was counted, and passed."]);
	if (status?.pending)
		// Not every second another text: it is read aloud.
		list.push(["care", `The policy goes back within ${span(Math.ceil(status.pending.seconds_left / 10) * 10000)} unless it is confirmed: "rolewall confirm".`]);
	return list;
}

// An alert that is written anew is read anew.
function drawBanners() {
	const list = bannersOf(state);
	const text = JSON.stringify(list);

	if ($("banners").dataset.text === text)
		return;
	$("banners").dataset.text = text;
	$("banners").replaceChildren(...list.map(([tone, words]) => el("p", {class: `banner ${tone}`}, words)));
}

// --- events ----------------------------------------------------------------------------------------

function setStatus(status) {
	const before = state.status;

	status.time_ms = Date.parse(status.time);
	state.status = status;
	state.skew = status.time_ms - Date.now();
	attempts.skew = state.skew;
	state.heard = Date.now();
	drawHead(status);
	drawBanners();
	if (status.applied) {
		drawNumbers(status, before);
		chart.add(status.time_ms, status.drops);
	} else {
		// Nothing is counted: the last numbers would look like those of now.
		$("numbers").replaceChildren();
		chart.rest();
	}
	drawMoving();
}

// What is out of sight needs no drawing.
function drawMoving() {
	if (document.hidden || !chart.last)
		return;
	chart.draw();
	chart.drawReasons(activeReason());
	attempts.draw();
}

function setLink(link) {
	state.link = link;
	document.body.classList.toggle("stale", !link.connected);
	drawBanners();
}

const handlers = {
	reasons: (list) => chart.setReasons(list.filter((reason) => reason.verdict === "drop")),
	history: (samples) => chart.setHistory(samples),
	link: setLink,
	status: setStatus,
	rules: (told) => ports.set(told),
	lists: (told) => {
		setLists(told);
		countDown(Date.now() + state.skew);
	},
	attempts: (list) => {
		attempts.take(list, Date.now());
		if (!document.hidden)
			attempts.draw();
	},
};

function listen() {
	const events = new EventSource("/events");

	for (const [type, handle] of Object.entries(handlers))
		events.addEventListener(type, (event) => handle(JSON.parse(event.data)));
	events.addEventListener("error", () => {
		setLink({connected: false, page: true, why: "connecting again"});
		// Refused, not lost: the browser does not try again by itself.
		if (events.readyState === EventSource.CLOSED)
			setTimeout(listen, 5000);
	});
}

// --- keys ------------------------------------------------------------------------------------------

const SECTIONS = {1: "blocked", 2: "ports", 3: "bans", 4: "openings"};

function keyPressed(event) {
	const typing = event.target.matches("input[type=search]");

	if (event.key === "Escape") {
		document.activeElement.blur();
		return;
	}
	if (typing || event.ctrlKey || event.altKey || event.metaKey || $("help").open)
		return;
	if (event.key === "/")
		$("filter").focus();
	else if (event.key === "p")
		attempts.toggleFreeze();
	else if (event.key === "?")
		$("help").showModal();
	else if (SECTIONS[event.key])
		$(SECTIONS[event.key]).focus();
	else
		return;
	event.preventDefault();
}

document.addEventListener("keydown", keyPressed);
document.addEventListener("visibilitychange", drawMoving);
$("help-open").addEventListener("click", () => $("help").showModal());
$("command-close").addEventListener("click", () => ($("command").hidden = true));
$("command-text").addEventListener("click", () => showCommand($("command-text").textContent));
setInterval(() => countDown(Date.now() + state.skew), 1000);
listen();
