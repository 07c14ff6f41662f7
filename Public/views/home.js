// The front page: commission a task, and what is on the wire.

import { el } from "../dom.js";
import { composer } from "./composer.js";
import { recentTasks } from "./recent.js";
import { showConnection } from "./wire.js";

/** @param {{workflow?: string, from?: string | null}} options */
export function homeView(options) {
  showConnection("idle");
  const desk = composer(options);
  const recent = recentTasks();
  const node = el("div", { class: "front" },
    el("section", { class: "desk", "aria-labelledby": "desk-title" },
      el("h1", { id: "desk-title", tabindex: -1 }, "Commission a piece"), desk.node),
    el("section", { class: "recent", "aria-labelledby": "recent-title" },
      el("h2", { id: "recent-title" }, "Recent tasks"), recent.node));
  return { title: "Front page", node, close: () => recent.close() };
}
