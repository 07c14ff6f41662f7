// What each phase did: its input, its output and its error, folded away.

import { isTerminal } from "../../client/vocabulary.js";
import { el, fill, keyed, say } from "../dom.js";
import { setStatus, statusMark } from "../notices.js";
import { valueView } from "../value.js";
import { elapsed, errorWords, humanise, phaseName } from "../words.js";
import { answerFacts } from "./given.js";
import { essence } from "./result.js";

const ofDrafts = new Set(["write", "edit", "evaluate", "select", "rank"]);

export function phasePanels() {
  const list = el("ol", {});
  const node = el("section", { class: "phase-panels", "aria-labelledby": "phases-title", hidden: true },
    el("h2", { id: "phases-title" }, "What each phase did"), list);
  /** @type {Map<string, ReturnType<typeof phasePanel>>} */
  const panels = new Map();
  return {
    node,
    /** @param {import("../../client/store.js").State} state @param {any} definition */
    update(state, definition) {
      const begun = state.phases.filter((phase) => phase.status !== "pending");
      node.hidden = begun.length === 0;
      keyed(list, begun, (phase) => phase.id, (phase) => {
        const panel = phasePanel();
        panels.set(phase.id, panel);
        return panel.node;
      }, (_, phase) => panels.get(phase.id)?.update(phase, state, definition));
    },
  };
}

function phasePanel() {
  const name = el("span", { class: "phase-name" });
  const status = statusMark("pending");
  const took = el("span", { class: "quiet figure" });
  const body = el("div", { class: "phase-body" });
  const details = el("details", { ontoggle: () => last && draw() }, el("summary", {}, name, status, took), body);
  const live = el("p", { class: "copy live", hidden: true });
  const node = el("li", {}, details, live);
  /** @type {{phase: any, state: import("../../client/store.js").State, definition: any} | null} */
  let last = null;
  let drawn = "";
  return { node, update };

  /** @param {any} phase @param {import("../../client/store.js").State} state @param {any} definition */
  function update(phase, state, definition) {
    last = { phase, state, definition };
    node.dataset.phase = phase.key;
    say(name, phaseName(phase, definition));
    setStatus(status, phase.status);
    const isOver = phase.started_at && phase.completed_at;
    say(took, isOver ? elapsed(Date.parse(phase.completed_at) - Date.parse(phase.started_at)) : "");
    const text = phase.kind === "agent" ? liveText(phase, state) : "";
    live.hidden = text === "";
    say(live, text);
    draw();
  }

  function draw() {
    if (!last || !details.open) return;
    const { phase, state } = last;
    const steps = state.steps.filter((step) => step.phase_id === phase.id);
    const answers = state.human_tasks.filter((row) => steps.some((step) => step.id === row.step_id));
    const key = [phase, ...steps, ...answers].map((row) => `${row.id}${row.version}`).join();
    if (drawn === key) return;
    drawn = key;
    fill(body, ...parts(phase, steps, answers, state));
  }
}

/** What agents answer now. @param {any} phase @param {import("../../client/store.js").State} state */
function liveText(phase, state) {
  if (isTerminal("task", state.status) || state.status === "paused") return "";
  const steps = new Set(state.steps.filter((step) => step.phase_id === phase.id).map((step) => step.id));
  return state.live.filter((entry) => entry.step_id !== undefined && steps.has(entry.step_id)).map((entry) => entry.text).join("\n\n");
}

/** @param {any} phase @param {any[]} steps @param {any[]} answers @param {import("../../client/store.js").State} state @returns {Element[]} */
function parts(phase, steps, answers, state) {
  const found = [];
  if (phase.error) found.push(phase.status === "skipped" ? el("p", {}, errorWords(phase.error)) : part("Error", errorView(phase.error)));
  const input = inputOf(phase, steps);
  if (input !== undefined) found.push(part("Input", valueView(input)));
  if (phase.kind === "human") found.push(...answers.map((row) => part(row.title, answerFacts(row))));
  else if (ofDrafts.has(phase.kind)) {
    const names = draftNames(phase, state);
    if (names.length > 0) found.push(part("Drafts", el("ul", {}, ...names.map((/** @type {string} */ one) => el("li", {}, one)))));
  } else if (phase.output !== null && phase.output !== undefined) {
    found.push(part("Output", valueView(essence(phase))));
    if (phase.kind === "workflow") found.push(...subtasks(phase.output));
  }
  const failed = steps.filter((step) => step.status === "failed" && step.error && step.error?.message !== phase.error?.message);
  if (failed.length > 0) {
    found.push(part("Failed steps", el("ul", {}, ...failed.map((step) => el("li", {}, `${stepName(step)}: ${errorWords(step.error)}`)))));
  }
  if (found.length === 0) {
    found.push(el("p", { class: "quiet" }, isTerminal("phase", phase.status) ? "It has no input and no output." : "Nothing to show yet."));
  }
  return found;
}

/** @param {string} title @param {Element} content */
const part = (title, content) => el("div", { class: "part" }, el("h3", {}, title), content);

/** @param {any} error */
function errorView(error) {
  const code = error?.code && error?.message ? el("p", { class: "quiet" }, el("code", {}, error.code)) : null;
  return el("div", {}, el("p", { class: "error" }, errorWords(error)), code);
}

/** What the phase was given, where a row has it. @param {any} phase @param {any[]} steps */
function inputOf(phase, steps) {
  if (phase.input && Object.keys(phase.input).length > 0) return phase.input.items ?? phase.input;
  if (ofDrafts.has(phase.kind) || phase.kind === "human") return undefined;
  const inputs = steps.map((step) => step.input).filter((input) => input && Object.keys(input).length > 0);
  return inputs.length === 0 ? undefined : inputs.length === 1 ? inputs[0] : inputs;
}

/** People count elements from 1, programs from 0. @param {any} step */
function stepName(step) {
  if (step.input?.index !== undefined) return `Item ${step.input.index + 1}`;
  return step.agent ? `${humanise(step.kind)}, ${step.agent}` : humanise(step.kind);
}

/** The drafts that a phase's output names. @param {any} phase @param {import("../../client/store.js").State} state */
function draftNames(phase, state) {
  const named = [phase.output?.output_ids ?? phase.output?.outputs ?? []].flat();
  const outputs = named.map((/** @type {any} */ one) => state.outputs.find((output) => output.id === (one?.output_id ?? one)));
  return outputs.filter(Boolean).map((/** @type {any} */ output) => output.writer?.name ?? humanise(output.track));
}

/** @param {any} output */
function subtasks(output) {
  const found = (Array.isArray(output.items) ? output.items : [output]).filter((/** @type {any} */ one) => one?.task_id);
  return found.map((/** @type {any} */ one, /** @type {number} */ index) => el("p", {},
    el("a", { href: `#/tasks/${one.task_id}` }, found.length > 1 ? `Sub-task ${index + 1}` : "The sub-task")));
}
