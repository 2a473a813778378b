// SPDX-License-Identifier: GPL-2.0
// more.js - a long table shows its first rows, and a button the others: no table scrolls by itself.
import {$, count} from "./dom.js";

const FEW = 20;
const MANY = 200;

export class More {
	// `name`: of the button NAME-more; `draw` is called when it is pressed.
	constructor(name, draw) {
		this.button = $(`${name}-more`);
		this.all = false;
		this.button.addEventListener("click", () => {
			this.all = !this.all;
			draw();
		});
	}

	// The rows to show; the button says what else there is.
	limit(rows) {
		const most = Math.min(rows.length, MANY);

		this.button.hidden = rows.length <= FEW;
		this.button.textContent = this.all ? "Show fewer"
			: `Show ${most < rows.length ? `${MANY} of` : "all"} ${count(rows.length)}`;
		this.button.setAttribute("aria-expanded", String(this.all));
		return rows.slice(0, this.all ? MANY : FEW);
	}
}
