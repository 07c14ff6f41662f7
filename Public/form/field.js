// What every field has: a label, a hint, a place for errors, and its pointer into the input.

import { el, say } from "../dom.js";
import { humanise } from "../words.js";

/**
 * @typedef {object} Field
 * @property {string} pointer JSON Pointer into the request's body: `/input/topic`
 * @property {Element} node
 * @property {() => {value?: any, problem?: string}} read no `value` means: leave the property out
 * @property {(detail: string) => void} showProblem
 * @property {() => void} clearProblem
 * @property {() => void} focus
 * @property {Field[]} [fields] of a nested object
 */

/**
 * @typedef {object} FieldContext
 * @property {string} pointer
 * @property {string} key
 * @property {boolean} required
 * @property {any} initial the value to begin with; undefined for none
 */

let count = 0;

/** @param {any} schema @param {FieldContext} context */
export const labelOf = (schema, context) => (typeof schema?.title === "string" ? schema.title : humanise(context.key));

/**
 * Wraps a control.
 * @param {any} schema @param {FieldContext} context
 * @param {HTMLElement & {value?: string}} control
 * @param {() => {value?: any, problem?: string}} read
 * @param {{hint?: string, inline?: boolean, foot?: Element | null}} [options]
 * @returns {Field}
 */
export function controlField(schema, context, control, read, { hint = "", inline = false, foot = null } = {}) {
  const id = `field-${++count}`;
  const text = [typeof schema?.description === "string" ? schema.description : "", hint].filter(Boolean).join(" ");
  const hintNode = text ? el("p", { class: "hint", id: `${id}-hint` }, text) : null;
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  control.id = id;
  control.setAttribute("name", context.pointer);
  control.setAttribute("aria-describedby", [hintNode?.id, error.id].filter(Boolean).join(" "));
  if (context.required) control.setAttribute("aria-required", "true");
  if (inline) control.removeAttribute("aria-required"); // a checkbox always has a value
  const label = el("label", { for: id }, labelOf(schema, context),
    !context.required && !inline && el("span", { class: "optional" }, " optional"));
  const node = inline
    ? el("div", { class: "field inline", "data-pointer": context.pointer }, control, el("div", {}, label, hintNode, error))
    : el("div", { class: "field", "data-pointer": context.pointer }, label, hintNode, control, foot, error);
  const clearProblem = () => {
    control.removeAttribute("aria-invalid");
    error.hidden = true;
    say(error, "");
  };
  control.addEventListener("input", clearProblem);
  return {
    pointer: context.pointer, node, read, clearProblem,
    showProblem: (detail) => {
      control.setAttribute("aria-invalid", "true");
      error.hidden = false;
      // A detail continues the field's name: "is required".
      const sentence = /^[a-z]/.test(detail) ? `${labelOf(schema, context)} ${detail}` : detail;
      say(error, [error.textContent, sentence].filter(Boolean).join(". "));
    },
    focus: () => control.focus(),
  };
}
