// Strings, numbers, and lists of strings. Nothing is checked here: the service is the one judge of what is valid, and
// its problems are shown at the fields.

import { el, say } from "../dom.js";
import { controlField } from "./field.js";

/** @param {any} schema */
export const isLong = (schema) => schema.maxLength > 200 || ["textarea", "markdown", "multiline"].includes(schema.format);

/** @param {any} schema @param {import("./field.js").FieldContext} context */
export function textField(schema, context) {
  const types = /** @type {Record<string, string>} */ ({ email: "email", uri: "url", date: "date", password: "password" });
  const control = isLong(schema)
    ? el("textarea", { rows: 3 })
    : el("input", { type: types[schema.format] ?? "text", autocomplete: "off" });
  control.value = context.initial ?? "";
  const foot = schema.maxLength > 0 ? counter(control, schema.maxLength) : null;
  return controlField(schema, context, control, () => {
    // An empty box means "not given", except where an empty string is asked for and allowed.
    if (control.value === "" && !(context.required && !(schema.minLength > 0))) return {};
    return { value: control.value };
  }, { foot });
}

/** @param {HTMLInputElement} control @param {number} most */
function counter(control, most) {
  const node = el("p", { class: "count", "aria-hidden": "true" });
  const update = () => {
    const length = [...control.value].length; // JSON Schema counts characters, not UTF-16 units
    say(node, `${length} / ${most}`);
    node.classList.toggle("over", length > most);
  };
  control.addEventListener("input", update);
  update();
  return node;
}

/** @param {any} schema @param {import("./field.js").FieldContext} context */
export function numberField(schema, context) {
  const whole = schema.type === "integer";
  const control = el("input", { type: "text", inputmode: whole ? "numeric" : "decimal", autocomplete: "off", class: "short" });
  control.value = context.initial ?? "";
  const hint = schema.minimum !== undefined && schema.maximum !== undefined ? `${schema.minimum} to ${schema.maximum}.`
    : schema.minimum !== undefined ? `${schema.minimum} or more.`
    : schema.maximum !== undefined ? `${schema.maximum} or less.` : "";
  return controlField(schema, context, control, () => {
    const text = control.value.trim();
    if (text === "") return {};
    const value = Number(text);
    return Number.isFinite(value) ? { value } : { problem: whole ? "must be a whole number" : "must be a number" };
  }, { hint });
}

/** @param {any} schema @param {import("./field.js").FieldContext} context */
export function linesField(schema, context) {
  const control = el("textarea", { rows: 3 });
  control.value = (context.initial ?? []).join("\n");
  return controlField(schema, context, control, () => {
    const lines = control.value.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
    return lines.length || context.required ? { value: lines } : {};
  }, { hint: "One a line." });
}

/** Whatever the other fields cannot show. @param {any} schema @param {import("./field.js").FieldContext} context */
export function jsonField(schema, context) {
  const control = el("textarea", { rows: 5, class: "code", spellcheck: "false" });
  control.value = context.initial === undefined ? "" : JSON.stringify(context.initial, null, 2);
  return controlField(schema, context, control, () => {
    if (control.value.trim() === "") return {};
    try {
      return { value: JSON.parse(control.value) };
    } catch (error) {
      return { problem: `is not JSON: ${error instanceof Error ? error.message : error}` };
    }
  }, { hint: "As JSON." });
}
