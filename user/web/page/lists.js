// SPDX-License-Identifier: GPL-2.0
// lists.js - bans and openings, and how long they last.
import {$, commandButton, count, el, setText, span, word} from "./dom.js";

const endCell = (entry) => el("td", {class: "ends", "data-ends": entry.expires ? Date.parse(entry.expires) : ""});

const whoCell = (entry) => el("td", {}, el("span", {}, entry.reason ?? ""),
	entry.who ? el("span", {class: "faint"}, ` ${entry.reason ? "– " : ""}${entry.who}`) : null);

const banRow = (ban) => el("tr", {},
	el("th", {scope: "row", class: "address"}, ban.source), endCell(ban), whoCell(ban),
	el("td", {class: "commands"}, commandButton(`rolewall unban ${word(ban.source)}`)));

const openingRow = (opening) => el("tr", {},
	el("th", {scope: "row"}, `${opening.port}/${opening.proto}`),
	el("td", {class: "address"}, opening.source), endCell(opening), whoCell(opening),
	el("td", {class: "commands"}, commandButton(`rolewall close ${opening.id}`)));

function draw(name, list, makeRow) {
	const body = $(`${name}-body`);

	body.replaceChildren(...list.entries.map(makeRow));
	$(`${name}-none`).hidden = list.entries.length > 0;
	body.closest(".scroll").hidden = list.entries.length === 0;
	setText($(`${name}-count`), list.total > list.entries.length
		? `the newest ${list.entries.length} of ${count(list.total)}` : count(list.total));
}

export function setLists(lists) {
	draw("bans", lists.bans, banRow);
	draw("openings", lists.openings, openingRow);
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
