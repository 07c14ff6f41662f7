// What the task is about, its progress, and the actions that its status allows.

import { act } from "../../client/api.js";
import { write } from "../../client/json.js";
import { completedPhases } from "../../client/progress.js";
import { who } from "../../client/identity.js";
import { mayDo, mayStart } from "../../client/rights.js";
import { isTerminal, taskActions } from "../../client/vocabulary.js";
import { now } from "../connection.js";
import { el, fill, keyed, say } from "../dom.js";
import { confirmed, problemNotice, setStatus, statusMark } from "../notices.js";
import { ago, counted, elapsed, headline, humanise, moment, percent, phaseName, price } from "../words.js";

/** @param {import("../../client/session.js").Session} session */
export function taskHeader(session) {
  const kicker = el("p", { class: "kicker" });
  const title = el("h1", { tabindex: -1 });
  const facts = el("dl", { class: "facts" });
  const status = statusMark("pending");
  const phase = el("span", { class: "now" });
  const time = el("span", { class: "timing" });
  const progress = el("progress", { max: 1, "aria-label": "Progress" });
  const share = el("span", { class: "share" });
  const bar = el("p", { class: "progress" }, progress, share);
  const controls = taskControls(session);
  const node = el("header", { class: "task-header" }, kicker, title, facts,
    el("div", { class: "bar" }, el("p", { class: "state" }, status, phase, time), controls.node),
    bar);
  let drawn = "";

  return {
    node,
    /** @param {import("../../client/store.js").State} state @param {any} definition */
    update(state, definition) {
      const { task } = state;
      const key = `${task.task_id}${definition ? "+" : ""}`;
      if (drawn !== key) {
        drawn = key;
        const about = headline(task);
        fill(kicker, el("span", {}, humanise(task.workflow_name)), el("span", {}, `Version ${task.workflow_version}`),
          el("time", { datetime: task.created_at, title: ago(task.created_at) }, moment(task.created_at)));
        say(title, about);
        title.dataset.long = about.length > 90 ? "true" : "false";
        fill(facts, ...inputFacts(task.input, about));
        facts.hidden = facts.childElementCount === 0;
      }
      setStatus(status, state.status);
      const open = !isTerminal("task", state.status);
      const current = state.phases.find((row) => row.key === state.phase);
      say(phase, open && state.phase ? (current ? phaseName(current, definition) : humanise(state.phase)) : "");
      progress.value = state.progress;
      // A bar of what ended before its time would be read as nearly done.
      const broken = state.status === "failed" || state.status === "cancelled";
      progress.hidden = broken;
      say(share, broken ? `${completedPhases(state)} of ${counted(state.phases.length, "phase")} completed` : percent(state.progress));
      bar.dataset.moving = String(state.status === "running");
      node.dataset.status = state.status;
      controls.update(state);
      this.tick(state);
    },
    /** @param {import("../../client/store.js").State} state */
    tick(state) {
      const { task } = state;
      const end = task.completed_at ?? task.failed_at ?? task.cancelled_at;
      const until = isTerminal("task", state.status) && end ? Date.parse(end) : now();
      const { total_tokens: tokens = 0, cost } = task.usage ?? {};
      const parts = [];
      if (task.started_at) parts.push(elapsed(until - Date.parse(task.started_at)));
      if (tokens > 0) parts.push(counted(tokens, "token"));
      if (cost > 0) parts.push(`cost ${price(cost)}`);
      say(time, parts.join(" · "));
    },
  };
}

/** The rest of the input, where it is short. @param {any} input @param {string} about */
function inputFacts(input, about) {
  if (!input || typeof input !== "object") return [];
  return Object.entries(input)
    .filter(([, value]) => value !== null && value !== "" && !(typeof value === "string" && value.trim() === about))
    .map(([key, value]) => el("div", {}, el("dt", {}, humanise(key)), el("dd", {}, typeof value === "string" ? value
      : Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(", ") : write(value))));
}

// The actions that the task's status allows.

const labels = { pause: "Pause", resume: "Resume", cancel: "Cancel", retry: "Retry" };

/** @param {import("../../client/session.js").Session} session */
function taskControls(session) {
  const buttons = el("div", { class: "buttons" });
  const problem = el("div", { role: "alert" });
  const again = el("a", { class: "button", hidden: true }, "Start another like this");
  const node = el("div", { class: "controls" }, buttons, again, problem);
  let busy = false;
  /** The status in which an action failed; the reason goes with it. */
  let failedIn = "";

  return {
    node,
    /** @param {import("../../client/store.js").State} state */
    update(state) {
      if (failedIn && failedIn !== state.status) {
        failedIn = "";
        fill(problem);
      }
      const hadFocus = buttons.contains(document.activeElement);
      const offered = (taskActions[state.status] ?? []).filter((action) => mayDo(who(), state.task, action));
      keyed(buttons, offered, (action) => action, button);
      // When the new status removes the button that has the focus, the focus moves to the next one.
      if (hadFocus && !buttons.contains(document.activeElement)) {
        /** @type {HTMLElement | null} */ (buttons.querySelector("button") ?? document.querySelector("main h1"))?.focus({ preventScroll: true });
      }
      again.hidden = !mayStart(who()) || ((taskActions[state.status] ?? []).length > 0 && state.status !== "failed");
      again.setAttribute("href", `#/workflows/${encodeURIComponent(state.task.workflow_name)}?from=${state.task.task_id}`);
    },
  };

  /** @param {import("../../client/vocabulary.js").TaskAction} action */
  function button(action) {
    return el("button", { type: "button", class: action === "cancel" ? "danger" : "", onclick: () => run(action) }, labels[action]);
  }

  /** @param {import("../../client/vocabulary.js").TaskAction} action */
  async function run(action) {
    if (busy) return;
    if (action === "cancel" && !(await confirmed("Cancel this task?", "Work in progress stops. A cancelled task cannot be resumed.", "Cancel task", "Keep running"))) return;
    busy = true;
    fill(problem);
    try {
      await act(session.taskID, action);
      session.wake();
    } catch (error) {
      failedIn = session.state?.status ?? "";
      fill(problem, problemNotice(error));
    } finally {
      busy = false;
    }
  }
}
