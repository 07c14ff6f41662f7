// Words for statuses, times and numbers.

export const statusNames = {
  pending: "Queued", running: "Running", waiting: "Waiting", paused: "Paused", completed: "Completed",
  failed: "Failed", cancelled: "Cancelled", skipped: "Skipped", retrying: "Retrying", processing: "Judging",
  pending_write: "Not started", writing: "Writing", pending_edit: "Waiting for the editor", editing: "Editing",
  pending_rewrite: "Sent back to the writer", rewriting: "Rewriting", approved: "Approved",
  max_cycles_reached: "Edit limit reached", claimed: "Claimed", expired: "Expired",
};

/** @param {string} status */
export const statusWords = (status) => statusNames[/** @type {keyof typeof statusNames} */ (status)] ?? humanise(status);

export const tones = {
  pending: "idle", pending_write: "idle", pending_edit: "idle", pending_rewrite: "idle", skipped: "off",
  cancelled: "off", running: "busy", processing: "busy", writing: "busy", editing: "busy", rewriting: "busy",
  retrying: "busy", waiting: "held", paused: "held", completed: "done", approved: "done",
  max_cycles_reached: "held", claimed: "held", expired: "bad", failed: "bad",
};

/** One of the few looks that all statuses share. @param {string} status */
export const tone = (status) => tones[/** @type {keyof typeof tones} */ (status)] ?? "idle";

/** `edit_cycle` → `Edit cycle`. @param {string} key */
export function humanise(key) {
  const words = String(key).replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[_\-.]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
/** @param {number | null | undefined} value */
export const number = (value) => (value === null || value === undefined ? "–" : plain.format(value));
const small = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
/** What tokens cost, in whatever currency the prices are. @param {number} cost */
export const price = (cost) => (cost >= 1 ? plain : small).format(cost);
/** @param {number} share 0…1 */
export const percent = (share) => `${Math.floor(share * 100 + 1e-9)}%`;
/** @param {number} count @param {string} one @param {string} [many] */
export const counted = (count, one, many = `${one}s`) => `${plain.format(count)} ${count === 1 ? one : many}`;

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
/** @param {string} iso */
export const moment = (iso) => clock.format(new Date(iso));

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
/** @param {number} seconds from now; negative for what is past @returns {string | null} null within the minute */
function distance(seconds) {
  for (const [unit, length] of /** @type {const} */ ([["day", 86400], ["hour", 3600], ["minute", 60]])) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return null;
}

/** @param {string} iso @param {number} [now] */
export const ago = (iso, now = Date.now()) => distance(Math.min(0, (Date.parse(iso) - now) / 1000)) ?? "just now";

/** @param {string} iso @param {number} [now] */
export function dueWords(iso, now = Date.now()) {
  const seconds = (Date.parse(iso) - now) / 1000;
  return seconds > 0 ? `Due ${distance(seconds) ?? "within a minute"}` : `Was due ${ago(iso, now)}`;
}

/** @param {number} milliseconds */
export function elapsed(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** The name that the definition gives a phase, or its key in words. @param {any} phase a row @param {any} definition */
export function phaseName(phase, definition) {
  const spec = definition?.phases?.find((/** @type {any} */ one) => one.id === phase.key);
  // The `name` of these is a signal's or a workflow's.
  return (["signal", "workflow"].includes(phase.kind) ? null : spec?.name) ?? humanise(phase.key);
}

/** An error column is `{code, message, …}`: its message as a sentence; anything else is shown as it is. @param {any} error */
export function errorWords(error) {
  if (!error) return "";
  if (typeof error === "string") return error;
  const message = error.message ?? error.detail ?? error.reason;
  if (message) return String(message).charAt(0).toUpperCase() + String(message).slice(1);
  return error.code ? humanise(error.code) : JSON.stringify(error);
}

/** What a task is about, from its input. @param {any} task */
export function headline(task) {
  const input = task?.input;
  if (input && typeof input === "object") {
    for (const key of ["title", "topic", "headline", "subject", "question", "name"]) {
      if (typeof input[key] === "string" && input[key].trim()) return input[key].trim();
    }
    const text = Object.values(input).find((value) => typeof value === "string" && value.trim());
    if (typeof text === "string") return text.trim();
  }
  return humanise(task?.workflow_name ?? "Task");
}
