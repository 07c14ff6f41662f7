// Pause, resume, cancel, retry: those that the task's status allows.

import { act } from "../api.js";
import { el, fill, keyed } from "../dom.js";
import { confirmed } from "./confirm.js";
import { problemNotice } from "./notice.js";

/** @typedef {"pause" | "resume" | "cancel" | "retry"} Action */

const labels = { pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Retry" };

/** @type {Record<string, Action[]>} */
const allowed = {
  pending: ["pause", "cancel"], running: ["pause", "cancel"], waiting: ["pause", "cancel"],
  paused: ["resume", "cancel"], failed: ["retry"], completed: [], cancelled: [],
};

/** @param {import("../session.js").Session} session */
export function taskControls(session) {
  const buttons = el("div", { class: "buttons" });
  const problem = el("div", { role: "alert" });
  const again = el("a", { class: "button", hidden: true }, "Start another like this");
  const node = el("div", { class: "controls" }, buttons, again, problem);
  let busy = false;

  return {
    node,
    /** @param {import("../store.js").State} state */
    update(state) {
      const hadFocus = buttons.contains(document.activeElement);
      keyed(buttons, allowed[state.status] ?? [], (action) => action, button);
      // A button that the new status took away must not take the keyboard's place with it.
      if (hadFocus && !buttons.contains(document.activeElement)) {
        /** @type {HTMLElement | null} */ (buttons.querySelector("button") ?? document.querySelector("main h1"))?.focus({ preventScroll: true });
      }
      again.hidden = (allowed[state.status] ?? []).length > 0 && state.status !== "failed";
      again.setAttribute("href", `#/workflows/${encodeURIComponent(state.task.workflow_name)}?from=${state.task.task_id}`);
    },
  };

  /** @param {Action} action */
  function button(action) {
    return el("button", { type: "button", class: action === "cancel" ? "danger" : "", onclick: () => run(action) }, labels[action]);
  }

  /** @param {Action} action */
  async function run(action) {
    if (busy) return;
    if (action === "cancel" && !(await confirmed("Cancel this task?", "Work in progress stops. A cancelled task cannot be resumed.", "Cancel the task", "Keep it"))) return;
    busy = true;
    fill(problem);
    try {
      await act(session.taskID, action);
      session.wake();
    } catch (error) {
      fill(problem, problemNotice(error));
    } finally {
      busy = false;
    }
  }
}
