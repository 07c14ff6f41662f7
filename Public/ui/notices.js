// What every view shows: notices, statuses, and a question before something that cannot be undone.

import { Problem } from "../client/api.js";
import { el, fill, say } from "./dom.js";
import { statusWords, tone } from "./words.js";

/** @param {string} title @param {string | null} [detail] @param {{bad?: boolean}} [options] */
export function notice(title, detail, { bad = false } = {}) {
  return el("div", { class: bad ? "notice bad" : "notice" }, el("p", { class: "notice-title" }, title),
    detail && detail !== title && el("p", {}, detail));
}

/** @param {unknown} error */
export function problemNotice(error) {
  const problem = /** @type {any} */ (error);
  const node = notice(problem?.title || "Something went wrong", problem?.detail || problem?.message || String(error), { bad: true });
  // It goes by itself when the connection is back.
  if (error instanceof Problem && error.status === 0) node.classList.add("unreachable");
  return node;
}

/**
 * Shows why a form's request failed: each problem at its field, the others in the box.
 * @param {{showProblems: (problems: {pointer: string, detail: string}[]) => {pointer: string, detail: string}[]}} form
 * @param {Element} box @param {unknown} error
 */
export function showRequestProblem(form, box, error) {
  const errors = error instanceof Problem ? error.errors : [];
  const left = form.showProblems(errors);
  if (errors.length === 0) fill(box, problemNotice(error));
  else fill(box, ...left.map(({ pointer, detail }) => notice(pointer, detail, { bad: true })));
}

// A status: a mark, whose shape says the same as its colour, and the words.

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

// The live region for screen readers.

/** @param {string} text */
export function announce(text) {
  say(/** @type {HTMLElement} */ (document.getElementById("announcer")), text);
}

// A question before something that cannot be undone.

/** @param {string} question @param {string} detail @param {string} yes @param {string} no @returns {Promise<boolean>} */
export function confirmed(question, detail, yes, no) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-detail" },
      el("form", { method: "dialog" }, el("h2", { id: "confirm-title" }, question), el("p", { id: "confirm-detail" }, detail),
        el("p", { class: "buttons" }, el("button", { value: "no", autofocus: true }, no),
          el("button", { value: "yes", class: "danger" }, yes))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
