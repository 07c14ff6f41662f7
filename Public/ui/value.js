// A JSON value, for people: a text as text, anything else as a tree that opens level by level.

import { Digits, write } from "../client/json.js";
import { counted } from "./words.js";
import { el, fill } from "./dom.js";

/** How many members of an object or a list are drawn at once. */
const atOnce = 100;

/** @param {any} value */
export function valueView(value) {
  if (typeof value === "string") return el("div", { class: "text" }, value);
  if (isBranch(value)) return branch(value);
  return el("p", { class: "text" }, scalar(value));
}

/** @param {any} value */
const isBranch = (value) => value !== null && typeof value === "object" && !(value instanceof Digits) && Object.keys(value).length > 0;

/** @param {any} value */
function scalar(value) {
  if (value === null || value === undefined) return "none";
  return typeof value === "string" ? value : write(value);
}

/** @param {any} value an object or a list @returns {HTMLElement} */
function branch(value) {
  const list = el("ul", { class: "tree" });
  const entries = Object.entries(value);
  const more = el("button", { type: "button", class: "link" });
  let shown = 0;
  const grow = () => {
    more.remove();
    for (const [key, one] of entries.slice(shown, shown + atOnce)) list.append(entry(key, one));
    shown += atOnce;
    if (shown >= entries.length) return;
    fill(more, `${counted(entries.length - shown, "more entry", "more entries")}`);
    list.after(more);
  };
  more.addEventListener("click", grow);
  const node = el("div", {}, list);
  grow();
  return node;
}

/** @param {string} key @param {any} value */
function entry(key, value) {
  if (!isBranch(value)) return el("li", {}, el("span", { class: "key" }, key), el("span", { class: "text" }, empty(value) ?? scalar(value)));
  const size = Object.keys(value).length;
  const place = el("div", {});
  const details = el("details", { ontoggle: open }, el("summary", {}, el("span", { class: "key" }, key),
    el("span", { class: "quiet" }, Array.isArray(value) ? counted(size, "item") : counted(size, "member"))), place);
  if (size <= 5) {
    details.open = true;
    open();
  }
  return el("li", {}, details);

  function open() {
    if (details.open && !place.hasChildNodes()) fill(place, branch(value));
  }
}

/** @param {any} value */
const empty = (value) => (value === "" ? "(empty)" : Array.isArray(value) ? "(no items)"
  : value && typeof value === "object" && !(value instanceof Digits) ? "(no members)" : null);
