// How far the phases of a task are, in pieces of work that a reader can count. The totals come from the definition and the
// rows, not from the steps that exist so far: an evaluation has every draft for every judge ahead of it from the beginning.

import { isTerminal } from "./vocabulary.js";

/** @typedef {import("./store.js").State} State */
/**
 * @typedef {object} Work
 * @property {number} done
 * @property {number} failed
 * @property {number | null} all null where it is not known yet
 * @property {"draft" | "verdict" | "ballot" | "item" | "step"} unit
 */

/** The phases that are completed, for "3 of 8 phases". @param {State} state */
export const completedPhases = (state) => state.phases.filter((phase) => phase.status === "completed").length;

/** @param {any} phase a row @param {State} state @param {any} definition null while it is not known @returns {Work} */
export function workOf(phase, state, definition) {
  const steps = state.steps.filter((step) => step.phase_id === phase.id && (step.input?.iteration ?? 0) === phase.iteration);
  const count = (/** @type {any[]} */ rows, /** @type {string} */ status) => rows.filter((row) => row.status === status).length;
  const done = count(steps, "completed");
  const failed = count(steps, "failed");
  switch (phase.kind) {
    case "write": return { done, failed, all: steps.length, unit: "draft" };
    case "edit": {
      const edited = new Set(steps.filter((step) => step.output?.done === true).map((step) => step.output_id));
      const drafts = openDrafts(phase, state, definition);
      return { done: edited.size, failed, all: drafts && new Set([...edited, ...drafts.map((output) => output.id)]).size, unit: "draft" };
    }
    case "evaluate": {
      const rows = state.evaluations.filter((row) => row.phase_id === phase.id);
      return { done: count(rows, "completed"), failed: count(rows, "failed"), all: verdicts(phase, rows, state, definition), unit: "verdict" };
    }
    case "rank": return { done, failed, all: steps.length, unit: "ballot" };
    default: {
      const items = phase.input?.items;
      return Array.isArray(items) ? { done, failed, all: items.length, unit: "item" } : { done, failed, all: 1, unit: "step" };
    }
  }
}

/** How many verdicts an evaluation has in all. @param {any} phase @param {any[]} rows @param {State} state @param {any} definition */
function verdicts(phase, rows, state, definition) {
  const drafts = openDrafts(phase, state, definition);
  if (!drafts) return null;
  const judged = new Set(rows.map((row) => row.output_id));
  const toCome = drafts.filter((output) => !judged.has(output.id)).length;
  if (toCome === 0) return rows.length;
  const spec = specOf(phase, definition);
  // Which drafts are a judge's own is the service's knowledge.
  return spec?.agents && !spec.exclude_own ? rows.length + toCome * spec.agents.length : null;
}

/**
 * The drafts that an edit or an evaluation works on: those of the write phases before it, without failed ones and, after
 * a choice, without those that were not chosen.
 * @param {any} phase @param {State} state @param {any} definition
 */
function openDrafts(phase, state, definition) {
  if (!definition?.phases) return null;
  const before = ancestors(definition, phase.key);
  const writers = new Set(state.phases.filter((row) => row.kind === "write" && before.has(row.key)).map((row) => row.id));
  const written = new Set(state.steps.filter((step) => step.kind === "write" && writers.has(step.phase_id)).map((step) => step.output_id));
  const isChosen = state.phases.some((row) => row.kind === "select" && row.status === "completed" && before.has(row.key));
  return state.outputs.filter((output) => written.has(output.id) && output.status !== "failed" && (!isChosen || output.is_finalist));
}

/** @param {any} phase @param {any} definition */
const specOf = (phase, definition) => definition?.phases?.find((/** @type {any} */ one) => one.id === phase.key);

/** Every phase before one; without `needs` that is the one listed before it, and so on. @param {any} definition @param {string} id */
function ancestors(definition, id) {
  /** @type {Set<string>} */
  const found = new Set();
  const open = [id];
  while (open.length > 0) {
    const key = open.pop();
    const index = definition.phases.findIndex((/** @type {any} */ one) => one.id === key);
    if (index < 0) continue;
    const needs = definition.phases[index].needs ?? (index > 0 ? [definition.phases[index - 1].id] : []);
    for (const need of [needs].flat()) {
      if (found.has(need)) continue;
      found.add(need);
      open.push(need);
    }
  }
  return found;
}

/** The draft that a task brought, by its last judging: the first of the final ranking, else of the initial one, else the only one. @param {State} state */
export function winner(state) {
  const usable = state.outputs.filter((output) => output.status !== "failed" && output.content !== null);
  return usable.find((output) => output.final_rank === 1) ?? usable.find((output) => output.initial_rank === 1)
    ?? (usable.length === 1 ? usable[0] : null);
}

/** The best draft first: by the final ranking, else by the initial one. @param {State} state @returns {(output: any) => number} */
export function rankOf(state) {
  const key = state.outputs.some((output) => output.final_rank !== null) ? "final_rank" : "initial_rank";
  return (output) => output[key] ?? Infinity;
}

/** The last phase that was completed: its output is the task's. @param {State} state */
export function lastPhase(state) {
  return state.phases.filter((phase) => phase.status === "completed").at(-1) ?? null;
}

/** Whether the task is over and everything that it brought is known. @param {State} state */
export const isFinished = (state) => isTerminal("task", state.status);
