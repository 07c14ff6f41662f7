// Which field shows which schema.

import { el, say } from "../dom.js";
import { checkField, selectField } from "./choice.js";
import { labelOf } from "./field.js";
import { jsonField, linesField, numberField, textField } from "./text.js";

/** @param {any} schema @param {import("./field.js").FieldContext} context @returns {import("./field.js").Field} */
export function fieldFor(schema, context) {
  const initial = context.initial === undefined ? schema?.default : context.initial;
  const filled = { ...context, initial };
  if (!schema || typeof schema !== "object" || isComposite(schema)) return jsonField(schema, filled);
  if (Array.isArray(schema.enum)) return selectField(schema, filled);
  switch (schema.type) {
    case "string": return textField(schema, filled);
    case "number": case "integer": return numberField(schema, filled);
    case "boolean": return checkField(schema, filled);
    case "array": return isText(schema.items) && isTextList(initial) ? linesField(schema, filled) : jsonField(schema, filled);
    case "object": return schema.properties ? objectField(schema, filled) : jsonField(schema, filled);
    default: return jsonField(schema, filled);
  }
}

/** @param {any} schema */
const isComposite = (schema) => ["oneOf", "anyOf", "allOf", "$ref", "if", "not"].some((key) => key in schema);
/** @param {any} items */
const isText = (items) => items?.type === "string" && !items.enum;
/** @param {any} value */
const isTextList = (value) => value === undefined || (Array.isArray(value) && value.every((one) => typeof one === "string"));

/** The fields of an object's properties. @param {any} schema @param {string} pointer @param {any} initial */
export function propertyFields(schema, pointer, initial) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, property]) => fieldFor(property, {
    key, pointer: `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    required: required.has(key), initial: initial?.[key],
  }));
}

/** @param {any} schema @param {import("./field.js").FieldContext} context @returns {import("./field.js").Field} */
function objectField(schema, context) {
  const keys = Object.keys(schema.properties);
  const fields = propertyFields(schema, context.pointer, context.initial);
  const error = el("p", { class: "error", hidden: true });
  const node = el("fieldset", { "data-pointer": context.pointer },
    el("legend", {}, labelOf(schema, context), !context.required && el("span", { class: "optional" }, " optional")),
    schema.description && el("p", { class: "hint" }, schema.description), error, ...fields.map((field) => field.node));
  return {
    pointer: context.pointer, node, fields,
    read: () => {
      const value = readProperties(keys, fields);
      return Object.keys(value).length || context.required ? { value } : {};
    },
    showProblem: (detail) => {
      error.hidden = false;
      say(error, detail);
    },
    clearProblem: () => {
      error.hidden = true;
      fields.forEach((field) => field.clearProblem());
    },
    focus: () => fields[0]?.focus(),
  };
}

/** @param {string[]} keys @param {import("./field.js").Field[]} fields */
export function readProperties(keys, fields) {
  /** @type {Record<string, any>} */
  const value = {};
  keys.forEach((key, index) => {
    const answer = fields[index].read();
    if ("value" in answer) value[key] = answer.value;
  });
  return value;
}
