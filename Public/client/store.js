// The fold: a state and the events after it, in the shape of GET /tasks/{task_id}/state.

import { copy } from "./json.js";
import { isTerminal } from "./vocabulary.js";

/** @typedef {Record<string, any>} Row */
/**
 * @typedef {object} State
 * @property {string} cursor
 * @property {string} status
 * @property {string | null} phase
 * @property {number} progress 0…1
 * @property {Row} task
 * @property {Row[]} phases
 * @property {Row[]} steps
 * @property {Row[]} outputs
 * @property {Row[]} evaluations
 * @property {Row[]} rankings
 * @property {Row[]} human_tasks
 * @property {Row[]} [logs] only with `?include=logs`
 * @property {LiveText[]} live
 */

const tables = /** @type {const} */ (["phases", "steps", "outputs", "evaluations", "rankings", "human_tasks"]);

/** How each event of the log changes the state. @type {Record<string, (state: State, event: any) => void>} */
export const changes = {
  task_updated: (state, event) => setTask(state, event.task),
  phase_changed: (state, event) => put(state.phases, event.phase, byOrdinal),
  step_updated: (state, event) => setStep(state, event.step),
  queue_built: (state, event) => event.steps.forEach((/** @type {Row} */ step) => put(state.steps, step)),
  output_updated: (state, event) => setOutput(state, event.output),
  finalists_selected: (state, event) => event.outputs.forEach((/** @type {Row} */ output) => setOutput(state, output)),
  evaluation_updated: (state, event) => put(state.evaluations, event.evaluation),
  ranking_updated: (state, event) => put(state.rankings, event.ranking),
  human_task_updated: (state, event) => put(state.human_tasks, event.human_task),
  output_version_added: () => {}, // not in the state unless asked for
  log_appended: (state, event) => state.logs && put(state.logs, event.log), // likewise
  attempt_recorded: () => {}, // not in the state
  call_recorded: () => {},
  custom: () => {},
};

/** A copy of its own, from the body of a `state` event or of GET …/state. @param {any} body @returns {State} */
export function restore(body) {
  const state = { ...copy(body) };
  for (const table of tables) state[table] ??= [];
  state.live ??= [];
  return state;
}

/**
 * Folds one durable event in.
 * @param {State} state @param {any} event
 * @returns {boolean} false for an event that the state has already seen: it changes nothing
 */
export function fold(state, event) {
  if (!isAfter(event.cursor, state.cursor)) return false;
  changes[event.type]?.(state, event);
  state.cursor = event.cursor;
  return true;
}

/** @param {State} state @param {Delta} delta */
export const foldDelta = (state, delta) => applyDelta(state.live, delta.step_id ? state.steps : state.outputs, delta);

/** Within an epoch positions only rise; a `reset` precedes another epoch. @param {string} cursor @param {string} than */
function isAfter(cursor, than) {
  const [epoch, position] = cursor.split(".");
  const [otherEpoch, otherPosition] = than.split(".");
  return epoch !== otherEpoch || Number(position) > Number(otherPosition);
}

/** @param {State} state @param {Row} task */
function setTask(state, task) {
  state.task = task;
  state.status = task.status;
  state.phase = task.phase;
  state.progress = task.progress;
  if (isTerminal("task", task.status)) state.live = []; // unfinished texts are dropped
}

/** @param {State} state @param {Row} output */
function setOutput(state, output) {
  put(state.outputs, output);
  settle(state.live, output);
}

/** @param {State} state @param {Row} step */
function setStep(state, step) {
  put(state.steps, step);
  settleStep(state.live, step);
}

/** Replaces the row or adds it in its place. @param {Row[]} rows @param {Row} row @param {(a: Row, b: Row) => number} [order] */
function put(rows, row, order = byCreation) {
  const index = rows.findIndex((other) => other.id === row.id);
  if (index >= 0) {
    rows[index] = row;
    return;
  }
  rows.push(row);
  rows.sort(order);
}

/** @param {Row} a @param {Row} b */
const byOrdinal = (a, b) => a.ordinal - b.ordinal;

/** @param {Row} a @param {Row} b */
function byCreation(a, b) {
  if (a.created_at !== b.created_at) return a.created_at < b.created_at ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

// Text in progress is not state: the row that comes at the end replaces it.

/**
 * A draft, or what a step writes that is no draft: the answer of an agent, a polished text, the reasons of a judge.
 * @typedef {{output_id: string, version_number: number, step_id?: undefined} | {step_id: string, attempt: number, output_id?: undefined}} Subject
 */
/** @typedef {Subject & {text: string}} LiveText */
/** @typedef {Subject & {offset: number, text: string}} Delta */

/**
 * Whether the output already has that version of the text or is terminal, or the step's attempt has ended. A row that tells of
 * an earlier attempt is older than the text.
 * @param {any} row @param {Subject} subject
 */
function isOver(row, subject) {
  if (subject.step_id === undefined) return subject.version_number <= row.version_number || isTerminal("output", row.status);
  return row.attempt > subject.attempt || (row.attempt === subject.attempt && row.status !== "running");
}

/** @param {Subject} one @param {Subject} other */
const isSameOwner = (one, other) => one.output_id === other.output_id && one.step_id === other.step_id;

/** The version or the attempt. @param {Subject} subject */
const numberOf = (subject) => (subject.step_id === undefined ? subject.version_number : subject.attempt);

/**
 * Applies a delta. Offsets count UTF-16 units, as JavaScript's strings do: 0 replaces the text, its length appends, and
 * anything else is ignored (a later delta from 0, or the row, repairs it).
 * @param {LiveText[]} live @param {any[]} rows the outputs, or for a delta of a step the steps
 * @param {Delta} delta
 * @returns {boolean} whether the text changed
 */
export function applyDelta(live, rows, delta) {
  const row = rows.find((one) => one.id === (delta.step_id ?? delta.output_id));
  if (row && isOver(row, delta)) return false;
  const index = live.findIndex((entry) => isSameOwner(entry, delta));
  const known = live[index];
  if (delta.offset === 0) {
    const { text } = delta;
    const entry = delta.step_id === undefined ? { output_id: delta.output_id, version_number: delta.version_number, text }
      : { step_id: delta.step_id, attempt: delta.attempt, text };
    if (known) live[index] = entry;
    else live.push(entry);
    return true;
  }
  if (!known || numberOf(known) !== numberOf(delta) || known.text.length !== delta.offset) return false;
  known.text += delta.text;
  return true;
}

/**
 * Drops the text in progress of an output whose row has it.
 * @param {LiveText[]} live @param {any} output
 */
export function settle(live, output) {
  const index = live.findIndex((entry) => entry.output_id === output.id);
  if (index >= 0 && isOver(output, live[index])) live.splice(index, 1);
}

/**
 * Drops the text in progress of an attempt that has ended.
 * @param {LiveText[]} live @param {any} step
 */
export function settleStep(live, step) {
  const index = live.findIndex((entry) => entry.step_id === step.id);
  if (index >= 0 && isOver(step, live[index])) live.splice(index, 1);
}
