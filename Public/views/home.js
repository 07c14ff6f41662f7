// The front page: commission a task, what waits for people, and what is on the wire. The tenant's stream keeps it up.

import { el } from "../dom.js";
import { tenantStream } from "../tenant-stream.js";
import { composer } from "./composer.js";
import { recentTasks } from "./recent.js";
import { waitingLine } from "./waiting.js";
import { showConnection } from "./wire.js";

/** @param {{workflow?: string, from?: string | null}} options */
export function homeView(options) {
  showConnection("idle");
  const desk = composer(options);
  const waiting = waitingLine();
  const recent = recentTasks();
  const stream = tenantStream({
    task_updated: (event) => recent.changed(event.task),
    human_task_updated: (event) => waiting.changed(event.human_task),
  }, () => {
    recent.read();
    waiting.read();
  });
  const node = el("div", { class: "front" },
    el("section", { class: "desk", "aria-labelledby": "desk-title" },
      el("h1", { id: "desk-title", tabindex: -1 }, "Commission a piece"), desk.node),
    el("section", { class: "recent", "aria-labelledby": "recent-title" },
      el("h2", { id: "recent-title" }, "Recent tasks"), waiting.node, recent.node));
  return { title: "Front page", node, close };

  function close() {
    stream.close();
    recent.close();
  }
}
