// What a task waits for from outside: a form for each human task, and one for each signal.

import { actOnHumanTask, sendSignal } from "../../client/api.js";
import { who } from "../../client/identity.js";
import { mayAct, mayAnswer } from "../../client/rights.js";
import { isOpen } from "../../client/questions.js";
import { el, fill, keyed, say } from "../dom.js";
import { inputForm, jsonField } from "../form.js";
import { problemNotice, showRequestProblem } from "../notices.js";
import { humanise, moment } from "../words.js";

export function humanTaskForms() {
  const node = el("div", { class: "human-tasks" });
  /** @type {Map<string, ReturnType<typeof humanTaskCard>>} */
  const cards = new Map();
  return {
    node,
    /** @param {import("../../client/store.js").State} state */
    update(state) {
      const open = state.human_tasks.filter(isOpen);
      keyed(node, open, (row) => row.id, (row) => {
        const card = humanTaskCard(row);
        cards.set(row.id, card);
        return card.node;
      }, (_, row) => cards.get(row.id)?.update(row, state.task));
    },
  };
}

/** @param {any} first the row as it was when the card was made */
function humanTaskCard(first) {
  const form = answerForm(first);
  const facts = el("p", { class: "quiet" });
  const heading = `human-task-${first.id}`;
  const node = el("section", { class: "signal human-task", "aria-labelledby": heading },
    el("h2", { id: heading }, first.title), first.description && el("p", { class: "description" }, first.description), facts, form.node);
  return { node, update };

  /** @param {any} row @param {any} task */
  function update(row, task) {
    const parts = [];
    if (row.claimed_by) parts.push(`Claimed by ${row.claimed_by}`);
    else if (row.assignee_id || row.assignee_group) parts.push(`For ${row.assignee_id ?? row.assignee_group}`);
    if (row.due_at) parts.push(`Due ${moment(row.due_at)}`);
    say(facts, parts.join(" · "));
    facts.hidden = parts.length === 0;
    form.update(row, task);
    node.dataset.reminded = row.reminded_at ? "true" : "false";
  }
}

// The form of a human task, made from its JSON Schema.

/**
 * @param {any} first the row as it was when the form was made
 * @param {(row: any) => void} [answered] called with the row once the service has taken the answer
 */
export function answerForm(first, answered) {
  const form = inputForm(first.form_schema, undefined, "/data");
  const problems = el("div", { role: "alert" });
  const answer = el("button", { type: "submit", class: "primary" }, "Submit");
  const claim = el("button", { type: "button", onclick: () => run("claim", undefined) }, "Claim");
  const node = el("form", { novalidate: true, onsubmit: send }, form.node, problems, el("p", { class: "buttons" }, answer, claim));
  let busy = false;
  return { node, update };

  /** @param {any} row @param {any} [task] its task's, where it is known */
  function update(row, task) {
    node.hidden = !mayAnswer(who(), row, task);
    if (row.status !== "claimed" || claim.hidden) return;
    if (claim === document.activeElement) answer.focus();
    claim.hidden = true;
  }

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const { input, problems: unreadable } = form.read();
    if (unreadable.length) return void form.showProblems(unreadable);
    await run("complete", { data: input });
  }

  /** @param {"claim" | "complete"} action @param {any} body */
  async function run(action, body) {
    if (busy) return;
    busy = true;
    answer.disabled = action === "complete";
    fill(problems);
    try {
      const row = await actOnHumanTask(first.id, action, body);
      if (action === "complete") answered?.(row);
    } catch (error) {
      showRequestProblem(form, problems, error);
      answer.disabled = false;
    } finally {
      busy = false;
    }
  }
}

// A phase that waits for a signal has a form to send it.

/** @param {string} taskID */
export function signalForms(taskID) {
  const node = el("div", { class: "signals" });
  return {
    node,
    /** @param {import("../../client/store.js").State} state */
    update(state) {
      // A paused task takes signals up only when it is resumed.
      const waiting = state.status === "paused" || !mayAct(who(), state.task) ? [] : state.phases.filter((phase) => phase.kind === "signal" && phase.status === "waiting");
      keyed(node, waiting.map((phase) => ({ phase, name: signalName(phase, state.steps) })),
        ({ phase, name }) => `${phase.id}:${phase.iteration}:${name}`, ({ phase, name }) => signalForm(taskID, phase, name));
    },
  };
}

/** The waiting step knows the signal's name. @param {any} phase @param {any[]} steps */
function signalName(phase, steps) {
  return steps.find((step) => step.phase_id === phase.id && step.status === "waiting")?.input?.signal ?? phase.key;
}

/** @param {string} taskID @param {any} phase @param {string} name */
function signalForm(taskID, phase, name) {
  const data = jsonField({ title: "Data" }, { key: "data", pointer: "/data", required: false, initial: undefined });
  const problem = el("div", { role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Send signal");
  const heading = `signal-${phase.id}`;
  return el("section", { class: "signal", "aria-labelledby": heading },
    el("h2", { id: heading }, `Waiting for “${name}”`),
    el("p", {}, `The phase “${humanise(phase.key)}” continues when this signal arrives, from here or from another program.`),
    el("form", { novalidate: true, onsubmit: send }, data.node, problem, el("p", { class: "actions" }, button)));

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    data.clearProblem();
    fill(problem);
    const { value = {}, problem: unreadable } = data.read();
    if (unreadable) {
      data.showProblem(unreadable);
      data.focus();
      return;
    }
    button.disabled = true;
    try {
      await sendSignal(taskID, name, value);
    } catch (error) {
      button.disabled = false;
      fill(problem, problemNotice(error));
    }
  }
}
