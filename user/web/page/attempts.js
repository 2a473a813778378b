// SPDX-License-Identifier: GPL-2.0
// attempts.js - the live table: what is remembered, what is shown, and when it may move.
import {$, clock, commandButton, count, el, rate, setText, word} from "./dom.js";
import {parseFilter} from "./filter.js";

const REMEMBERED = 2000;
const SHOWN = 200;
const FLASH_MS = 2500;
const TYPED_MS = 700; // after so long without a key what the filter found is read aloud
const QUIET_MS = 10000; // longer ago: there is no rate

const COLUMNS = [
	{id: "last_ms", title: "Last", number: true},
	{id: "packets", title: "Packets", number: true},
	{id: "rate", title: "Rate", number: true},
	{id: "source", title: "Source"},
	{id: "port", title: "Port", number: true},
	{id: "service", title: "Service"},
	{id: "zone", title: "From"},
	{id: "reason", title: "Reason"},
];

// What makes two attempts the same (rolewall/abi.h).
const keyOf = (attempt) =>
	[attempt.source, attempt.port, attempt.l4, attempt.ifindex, attempt.reason, attempt.observed].join(" ");

const portText = (attempt) => (attempt.port === null ? attempt.proto ?? "" : `${attempt.port}/${attempt.proto}`);

function explainCommand(attempt) {
	const from = attempt.interface ? ` --interface ${word(attempt.interface)}` : "";

	if (attempt.reason === "bind-denied")
		return "rolewall audit";
	if (attempt.port === null)
		return `rolewall blocked --source ${word(attempt.source)}`;
	return `rolewall explain ${word(attempt.source)} ${attempt.port}/${word(attempt.proto)}${from}`;
}

const banCommand = (attempt) => `rolewall ban ${word(attempt.source)} --for 1h --reason ${word(attempt.reason)}`;

export class Attempts {
	constructor() {
		this.known = new Map(); // key -> attempt
		this.rows = new Map(); // key -> row
		this.sort = {id: "last_ms", down: true};
		this.frozen = null; // when, and how many changes since
		this.matches = () => true;
		this.skew = 0; // of the node's clock
		this.body = $("attempts").tBodies[0];
		this.makeHead();
		$("filter").addEventListener("input", () => this.setFilter());
		$("freeze").addEventListener("click", () => this.toggleFreeze());
		this.body.addEventListener("focusout", () => queueMicrotask(() => this.draw()));
	}

	// --- what is remembered

	take(list, now) {
		for (const attempt of list) {
			const key = keyOf(attempt);
			const before = this.known.get(key);

			attempt.key = key;
			attempt.last_ms = attempt.last_seen ? Date.parse(attempt.last_seen) : 0;
			attempt.seen = before?.seen ?? now;
			attempt.rate = this.rateOf(attempt, before);
			this.known.delete(key);
			this.known.set(key, attempt); // the newest is the last
		}
		this.forget();
		if (this.frozen)
			this.frozen.changes += list.length;
	}

	// Packets a second between the two last times that it was told of.
	rateOf(attempt, before) {
		const seconds = before ? (attempt.last_ms - before.last_ms) / 1000 : 0;

		if (!before || seconds <= 0)
			return before ? before.rate : 0;
		return Math.max(0, attempt.packets - before.packets) / Math.max(1, seconds);
	}

	// Of those whose ports are alike the most go first: a flood does not push out who comes slowly.
	forget() {
		if (this.known.size <= REMEMBERED)
			return;
		const groups = new Map();

		for (const [key, attempt] of this.known) {
			const group = (attempt.port ?? 0) % 256;

			groups.set(group, [...(groups.get(group) ?? []), key]);
		}
		while (this.known.size > REMEMBERED) {
			const fullest = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));

