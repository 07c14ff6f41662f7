// The inbox: the questions of all tasks that wait for a person, and those that expired. The tenant's stream keeps it up to
// date.

import { who } from "../../client/identity.js";
import { mayAnswer } from "../../client/rights.js";
import { isDueSoon, isOverdue, Questions } from "../../client/questions.js";
import { tenantStream } from "../../client/streams.js";
import { isStale, now, showConnection, watchConnection } from "../connection.js";
import { el, fill, keyed, say } from "../dom.js";
import { announce, notice, problemNotice, setStatus, statusMark } from "../notices.js";
import { ago, counted, dueWords, moment } from "../words.js";
import { answerForm } from "./answers.js";
import { answerLine } from "./given.js";

export function inboxView() {
  const questions = new Questions();
  const title = el("h1", { tabindex: -1 }, "Inbox");
  const summary = el("p", { class: "quiet" }, "Loading questions");
  const trouble = el("div", { role: "alert" });
  const said = el("div", { role: "status" });
  const waiting = el("ol", { class: "questions", "aria-labelledby": "waiting-title" });
  const more = el("button", { type: "button", hidden: true, onclick: () => load(() => questions.readMore()) }, "Older questions");
  const expired = el("ol", { class: "tasks" });
  const late = el("section", { class: "expired", "aria-labelledby": "expired-title", hidden: true },
    el("h2", { id: "expired-title" }, "Expired"), expired);
  const node = el("article", { class: "inbox" }, title, summary, trouble, said,
    el("h2", { id: "waiting-title", class: "visually-hidden" }, "Waiting"), waiting, more, late);
  /** @type {Map<string, ReturnType<typeof questionEntry>>} */
  const entries = new Map();
  let closed = false;
  let isKnown = false;
  let heard = "";

  const stream = tenantStream({
    human_task_updated: (event) => {
      questions.take(event.human_task);
      draw();
    },
  }, showConnection, () => load(() => questions.read({ expired: true })));
  const clock = setInterval(draw, 10_000);
  const unwatch = watchConnection(draw);
  return { title: "Inbox", node, close };

  /** @param {() => Promise<void>} read */
  async function load(read) {
    try {
      await read();
      isKnown = true;
      fill(trouble);
    } catch (error) {
      if (!closed) fill(trouble, problemNotice(error));
    }
    if (!closed) draw();
  }

  function draw() {
    const time = now();
    const { open } = questions;
    const hadFocus = waiting.contains(document.activeElement);
    keyed(waiting, open, (row) => row.id, (row) => {
      const entry = questionEntry(row, answered);
      entries.set(row.id, entry);
      return entry.node;
    }, (_, row) => entries.get(row.id)?.update(row, time));
    for (const id of entries.keys()) if (!open.some((row) => row.id === id)) entries.delete(id);
    more.hidden = !questions.hasMore;
    late.hidden = questions.expired.length === 0;
    keyed(expired, questions.expired, (row) => row.id, expiredEntry);
    tell(open.length);
    // The question that had the focus is gone: answered, here or elsewhere.
    if (hadFocus && !waiting.contains(document.activeElement)) title.focus();
  }

  /** @param {number} count */
  function tell(count) {
    const many = `${questions.hasMore ? "More than " : ""}${counted(count, "question")}`;
    // Without a connection nothing is known of new questions.
    const words = !isKnown ? (isStale() ? "It is not known whether questions are waiting." : "Loading questions")
      : isStale() ? `${count === 0 ? "No questions" : many} when the connection was lost. There may be others now.`
      : count === 0 ? "No questions are waiting for an answer." : `${many} waiting for an answer.`;
    say(summary, words);
    if (heard && heard !== words) announce(words);
    heard = words;
  }

  /** @param {any} row the answered question */
  function answered(row) {
    const by = row.completed_by ? ` Answered by ${row.completed_by}.` : "";
    fill(said, notice(`You answered “${row.title}”`, `${answerLine(row.form_schema, row.response)}.${by}`),
      el("p", {}, el("a", { href: `#/tasks/${row.task_id}` }, "See the task")));
  }

  function close() {
    closed = true;
    clearInterval(clock);
    unwatch();
    stream.close();
    announce("");
  }
}

/** @param {any} row */
function expiredEntry(row) {
  const at = row.due_at ?? row.updated_at;
  return el("li", {}, el("a", { href: `#/tasks/${row.task_id}` }, row.title),
    el("p", { class: "entry-meta" }, statusMark("failed", "Expired"),
      el("span", {}, `For ${row.assignee_id ?? row.assignee_group ?? "anyone"}`),
      el("time", { datetime: at, title: moment(at) }, `Was due ${ago(at)}`)));
}

// One question: its title, its assignee, when it is due, and the form once it is opened.

/** @param {any} first the row as it was when the entry was made @param {(row: any) => void} answered */
function questionEntry(first, answered) {
  const status = statusMark("waiting", "Waiting");
  const whom = el("span");
  const due = el("time");
  const asked = el("time", { datetime: first.created_at, title: moment(first.created_at) });
  const place = el("div");
  // `toggle` fires too late for a fast Tab into the form, and a search in the page opens it without a click.
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
    form = answerForm(row, answered);
    fill(place, form.node);
    form.update(row);
  }

  /** @param {any} newest @param {number} now */
  function update(newest, now) {
    row = newest;
    sheet.hidden = !mayAnswer(who(), row);
    const overdue = isOverdue(row, now);
    const words = overdue ? "Overdue" : row.claimed_by ? `Claimed by ${row.claimed_by}` : "Waiting";
    setStatus(status, overdue ? "failed" : row.claimed_by ? "claimed" : isDueSoon(row, now) ? "waiting" : "pending", words);
    const assignee = row.assignee_id ?? row.assignee_group;
    say(whom, overdue && row.claimed_by ? `Claimed by ${row.claimed_by}` : assignee ? `For ${assignee}` : "For anyone");
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
