// A form made from a workflow's input schema (JSON Schema).

import { number, parse, write } from "../client/json.js";
import { el, say } from "./dom.js";
import { humanise } from "./words.js";

/** @typedef {{pointer: string, detail: string}} InputProblem */

/**
 * @typedef {object} Field
 * @property {string} pointer JSON Pointer into the request's body: `/input/topic`
 * @property {Element} node
 * @property {() => {value?: any, problem?: string}} read without a `value` the property is left out
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
 * @property {any} initial the first value; undefined for none
 */

/**
 * @param {any} schema the workflow's `input`; anything but an object schema becomes one JSON box
 * @param {any} [initial] an earlier input, instead of the defaults
 * @param {string} [pointer] of the input in the request's body
 */
export function inputForm(schema, initial, pointer = "/input") {
  const isObject = schema && typeof schema === "object" && schema.properties && (schema.type ?? "object") === "object";
  const fields = isObject
    ? propertyFields(schema, pointer, initial)
    : [fieldFor(null, { key: pointer.slice(1), pointer, required: false, initial: initial ?? {} })];
  const keys = isObject ? Object.keys(schema.properties) : [];
  const node = el("div", { class: "fields" }, ...fields.map((field) => field.node));
  const every = flatten(fields);

  return {
    node,
    /** @returns {{input: any, problems: InputProblem[]}} */
    read() {
      every.forEach((field) => field.clearProblem());
      const problems = every.flatMap((field) => {
        const { problem } = field.read();
        return problem ? [{ pointer: field.pointer, detail: problem }] : [];
      });
      return { input: isObject ? readProperties(keys, fields) : fields[0].read().value ?? {}, problems };
    },
    /** Shows each problem at its field and returns those that belong to none. @param {InputProblem[]} problems */
    showProblems(problems) {
      every.forEach((field) => field.clearProblem());
      /** @type {Field | undefined} */
      let first;
      const left = problems.filter(({ pointer, detail }) => {
        const field = owner(every, pointer);
        if (!field) return true;
        const within = pointer.slice(field.pointer.length + 1);
        field.showProblem(within ? `At ${within}: ${detail}` : detail);
        if (!first || every.indexOf(field) < every.indexOf(first)) first = field;
        return false;
      });
      first?.focus();
      return left;
    },
    focus: () => fields[0]?.focus(),
  };
}

/** @param {Field[]} fields @returns {Field[]} */
const flatten = (fields) => fields.flatMap((field) => [field, ...flatten(field.fields ?? [])]);

/** The field with the longest pointer that is a prefix of the problem's. @param {Field[]} fields @param {string} pointer */
function owner(fields, pointer) {
  return fields
    .filter((field) => pointer === field.pointer || pointer.startsWith(`${field.pointer}/`))
    .sort((a, b) => b.pointer.length - a.pointer.length)[0];
}

// The field that fits a schema.

