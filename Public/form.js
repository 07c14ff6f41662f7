// A form made from a workflow's input schema (JSON Schema).

import { el } from "./dom.js";
import { fieldFor, propertyFields, readProperties } from "./form/fields.js";

/** @typedef {import("./form/field.js").Field} Field */
/** @typedef {{pointer: string, detail: string}} InputProblem */

/**
 * @param {any} schema the workflow's `input`; anything that is not an object schema becomes one JSON box
 * @param {any} [initial] an earlier input to begin with, instead of the defaults
 * @param {string} [pointer] where the input stands in the request's body
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
    /** Shows each problem at its field and answers those that belong to none. @param {InputProblem[]} problems */
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

/** The field with the longest pointer that the problem's begins with. @param {Field[]} fields @param {string} pointer */
function owner(fields, pointer) {
  return fields
    .filter((field) => pointer === field.pointer || pointer.startsWith(`${field.pointer}/`))
    .sort((a, b) => b.pointer.length - a.pointer.length)[0];
}
