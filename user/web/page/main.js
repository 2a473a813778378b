// SPDX-License-Identifier: GPL-2.0
// main.js - listen to the events, and hand each to its part of the page.
import {Attempts} from "./attempts.js";
import {drawCards, drawDetails} from "./cards.js";
import {Chart} from "./chart.js";
import {$, clock, el, setText, showCommand, span} from "./dom.js";
import {countDown, setLists} from "./lists.js";
import {Ports} from "./ports.js";

const state = {
	reasons: [], status: null, before: null, link: {connected: false, why: "connecting"}, skew: 0, heard: 0,
};

const attempts = new Attempts();
const ports = new Ports();
const chart = new Chart(filterReason);

attempts.words = () => ({reasons: state.reasons, services: ports.services()});

// --- filter by a reason ----------------------------------------------------------------------------

const activeReason = () => $("filter").value.match(/\breason=(\S+)/)?.[1] ?? null;

function filterReason(reason) {
	const others = $("filter").value.replace(/\s*\breason=\S*/g, "").trim();

	$("filter").value = activeReason() === reason ? others : `${others} reason=${reason}`.trim();
	attempts.setFilter();
}

attempts.onFilter = () => chart.last && chart.drawReasons(activeReason());

for (const card of ["source", "port"])
	$(`card-${card}-value`).addEventListener("click", (event) => {
		$("filter").value = event.currentTarget.dataset.filter;
		attempts.setFilter();
		$("blocked").scrollIntoView();
	});

// --- the head of the page --------------------------------------------------------------------------

function drawHead(status) {
	document.title = `${status.node ?? "Rolewall"} – Rolewall`;
	setText($("node"), status.node ?? "Rolewall");
	setText($("roles"), status.roles.filter((role) => role !== "every-node").join(", ") || "no roles");
}

// --- what everybody has to know --------------------------------------------------------------------

// What it means, and what to do.
function goneText(link, heard) {
	const since = heard ? ` This page stands still since ${clock(heard)}.` : "";

	return link.page
		? `The page's server does not answer (${link.why}).${since} On the node: "systemctl restart rolewall-web"; through ssh, the tunnel may have ended.`
		: `The daemon does not answer (${link.why}).${since} Packets are filtered all the same. On the node: "systemctl start rolewall".`;
}

function bannersOf({status, link, heard}) {
	const list = [];

	if (!link.connected)
		list.push(["bad", goneText(link, heard)]);
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

// By reason: what was refused; in mode observe, what would have been.
function totalsOf({mode, drops, observed = {}}) {
	const enforce = mode === "enforce";

	return Object.fromEntries(Object.entries(drops ?? {}).map(([reason, packets]) =>
		[reason, enforce ? packets - (observed[reason] ?? 0) : observed[reason] ?? 0]));
}

function setStatus(status) {
	status.time_ms = Date.parse(status.time);
	state.before = state.status;
	state.status = status;
	state.skew = status.time_ms - Date.now();
	attempts.skew = state.skew;
	state.heard = Date.now();
	drawHead(status);
	drawBanners();
	chart.totals = totalsOf(status);
	if (status.applied)
		chart.add(status.time_ms, status.drops);
	else
		chart.rest();
	if (!state.link.connected)
		chart.lose();
	drawMoving();
}

// What is out of sight needs no drawing.
function drawMoving() {
	if (document.hidden)
		return;
	drawCards(state, attempts.known, attempts.now());
	drawDetails(state.status, attempts.known);
	if (!chart.last)
		return;
	chart.draw();
	chart.drawReasons(activeReason());
	attempts.draw();
}

function setLink(link) {
	state.link = link;
	document.body.classList.toggle("stale", !link.connected);
	if (!link.connected)
		chart.lose();
	drawBanners();
	drawMoving();
}

const handlers = {
	reasons: (list) => {
		const drops = list.filter((reason) => reason.verdict === "drop");

		state.reasons = drops.map((reason) => reason.name);
		chart.setReasons(drops);
	},
	history: (samples) => chart.setHistory(samples),
	link: setLink,
	status: setStatus,
	rules: (told) => ports.set(told),
	lists: (told) => {
		setLists(told);
		countDown(Date.now() + state.skew);
	},
	attempts: (list) => attempts.take(list),
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

const KEYS = {
	p: () => attempts.toggleFreeze(),
	f: () => attempts.toggleFold(),
	s: () => attempts.toggleGroup("source"),
	d: () => attempts.toggleGroup("port"),
};
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
	else if (KEYS[event.key])
		KEYS[event.key]();
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
$("details").addEventListener("toggle", drawMoving);
$("command-close").addEventListener("click", () => ($("command").hidden = true));
$("command-text").addEventListener("click", () => showCommand($("command-text").textContent));
setInterval(() => countDown(Date.now() + state.skew), 1000);
listen();
