// How far a task is: its phases as a strip, its steps in a table that is folded away, and what its `log` phases wrote.

import { workOf } from "../../client/progress.js";
import { el, fill, keyed, say } from "../dom.js";
import { statusMark } from "../notices.js";
import { counted, elapsed, errorWords, humanise, moment, phaseName, statusWords, tone } from "../words.js";

export function phaseStrip() {
  const list = el("ol", { class: "phases" });
  const node = el("nav", { class: "strip", "aria-label": "Phases" }, list);
  return {
    node,
    /** @param {import("../../client/store.js").State} state @param {any} definition */
    update(state, definition) {
      node.hidden = state.phases.length === 0;
      keyed(list, state.phases, (phase) => phase.id, create, (item, phase) => {
        item.dataset.tone = tone(phase.status);
        if (phase.key === state.phase && tone(phase.status) !== "done") item.setAttribute("aria-current", "step");
        else item.removeAttribute("aria-current");
        say(item.querySelector(".phase-name"), phaseName(phase, definition));
        say(item.querySelector(".phase-state"), words(phase, state, definition));
        drawDots(item.querySelector(".dots"), phase, state);
      });
    },
  };
}

function create() {
  return el("li", {}, el("span", { class: "mark", "aria-hidden": "true" }),
    el("span", { class: "phase-text" }, el("span", { class: "phase-name" }), el("span", { class: "phase-state" }),
    el("span", { class: "dots", "aria-hidden": "true", hidden: true })));
}

/** @param {any} phase @param {import("../../client/store.js").State} state @param {any} definition */
function words(phase, state, definition) {
  if (phase.status !== "running") return phase.status === "pending" ? "Not started" : statusWords(phase.status);
  const { done, failed, all, unit } = workOf(phase, state, definition);
  if (all === 1 || all === 0) return statusWords(phase.status);
  const so = all === null ? `${counted(done, unit)} so far` : `${done} of ${counted(all, unit)}`;
  return failed > 0 ? `${so}, ${failed} failed` : so;
}

/** The drafts of a running write phase: it has no other motion until the first one is whole. @param {HTMLElement} node @param {any} phase @param {import("../../client/store.js").State} state */
function drawDots(node, phase, state) {
  const steps = phase.kind === "write" && phase.status === "running" ? state.steps.filter((step) => step.phase_id === phase.id) : [];
  node.hidden = steps.length < 2 || steps.length > 24;
  keyed(node, node.hidden ? [] : steps, (step) => step.id, () => el("span", { class: "dot" }, el("span", { class: "mark" })), (dot, step) => {
    dot.dataset.tone = tone(step.status);
  });
}

// The steps, folded away: which agent ran each, and how many attempts it took.

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

  /** @param {import("../../client/store.js").State} state */
  function update(state) {
    last = state;
    const done = state.steps.filter((step) => step.status === "completed").length;
    node.hidden = state.steps.length === 0;
    say(summary, `Steps: ${done} of ${state.steps.length} done`);
    if (node.open) draw(state);
  }

  /** @param {import("../../client/store.js").State} state */
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

// What `log` phases wrote. Their steps, which are in the state, hold the same as the rows of the log.

export function logPanel() {
  const list = el("ol", {});
  const node = el("section", { class: "log", "aria-labelledby": "log-title", hidden: true }, el("h2", { id: "log-title" }, "Log"), list);
  return { node, update };

  /** @param {import("../../client/store.js").State} state */
  function update(state) {
    const lines = state.steps.filter((step) => step.kind === "log" && step.status === "completed" && step.output)
      .sort((a, b) => (a.completed_at < b.completed_at ? -1 : a.completed_at > b.completed_at ? 1 : 0));
    node.hidden = lines.length === 0;
    keyed(list, lines, (step) => step.id, (step) => el("li", { "data-level": step.output.level },
      el("span", { class: "log-level" }, humanise(step.output.level)), el("span", { class: "log-text" }, step.output.message),
      el("time", { datetime: step.completed_at }, moment(step.completed_at))));
  }
}
