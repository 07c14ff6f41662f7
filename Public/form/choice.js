// Booleans and enumerations.

import { el } from "../dom.js";
import { controlField } from "./field.js";

/** @param {any} schema @param {import("./field.js").FieldContext} context */
export function checkField(schema, context) {
  const control = el("input", { type: "checkbox" });
  control.checked = context.initial === true;
  return controlField(schema, context, control, () => ({ value: control.checked }), { inline: true });
}

/** @param {any} schema @param {import("./field.js").FieldContext} context */
export function selectField(schema, context) {
  const wanted = JSON.stringify(context.initial);
  const control = el("select", {});
  if (!context.required || context.initial === undefined) control.append(el("option", { value: "" }, "–"));
  schema.enum.forEach((/** @type {any} */ value, /** @type {number} */ index) => {
    const option = el("option", { value: index }, typeof value === "string" ? value : JSON.stringify(value));
    option.selected = JSON.stringify(value) === wanted;
    control.append(option);
  });
  return controlField(schema, context, control, () => (control.value === "" ? {} : { value: schema.enum[Number(control.value)] }));
}
