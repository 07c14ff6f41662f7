// The home page: start a task, how many questions wait for people, and the latest tasks. The tenant's stream keeps it up
// to date.

import { listTasks } from "../../client/api.js";
import { isDueSoon, Questions } from "../../client/questions.js";
import { tenantStream } from "../../client/streams.js";
import { isTerminal } from "../../client/vocabulary.js";
import { showConnection } from "../connection.js";
import { el, fill, keyed, say } from "../dom.js";
import { problemNotice, setStatus, statusMark } from "../notices.js";
import { ago, counted, headline, humanise, moment, percent } from "../words.js";
import { composer } from "./composer.js";

/** @param {{workflow?: string, from?: string | null}} options */
export function homeView(options) {
  const desk = composer(options);
  const waiting = waitingLine();
  const recent = recentTasks();
  const stream = tenantStream({
    task_updated: (event) => recent.changed(event.task),
    human_task_updated: (event) => waiting.changed(event.human_task),
  }, showConnection, () => {
    recent.read();
    waiting.read();
  });
  const node = el("div", { class: "front" },
    el("section", { class: "desk", "aria-labelledby": "desk-title" },
      el("h1", { id: "desk-title", tabindex: -1 }, "Start a task"), desk.node),
    el("section", { class: "recent", "aria-labelledby": "recent-title" },
      el("h2", { id: "recent-title" }, "Recent tasks"), waiting.node, recent.node));
  return { title: "Home", node, close };

  function close() {
    stream.close();
    desk.close();
    recent.close();
  }
}

// The latest tasks.

const pageLength = 20;

function recentTasks() {
  const list = el("ol", { class: "tasks" });
  const note = el("div", { class: "quiet" }, "Loading tasks");
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
      say(note, tasks.size ? "" : "No tasks yet.");
      note.hidden = tasks.size > 0;
      show();
    } catch (error) {
      if (closed) return;
      fill(note, tasks.size > 0 ? null : el("p", {}, "The tasks are not loaded yet."), problemNotice(error));
      note.hidden = false;
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
  const open = task.status !== "pending" && !isTerminal("task", task.status);
  say(/** @type {Element} */ (node.querySelector(".entry-progress")), open ? percent(task.progress) : "");
}

// How many questions wait for people, with a link to the inbox.

function waitingLine() {
  const questions = new Questions();
  const link = el("a", { href: "#/inbox" });
  const node = el("p", { class: "waiting", hidden: true }, link);
  return { node, read, changed };

  async function read() {
    try {
      await questions.read();
      show();
    } catch {
      // The list of tasks shows the same problem.
    }
  }

  /** @param {any} row */
  function changed(row) {
    questions.take(row);
    show();
  }

  function show() {
    const { open } = questions;
    const due = open.filter((row) => isDueSoon(row)).length;
    const many = `${questions.hasMore ? "More than " : ""}${counted(open.length, "question")} waiting for an answer`;
    node.hidden = open.length === 0;
    node.dataset.due = String(due > 0);
    say(link, due ? `${many}, ${due} due within the hour` : many);
  }
}
