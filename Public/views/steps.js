// The steps behind it all, folded away: for those who want to know who did what, and how often it was tried.

import { el, fill, say } from "../dom.js";
import { elapsed, errorWords, humanise } from "../words.js";
import { statusMark } from "./status.js";

export function stepsPanel() {
  const body = el("tbody", {});
  const summary = el("summary", {}, "Steps");
  const node = el("details", { class: "steps" }, summary,
    el("div", { class: "table", role: "region", tabindex: 0, "aria-label": "Steps" }, el("table", {},
      el("thead", {}, el("tr", {}, ...["Step", "Agent", "Status", "Attempt", "Took"].map((title) => el("th", { scope: "col" }, title)))), body)));
  /** @type {any} */
  let last = null;
  node.addEventListener("toggle", () => last && draw(last));
  return { node, update };

  /** @param {import("../store.js").State} state */
  function update(state) {
    last = state;
    const done = state.steps.filter((step) => step.status === "completed").length;
    node.hidden = state.steps.length === 0;
    say(summary, `Steps: ${done} of ${state.steps.length} done`);
    if (node.open) draw(state);
  }

  /** @param {import("../store.js").State} state */
  function draw(state) {
    const key = state.steps.map((step) => `${step.id}${step.version}`).join();
    if (body.dataset.key === key) return;
    body.dataset.key = key;
    const ordinal = new Map(state.phases.map((phase) => [phase.id, phase.ordinal]));
    const rows = [...state.steps].sort((a, b) => ordinal.get(a.phase_id) - ordinal.get(b.phase_id) || a.sequence - b.sequence);
    fill(body, ...rows.map((step) => el("tr", {}, el("th", { scope: "row" }, humanise(step.kind)), el("td", {}, step.agent ?? "–"),
      el("td", {}, statusMark(step.status), step.error && el("p", { class: "error" }, errorWords(step.error))),
      el("td", {}, `${step.attempt} of ${step.max_attempts}`),
      el("td", {}, step.started_at && step.completed_at ? elapsed(Date.parse(step.completed_at) - Date.parse(step.started_at)) : "–"))));
  }
}
