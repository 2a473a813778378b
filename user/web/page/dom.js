// SPDX-License-Identifier: GPL-2.0
// dom.js - elements, numbers, times, and commands that can be copied.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

// el("td", {class: "num"}, "text", child, ...): null children are left out.
export function el(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes))
		if (value !== null && value !== undefined && value !== false)
			element.setAttribute(name, value);
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

export function svg(tag, attributes = {}, text = "") {
	const element = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attributes))
		element.setAttribute(name, value);
	if (text)
		element.textContent = text;
	return element;
}

// Touch the page only where it changes: screen readers and selections stay undisturbed.
export function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

const whole = new Intl.NumberFormat("en");

export const count = (number) => whole.format(number);

// "1 port", "20 ports"; "20+ ports" if there may be more.
export const many = (number, noun, orMore = false) =>
	`${count(number)}${orMore && number > 1 ? "+" : ""} ${noun}${number === 1 ? "" : "s"}`;

// 1234567 as "1.23M"; for where there is little room.
export function short(number) {
	const units = ["", "k", "M", "G", "T"];
	let unit = 0;

	while (number >= 999.5 && unit < units.length - 1) {
		number /= 1000;
		unit++;
	}
	if (unit === 0)
		return number >= 10 || Number.isInteger(number) ? String(Math.round(number)) : number.toFixed(1);
	return number.toPrecision(3) + units[unit];
}

export const rate = (perSecond) => (perSecond > 0 && perSecond < 0.05 ? "<0.1" : short(perSecond)) + "/s";

export function clock(ms) {
	const time = new Date(ms);

	return [time.getHours(), time.getMinutes(), time.getSeconds()]
		.map((part) => String(part).padStart(2, "0")).join(":");
}

// "4 s", "3 min 20 s", "5 h 2 min", "12 d 4 h"
export function span(ms) {
	const seconds = Math.max(0, Math.round(ms / 1000));
	const days = Math.floor(seconds / 86400);
	const hours = Math.floor(seconds / 3600) % 24;
	const minutes = Math.floor(seconds / 60) % 60;

	if (days)
		return `${days} d ${hours} h`;
	if (hours)
		return `${hours} h ${minutes} min`;
	return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

// Only what a shell reads as one plain word is put into a command.
export function word(text) {
	return /^[A-Za-z0-9_.:/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		// Without TLS browsers keep the clipboard to themselves; the selection is left.
		const range = document.createRange();

		range.selectNodeContents($("command-text"));
		getSelection().removeAllRanges();
		getSelection().addRange(range);
		return document.execCommand("copy");
	}
}

export async function showCommand(text) {
	$("command").hidden = false;
	setText($("command-text"), text);
	setText($("command-said"), "");
	setText($("command-said"), (await copy(text)) ? "copied" : "select it to copy");
}

// A button that copies a command: it shows the verb, and is named for the whole.
export function commandButton(command) {
	const label = command.split(" ")[1];
	const button = el("button", {type: "button", class: "copy", title: `copy: ${command}`,
		"aria-label": `Copy command: ${command}`, "data-command": command}, label);

	button.addEventListener("click", () => showCommand(button.dataset.command));
	return button;
}
