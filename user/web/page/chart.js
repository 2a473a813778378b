// SPDX-License-Identifier: GPL-2.0
// chart.js - reasons over time: stacked bars, and a line for each reason beside its numbers.
import {$, clock, count, el, rate, setText, short, svg} from "./dom.js";

const BUCKET_MS = 5000;
const BUCKETS = 120;
const SECONDS = BUCKET_MS / 1000;
const HEIGHT = 220;
const GAP_MS = BUCKET_MS; // the daemon tells once a second; longer than that it was away
const MOVING_MS = 2000; // so long after a move the cursor's moment is read aloud
const MARGIN = {left: 46, right: 8, top: 10, bottom: 22};

// A counter that is smaller than before began anew.
export const grown = (now, before) => (now >= before ? now - before : now);

export class Chart {
	constructor(onReason) {
		this.buckets = new Map(); // number of the bucket -> Map of reason -> packets
		this.rows = new Map(); // reason -> its row
		this.gaps = new Set(); // numbers of buckets in which the daemon was away: an average is shown
		this.rates = new Map(); // reason -> packets a second, now
		this.known = false; // are those of now?
		this.totals = {}; // reason -> packets
		this.meanings = new Map();
		this.onReason = onReason;
		this.cursor = null;
		this.moved = 0; // when the cursor was last moved
		const chart = $("chart");

		chart.addEventListener("pointermove", (event) => this.point(event));
		chart.addEventListener("pointerleave", () => this.moveTo(null));
		chart.addEventListener("blur", () => this.moveTo(null));
		chart.addEventListener("keydown", (event) => this.step(event));
		new ResizeObserver(() => this.draw()).observe(chart);
	}

	setReasons(reasons) {
		for (const reason of reasons)
			this.meanings.set(reason.name, reason.meaning);
	}

	setHistory(samples) {
		this.buckets.clear();
		this.gaps.clear();
		this.last = null;
		for (const [time, drops] of samples)
			this.add(time, drops);
	}

	add(time, drops) {
		const before = this.last;

		this.last = {time, drops};
		this.rates.clear();
		this.known = false;
		if (!before || time <= before.time || time - before.time > BUCKETS * BUCKET_MS)
			return;
		const away = time - before.time > GAP_MS;

		for (const [reason, packets] of Object.entries(drops)) {
			const more = grown(packets, before.drops[reason] ?? 0);

			if (more)
				this.put(reason, more, away ? before.time : time, time);
			if (!away)
				this.rates.set(reason, more * 1000 / (time - before.time));
		}
		this.known = !away;
		if (away)
			for (let number = Math.floor(before.time / BUCKET_MS) + 1; number <= Math.floor(time / BUCKET_MS); number++)
				this.gaps.add(number);
		this.forget(Math.floor(time / BUCKET_MS) - BUCKETS - 2);
	}

	// Evenly over the buckets of that time.
	put(reason, packets, from, to) {
		for (let number = Math.floor(from / BUCKET_MS); number <= Math.floor(to / BUCKET_MS); number++) {
			const bucket = this.buckets.get(number) ?? new Map();
			const inside = Math.min(to, (number + 1) * BUCKET_MS) - Math.max(from, number * BUCKET_MS);

			bucket.set(reason, (bucket.get(reason) ?? 0) + (to > from ? packets * inside / (to - from) : packets));
			this.buckets.set(number, bucket);
		}
	}

	forget(newest) {
		for (const old of this.buckets.keys())
			if (old <= newest)
				this.buckets.delete(old);
		for (const old of this.gaps)
			if (old <= newest)
				this.gaps.delete(old);
	}

	// Nothing is refused now.
	rest() {
		this.rates.clear();
	}

	// Of now nothing is known.
	lose() {
		this.rates.clear();
		this.known = false;
	}

	// Numbers of the buckets that are shown, oldest first. The one that is filling is the last.
	numbers() {
		const newest = Math.floor((this.last?.time ?? Date.now()) / BUCKET_MS);

		return Array.from({length: BUCKETS}, (_, i) => newest - BUCKETS + 1 + i);
	}

	sum(number) {
		let sum = 0;

		for (const packets of this.buckets.get(number)?.values() ?? [])
			sum += packets;
		return sum / SECONDS;
	}

	reasons() {
		return [...this.meanings.keys()].filter((reason) => this.last?.drops[reason]);
	}

	draw() {
		const chart = $("chart");
		const width = chart.clientWidth || 600;
		const numbers = this.numbers();
		const top = niceTop(Math.max(1, ...numbers.map((number) => this.sum(number))));
		const frame = {
			step: (width - MARGIN.left - MARGIN.right) / BUCKETS,
			scale: (HEIGHT - MARGIN.top - MARGIN.bottom) / top,
			base: HEIGHT - MARGIN.bottom, width, top,
		};

		this.frame = frame;
		chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
		chart.replaceChildren(...this.shades(frame, numbers), ...grid(frame), ...times(frame, numbers), ...this.bars(frame, numbers), this.mark(frame));
		this.tell();
	}

	shades(frame, numbers) {
		const away = numbers.map((number, i) => (this.gaps.has(number) ? MARGIN.left + i * frame.step : null));

		$("gap-note").hidden = !this.gaps.size;
		return away.filter((x) => x !== null).map((x) =>
			svg("rect", {x: x.toFixed(1), y: MARGIN.top, width: frame.step.toFixed(1), height: frame.base - MARGIN.top, class: "gap"}));
	}

