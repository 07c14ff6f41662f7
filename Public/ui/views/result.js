// What a finished task brought: the winning draft, or the output of its last phase.

import { isFinished, lastPhase, winner } from "../../client/progress.js";
import { el, fill, say } from "../dom.js";
import { valueView } from "../value.js";
import { phaseName } from "../words.js";

/** Kinds whose output is the drafts, or says how the task went on rather than what it brought. */
const withoutResult = new Set(["write", "edit", "evaluate", "select", "rank", "human", "signal", "delay", "branch", "log"]);

export function resultPanel() {
  const title = el("h2", { id: "result-title" }, "Result");
  const from = el("p", { class: "quiet" });
  const lead = el("div", {});
  const value = el("div", { class: "value" });
  const node = el("section", { class: "result-panel", "aria-labelledby": "result-title", hidden: true }, title, lead, from, value);
  let drawn = "";
  return {
    node,
    /**
     * @param {import("../../client/store.js").State} state @param {any} definition
     * @param {(output: any) => Element} cardOf the card of the draft that leads
     * @returns {any} the draft that leads; null for none
     */
    update(state, definition, cardOf) {
      const isCompleted = state.status === "completed";
      const best = isCompleted && isFinished(state) ? winner(state) : null;
      const card = best && cardOf(best);
      if (card ? lead.firstElementChild !== card : lead.firstElementChild) fill(lead, card);
      const last = isCompleted ? lastPhase(state) : null;
      const isShown = last !== null && last.output !== null && !(best && withoutResult.has(last.kind)) && last.kind !== "branch" && last.kind !== "delay";
      const key = isShown ? `${last.id}:${last.version}:${definition ? "+" : ""}` : "";
      if (drawn !== key) {
        drawn = key;
        say(from, isShown ? `From the phase “${phaseName(last, definition)}”` : "");
        fill(value, isShown && valueView(essence(last)));
      }
      from.hidden = value.hidden = !isShown;
      node.hidden = !best && !isShown;
      return best;
    },
  };
}

/** A phase's output without what is told elsewhere. @param {any} phase a row */
export function essence(phase) {
  const output = phase.output;
  if (!output || typeof output !== "object" || Array.isArray(output) || Array.isArray(output.items)) return output;
  switch (phase.kind) {
    case "agent": return output.output ?? output;
    case "log": return output.message ?? output;
    case "signal": return output.data ?? output;
    case "human": return output.response ?? output;
    case "workflow": return output.winner?.content ?? output.output ?? output;
    default: return output;
  }
}
