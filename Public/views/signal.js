// A phase that waits for a signal gets a small form to send it.

import { sendSignal } from "../api.js";
import { el, fill, keyed } from "../dom.js";
import { humanise } from "../words.js";
import { jsonField } from "../form/text.js";
import { problemNotice } from "./notice.js";

/** @param {string} taskID */
export function signalForms(taskID) {
  const node = el("div", { class: "signals" });
  return {
    node,
    /** @param {import("../store.js").State} state */
    update(state) {
      const waiting = state.phases.filter((phase) => phase.kind === "signal" && phase.status === "waiting");
      keyed(node, waiting.map((phase) => ({ phase, name: signalName(phase, state.steps) })),
        ({ phase, name }) => `${phase.id}:${phase.iteration}:${name}`, ({ phase, name }) => signalForm(taskID, phase, name));
    },
  };
}

/** The waiting step knows the signal's name. @param {any} phase @param {any[]} steps */
function signalName(phase, steps) {
  return steps.find((step) => step.phase_id === phase.id && step.status === "waiting")?.input?.signal ?? phase.key;
}

/** @param {string} taskID @param {any} phase @param {string} name */
function signalForm(taskID, phase, name) {
  const data = jsonField({ title: "Data" }, { key: "data", pointer: "/data", required: false, initial: undefined });
  const problem = el("div", { role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Send the signal");
  const heading = `signal-${phase.id}`;
  return el("section", { class: "signal", "aria-labelledby": heading },
    el("h2", { id: heading }, `Waiting for “${name}”`),
    el("p", {}, `The phase “${humanise(phase.key)}” goes on when this signal arrives, from here or from another program.`),
    el("form", { novalidate: true, onsubmit: send }, data.node, problem, el("p", { class: "actions" }, button)));

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    data.clearProblem();
    fill(problem);
    const { value = {}, problem: unreadable } = data.read();
    if (unreadable) {
      data.showProblem(unreadable);
      data.focus();
      return;
    }
    button.disabled = true;
    try {
      await sendSignal(taskID, name, value);
    } catch (error) {
      button.disabled = false;
      fill(problem, problemNotice(error));
    }
  }
}
