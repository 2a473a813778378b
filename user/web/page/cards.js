// SPDX-License-Identifier: GPL-2.0
// cards.js - what matters at a glance, and what does not in the details.
import {$, clock, count, el, many, rate, setText} from "./dom.js";
import {grown} from "./chart.js";
import {topOf} from "./sums.js";

const RECENT_MS = 600000; // as the chart
const ABSENCE_S = 5; // the daemon tells once a second

const sum = (counters) => Object.values(counters ?? {}).reduce((a, b) => a + b, 0);

// No address breaks but after a colon, and a long value is smaller (page.css).
export function showValue(element, value) {
	if (element.textContent === value)
		return;
	element.replaceChildren(...value.split(/(?<=:)/).flatMap((part, i) => (i ? [el("wbr"), part] : [part])));
	element.style.setProperty("--length", value.length);
	element.classList.toggle("long", value.includes(":"));
}

// A card: name, title (if it changes), value, note, tone ("good", "care", "bad", or nothing), filter that it sets or nothing.
function draw(card) {
	const {name, title, value, note, tone, filter} = card;
	const box = $(`card-${name}`);
	const shown = $(`card-${name}-value`);

	box.className = `tile ${tone ?? ""}`;
	showValue(shown, value);
	if (title)
		setText(box.firstElementChild, title);
	setText($(`card-${name}-note`), note);
	if (shown.tagName === "BUTTON") {
		shown.disabled = !filter;
		shown.dataset.filter = filter ?? "";
	}
}

// Of what mode observe let pass nothing was refused.
const observedOf = (status) => sum(status.observed);
const refusedOf = (status) => sum(status.drops) - observedOf(status);

// null: of now nothing is known.
function ratesOf(status, before, link) {
	const seconds = before ? (status.time_ms - before.time_ms) / 1000 : 0;

	if (!link.connected || !before?.applied || seconds <= 0 || seconds > ABSENCE_S)
		return null;
	return {
		drops: grown(sum(status.drops), sum(before.drops)) / seconds,
		passes: grown(sum(status.passes), sum(before.passes)) / seconds,
	};
}

const hookText = ({present, hook, xdp_mode}) =>
	(!present ? "absent" : hook === "xdp" ? `XDP ${xdp_mode}` : hook === "none" ? "no hook" : hook);

const listed = (status) => status.interfaces.filter((one) => one.listed !== false);

function hooksCard(status) {
	const there = listed(status).filter(({present}) => present);
	const off = there.filter(({hook}) => hook === "none").map(({name}) => name);
	const cgroup = status.hooks.ingress && status.hooks.egress;
	const whole = !off.length && cgroup;

	if (!cgroup)
		off.push("cgroup");
	return {
		name: "hooks", tone: whole ? "good" : "bad",
		value: whole ? "all on" : `${off.length} off`,
		note: whole ? there.map(({name}) => name).concat("cgroup").join(", ") : `nothing filters at ${off.join(", ")}`,
	};
}

function totalsNote(status, observe) {
	const observed = observedOf(status);

	if (observe)
		return `${count(observed)} observed in all`;
	return `${count(refusedOf(status))} in all${observed ? `, ${count(observed)} observed` : ""}`;
}

export function drawCards({status, before, link, heard}, known, now) {
	drawDaemon(link, heard);
	$("numbers").classList.toggle("without", !status?.applied);
	if (!status?.applied)
		return;
	const rates = ratesOf(status, before, link);
	const top = topOf(known.list(), now - RECENT_MS, now);
	const observe = status.mode !== "enforce";

	draw({name: "refused", title: observe ? "Would be refused now" : "Refused now",
		value: rates ? rate(rates.drops) : "–",
		note: totalsNote(status, observe) + (rates ? `; passed ${rate(rates.passes)}` : "")});
	draw({name: "source", value: top.source?.source ?? "none", filter: top.source && `src=${top.source.source}`,
		note: top.source ? `${many(top.source.packets, "packet")}, ${many(top.source.ports, "port")}` : "in ten minutes"});
	draw({name: "port", value: top.port?.port ?? "none",
		filter: top.port && top.port.attempt.port !== null ? `port=${top.port.port}` : null,
		note: top.port ? `${many(top.port.packets, "packet")}, ${many(top.port.sources, "source", known.partial)}` : "in ten minutes"});
	draw({name: "mode", value: status.mode, tone: observe ? "care" : "good",
		note: `generation ${status.generation}${status.pending ? ", not confirmed" : ""}`});
	draw(hooksCard(status));
}

function drawDaemon(link, heard) {
	draw({name: "daemon", value: link.connected ? "runs" : link.page ? "out of reach" : "stopped",
		tone: link.connected ? "good" : "bad", note: heard ? `last heard at ${clock(heard)}` : "not heard so far"});
}

// --- details ---------------------------------------------------------------------------------------

function facts(status, remembered) {
	const lost = status.events?.lost ?? 0;

	return [
		["Policy", `generation ${status.generation}, profile ${status.profile ?? "none"}`],
		["Applied at", status.applied_at?.replace("T", " ") ?? ""],
		["Roles", status.roles.join(", ")],
		...listed(status).map((one) => [`Interface ${one.name}`, `${one.zone}, ${hookText(one)}`]),
		["Passed", `${count(sum(status.passes))} packets`],
		["Refused", `${count(refusedOf(status))} packets`],
		["Observed", `${count(observedOf(status))} let pass, and counted`],
		["Attempts remembered", `${count(status.history_entries)} by the daemon, ${count(remembered)} by this page`],
		["Forgotten", `${count(status.forgotten)} packets of attempts that are not remembered any more`],
		["Source not known", `${count(status.unattributed)} packets`],
		["Events", `${count(status.events?.emitted ?? 0)} reported, ${count(lost)} lost`],
	];
}

export function drawDetails(status, known) {
	const list = status?.applied ? facts(status, known.attempts.size) : [];
	const text = JSON.stringify(list);

	if ($("internals").dataset.text === text || !$("details").open)
		return;
	$("internals").dataset.text = text;
	$("internals").replaceChildren(...list.map(([name, value]) =>
		el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
