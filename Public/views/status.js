// A status: a mark, whose form and colour go together, and the words.

import { el, fill } from "../dom.js";
import { statusWords, tone } from "../words.js";

/** @param {string} status @param {string} [words] */
export function statusMark(status, words) {
  const node = el("span", { class: "status" });
  setStatus(node, status, words);
  return node;
}

/** @param {HTMLElement} node @param {string} status @param {string} [words] */
export function setStatus(node, status, words = statusWords(status)) {
  if (node.dataset.status === status && node.dataset.words === words) return;
  node.dataset.status = status;
  node.dataset.words = words;
  node.dataset.tone = tone(status);
  fill(node, el("span", { class: "mark", "aria-hidden": "true" }), words);
}
