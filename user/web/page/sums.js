// SPDX-License-Identifier: GPL-2.0
// sums.js - rows of attempts: one by one, summed up, floods and scans folded; as rolewall top has them
// (user/live/fold.h, which has the same numbers).

const FEW_PACKETS = 8;
const ENOUGH = 32;
const ENOUGH_OF_ALL = 256;
const SIBLINGS = 2; // a source with more rows than that is in no fold of many sources
const QUIET_MS = 10000; // longer ago: there is no rate

// Kept, for every sum asks for it again.
export const portText = (attempt) => (attempt.port_text ??=
	attempt.port === null ? attempt.proto ?? "" : `${attempt.port}/${attempt.proto}`);

const whyText = (attempt) => (attempt.why ??= `${attempt.reason} ${attempt.observed}`);

const GROUPS = {
	source: (attempt) => attempt.source,
	port: portText,
};

const FOLDS = [
	{kind: "source", enough: ENOUGH, of: (attempt) => attempt.source},
	{kind: "port", enough: ENOUGH, of: portText},
	{kind: "all", enough: ENOUGH_OF_ALL, of: () => ""},
];

function partition(list, keyOf) {
	const parts = new Map();

	for (const item of list) {
		const key = keyOf(item);
		const part = parts.get(key);

		if (part)
			part.push(item);
		else
			parts.set(key, [item]);
	}
	return parts;
}

// One row for a list of attempts; the newest speaks for it.
function join(key, list, now) {
	const row = {key, attempt: list[0], packets: 0, rate: 0, observed: true};

	for (const attempt of list) {
		if (attempt.last_ms > row.attempt.last_ms)
			row.attempt = attempt;
		row.packets += attempt.packets;
		row.rate += now - attempt.last_ms > QUIET_MS ? 0 : attempt.rate;
		row.observed &&= attempt.observed;
	}
	const all = (of) => (list.length === 1 ? [of(list[0])] : [...new Set(list.map(of))]);
	const sources = all((attempt) => attempt.source);
	const ports = all(portText);

	row.last_ms = row.attempt.last_ms;
	row.reasons = all((attempt) => attempt.reason);
	row.sources = sources.length;
	row.ports = ports.length;
	row.source = sources.length === 1 ? sources[0] : null;
	row.port = ports.length === 1 ? ports[0] : null;
	return row;
}

const VALUES = {
	last_ms: (row) => row.last_ms, packets: (row) => row.packets, rate: (row) => row.rate,
	source: (row) => row.source ?? "", port: (row) => (row.port ? row.attempt.port ?? 0 : -1),
	service: (row) => (row.port ? row.attempt.service ?? "" : ""),
	zone: (row) => row.attempt.zone ?? "", reason: (row) => row.reasons[0],
};

function orderOf({id, down}) {
	const value = VALUES[id];

	return (a, b) => {
		const [x, y] = [value(a), value(b)];
		const order = x < y ? -1 : x > y ? 1 : 0;

		return (down ? -order : order) || b.last_ms - a.last_ms || (a.key < b.key ? -1 : 1);
	};
}

// A unit is what makes a row where nothing is folded: {key, list}. Returns {units: what is left of
// them, folds: [{key, units}]}.
function fold(units) {
	const siblings = new Map();

	for (const {list: [{source}]} of units)
		siblings.set(source, (siblings.get(source) ?? 0) + 1);
	let left = units.filter(({list}) => list.length === 1 && list[0].packets <= FEW_PACKETS);
	const folded = new Set();
	const folds = [];

	for (const {kind, enough, of} of FOLDS) {
		if (left.length < enough)
			continue;
		// In two steps: a key made of several texts would be made anew for each of thousands.
		for (const [why, alike] of partition(left, ({list: [attempt]}) => whyText(attempt)))
			for (const [key, part] of partition(alike, ({list: [attempt]}) => of(attempt))) {
				if (part.length < enough)
					continue;
				for (const unit of part)
					folded.add(unit);
				folds.push({key: `fold ${kind} ${key} ${why}`, units: part});
			}
		left = left.filter((unit) => !folded.has(unit) && siblings.get(unit.list[0].source) <= SIBLINGS);
	}
	return {units: units.filter((unit) => !folded.has(unit)), folds};
}

// asked: {group: "none" | "source" | "port", fold, open: a Set of keys, sort: {id, down}}.
// Returns {rows, total}: what is shown, and how many rows there would be without folds.
export function rowsOf(attempts, asked, now) {
	const all = asked.group === "none" ? attempts.map((attempt) => ({key: attempt.key, list: [attempt]}))
		: [...partition(attempts, GROUPS[asked.group])].map(([key, list]) => ({key, list}));
	const {units, folds} = asked.fold ? fold(all) : {units: all, folds: []};
	const order = orderOf(asked.sort);
	const rowOf = ({key, list}) => join(key, list, now);
	const rows = [...units.map(rowOf),
		...folds.map((one) => ({...join(one.key, one.units.map(({list}) => list[0]), now), folded: one.units}))].sort(order);

	return {total: all.length, rows: rows.flatMap((row) => (row.folded && asked.open.has(row.key)
		? [{...row, isOpen: true}, ...row.folded.map(rowOf).sort(order).map((child) => ({...child, child: true}))] : [row]))};
}

// The largest sums of what came since then: of a source, and of a port. undefined: nothing came.
export function topOf(attempts, since, now) {
	const recent = attempts.filter((attempt) => attempt.last_ms >= since);
	const largest = (keyOf) => [...partition(recent, keyOf)].map(([key, list]) => join(key, list, now))
		.reduce((a, b) => (a && a.packets >= b.packets ? a : b), undefined);

	return {source: largest(GROUPS.source), port: largest(GROUPS.port)};
}