			for (const key of fullest.splice(0, Math.ceil(fullest.length / 4)))
				this.known.delete(key);
		}
	}

	// --- what is asked for

	setFilter() {
		const input = $("filter");

		try {
			this.matches = parseFilter(input.value);
			input.removeAttribute("aria-invalid");
			setText($("filter-error"), "");
		} catch (error) {
			input.setAttribute("aria-invalid", "true");
			setText($("filter-error"), error.message);
		}
		this.draw(true);
		this.sayFound();
		this.onFilter?.();
	}

	toggleFreeze() {
		this.frozen = this.frozen ? null : {at: Date.now(), changes: 0};
		$("freeze").setAttribute("aria-pressed", String(Boolean(this.frozen)));
		$("freeze").firstChild.data = this.frozen ? "Go on " : "Freeze ";
		if (this.frozen)
			this.still = [...this.known.values()];
		this.draw(true);
		setText($("said"), this.frozen ? "The table is frozen." : "The table goes on.");
	}

	found() {
		const filter = $("filter").value.trim();
		const what = this.total === 1 ? "attempt" : "attempts";

		return `${count(this.total)} ${what}${filter ? ` for ${filter}` : ", no filter"}.`;
	}

	// A wrong filter is told of elsewhere.
	sayFound() {
		clearTimeout(this.saying);
		this.saying = setTimeout(() =>
			setText($("said"), $("filter").hasAttribute("aria-invalid") ? "" : this.found()), TYPED_MS);
	}

	makeHead() {
		const line = $("attempts").tHead.rows[0];

		for (const column of COLUMNS) {
			const button = el("button", {type: "button", class: "sort"}, column.title);
			const cell = el("th", {scope: "col", class: column.number ? "num" : null}, button);

			button.addEventListener("click", () => this.sortBy(column));
			column.cell = cell;
			line.append(cell);
		}
		line.append(el("th", {scope: "col"}, "Command"));
		this.markSort();
	}

	sortBy(column) {
		this.sort = {id: column.id, down: this.sort.id === column.id ? !this.sort.down : Boolean(column.number)};
		this.markSort();
		this.draw(true);
	}

	markSort() {
		for (const column of COLUMNS) {
			const order = this.sort.down ? "descending" : "ascending";

			if (column.id === this.sort.id)
				column.cell.setAttribute("aria-sort", order);
			else
				column.cell.removeAttribute("aria-sort");
		}
	}

	// --- what is shown

	chosen() {
		const {id, down} = this.sort;
		const list = (this.frozen ? this.still : [...this.known.values()]).filter(this.matches);

		return list.sort((a, b) => {
			const [x, y] = [a[id] ?? "", b[id] ?? ""];
			const order = x < y ? -1 : x > y ? 1 : 0;

			return down ? -order : order;
		});
	}

	// Rows do not move while the table has the focus; their numbers do change.
	draw(asked = false) {
		if (this.frozen && !asked) {
			this.tell();
			return;
		}
		const list = this.chosen();
		const held = !asked && this.body.contains(document.activeElement);

		this.total = list.length;
		if (held)
			this.drawInPlace();
		else
			this.drawAnew(list.slice(0, SHOWN));
		this.held = held;
		this.tell();
	}

	drawInPlace() {
		for (const [key, row] of this.rows)
			if (this.known.has(key))
				this.fill(row, this.known.get(key));
	}

	drawAnew(list) {
		const wanted = new Set(list.map((attempt) => attempt.key));

		for (const [key, row] of this.rows) {
			if (wanted.has(key))
				continue;
			row.line.remove();
			this.rows.delete(key);
		}
		let at = this.body.firstElementChild;

		for (const attempt of list) {
			const row = this.rows.get(attempt.key) ?? this.newRow(attempt);

			this.fill(row, attempt);
			if (row.line === at)
				at = at.nextElementSibling;
			else
				this.body.insertBefore(row.line, at);
		}
		$("attempts-none").hidden = list.length > 0;
		setText($("attempts-none"), this.known.size ? "No attempt matches the filter." : "No attempts so far.");
	}

	newRow(attempt) {
		const cells = Object.fromEntries(COLUMNS.map((column) =>
			[column.id, el("td", {class: column.number ? "num" : null})]));
		const line = el("tr", {}, ...Object.values(cells),
			el("td", {class: "commands"}, commandButton(explainCommand(attempt)),
				attempt.reason === "bind-denied" ? null : commandButton(banCommand(attempt))));

		cells.source.classList.add("address");
		cells.reason.append(el("span", {class: `swatch r-${attempt.reason}`}), attempt.reason);
		if (Date.now() - attempt.seen < FLASH_MS)
			line.classList.add("new");
		this.rows.set(attempt.key, {cells, line});
		return this.rows.get(attempt.key);
	}

	fill({cells, line}, attempt) {
		setText(cells.last_ms, attempt.last_ms ? clock(attempt.last_ms) : "");
		setText(cells.packets, count(attempt.packets));
		const quiet = Date.now() + this.skew - attempt.last_ms > QUIET_MS;

		setText(cells.rate, quiet || attempt.rate < 0.05 ? "" : rate(attempt.rate));
		setText(cells.source, attempt.source);
		setText(cells.port, portText(attempt));
		setText(cells.service, attempt.service ?? (attempt.process ? `${attempt.process}[${attempt.pid}]` : ""));
		setText(cells.zone, [attempt.zone, attempt.interface].filter(Boolean).join(" · "));
		line.classList.toggle("observed", attempt.observed);
		line.title = attempt.observed ? "mode observe: it was counted, and passed" : "";
	}

	tell() {
		const shown = Math.min(this.total ?? 0, SHOWN);
		let text = this.total > shown ? `${shown} of ${count(this.total)}` : `${count(this.total ?? 0)}`;

		if (this.frozen)
			text += ` – frozen at ${clock(this.frozen.at)}, ${count(this.frozen.changes)} changes since`;
		else if (this.held)
			text += " – rows stay where they are while you are in the table (Esc lets go)";
		setText($("blocked-count"), text);
	}
}
