// SPDX-License-Identifier: GPL-2.0
// attempts.js - the live table: what is asked for, what is shown, and when it may move.
import {$, clock, commandButton, count, el, many, rate, setText, word} from "./dom.js";
import {parseFilter} from "./filter.js";
import {Known} from "./known.js";
import {More} from "./more.js";
import {rowsOf} from "./sums.js";

const TYPED_MS = 700; // after so long without a key what the filter found is read aloud
const DRAW_MS = 500; // not more often than that

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

const NOUNS = {none: ["attempt", "attempts"], source: ["source", "sources"], port: ["port", "ports"]};

function explainCommand(attempt) {
	const from = attempt.interface ? ` --interface ${word(attempt.interface)}` : "";

	if (attempt.reason === "bind-denied")
		return "rolewall audit";
	if (attempt.port === null)
		return `rolewall blocked --source ${word(attempt.source)}`;
	return `rolewall explain ${word(attempt.source)} ${attempt.port}/${word(attempt.proto)}${from}`;
}

const banCommand = (attempt) => `rolewall ban ${word(attempt.source)} --for 1h --reason ${word(attempt.reason)}`;

// What can be done about all that is in the row.
function commandsOf({attempt, source, port}) {
	const first = source && port ? explainCommand(attempt)
		: source ? `rolewall blocked --source ${word(source)}`
			: port && attempt.port !== null ? `rolewall blocked --port ${attempt.port}` : "rolewall blocked";

	return source && attempt.reason !== "bind-denied" ? [first, banCommand(attempt)] : [first];
}

export class Attempts {
	constructor() {
		this.known = new Known();
		this.rows = new Map(); // key -> row of the table
		this.asked = {group: "none", fold: true, open: new Set(), sort: {id: "last_ms", down: true}};
		this.sorts = {none: this.asked.sort}; // of each group, as it was chosen
		this.frozen = null; // when, and how many changes since
		this.matches = () => true;
		this.skew = 0; // of the node's clock
		this.body = $("attempts").tBodies[0];
		this.more = new More("attempts", () => this.draw(true));
		this.makeHead();
		$("filter").addEventListener("input", () => this.setFilter());
		$("freeze").addEventListener("click", () => this.toggleFreeze());
		$("fold").addEventListener("click", () => this.toggleFold());
		for (const group of ["source", "port"])
			$(`by-${group}`).addEventListener("click", () => this.toggleGroup(group));
		this.body.addEventListener("focusout", () => queueMicrotask(() => this.draw()));
	}

	now() {
		return Date.now() + this.skew;
	}

	take(list) {
		this.known.take(list, this.now());
		if (this.frozen)
			this.frozen.changes += list.length;
		this.waiting ??= setTimeout(() => {
			this.waiting = null;
			if (!document.hidden)
				this.draw();
		}, DRAW_MS);
	}

	// --- what is asked for

	setFilter() {
		const input = $("filter");

		try {
			this.matches = parseFilter(input.value, {...this.words(), now: this.now()});
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
			this.still = this.known.list();
		this.draw(true);
		setText($("said"), this.frozen ? "The table is frozen." : "The table goes on.");
	}

	toggleFold() {
		this.asked.fold = !this.asked.fold;
		$("fold").setAttribute("aria-pressed", String(this.asked.fold));
		this.draw(true);
		setText($("said"), this.asked.fold ? "Floods and scans are one row each." : "All rows are shown.");
	}

	// Sums have the largest first.
	toggleGroup(group) {
		const {asked} = this;

		this.sorts[asked.group] = asked.sort;
		asked.group = asked.group === group ? "none" : group;
		asked.sort = this.sorts[asked.group] ?? {id: "packets", down: true};
		for (const other of ["source", "port"])
			$(`by-${other}`).setAttribute("aria-pressed", String(asked.group === other));
		$("attempts").dataset.group = asked.group;
		this.markSort();
		this.draw(true);
		setText($("said"), `${asked.group === "none" ? "One by one" : `By ${asked.group}`}: ${this.found()}`);
	}

	toggleOpen(key) {
		const {open} = this.asked;

		if (!open.delete(key))
			open.add(key);
		this.draw(true);
	}

	found() {
		const filter = $("filter").value.trim();

		return `${count(this.total)} ${NOUNS[this.asked.group][this.total === 1 ? 0 : 1]}${filter ? ` for ${filter}` : ", no filter"}.`;
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
			const cell = el("th", {scope: "col", class: column.number ? "num" : null, "data-column": column.id}, button);

			button.addEventListener("click", () => this.sortBy(column));
			column.cell = cell;
			line.append(cell);
		}
		line.append(el("th", {scope: "col", "data-column": "commands"}, "Command"));
		$("attempts").dataset.group = "none";
		this.markSort();
	}

	sortBy(column) {
		const {sort} = this.asked;

		this.asked.sort = {id: column.id, down: sort.id === column.id ? !sort.down : Boolean(column.number)};
		this.markSort();
		this.draw(true);
	}