	bars(frame, numbers) {
		const heights = numbers.map(() => 0);

		return this.reasons().map((reason) => {
			let path = "";

			numbers.forEach((number, i) => {
				const packets = this.buckets.get(number)?.get(reason) ?? 0;
				const height = packets / SECONDS * frame.scale;
				const x = (MARGIN.left + i * frame.step).toFixed(1);

				if (!packets)
					return;
				path += `M${x} ${(frame.base - heights[i]).toFixed(1)}h${(frame.step - 1).toFixed(1)}` +
					`v${(-Math.max(height, 0.8)).toFixed(1)}h${(1 - frame.step).toFixed(1)}z`;
				heights[i] += Math.max(height, 0.8);
			});
			return svg("path", {d: path, class: `fill r-${reason}`});
		});
	}

	mark(frame) {
		const at = this.cursor === null ? -10 : MARGIN.left + (this.cursor + 0.5) * frame.step;

		return svg("line", {x1: at, x2: at, y1: MARGIN.top, y2: frame.base, class: "cursor"});
	}

	// --- one moment of it

	point(event) {
		const x = event.clientX - $("chart").getBoundingClientRect().left - MARGIN.left;

		this.moveTo(Math.floor(x / this.frame.step));
	}

	step(event) {
		const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -12, PageDown: 12, Home: -BUCKETS, End: BUCKETS}[event.key];

		if (!by)
			return;
		event.preventDefault();
		this.moveTo((this.cursor ?? BUCKETS) + by);
	}

	moveTo(bucket) {
		this.cursor = bucket === null ? null : Math.min(BUCKETS - 1, Math.max(0, bucket));
		this.moved = bucket === null ? 0 : Date.now();
		this.draw();
	}

	tell() {
		const number = this.cursor === null ? null : this.numbers()[this.cursor];
		const rates = number === null ? this.rates : new Map([...(this.buckets.get(number) ?? [])]
			.map(([reason, packets]) => [reason, packets / SECONDS]));
		const parts = [...rates].filter(([, packets]) => packets > 0).sort((a, b) => b[1] - a[1])
			.map(([reason, packets]) => `${reason} ${rate(packets)}`);
		const when = number === null ? "Now" : clock(number * BUCKET_MS);

		// It changes every second: it is read aloud only when asked for.
		if (Date.now() - this.moved < MOVING_MS)
			$("readout").setAttribute("aria-live", "polite");
		else
			$("readout").removeAttribute("aria-live");
		const none = number === null && !this.known ? "not known" : "nothing refused";

		setText($("readout"), `${when}: ${this.gaps.has(number) ? "on average " : ""}${parts.join(", ") || none}`);
	}

	// --- the table beside it

	drawReasons(active) {
		const body = $("reasons").tBodies[0];
		const numbers = this.numbers();

		for (const reason of this.reasons()) {
			let row = this.rows.get(reason);

			if (!row) {
				row = this.newRow(reason);
				this.rows.set(reason, row);
				body.append(row.line);
			}
			row.button.setAttribute("aria-pressed", String(active === reason));
			setText(row.now, this.known ? rate(this.rates.get(reason) ?? 0) : "–");
			setText(row.total, count(this.totals[reason] ?? 0));
			row.path.setAttribute("d", spark(numbers.map((number) => this.buckets.get(number)?.get(reason) ?? 0)));
		}
	}

	newRow(reason) {
		const path = svg("path", {class: `stroke r-${reason}`});
		const picture = svg("svg", {viewBox: "0 0 120 22", class: "spark", "aria-hidden": "true", preserveAspectRatio: "none"});
		const button = el("button", {type: "button", class: "reason", title: this.meanings.get(reason)},
			el("span", {class: `swatch r-${reason}`}), reason);
		const now = el("td", {class: "num"});
		const total = el("td", {class: "num"});

		picture.append(path);
		button.addEventListener("click", () => this.onReason(reason));
		return {button, now, total, path,
			line: el("tr", {}, el("th", {scope: "row"}, button), el("td", {}, picture), now, total)};
	}
}

// 1, 2 or 5 times a power of ten, at least `value`.
function niceTop(value) {
	const power = 10 ** Math.floor(Math.log10(value));

	return [1, 2, 5, 10].map((factor) => factor * power).find((top) => top >= value * 1.02) ?? 10 * power;
}

function grid(frame) {
	return [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap((part) => {
		const y = (frame.base - part * frame.top * frame.scale).toFixed(1);

		return [
			svg("line", {x1: MARGIN.left, x2: frame.width - MARGIN.right, y1: y, y2: y, class: part ? "grid" : "axis"}),
			svg("text", {x: MARGIN.left - 8, y: Number(y) + 4, class: "label end"}, short(part * frame.top).replace(/\.0*(?=\D|$)/, "")),
		];
	});
}

function times(frame, numbers) {
	const room = frame.width < 520 ? 4 : 2; // minutes

	return numbers.flatMap((number, i) => {
		const time = number * BUCKET_MS;

		if (time % (room * 60000) || i < 4 || i > BUCKETS - 4)
			return [];
		return [svg("text", {x: (MARGIN.left + i * frame.step).toFixed(1), y: HEIGHT - 5, class: "label mid"},
			clock(time).slice(0, 5))];
	});
}

function spark(values) {
	const top = Math.max(1, ...values);

	return values.map((value, i) => `${i ? "L" : "M"}${i} ${(20.5 - value / top * 19).toFixed(1)}`).join("");
}
