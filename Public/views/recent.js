// The latest tasks.

import { listTasks } from "../api.js";
import { el, fill, keyed, say } from "../dom.js";
import { ago, headline, humanise, moment, percent } from "../words.js";
import { problemNotice } from "./notice.js";
import { setStatus, statusMark } from "./status.js";

const pageLength = 20;

export function recentTasks() {
  const list = el("ol", { class: "tasks" });
  const note = el("p", { class: "quiet" }, "Looking for tasks");
  const more = el("button", { type: "button", hidden: true, onclick: () => load(next) }, "Older tasks");
  const node = el("div", {}, list, note, more);
  /** @type {Map<string, any>} */
  const tasks = new Map();
  /** @type {string | null} */
  let next = null;
  let closed = false;
  return { node, read: () => load(null), changed, close };

  /** @param {any} task */
  function changed(task) {
    take(task);
    show();
  }

  /** @param {string | null} after */
  async function load(after) {
    try {
      const page = await listTasks(pageLength, after);
      if (closed) return;
      page.items.forEach(take);
      next = page.next;
      more.hidden = !next;
      say(note, tasks.size ? "" : "Nothing has been commissioned yet.");
      note.hidden = tasks.size > 0;
      show();
    } catch (error) {
      if (!closed) fill(note, problemNotice(error).textContent);
    }
  }

  /** @param {any} task */
  function take(task) {
    const known = tasks.get(task.task_id);
    if (!known || known.version <= task.version) tasks.set(task.task_id, task);
  }

  function show() {
    note.hidden = tasks.size > 0;
    const rows = [...tasks.values()].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    keyed(list, rows, (task) => task.task_id, entry, update);
  }

  function close() {
    closed = true;
  }
}

/** @param {any} task */
function entry(task) {
  return el("li", {},
    el("a", { href: `#/tasks/${task.task_id}` }, headline(task)),
    el("p", { class: "entry-meta" }, statusMark(task.status), el("span", { class: "entry-progress" }),
      el("span", {}, humanise(task.workflow_name)),
      el("time", { datetime: task.created_at, title: moment(task.created_at) }, ago(task.created_at))));
}

/** @param {HTMLElement} node @param {any} task */
function update(node, task) {
  setStatus(/** @type {HTMLElement} */ (node.querySelector(".status")), task.status);
  const open = ["running", "waiting", "paused"].includes(task.status);
  say(/** @type {Element} */ (node.querySelector(".entry-progress")), open ? percent(task.progress) : "");
}