	markSort() {
		const {id, down} = this.asked.sort;

		for (const column of COLUMNS)
			if (column.id === id)
				column.cell.setAttribute("aria-sort", down ? "descending" : "ascending");
			else
				column.cell.removeAttribute("aria-sort");
	}

	// --- what is shown

	// Rows do not move while the table has the focus; their numbers do change.
	draw(asked = false) {
		if (this.frozen && !asked) {
			this.tell();
			return;
		}
		const attempts = (this.frozen ? this.still : this.known.list()).filter(this.matches);
		const {rows, total} = rowsOf(attempts, this.asked, this.now());

		this.held = !asked && this.body.contains(document.activeElement);
		this.total = total;
		if (this.held)
			this.drawInPlace(rows);
		else
			this.drawAnew(this.more.limit(rows));
		this.shown = rows.length;
		this.tell();
	}

	drawInPlace(rows) {
		for (const row of rows)
			if (this.rows.has(row.key))
				this.fill(this.rows.get(row.key), row);
	}

	drawAnew(list) {
		const wanted = new Set(list.map((row) => row.key));

		for (const [key, row] of this.rows) {
			if (wanted.has(key))
				continue;
			row.line.remove();
			this.rows.delete(key);
		}
		let at = this.body.firstElementChild;

		for (const row of list) {
			const drawn = this.rows.get(row.key) ?? this.newRow(row);

			this.fill(drawn, row);
			if (drawn.line === at)
				at = at.nextElementSibling;
			else
				this.body.insertBefore(drawn.line, at);
		}
		$("attempts-none").hidden = list.length > 0;
		setText($("attempts-none"), this.known.attempts.size ? "No attempt matches the filter." : "No attempts so far.");
	}

	newRow(row) {
		const cells = Object.fromEntries(COLUMNS.map((column) =>
			[column.id, el("td", {class: column.number ? "num" : null, "data-column": column.id, role: "cell"})]));
		const commands = el("td", {class: "commands", "data-column": "commands", role: "cell"});
		const drawn = {cells, commands, line: el("tr", {role: "row"}, ...Object.values(cells), commands)};

		cells.source.classList.add("address");
		drawn.source = cells.source;
		if (row.folded) {
			drawn.source = el("button", {type: "button", class: "opener"});
			drawn.source.addEventListener("click", () => this.toggleOpen(row.key));
			cells.source.append(drawn.source);
			drawn.line.classList.add("fold");
		} else {
			drawn.source = el("span");
			drawn.fresh = el("span", {class: "fresh"});
			cells.source.append(drawn.source, drawn.fresh);
		}
		this.rows.set(row.key, drawn);
		return drawn;
	}

	fill(drawn, row) {
		const {cells, line} = drawn;
		const {attempt} = row;
		const fresh = !row.folded && this.known.isNew(row.source, this.now());

		setText(cells.last_ms, row.last_ms ? clock(row.last_ms) : "");
		setText(cells.packets, count(row.packets));
		setText(cells.rate, row.rate < 0.05 ? "" : rate(row.rate));
		setText(drawn.source, row.source ?? many(row.sources, "source", this.known.partial));
		setText(cells.port, row.port ?? many(row.ports, "port", this.known.partial));
		setText(cells.service, row.port ? attempt.service ?? (attempt.process ? `${attempt.process}[${attempt.pid}]` : "") : "");
		setText(cells.zone, [attempt.zone, ...(attempt.sets ?? []), attempt.interface].filter(Boolean).join(" · "));
		this.fillReasons(drawn, row.reasons);
		this.fillCommands(drawn, commandsOf(row));
		if (row.folded)
			drawn.source.setAttribute("aria-expanded", String(Boolean(row.isOpen)));
		else
			setText(drawn.fresh, fresh ? "new" : "");
		line.classList.toggle("new", fresh);
		line.classList.toggle("child", Boolean(row.child));
		line.classList.toggle("observed", row.observed);
		line.title = row.observed ? "mode observe: it was counted, and passed" : "";
	}

	fillReasons(drawn, reasons) {
		const text = reasons.join(" ");

		if (drawn.reasons === text)
			return;
		drawn.reasons = text;
		drawn.cells.reason.replaceChildren(...reasons.map((reason) =>
			el("span", {class: "why"}, el("span", {class: `swatch r-${reason}`}), reason)));
	}

	fillCommands(drawn, commands) {
		const text = commands.join("\n");

		if (drawn.text === text)
			return;
		drawn.text = text;
		drawn.commands.replaceChildren(...commands.map(commandButton));
	}

	tell() {
		let text = count(this.total ?? 0);

		if (this.shown < this.total)
			text += ` in ${count(this.shown)} row${this.shown === 1 ? "" : "s"}`;
		if (this.frozen)
			text += ` – frozen at ${clock(this.frozen.at)}, ${count(this.frozen.changes)} changes since`;
		else if (this.held)
			text += " – rows stay where they are while you are in the table (Esc lets go)";
		setText($("blocked-count"), text);
	}
}
