// Text in progress. It is no state: the row that comes at the end replaces it.

/** @typedef {{output_id: string, version_number: number, text: string}} LiveText */
/** @typedef {{output_id: string, version_number: number, offset: number, text: string}} Delta */

const inProgress = new Set(["pending_write", "writing", "pending_edit", "editing", "pending_rewrite", "rewriting"]);

/**
 * Whether the row has caught up with a text of that version, or given it up.
 * @param {any} output @param {number} version
 */
function isOver(output, version) {
  return version <= output.version_number || !inProgress.has(output.status);
}

/**
 * Takes a delta in. Offsets count UTF-16 units, as JavaScript's strings do: 0 replaces, the text's length appends,
 * anything else is ignored (a later delta from 0, or the row, mends it).
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
 * Drops the text of an output whose row has caught up.
 * @param {LiveText[]} live @param {any} output
 */
export function settle(live, output) {
  const index = live.findIndex((entry) => entry.output_id === output.id);
  if (index >= 0 && isOver(output, live[index].version_number)) live.splice(index, 1);
}
