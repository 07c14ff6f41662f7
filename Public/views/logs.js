// What `log` phases wrote. Their steps say the same as the rows of the log, and are in the state already.

import { el, keyed } from "../dom.js";
import { humanise, moment } from "../words.js";

export function logPanel() {
  const list = el("ol", {});
  const node = el("section", { class: "log", "aria-labelledby": "log-title", hidden: true }, el("h2", { id: "log-title" }, "Log"), list);
  return { node, update };

  /** @param {import("../store.js").State} state */
  function update(state) {
    const lines = state.steps.filter((step) => step.kind === "log" && step.status === "completed" && step.output)
      .sort((a, b) => (a.completed_at < b.completed_at ? -1 : a.completed_at > b.completed_at ? 1 : 0));
    node.hidden = lines.length === 0;
    keyed(list, lines, (step) => step.id, (step) => el("li", { "data-level": step.output.level },
      el("span", { class: "log-level" }, humanise(step.output.level)), el("span", { class: "log-text" }, step.output.message),
      el("time", { datetime: step.completed_at }, moment(step.completed_at))));
  }
}
