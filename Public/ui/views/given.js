// What people answered, and who did: it stays on the task when the question is gone.

import { write } from "../../client/json.js";
import { isOpen } from "../../client/questions.js";
import { el, keyed } from "../dom.js";
import { valueView } from "../value.js";
import { humanise, moment, statusWords } from "../words.js";

export function givenAnswers() {
  const list = el("div", { class: "answers-list" });
  const node = el("section", { class: "given", "aria-labelledby": "given-title", hidden: true }, el("h2", { id: "given-title" }, "Answers"), list);
  return {
    node,
    /** @param {import("../../client/store.js").State} state */
    update(state) {
      // A question that a pause has withdrawn is asked again; only those that say something stay.
      const closed = state.human_tasks.filter((row) => !isOpen(row) && row.status !== "cancelled");
      node.hidden = closed.length === 0;
      keyed(list, closed, (row) => `${row.id}:${row.version}`, (row) => el("article", { class: "given-answer" }, el("h3", {}, row.title), answerFacts(row)));
    },
  };
}

/** What was answered, by whom and when. @param {any} row of `human_tasks` */
export function answerFacts(row) {
  return el("div", {}, row.status === "completed" && el("dl", { class: "facts" }, ...facts(row)), el("p", { class: "quiet" }, closing(row)));
}

/** @param {any} row */
function facts(row) {
  const answer = row.response;
  if (!answer || typeof answer !== "object" || Array.isArray(answer)) return [fact("Answer", answer)];
  const properties = row.form_schema?.properties ?? {};
  // In the order of the form; what the form does not have comes last.
  const keys = [...Object.keys(properties).filter((key) => key in answer), ...Object.keys(answer).filter((key) => !(key in properties))];
  return keys.map((key) => fact(properties[key]?.title ?? humanise(key), answer[key]));
}

/** @param {string} name @param {any} value */
function fact(name, value) {
  const shown = typeof value === "boolean" ? yesOrNo(value) : value;
  return el("div", {}, el("dt", {}, name), el("dd", {}, typeof shown === "string" || typeof shown === "number" ? String(shown) : valueView(shown)));
}

/** @param {boolean} value */
const yesOrNo = (value) => (value ? "Yes" : "No");

/** The answer in one line, for a message: `Send it: No · Comments: too long`. @param {any} schema @param {any} answer */
export function answerLine(schema, answer) {
  if (!answer || typeof answer !== "object" || Array.isArray(answer)) return String(write(answer));
  return Object.entries(answer).map(([key, value]) => {
    const shown = typeof value === "boolean" ? yesOrNo(value) : typeof value === "string" ? value : write(value);
    return `${schema?.properties?.[key]?.title ?? humanise(key)}: ${shown}`;
  }).join(" · ");
}

/** @param {any} row */
function closing(row) {
  if (row.status === "completed") return `Answered by ${row.completed_by ?? "an unknown user"}${row.completed_at ? `, ${moment(row.completed_at)}` : ""}`;
  if (row.status === "expired") return `Expired without an answer${row.due_at ? `, ${moment(row.due_at)}` : ""}`;
  return row.status === "cancelled" ? "Withdrawn" : statusWords(row.status);
}
