// A problem, or a word to the reader, in a box.

import { el } from "../dom.js";

/** @param {string} title @param {string | null} [detail] @param {{bad?: boolean}} [options] */
export function notice(title, detail, { bad = false } = {}) {
  return el("div", { class: bad ? "notice bad" : "notice" }, el("p", { class: "notice-title" }, title),
    detail && detail !== title && el("p", {}, detail));
}

/** @param {unknown} error */
export function problemNotice(error) {
  const problem = /** @type {any} */ (error);
  return notice(problem?.title || "That did not work", problem?.detail || problem?.message || String(error), { bad: true });
}
