// SPDX-License-Identifier: GPL-2.0
// ports.js - the ports of the node's roles, by zone, and who listens.
import {$, commandButton, count, el} from "./dom.js";
import {More} from "./more.js";

const ZONES = ["external", "internal", "vpn"];

const LISTENS = {
	yes: ["good", "listens"],
	loopback: ["care", "on loopback only"],
	no: ["care", "nothing"],
};
const LISTENS_FOR_ITSELF = {
	yes: ["care", "on more than loopback"],
	loopback: ["good", "on loopback only"],
	no: ["", "nothing"],
};

const portText = (rule) => (rule.port === rule.port_end ? rule.port : `${rule.port}–${rule.port_end}`) + "/" + rule.proto;

const ZONE_NAMES = {external: "External", internal: "Internal", vpn: "VPN"};

function zoneCell(rule, zone) {
	const open = rule.zones.includes(zone);

	return el("td", {role: "cell", "data-label": ZONE_NAMES[zone], class: `mid ${open ? "open" : "shut"}${zone === "external" ? " world" : ""}`},
		el("span", {"aria-hidden": "true"}, open ? "●" : "–"),
		el("span", {class: "hidden"}, open ? "open" : "closed"));
}

function othersText(rule) {
	const others = rule.zones.filter((zone) => !ZONES.includes(zone) && zone !== "peers");

	return [
		...others, ...rule.sets, ...(rule.peers ? [`peers: ${rule.peers.replaceAll(",", ", ")}`] : []),
		...(rule.limit ? [`limit: ${rule.limit.new}`] : []),
	].join(", ");
}

function ruleRow(rule) {
	const [tone, text] = (rule.loopback ? LISTENS_FOR_ITSELF : LISTENS)[rule.listening] ?? ["", "not known"];

	return el("tr", {title: rule.origin, role: "row"},
		el("th", {scope: "row", class: "num", role: "rowheader", "data-column": "port"}, portText(rule)),
		el("td", {role: "cell", "data-column": "service"}, rule.service ?? ""),
		el("td", {role: "cell", "data-column": "role", class: "faint"}, rule.role ?? ""),
		...ZONES.map((zone) => zoneCell(rule, zone)),
		el("td", {role: "cell", class: "faint others"}, othersText(rule)),
		el("td", {role: "cell", "data-column": "listens"}, el("span", {class: `chip ${tone}`}, text)),
		el("td", {role: "cell", "data-label": "passed", class: "num"}, count(rule.passed)),
		el("td", {role: "cell", "data-label": "refused", class: `num ${rule.dropped ? "refused" : "none-refused"}`}, count(rule.dropped)),
		el("td", {role: "cell", class: "commands", "data-column": "commands"}, commandButton(`rolewall blocked --port ${rule.port}`)));
}

export class Ports {
	constructor() {
		this.told = null;
		this.more = new More("ports", () => this.draw());
		$("ports-unused").addEventListener("change", () => this.draw());
		$("ports-body").addEventListener("focusout", () => queueMicrotask(() => this.drawIfFree()));
	}

	set(told) {
		this.told = told;
		this.drawIfFree();
	}

	// Who is in the table keeps the row that they are in.
	drawIfFree() {
		if (!$("ports-body").contains(document.activeElement))
			this.draw();
	}

	// Of every rule; null: not all of them are told.
	services() {
		return this.told && this.told.total <= this.told.rules.length ? this.told.rules.map((rule) => rule.service) : null;
	}

	draw() {
		const {rules, total} = this.told ?? {rules: [], total: 0};
		const unused = rules.filter((rule) => rule.listening === "no" && !rule.loopback);
		const shown = $("ports-unused").checked ? unused : rules;

		$("ports").classList.toggle("plain", rules.every((rule) => !othersText(rule)));
		$("ports-body").replaceChildren(...this.more.limit(shown).map(ruleRow));
		$("ports-count").textContent = `${count(total)} rules; nothing listens on ${count(unused.length)} of them` +
			(total > rules.length ? `; the first ${rules.length} are shown` : "");
	}
}
