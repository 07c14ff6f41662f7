// What the task asks people: a card each.

import { el, keyed, say } from "../dom.js";
import { moment } from "../words.js";
import { answerForm } from "./answer-form.js";

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
  const form = answerForm(first);
  const facts = el("p", { class: "quiet" });
  const heading = `human-task-${first.id}`;
  const node = el("section", { class: "signal human-task", "aria-labelledby": heading },
    el("h2", { id: heading }, first.title), first.description && el("p", { class: "description" }, first.description), facts, form.node);
  return { node, update };

  /** @param {any} row */
  function update(row) {
    const parts = [];
    if (row.claimed_by) parts.push(`Claimed by ${row.claimed_by}`);
    else if (row.assignee_id || row.assignee_group) parts.push(`For ${row.assignee_id ?? row.assignee_group}`);
    if (row.due_at) parts.push(`Due ${moment(row.due_at)}`);
    say(facts, parts.join(" · "));
    facts.hidden = parts.length === 0;
    form.update(row);
    node.dataset.reminded = row.reminded_at ? "true" : "false";
  }
}
