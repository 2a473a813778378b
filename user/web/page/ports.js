// SPDX-License-Identifier: GPL-2.0
// ports.js - the ports of the node's roles, by zone, and who listens.
import {$, commandButton, count, el} from "./dom.js";

const ZONES = ["external", "internal", "vpn"];

const LISTENS = {
	yes: ["good", "listens"],
	loopback: ["care", "on loopback only"],
	no: ["care", "nothing"],
};
const LISTENS_FOR_ITSELF = {
	yes: ["care", "on more than loopback"],
	loopback: ["good", "on loopback only"],
	no: ["", "nobody"],
};

const portText = (rule) => (rule.port === rule.port_end ? rule.port : `${rule.port}–${rule.port_end}`) + "/" + rule.proto;

function zoneCell(rule, zone) {
	const open = rule.zones.includes(zone);

	return el("td", {class: `mid ${open ? "open" : "shut"}${zone === "external" ? " world" : ""}`},
		el("span", {"aria-hidden": "true"}, open ? "●" : "–"),
		el("span", {class: "hidden"}, open ? "open" : "closed"));
}

function othersText(rule) {
	const others = rule.zones.filter((zone) => !ZONES.includes(zone) && zone !== "peers");

	return [...others, ...rule.sets, ...(rule.peers ? [`peers: ${rule.peers.replaceAll(",", ", ")}`] : [])].join(", ");
}

function ruleRow(rule) {
	const [tone, text] = (rule.loopback ? LISTENS_FOR_ITSELF : LISTENS)[rule.listening] ?? ["", "not known"];

	return el("tr", {title: rule.origin},
		el("th", {scope: "row", class: "num"}, portText(rule)),
		el("td", {}, rule.service ?? ""),
		el("td", {class: "faint"}, rule.role ?? ""),
		...ZONES.map((zone) => zoneCell(rule, zone)),
		el("td", {class: "faint others"}, othersText(rule)),
		el("td", {}, el("span", {class: `chip ${tone}`}, text)),
		el("td", {class: "num"}, count(rule.passed)),
		el("td", {class: `num${rule.dropped ? " refused" : ""}`}, count(rule.dropped)),
		el("td", {class: "commands"}, commandButton(`rolewall blocked --port ${rule.port}`)));
}

export class Ports {
	constructor() {
		this.told = {rules: [], total: 0};
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

	draw() {
		const {rules, total} = this.told;
		const unused = rules.filter((rule) => rule.listening === "no" && !rule.loopback);
		const shown = $("ports-unused").checked ? unused : rules;

		$("ports").classList.toggle("plain", rules.every((rule) => !othersText(rule)));
		$("ports-body").replaceChildren(...shown.map(ruleRow));
		$("ports-count").textContent = `${count(total)} rules; nothing listens on ${count(unused.length)} of them` +
			(total > rules.length ? `; the first ${rules.length} are shown` : "");
	}
}
