// SPDX-License-Identifier: GPL-2.0
// filter.js - "port=6071 src=10/8 reason=zone-denied words": which attempts are shown.

const KEYS = {
	port: "port", src: "source", source: "source", reason: "reason", service: "service",
	proto: "proto", zone: "zone", if: "interface", interface: "interface",
};

// The 128 bits of an address as a BigInt; IPv4 as ::ffff:a.b.c.d. null: it is none.
export function addressBits(text) {
	const ipv4 = text.match(/^(\d{1,3})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?$/);

	if (ipv4) {
		const bytes = ipv4.slice(1).map((part) => Number(part ?? 0));

		if (bytes.some((byte) => byte > 255))
			return null;
		return bytes.reduce((bits, byte) => (bits << 8n) | BigInt(byte), 0xffffn);
	}
	return ipv6Bits(text);
}

function ipv6Bits(text) {
	const halves = text.split("::");

	if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(":") || halves.length > 2)
		return null;
	const [head, tail] = halves.map((half) => (half ? half.split(":") : []));
	const missing = 8 - head.length - (tail?.length ?? 0);

	if (missing < 0 || (!tail && missing) || [...head, ...(tail ?? [])].some((part) => !/^[0-9a-f]{1,4}$/i.test(part)))
		return null;
	return [...head, ...Array(tail ? missing : 0).fill("0"), ...(tail ?? [])]
		.reduce((bits, part) => (bits << 16n) | BigInt(parseInt(part, 16)), 0n);
}

// "10/8", "203.0.113.2", "2001:db8::/32". null: it is none.
function prefixOf(text) {
	const [address, lengthText] = text.split("/");
	const bits = addressBits(address);
	const isIpv4 = !address.includes(":");
	const whole = isIpv4 ? (lengthText === undefined ? 8 * address.split(".").length : 32) : 128;
	const length = lengthText === undefined ? whole : Number(lengthText);

	if (bits === null || !/^\d*$/.test(lengthText ?? "") || lengthText === "" || length > (isIpv4 ? 32 : 128))
		return null;
	const shift = BigInt(isIpv4 ? 32 - length : 128 - length);

	return {bits: bits >> shift, shift};
}

function sourceTest(value) {
	const prefix = prefixOf(value);

	if (!prefix)
		throw new Error(`"${value}" is no address or prefix`);
	return (attempt) => {
		const bits = addressBits(attempt.source);

		return bits !== null && bits >> prefix.shift === prefix.bits;
	};
}

function portTest(value) {
	const [first, last = first] = value.split("-").map(Number);

	if (!/^\d+(-\d+)?$/.test(value) || Math.max(first, last) > 65535)
		throw new Error(`"${value}" is no port: 0 to 65535 is, or a range such as 6000-6100`);
	return (attempt) => attempt.port !== null && attempt.port >= first && attempt.port <= last;
}

function keyTest(key, value) {
	const field = KEYS[key];

	if (!field)
		throw new Error(`there is no "${key}="; use ${Object.keys(KEYS).join("=, ")}=`);
	if (!value)
		return () => true; // still being typed
	if (field === "source")
		return sourceTest(value);
	if (field === "port")
		return portTest(value);
	return (attempt) => String(attempt[field] ?? "").toLowerCase().startsWith(value.toLowerCase());
}

function wordTest(text) {
	const wanted = text.toLowerCase();

	return (attempt) => [attempt.source, attempt.port, attempt.service, attempt.reason, attempt.proto,
		attempt.zone, attempt.interface, attempt.process]
		.some((value) => String(value ?? "").toLowerCase().includes(wanted));
}

// A function that says of an attempt whether it is shown. Throws an Error that says what is wrong.
export function parseFilter(text) {
	const tests = text.trim().split(/\s+/).filter(Boolean).map((part) => {
		const at = part.indexOf("=");

		return at < 0 ? wordTest(part) : keyTest(part.slice(0, at).toLowerCase(), part.slice(at + 1));
	});

	return (attempt) => tests.every((test) => test(attempt));
}
