// The form of a human task, made from its JSON Schema: an answer, or first a claim.

import { actOnHumanTask, Problem } from "../api.js";
import { el, fill } from "../dom.js";
import { inputForm } from "../form.js";
import { notice, problemNotice } from "./notice.js";

/** @param {any} first the row as it was when the form was made */
export function answerForm(first) {
  const form = inputForm(first.form_schema, undefined, "/data");
  const problems = el("div", { role: "alert" });
  const answer = el("button", { type: "submit", class: "primary" }, "Send the answer");
  const claim = el("button", { type: "button", onclick: () => run("claim", undefined) }, "Claim it");
  const node = el("form", { novalidate: true, onsubmit: send }, form.node, problems, el("p", { class: "buttons" }, answer, claim));
  let busy = false;
  return { node, update };

  /** @param {any} row */
  function update(row) {
    if (row.status !== "claimed" || claim.hidden) return;
    if (claim === document.activeElement) answer.focus();
    claim.hidden = true;
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const { input, problems: unreadable } = form.read();
    if (unreadable.length) return void form.showProblems(unreadable);
    await run("complete", { data: input });
  }

  /** @param {"claim" | "complete"} action @param {any} body */
  async function run(action, body) {
    if (busy) return;
    busy = true;
    answer.disabled = action === "complete";
    fill(problems);
    try {
      await actOnHumanTask(first.id, action, body);
    } catch (error) {
      const left = error instanceof Problem ? form.showProblems(error.errors) : [];
      if (!(error instanceof Problem) || error.errors.length === 0) fill(problems, problemNotice(error));
      else fill(problems, ...left.map(({ pointer, detail }) => notice(pointer, detail, { bad: true })));
      answer.disabled = false;
    } finally {
      busy = false;
    }
  }
}
