// The phases as a strip: what is done, what is going on, what comes.

import { el, keyed, say } from "../dom.js";
import { phaseName, statusWords, tone } from "../words.js";

export function phaseStrip() {
  const list = el("ol", { class: "phases" });
  const node = el("nav", { class: "strip", "aria-label": "Phases" }, list);
  return {
    node,
    /** @param {import("../store.js").State} state @param {any} definition */
    update(state, definition) {
      node.hidden = state.phases.length === 0;
      keyed(list, state.phases, (phase) => phase.id, create, (item, phase) => {
        item.dataset.tone = tone(phase.status);
        if (phase.key === state.phase && tone(phase.status) !== "done") item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
        say(item.querySelector(".phase-name"), phaseName(phase, definition));
        say(item.querySelector(".phase-state"), words(phase, state.steps));
      });
    },
  };
}

function create() {
  return el("li", {}, el("span", { class: "mark", "aria-hidden": "true" }),
    el("span", { class: "phase-text" }, el("span", { class: "phase-name" }), el("span", { class: "phase-state" })));
}

/** @param {any} phase @param {any[]} steps */
function words(phase, steps) {
  if (phase.status !== "running") return phase.status === "pending" ? "To come" : statusWords(phase.status);
  const own = steps.filter((step) => step.phase_id === phase.id);
  const done = own.filter((step) => ["completed", "failed", "skipped", "cancelled"].includes(step.status)).length;
  return own.length > 1 ? `${done} of ${own.length} done` : statusWords(phase.status);
}
