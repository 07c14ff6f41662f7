// What the task asks people: a card each, with a form made from its JSON Schema.

import { actOnHumanTask, Problem } from "../api.js";
import { el, fill, keyed, say } from "../dom.js";
import { inputForm } from "../form.js";
import { moment } from "../words.js";
import { notice, problemNotice } from "./notice.js";

export function humanTaskForms() {
  const node = el("div", { class: "human-tasks" });
  /** @type {Map<string, ReturnType<typeof humanTaskCard>>} */
  const cards = new Map();
  return {
    node,
    /** @param {import("../store.js").State} state */
    update(state) {
      const open = state.human_tasks.filter((row) => row.status === "pending" || row.status === "claimed");
      keyed(node, open, (row) => row.id, (row) => {
        const card = humanTaskCard(row);
        cards.set(row.id, card);
        return card.node;
      }, (_, row) => cards.get(row.id)?.update(row));
    },
  };
}

/** @param {any} first the row as it was when the card was made */
function humanTaskCard(first) {
  const form = inputForm(first.form_schema, undefined, "/data");
  const facts = el("p", { class: "quiet" });
  const problems = el("div", { role: "alert" });
  const answer = el("button", { type: "submit", class: "primary" }, "Send the answer");
  const claim = el("button", { type: "button", onclick: () => run("claim", undefined) }, "Claim it");
  const heading = `human-task-${first.id}`;
  const node = el("section", { class: "signal human-task", "aria-labelledby": heading },
    el("h2", { id: heading }, first.title), first.description && el("p", {}, first.description), facts,
    el("form", { novalidate: true, onsubmit: send }, form.node, problems, el("p", { class: "actions" }, answer, claim)));
  let busy = false;
  return { node, update };

  /** @param {any} row */
  function update(row) {
    const parts = [];
    if (row.claimed_by) parts.push(`Claimed by ${row.claimed_by}`);
    else if (row.assignee_id || row.assignee_group) parts.push(`For ${row.assignee_id ?? row.assignee_group}`);
    if (row.due_at) parts.push(`Due ${moment(row.due_at)}`);
    say(facts, parts.join(" · "));
    facts.hidden = parts.length === 0;
    claim.hidden = row.status === "claimed";
    node.dataset.reminded = row.reminded_at ? "true" : "false";
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
