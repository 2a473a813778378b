// SPDX-License-Identifier: GPL-2.0
// known.js - the attempts that the page remembers.

const REMEMBERED = 8192; // as the server does
const NEW_MS = 10000; // so long a source is new

// What makes two attempts the same (rolewall/abi.h).
const keyOf = (attempt) =>
	[attempt.source, attempt.port, attempt.l4, attempt.ifindex, attempt.reason, attempt.observed].join(" ");

export class Known {
	constructor() {
		this.attempts = new Map(); // key -> attempt; the newest is the last
		this.partial = false; // there were more than are remembered
		this.sources = new Map(); // address -> when its first attempt came here
	}

	// `now` is the node's clock.
	take(list, now) {
		for (const attempt of list) {
			const key = keyOf(attempt);
			const before = this.attempts.get(key);

			attempt.key = key;
			attempt.last_ms = attempt.last_seen ? Date.parse(attempt.last_seen) : 0;
			attempt.rate = rateOf(attempt, before);
			this.meet(attempt, now);
			this.attempts.delete(key);
			this.attempts.set(key, attempt);
		}
		this.forget();
	}

	// A source is new if nothing came from it before: what is told of old ones is no news.
	meet(attempt, now) {
		const first = attempt.first_seen ? Date.parse(attempt.first_seen) : 0;
		const met = this.sources.get(attempt.source);

		if (met === undefined)
			this.sources.set(attempt.source, now - first < NEW_MS ? now : 0);
	}

	isNew(source, now) {
		return now - (this.sources.get(source) ?? 0) < NEW_MS;
	}

	// Of those whose ports are alike the most go first: a flood does not push out who comes slowly.
	forget() {
		if (this.attempts.size <= REMEMBERED)
			return;
		this.partial = true;
		const groups = new Map();

		for (const [key, attempt] of this.attempts) {
			const group = (attempt.port ?? 0) % 256;

			if (!groups.has(group))
				groups.set(group, []);
			groups.get(group).push(key);
		}
		while (this.attempts.size > REMEMBERED) {
			const fullest = [...groups.values()].reduce((a, b) => (b.length > a.length ? b : a));

			for (const key of fullest.splice(0, Math.ceil(fullest.length / 4)))
				this.attempts.delete(key);
		}
		const sources = new Set([...this.attempts.values()].map((attempt) => attempt.source));

		for (const source of this.sources.keys())
			if (!sources.has(source))
				this.sources.delete(source);
	}

	list() {
		return [...this.attempts.values()];
	}
}

// Packets a second between the two last times that it was told of.
function rateOf(attempt, before) {
	const seconds = before ? (attempt.last_ms - before.last_ms) / 1000 : 0;

	if (!before || seconds <= 0)
		return before ? before.rate : 0;
	return Math.max(0, attempt.packets - before.packets) / Math.max(1, seconds);
}
