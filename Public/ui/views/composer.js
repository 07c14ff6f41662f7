// Choose a workflow, fill in its form, start.

import { getTask, getWorkflow, listWorkflows, newIdempotencyKey, Problem, startTask, workflowsURL } from "../../client/api.js";
import { who } from "../../client/identity.js";
import { write } from "../../client/json.js";
import { mayStart } from "../../client/rights.js";
import { watchConnection } from "../connection.js";
import { el, fill } from "../dom.js";
import { inputForm } from "../form.js";
import { notice, problemNotice, showRequestProblem } from "../notices.js";
import { humanise, phaseName } from "../words.js";

/** @param {{workflow?: string, from?: string | null}} options */
export function composer({ workflow, from }) {
  const node = el("div", { class: "composer", "aria-busy": "true" }, el("p", { class: "quiet" }, "Loading workflows"));
  let isShown = false;
  let closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  load();
  // What could not be read is read when the connection is back.
  const unwatch = watchConnection(() => !isShown && load());
  return { node, close };

  function close() {
    closed = true;
    clearTimeout(timer);
    unwatch();
  }

  async function load() {
    clearTimeout(timer);
    try {
      const rows = await listWorkflows();
      if (closed || isShown) return;
      isShown = rows.length > 0;
      if (isShown) await showPicker(rows);
      else fill(node, nothingPublished());
    } catch (error) {
      if (closed || isShown) return;
      fill(node, problemNotice(error), el("p", {}, el("button", { type: "button", onclick: load }, "Try again")));
    }
    node.removeAttribute("aria-busy");
    // No event says that a workflow was published.
    if (!isShown) timer = setTimeout(load, 2000);
  }

  /** @param {any[]} rows */
  async function showPicker(rows) {
    const chosen = workflow === undefined ? rows[0].name : rows.find((row) => row.name === workflow)?.name;
    const picker = el("select", { id: "workflow" }, !chosen && el("option", { value: "", disabled: true }, "Choose one"),
      ...rows.map((row) => el("option", { value: row.name }, humanise(row.name))));
    picker.value = chosen ?? "";
    const body = el("div", {}, !chosen && notice(`There is no workflow “${workflow}”`,
      "It is not published, or no version of it is active. These are the workflows that can be started.", { bad: true }));
    fill(node, el("div", { class: "field" }, el("label", { for: "workflow" }, "Workflow"), picker), body);
    picker.addEventListener("change", () => {
      history.replaceState(null, "", `#/workflows/${encodeURIComponent(picker.value)}`);
      showWorkflow(body, picker, picker.value, null);
    });
    if (chosen) await showWorkflow(body, picker, chosen, from ?? null);
  }
}

/** @param {Element} body @param {HTMLSelectElement} picker @param {string} name @param {string | null} from */
async function showWorkflow(body, picker, name, from) {
  try {
    const [row, earlier] = await Promise.all([getWorkflow(name), from ? getTask(from).catch(() => null) : null]);
    if (picker.value !== name) return;
    fill(body, startForm(row, earlier?.input));
  } catch (error) {
    if (picker.value === name) fill(body, problemNotice(error));
  }
}

/** @param {any} row @param {any} initial */
function startForm(row, initial) {
  const inputs = inputForm(row.definition.input, initial);
  const problems = el("div", { class: "problems", role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Start");
  const form = el("form", { novalidate: true, "aria-labelledby": "desk-title" }, inputs.node, problems, el("p", { class: "actions" }, button));
  let sent = { body: "", key: "" };

  form.addEventListener("submit", async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    fill(problems);
    const { input, problems: unreadable } = inputs.read();
    if (unreadable.length) return void inputs.showProblems(unreadable);
    const body = { workflow: row.name, version: row.version, input };
    const text = write(body);
    if (sent.body !== text) sent = { body: text, key: newIdempotencyKey() }; // sent again after a lost connection, it starts nothing twice
    button.disabled = true;
    try {
      const task = await startTask(body, sent.key);
      location.hash = `#/tasks/${task.task_id}`;
    } catch (error) {
      button.disabled = false;
      showRequestProblem(inputs, problems, error);
      if (!(error instanceof Problem) || error.status !== 0) sent = { body: "", key: "" };
    }
  });
  return el("div", {}, row.description && el("p", { class: "standfirst" }, row.description),
    mayStart(who()) ? form : notice("You cannot start tasks here", who()?.tenant_suspended
      ? `The tenant “${who()?.tenant_id}” is suspended: what runs goes on, and nothing new starts.`
      : "Your key or token is for reading."), programme(row));
}

function nothingPublished() {
  const url = workflowsURL();
  const isDefault = ["http://127.0.0.1:8080", "http://localhost:8080"].includes(url.origin);
  return el("div", {},
    notice("No workflow is published yet", "Publish one and it will appear here:"),
    el("pre", { class: "code", tabindex: 0, role: "region", "aria-label": "Commands" },
      `pressroom workflow publish examples/launch-post.yaml${isDefault ? "" : ` --url ${url.origin}`}\n\n# or\ncurl ${url} \\\n  -H 'content-type: application/yaml' \\\n  --data-binary @examples/launch-post.yaml`));
}

// What a workflow does, and its agents.

/** @param {any} row a workflow */
function programme(row) {
  const { phases = [], agents = {} } = row.definition;
  const people = Object.entries(agents);
  return el("div", { class: "programme" },
    el("h2", {}, "What happens"),
    el("ol", {}, ...phases.map((/** @type {any} */ phase) => el("li", {}, el("span", { class: "programme-phase" }, phaseName({ kind: phase.kind, key: phase.id }, row.definition)),
      phase.agents?.length ? el("span", { class: "quiet" }, ` ${phase.agents.map((/** @type {string} */ slug) => agents[slug]?.name ?? humanise(slug)).join(", ")}`) : null))),
    people.length > 0 && el("dl", { class: "staff" }, ...people.map(([slug, agent]) =>
      el("div", {}, el("dt", {}, agent.name ?? humanise(slug)), el("dd", {}, `${humanise(agent.role)} · `, el("code", {}, [agent.model].flat().join(", then ")))))),
    el("p", { class: "quiet" }, `${row.name} ${row.version}`));
}
