// One task, live.

import { getWorkflowVersion } from "../../client/api.js";
import { watchIdentity, who } from "../../client/identity.js";
import { rankOf } from "../../client/progress.js";
import { mayAct } from "../../client/rights.js";
import { Session } from "../../client/session.js";
import { isTerminal } from "../../client/vocabulary.js";
import { isStale, showConnection } from "../connection.js";
import { el, fill, keyed } from "../dom.js";
import { announce, notice } from "../notices.js";
import { errorWords, headline, humanise, percent, phaseName, statusWords } from "../words.js";
import { humanTaskForms, signalForms } from "./answers.js";
import { outputCard } from "./draft.js";
import { givenAnswers } from "./given.js";
import { taskHeader } from "./header.js";
import { rankingPanel } from "./judging.js";
import { phasePanels } from "./phases.js";
import { logPanel, phaseStrip, stepsPanel } from "./progress.js";
import { resultPanel } from "./result.js";

/** The session of the view that is open. @type {Session | null} */
export let current = null;

/** @param {string} taskID */
export function taskView(taskID) {
  const session = new Session(taskID);
  current = session;
  const header = taskHeader(session);
  const phases = phaseStrip();
  const trouble = el("div", { class: "trouble" });
  const questions = humanTaskForms();
  const signals = signalForms(taskID);
  const result = resultPanel();
  const given = givenAnswers();
  const rankings = el("div", { class: "rankings" });
  const outputs = el("div", { class: "outputs" });
  const drafts = el("section", { class: "drafts", "aria-labelledby": "drafts-title", hidden: true },
    el("h2", { id: "drafts-title" }, "Drafts"), outputs);
  const log = logPanel();
  const panels = phasePanels();
  const steps = stepsPanel();
  const body = el("div", { hidden: true }, header.node, phases.node, trouble, questions.node, signals.node, result.node, given.node,
    rankings, drafts, log.node, panels.node, steps.node);
  const placeholder = el("div", { class: "sheet" }, el("h1", { tabindex: -1, class: "quiet" }, "Loading the task"));
  const node = el("article", { class: "task" }, placeholder, body);
  /** @type {Map<string, ReturnType<typeof outputCard>>} */
  const cards = new Map();
  /** @type {any} */
  let definition = null;
  let asked = false;
  let frame = 0;
  let closed = false;
  let heard = "";

  session.watch(() => {
    // However fast events come, the page is drawn once a frame.
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  });
  const unwatch = watchIdentity(() => session.state && draw());
  const clock = setInterval(() => session.state && !isStale() && header.tick(session.state), 1000);
  return { title: "Task", node, close };

  function close() {
    closed = true;
    unwatch();
    session.close();
    current = null;
    cancelAnimationFrame(frame);
    clearInterval(clock);
    announce("");
  }

  function draw() {
    showConnection(session.connection);
    if (session.problem) return drawProblem(session.problem);
    const { state } = session;
    if (!state) return;
    const hadFocus = placeholder.contains(document.activeElement);
    placeholder.hidden = true;
    body.hidden = false;
    if (!asked) loadDefinition(state.task);
    header.update(state, definition);
    phases.update(state, definition);
    drawTrouble(state);
    questions.update(state);
    signals.update(state);
    drawRankings(state);
    drawOutputs(state);
    given.update(state);
    log.update(state);
    panels.update(state, definition);
    steps.update(state);
    const share = isTerminal("task", state.status) || state.progress < 0.01 ? statusWords(state.status) : percent(state.progress);
    document.title = `${share} · ${headline(state.task)} – Pressroom`;
    hear(state);
    if (hadFocus) /** @type {HTMLElement} */ (header.node.querySelector("h1")).focus({ preventScroll: true });
  }

  /** @param {import("../../client/api.js").Problem} problem */
  function drawProblem(problem) {
    const missing = problem.status === 404;
    fill(placeholder, el("h1", { tabindex: -1 }, missing ? "No such task" : problem.title || "The task cannot be shown"),
      el("p", {}, missing ? "It may have been deleted, or the address is incomplete." : problem.message),
      el("p", {}, el("a", { href: "#/" }, "Back to the home page")));
    placeholder.hidden = false;
    body.hidden = true;
  }

  /** Names and prompts come from the definition; the page works without it. @param {any} task */
  async function loadDefinition(task) {
    asked = true;
    try {
      const row = await getWorkflowVersion(task.workflow_name, task.workflow_version);
      definition = row.definition;
      if (!closed) draw();
    } catch {
      // The rows are enough.
    }
  }

  /** Each failure once: that of the task is the failure of a phase. @param {import("../../client/store.js").State} state */
  function drawTrouble(state) {
    const { error } = state.task;
    const failed = state.phases.filter((phase) => phase.status === "failed" && phase.error);
    const name = (/** @type {any} */ phase) => phaseName(phase, definition);
    const cause = error && failed.find((phase) => phase.key === error.phase);
    const boxes = [];
    if (error) boxes.push(notice(cause ? `The task failed in the phase “${name(cause)}”` : "The task failed", errorWords(error), { bad: true }));
    for (const phase of failed) {
      if (phase !== cause) boxes.push(notice(`The phase “${name(phase)}” failed`, errorWords(phase.error), { bad: true }));
    }
    const key = JSON.stringify([error, failed.map((phase) => [phase.key, phase.error]), definition !== null]);
    if (trouble.dataset.key === key) return;
    trouble.dataset.key = key;
    fill(trouble, ...boxes);
  }

  /** @param {import("../../client/store.js").State} state */
  function drawRankings(state) {
    const panels = [...state.rankings].sort((a, b) => Number(a.stage === "initial") - Number(b.stage === "initial"));
    keyed(rankings, panels, (row) => `${row.id}:${row.updated_at}`, (row) => rankingPanel(row, state.outputs));
  }

  /** @param {import("../../client/store.js").State} state */
  function drawOutputs(state) {
    const settled = isTerminal("task", state.status);
    const best = result.update(state, definition, (output) => cardOf(output).node);
    const others = ordered(state, settled).filter((output) => output !== best);
    drafts.hidden = others.length === 0;
    outputs.style.setProperty("--columns", String(others.length === 4 ? 2 : Math.max(1, Math.min(3, others.length))));
    keyed(outputs, others, (output) => output.id, (output) => cardOf(output).node);
    for (const output of state.outputs) {
      const evaluations = state.evaluations.filter((row) => row.output_id === output.id);
      const judged = new Set(evaluations.map((row) => row.step_id));
      cardOf(output).update(output, {
        live: liveOf(output, state), reasons: reasonsOf(state), evaluations,
        steps: state.steps.filter((step) => step.output_id === output.id || judged.has(step.id)),
        lead: output === best, best: output.final_rank === 1 || (output === best && state.outputs.length > 1),
        definition, mayEdit: mayAct(who(), state.task), frozen: settled || state.status === "paused",
      });
    }
  }

  /** The draft as it is written, or as its editor polishes it. @param {any} output @param {import("../../client/store.js").State} state */
  function liveOf(output, state) {
    const edits = state.steps.filter((step) => step.output_id === output.id && step.kind === "edit");
    return state.live.find((entry) => entry.output_id === output.id)
      ?? state.live.find((entry) => edits.some((step) => step.id === entry.step_id));
  }

  /** What judges write now, by step. @param {import("../../client/store.js").State} state @returns {Map<string, string>} */
  function reasonsOf(state) {
    const reasons = new Map();
    for (const entry of state.live) if (entry.step_id !== undefined) reasons.set(entry.step_id, entry.text);
    return reasons;
  }

  /** @param {any} output */
  function cardOf(output) {
    const card = cards.get(output.id) ?? outputCard(() => session.wake());
    cards.set(output.id, card);
    card.node.dataset.key = output.id; // it moves between the result and the other drafts
    return card;
  }

  /** The phase that the task is at. @param {import("../../client/store.js").State} state */
  function nameOf(state) {
    const phase = state.phases.find((row) => row.key === state.phase);
    return phase ? phaseName(phase, definition) : humanise(state.phase ?? "");
  }

  /** @param {import("../../client/store.js").State} state */
  function hear(state) {
    const words = isTerminal("task", state.status) || state.status !== "running"
      ? `Task: ${statusWords(state.status)}`
      : state.phase ? `Phase ${nameOf(state)}` : "";
    if (words && words !== heard) announce(words);
    heard = words;
  }
}

/**
 * In the order of the writers' steps, which a reload does not change; by rank once the task is over.
 * @param {import("../../client/store.js").State} state @param {boolean} settled
 */
function ordered(state, settled) {
  const sequence = new Map();
  for (const step of state.steps) {
    if (step.output_id && !(sequence.get(step.output_id) <= step.sequence)) sequence.set(step.output_id, step.sequence);
  }
  const byRank = rankOf(state);
  const rank = (/** @type {any} */ output) => (settled ? byRank(output) : 0);
  const place = (/** @type {any} */ output) => sequence.get(output.id) ?? Infinity;
  const compare = (/** @type {number} */ a, /** @type {number} */ b) => (a === b ? 0 : a < b ? -1 : 1);
  return [...state.outputs].sort((a, b) => compare(rank(a), rank(b)) || compare(place(a), place(b))
    || String(a.created_at + a.id).localeCompare(b.created_at + b.id));
}