/** @param {any} schema @param {FieldContext} context @returns {Field} */
function fieldFor(schema, context) {
  const initial = context.initial === undefined ? schema?.default : context.initial;
  const filled = { ...context, initial };
  if (!schema || typeof schema !== "object" || isComposite(schema)) return jsonField(schema, filled);
  if (Array.isArray(schema.enum)) return selectField(schema, filled);
  switch (schema.type) {
    case "string": return textField(schema, filled);
    case "number": case "integer": return numberField(schema, filled);
    case "boolean": return context.required && typeof initial !== "boolean" ? choiceField(schema, filled) : checkField(schema, filled);
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
function propertyFields(schema, pointer, initial) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).map(([key, property]) => fieldFor(property, {
    key, pointer: `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    required: required.has(key), initial: initial?.[key],
  }));
}

/** @param {any} schema @param {FieldContext} context @returns {Field} */
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

/** @param {string[]} keys @param {Field[]} fields */
function readProperties(keys, fields) {
  /** @type {Record<string, any>} */
  const value = {};
  keys.forEach((key, index) => {
    const answer = fields[index].read();
    if ("value" in answer) value[key] = answer.value;
  });
  return value;
}

// What every field has: a label, a hint, a place for errors, and its pointer into the input.

let count = 0;

/** @param {any} schema @param {FieldContext} context */
const labelOf = (schema, context) => (typeof schema?.title === "string" ? schema.title : humanise(context.key));

/**
 * Wraps a control.
 * @param {any} schema @param {FieldContext} context
 * @param {HTMLElement & {value?: string}} control
 * @param {() => {value?: any, problem?: string}} read
 * @param {{hint?: string, inline?: boolean, foot?: Element | null}} [options]
 * @returns {Field}
 */
function controlField(schema, context, control, read, { hint = "", inline = false, foot = null } = {}) {
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
      // A detail that begins in lower case continues the field's name: "is required".
      const sentence = /^[a-z]/.test(detail) ? `${labelOf(schema, context)} ${detail}` : detail;
      say(error, [error.textContent, sentence].filter(Boolean).join(". "));
    },
    focus: () => control.focus(),
  };
}

// Strings, numbers, and lists of strings. Nothing is validated here: the service validates, and its problems are shown at
// the fields.

/** @param {any} schema */
const isLong = (schema) => schema.maxLength > 200 || ["textarea", "markdown", "multiline"].includes(schema.format);

/** @param {any} schema @param {FieldContext} context */
function textField(schema, context) {
  const types = /** @type {Record<string, string>} */ ({ email: "email", uri: "url", date: "date", password: "password" });
  const control = isLong(schema)
    ? el("textarea", { rows: 3 })
    : el("input", { type: types[schema.format] ?? "text", autocomplete: "off" });
  control.value = context.initial ?? "";
  const foot = schema.maxLength > 0 ? counter(control, schema.maxLength) : null;
  return controlField(schema, context, control, () => {
    // An empty box means "not given", except where a string is required and may be empty.
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

/** @param {any} schema @param {FieldContext} context */
function numberField(schema, context) {
  const whole = schema.type === "integer";
  const control = el("input", { type: "text", inputmode: whole ? "numeric" : "decimal", autocomplete: "off", class: "short" });
  control.value = context.initial ?? "";
  const hint = schema.minimum !== undefined && schema.maximum !== undefined ? `${schema.minimum} to ${schema.maximum}.`
    : schema.minimum !== undefined ? `${schema.minimum} or more.`
    : schema.maximum !== undefined ? `${schema.maximum} or less.` : "";
  return controlField(schema, context, control, () => {
    const text = control.value.trim();
    if (text === "") return {};
    const value = number(text) ?? Number(text);
    return typeof value !== "number" || Number.isFinite(value) ? { value } : { problem: whole ? "must be a whole number" : "must be a number" };
  }, { hint });
}

/** @param {any} schema @param {FieldContext} context */
function linesField(schema, context) {
  const control = el("textarea", { rows: 3 });
  control.value = (context.initial ?? []).join("\n");
  return controlField(schema, context, control, () => {
    const lines = control.value.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
    return lines.length || context.required ? { value: lines } : {};
  }, { hint: "One per line." });
}

/** For every schema that has no other field. @param {any} schema @param {FieldContext} context */
export function jsonField(schema, context) {
  const control = el("textarea", { rows: 5, class: "code", spellcheck: "false" });
  control.value = context.initial === undefined ? "" : write(context.initial, 2);
  return controlField(schema, context, control, () => {
    if (control.value.trim() === "") return {};
    try {
      return { value: parse(control.value) };
    } catch (error) {
      return { problem: `is not JSON: ${error instanceof Error ? error.message : error}` };
    }
  }, { hint: "As JSON." });
}

// Booleans and enumerations.

/** @param {any} schema @param {FieldContext} context */
function checkField(schema, context) {
  const control = el("input", { type: "checkbox" });
  control.checked = context.initial === true;
  return controlField(schema, context, control, () => ({ value: control.checked }), { inline: true });
}

/**
 * A required yes or no without a default has no preset: an untouched box would pass for an answer.
 * @param {any} schema @param {FieldContext} context @returns {Field}
 */
function choiceField(schema, context) {
  const id = `field-${++count}`;
  const error = el("p", { class: "error", id: `${id}-error`, hidden: true });
  const hint = typeof schema.description === "string" ? el("p", { class: "hint", id: `${id}-hint` }, schema.description) : null;
  const radios = [true, false].map((value) => el("input", { type: "radio", name: id, id: `${id}-${value}`, value: String(value), onchange: clearProblem }));
  const choices = radios.map((radio, index) => el("div", { class: "choice" }, radio, el("label", { for: radio.id }, index === 0 ? "Yes" : "No")));
  const node = el("fieldset", {
    class: "field choices", role: "radiogroup", "data-pointer": context.pointer, "aria-required": "true",
    "aria-describedby": [hint?.id, error.id].filter(Boolean).join(" "),
  }, el("legend", {}, labelOf(schema, context)), hint, el("div", { class: "choice-row" }, ...choices), error);
  const chosen = () => radios.find((radio) => radio.checked);
  return {
    pointer: context.pointer, node, clearProblem,
    read: () => (chosen() ? { value: chosen().value === "true" } : { problem: "Choose Yes or No." }),
    showProblem: (detail) => {
      node.setAttribute("aria-invalid", "true");
      error.hidden = false;
      say(error, /^[a-z]/.test(detail) ? `${labelOf(schema, context)} ${detail}` : detail);
    },
    focus: () => (chosen() ?? radios[0]).focus(),
  };

  function clearProblem() {
    node.removeAttribute("aria-invalid");
    error.hidden = true;
    say(error, "");
  }
}

/** @param {any} schema @param {FieldContext} context */
function selectField(schema, context) {
  const wanted = write(context.initial);
  const control = el("select", {});
  if (!context.required || context.initial === undefined) control.append(el("option", { value: "" }, "–"));
  schema.enum.forEach((/** @type {any} */ value, /** @type {number} */ index) => {
    const option = el("option", { value: index }, typeof value === "string" ? value : write(value));
    option.selected = write(value) === wanted;
    control.append(option);
  });
  return controlField(schema, context, control, () => (control.value === "" ? {} : { value: schema.enum[Number(control.value)] }));
}
