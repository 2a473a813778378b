// SPDX-License-Identifier: GPL-2.0
// filter.js - "port=6071 src=10/8 reason=zone-denied since=10m": the words of rolewall top, and what
// they mean (user/report/filter.c). tests/unit/filters.tsv holds both to it.

const WORDS = {src: "source", source: "source", port: "port", service: "service", reason: "reason", since: "since"};
const SECONDS = {s: 1, m: 60, h: 3600, d: 86400, w: 604800};

// The bits of an address as {bits, size}; null: it is none.
function addressOf(text) {
	if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
		const bytes = text.split(".").map(Number);

		if (bytes.some((byte, i) => byte > 255 || String(byte) !== text.split(".")[i]))
			return null;
		return {bits: bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0n), size: 32};
	}
	const bits = ipv6Bits(text);

	return bits === null ? null : {bits, size: 128};
}

function ipv6Bits(text) {
	const halves = text.split("::");

	if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(":") || halves.length > 2)
		return null;
	const [head, tail] = halves.map((half) => (half ? half.split(":") : []));
	const missing = 8 - head.length - (tail?.length ?? 0);

	if (missing < (tail ? 1 : 0) || (!tail && missing) ||
		[...head, ...(tail ?? [])].some((part) => !/^[0-9a-f]{1,4}$/i.test(part)))
		return null;
	return [...head, ...Array(tail ? missing : 0).fill("0"), ...(tail ?? [])]
		.reduce((bits, part) => (bits << 16n) | BigInt(parseInt(part, 16)), 0n);
}

// "10/8" is what people write for 10.0.0.0/8.
const complete = (address, length) => (length !== undefined && /^\d+(\.\d+){0,2}$/.test(address)
	? address + ".0".repeat(3 - (address.match(/\./g)?.length ?? 0)) : address);

function sourceTest(value) {
	const [text, length] = value.split(/\/(.*)/s);
	const address = addressOf(complete(text, length));
	const size = address?.size ?? 0;

	if (!address)
		throw new Error(`"${value}" is no address or prefix`);
	if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > size))
		throw new Error(`"${value}" has a wrong prefix length: it is a number from 0 to ${size}`);
	const shift = BigInt(size - Number(length ?? size));

	if ((address.bits >> shift) << shift !== address.bits)
		throw new Error(`"${value}" has bits behind its prefix`);
	return (attempt) => {
		const source = addressOf(attempt.source);

		return source?.size === size && source.bits >> shift === address.bits >> shift;
	};
}

const isLikePort = (text) => /^\d+(\/(tcp|udp))?$/.test(text);

function portTest(value) {
	const [number, proto] = value.split("/");

	if (!isLikePort(value) || Number(number) > 65535)
		throw new Error(`"${value}" is no port: 0 to 65535 is`);
	return (attempt) => (attempt.port ?? 0) === Number(number) && (!proto || attempt.proto === proto);
}

function reasonTest(value, known) {
	if (!known.reasons.includes(value))
		throw new Error(`there is no reason "${value}"; the reasons are: ${known.reasons.join(", ")}`);
	return (attempt) => attempt.reason === value;
}

// null: the page is not told of every rule.
function serviceTest(value, known) {
	if (known.services && !known.services.includes(value))
		throw new Error(`no rule has service "${value}"`);
	return (attempt) => attempt.service === value;
}

function sinceTest(value, known) {
	const parts = value.match(/^(\d{1,9}[smhdw])+$/) && value.match(/\d+[smhdw]/g);
	const date = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?$/.test(value) ? Date.parse(value) : NaN;
	const since = parts
		? known.now - parts.reduce((sum, part) => sum + parseInt(part, 10) * SECONDS[part.at(-1)], 0) * 1000 : date;

	if (Number.isNaN(since))
		throw new Error(`"${value}" is no time; use 10m, 2h, 1d, or 2026-01-31T13:00:00+07:00`);
	return (attempt) => !attempt.last_ms || attempt.last_ms >= since;
}

const TESTS = {source: sourceTest, port: portTest, service: serviceTest, reason: reasonTest, since: sinceTest};

// A value alone: what can it be?
function guess(value, known) {
	if (isLikePort(value))
		return "port";
	if (/[:/]/.test(value) || /^\d.*\./.test(value))
		return "source";
	return known.reasons.includes(value) ? "reason" : "service";
}

// A function that says of an attempt whether it is shown. Throws an Error that says what is wrong.
// `known`: {reasons, services, now}, as the node has them.
export function parseFilter(text, known) {
	const asked = new Map();

	for (const part of text.split(" ").filter(Boolean)) {
		const at = part.indexOf("=");
		const name = at < 0 ? guess(part, known) : WORDS[part.slice(0, at)];
		const value = part.slice(at + 1);

		if (!name)
			throw new Error(`"${part.slice(0, at)}"? src, port, service, reason and since are known`);
		if (value) // else it is still being typed
			asked.set(name, TESTS[name](value, known));
	}
	const tests = [...asked.values()];

	return (attempt) => tests.every((test) => test(attempt));
}
