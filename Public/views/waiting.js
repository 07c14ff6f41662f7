// How many questions wait for people, with the way to them.

import { el, say } from "../dom.js";
import { isDueSoon, Questions } from "../questions.js";
import { counted } from "../words.js";

export function waitingLine() {
  const questions = new Questions();
  const link = el("a", { href: "#/inbox" });
  const node = el("p", { class: "waiting", hidden: true }, link);
  return { node, read, changed };

  async function read() {
    try {
      await questions.read();
      show();
    } catch {
      // The list of tasks says what is wrong.
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
    const many = `${questions.hasMore ? "More than " : ""}${counted(open.length, "question waits", "questions wait")} for an answer`;
    node.hidden = open.length === 0;
    node.dataset.due = String(due > 0);
    say(link, due ? `${many}, ${due} due within the hour` : many);
  }
}
