// SPDX-License-Identifier: GPL-2.0
// lists.js - bans and openings, and how long they last.
import {$, commandButton, count, el, setText, span, word} from "./dom.js";
import {More} from "./more.js";

const endCell = (entry) => el("td", {role: "cell", class: "ends", "data-ends": entry.expires ? Date.parse(entry.expires) : ""});

const whoCell = (entry) => el("td", {role: "cell", class: "who"}, el("span", {}, entry.reason ?? ""),
	entry.who ? el("span", {class: "faint"}, ` ${entry.reason ? "– " : ""}${entry.who}`) : null);

const banRow = (ban) => el("tr", {role: "row"},
	el("th", {scope: "row", role: "rowheader", class: "address"}, ban.source), endCell(ban), whoCell(ban),
	el("td", {role: "cell", class: "commands"}, commandButton(`rolewall unban ${word(ban.source)}`)));

const openingRow = (opening) => el("tr", {role: "row"},
	el("th", {scope: "row", role: "rowheader"}, `${opening.port}/${opening.proto}`),
	el("td", {role: "cell", class: "address"}, opening.source), endCell(opening), whoCell(opening),
	el("td", {role: "cell", class: "commands"}, commandButton(`rolewall close ${opening.id}`)));

class List {
	constructor(name, makeRow) {
		this.name = name;
		this.makeRow = makeRow;
		this.body = $(`${name}-body`);
		this.told = {entries: [], total: 0};
		this.more = new More(name, () => this.draw());
	}

	set(told) {
		this.told = told;
		this.draw();
	}

	draw() {
		const {entries, total} = this.told;

		this.body.replaceChildren(...this.more.limit(entries).map(this.makeRow));
		$(`${this.name}-none`).hidden = entries.length > 0;
		this.body.closest(".wide").hidden = entries.length === 0;
		setText($(`${this.name}-count`), total > entries.length
			? `the newest ${entries.length} of ${count(total)}` : count(total));
	}
}

const bans = new List("bans", banRow);
const openings = new List("openings", openingRow);

export function setLists(lists) {
	bans.set(lists.bans);
	openings.set(lists.openings);
}

// Once a second; `now` is the node's clock.
export function countDown(now) {
	for (const cell of document.querySelectorAll(".ends")) {
		const ends = Number(cell.dataset.ends);
		const left = ends - now;

		setText(cell, ends ? (left > 0 ? span(left) : "over") : "never");
		cell.classList.toggle("care", Boolean(ends) && left < 60000);
	}
}
