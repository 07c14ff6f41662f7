// What a call asked and was answered. The texts are those of models and strangers: shown as text, whatever is in them.

import { parse, write } from "../../client/json.js";
import { el } from "../dom.js";
import { humanise, number } from "../words.js";

/** @param {any} call the body of `GET /calls/{id}` @returns {Element[]} */
export function callBodies(call) {
  return [
    side("What was asked", call.request, messages(call.request), call.request_cut, call.request_bytes),
    side("What came back", call.response, answer(call.response), call.response_cut, call.response_bytes),
  ];
}

/**
 * @param {string} title @param {string | null} text as it is kept
 * @param {{name: string, text: string}[]} parts what it says, where that could be read
 * @param {boolean} isCut @param {number | null} bytes
 */
function side(title, text, parts, isCut, bytes) {
  const shown = [];
  if (text === null) {
    shown.push(el("p", { class: "quiet" }, bytes === null ? "Not kept: the workflow or the service keeps none, or its time is over."
      : `Not kept; it had ${number(bytes)} bytes.`));
  } else if (parts.length > 0) {
    shown.push(...parts.map((part) => el("div", { class: "message" }, el("p", { class: "message-by" }, part.name), block(part.text, part.name))),
      el("details", {}, el("summary", {}, title === "What was asked" ? "As it was sent" : "As it is kept"), block(text, title)));
  } else {
    shown.push(block(text, title));
  }
  if (text !== null && isCut) shown.push(el("p", { class: "quiet" }, `Only the beginning is kept${bytes === null ? "" : `, of ${number(bytes)} bytes`}.`));
  return el("div", { class: "side" }, el("p", { class: "side-title" }, title), ...shown);
}

/** @param {string} text @param {string} label */
const block = (text, label) => el("pre", { class: "body", tabindex: 0, role: "group", "aria-label": label }, text);

/** The messages of a chat, in the dialects that providers speak. @param {string | null} text */
function messages(text) {
  const body = object(text);
  const list = Array.isArray(body?.messages) ? body.messages : [];
  const found = list.map((/** @type {any} */ one) => ({ name: humanise(one?.role ?? "message"), text: words(one?.content) }));
  const system = words(body?.system);
  return system ? [{ name: "System", text: system }, ...found] : found;
}

/** The answer put together, with what the model thought. @param {string | null} text */
function answer(text) {
  const body = object(text);
  const found = [];
  if (typeof body?.reasoning === "string" && body.reasoning) found.push({ name: "Thoughts", text: body.reasoning });
  if (typeof body?.content === "string") found.push({ name: body.finish_reason ? `Answer, ended by ${body.finish_reason}` : "Answer", text: body.content });
  return found;
}

/** @param {string | null} text @returns {any} null for what is no JSON object */
function object(text) {
  if (text === null) return null;
  try {
    const value = parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null; // it is cut, or was never JSON
  }
}

/** The text of a message: a text, or parts with one. @param {any} content */
function words(content) {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content)) return write(content);
  return content.map((part) => (typeof part?.text === "string" ? part.text : write(part))).join("\n");
}
