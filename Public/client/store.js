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
  step_updated: (state, event) => put(state.steps, event.step),
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
export const foldDelta = (state, delta) => applyDelta(state.live, state.outputs, delta);

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

/** @typedef {{output_id: string, version_number: number, text: string}} LiveText */
/** @typedef {{output_id: string, version_number: number, offset: number, text: string}} Delta */

/**
 * Whether the row already has that version of the text, or the output is terminal.
 * @param {any} output @param {number} version
 */
function isOver(output, version) {
  return version <= output.version_number || isTerminal("output", output.status);
}

/**
 * Applies a delta. Offsets count UTF-16 units, as JavaScript's strings do: 0 replaces the text, its length appends, and
 * anything else is ignored (a later delta from 0, or the row, repairs it).
 * @param {LiveText[]} live @param {any[]} outputs @param {Delta} delta
 * @returns {boolean} whether the text changed
 */
export function applyDelta(live, outputs, delta) {
  const output = outputs.find((row) => row.id === delta.output_id);
  if (output && isOver(output, delta.version_number)) return false;
  const known = live.find((entry) => entry.output_id === delta.output_id);
  if (delta.offset === 0) {
    if (known) {
      known.text = delta.text;
      known.version_number = delta.version_number;
    } else {
      live.push({ output_id: delta.output_id, version_number: delta.version_number, text: delta.text });
    }
    return true;
  }
  if (!known || known.version_number !== delta.version_number || known.text.length !== delta.offset) return false;
  known.text += delta.text;
  return true;
}

/**
 * Drops the text in progress of an output whose row has it.
 * @param {LiveText[]} live @param {any} output
 */
export function settle(live, output) {
  const index = live.findIndex((entry) => entry.output_id === output.id);
  if (index >= 0 && isOver(output, live[index].version_number)) live.splice(index, 1);
}
