// The human tasks of all tasks, each in its newest version.

import { listHumanTasks } from "./api.js";
import { isTerminal, statuses } from "./vocabulary.js";

const atOnce = 200;
const soon = 60 * 60 * 1000;

const openStatuses = statuses.human_task.filter((status) => !isTerminal("human_task", status)).join();

/** @param {any} row */
export const isOpen = (row) => !isTerminal("human_task", row.status);
/** @param {any} row @param {number} [now] */
export const isOverdue = (row, now = Date.now()) => Boolean(row.due_at) && Date.parse(row.due_at) <= now;
/** Due within the hour, or overdue. @param {any} row @param {number} [now] */
export const isDueSoon = (row, now = Date.now()) => isOverdue(row, now + soon);

export class Questions {
  /** Closed ones stay, so that an older page of the list does not bring them back. @type {Map<string, any>} */ #rows = new Map();
  /** @type {string | null} */ #next = null;

  /** @param {any} row */
  take(row) {
    const known = this.#rows.get(row.id);
    if (!known || known.version <= row.version) this.#rows.set(row.id, row);
  }

  /** Reads the newest open ones, and with `expired` the newest expired ones. @param {{expired?: boolean}} [options] */
  async read({ expired = false } = {}) {
    const lists = [listHumanTasks(openStatuses, atOnce)];
    if (expired) lists.push(listHumanTasks("expired", 20));
    const pages = await Promise.all(lists);
    for (const page of pages) page.items.forEach((row) => this.take(row));
    this.#next = pages[0].next;
  }

  /** Whether older open ones were not read yet. */
  get hasMore() {
    return this.#next !== null;
  }

  async readMore() {
    const page = await listHumanTasks(openStatuses, atOnce, this.#next);
    page.items.forEach((row) => this.take(row));
    this.#next = page.next;
  }

  /** Those that wait for an answer: the first due first, then the oldest. */
  get open() {
    const due = (/** @type {any} */ row) => (row.due_at ? Date.parse(row.due_at) : Infinity);
    return [...this.#rows.values()].filter(isOpen)
      .sort((a, b) => (due(a) === due(b) ? (a.created_at < b.created_at ? -1 : 1) : due(a) - due(b)));
  }

  /** Those whose time ran out, the latest first. */
  get expired() {
    return [...this.#rows.values()].filter((row) => row.status === "expired").sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
  }
}
