// One question of the inbox: what, for whom, until when; and the form, once it is opened.

import { el, fill, say } from "../dom.js";
import { isDueSoon, isOverdue } from "../questions.js";
import { ago, dueWords, moment } from "../words.js";
import { answerForm } from "./answer-form.js";
import { setStatus, statusMark } from "./status.js";

/** @param {any} first the row as it was when the entry was made */
export function questionEntry(first) {
  const status = statusMark("waiting", "Waiting");
  const whom = el("span");
  const due = el("time");
  const asked = el("time", { datetime: first.created_at, title: moment(first.created_at) });
  const place = el("div");
  // The toggle comes too late for a fast Tab into the form, and a search in the page opens it without a click.
  const sheet = el("details", { class: "answer", ontoggle: () => sheet.open && open() },
    el("summary", { onclick: open }, "Answer", el("span", { class: "visually-hidden" }, ` “${first.title}”`)), place);
  const node = el("li", { class: "question" }, el("h3", {}, el("a", { href: `#/tasks/${first.task_id}` }, first.title)),
    first.description && el("p", { class: "description" }, first.description),
    el("p", { class: "entry-meta" }, status, whom, due, asked), sheet);
  let row = first;
  /** @type {ReturnType<typeof answerForm> | null} */
  let form = null;
  return { node, update };

  function open() {
    if (form) return;
    form = answerForm(row);
    fill(place, form.node);
    form.update(row);
  }

  /** @param {any} newest @param {number} now */
  function update(newest, now) {
    row = newest;
    const overdue = isOverdue(row, now);
    const words = overdue ? "Overdue" : row.claimed_by ? `Claimed by ${row.claimed_by}` : "Waiting";
    setStatus(status, overdue ? "failed" : row.claimed_by ? "running" : isDueSoon(row, now) ? "waiting" : "pending", words);
    const assignee = row.assignee_id ?? row.assignee_group;
    say(whom, overdue && row.claimed_by ? `Claimed by ${row.claimed_by}` : assignee ? `For ${assignee}` : "For anybody");
    due.hidden = !row.due_at;
    if (row.due_at) {
      due.setAttribute("datetime", row.due_at);
      due.setAttribute("title", moment(row.due_at));
      say(due, dueWords(row.due_at, now));
    }
    say(asked, `Asked ${ago(row.created_at, now)}`);
    form?.update(row);
  }
}
