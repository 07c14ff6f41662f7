// How a draft came to be what it is: every step that worked on it or judged it, in order, with what it brought, its attempts, and
// what each of their calls asked and was answered. Read when it is opened, and again when the draft has moved on.

import { getCall, getOutputStory } from "../../client/api.js";
import { el, fill } from "../dom.js";
import { problemNotice, statusMark } from "../notices.js";
import { counted, errorWords, humanise, moment, number, price } from "../words.js";
import { callBodies } from "./exchange.js";

/** How long changes gather before an open story is read again, in milliseconds. */
const calm = 400;

/** What a step did to a draft. @type {Record<string, string>} */
const deeds = { write: "Written", edit: "Edited", rewrite: "Rewritten", evaluate: "Scored", rank: "Ranked" };

export function storyPanel() {
  const body = el("div", { class: "story-body" });
  const node = el("details", { class: "story", ontoggle: toggled }, el("summary", {}, "How it came about"), body);
  /** The draft as it was last shown. @type {{output: any, definition: any, key: string} | null} */
  let wanted = null;
  let read = "";
  let reading = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** What is open, by the ids of versions and calls: it stays open when the story is read again. @type {Map<string, HTMLElement>} */
  const opened = new Map();
  return { node, update };

  /** @param {any} output @param {any[]} steps that worked on it or judged it @param {any} definition */
  function update(output, steps, definition) {
    const key = [`${output.id}:${output.version}:${definition ? "+" : ""}`, ...steps.map((step) => `${step.id}:${step.version}`)].join();
    wanted = { output, definition, key };
    node.hidden = !steps.some((step) => step.started_at);
    if (!node.open || key === read) return;
    clearTimeout(timer);
    timer = setTimeout(load, calm);
  }

  function toggled() {
    if (node.open && wanted && read !== wanted.key) void load();
  }

  async function load() {
    if (!wanted || !node.open || reading) return;
    reading = true;
    const { output, definition, key } = wanted;
    if (read === "") fill(body, el("p", { class: "quiet" }, "Reading"));
    try {
      const story = await getOutputStory(output.task_id, output.id);
      read = key;
      draw(story, definition);
    } catch (error) {
      fill(body, problemNotice(error), el("p", {}, el("button", { type: "button", onclick: load }, "Try again")));
    } finally {
      reading = false;
    }
    if (wanted.key !== key && read === key) timer = setTimeout(load, calm);
  }

  /** @param {any} story the body of `GET …/outputs/{output_id}` @param {any} definition */
  function draw(story, definition) {
    const told = new Set(story.steps.map((/** @type {any} */ step) => step.output?.version_number));
    const entries = [
      ...story.steps.filter((/** @type {any} */ step) => step.started_at).map((/** @type {any} */ step) => ({
        at: step.started_at, node: () => stepEntry(step, story, definition, fold),
      })),
      // Texts that no step's result names: changes by hand.
      ...story.versions.filter((/** @type {any} */ version) => !told.has(version.version_number)).map((/** @type {any} */ version) => ({
        at: version.created_at, node: () => versionEntry(version, fold),
      })),
    ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    fill(body, el("p", { class: "quiet" }, summary(story)),
      story.is_cut && el("p", { class: "quiet" }, "Only the last part of it is shown."),
      entries.length > 0 ? el("ol", {}, ...entries.map((entry) => entry.node())) : el("p", { class: "quiet" }, "Nothing has worked on it yet."));
  }

  /**
   * What opens on demand, once and for all: a call's row never changes, and neither does a version's.
   * @param {string} id @param {() => HTMLElement} create
   */
  function fold(id, create) {
    const known = opened.get(id) ?? create();
    opened.set(id, known);
    return known;
  }
}

/** @param {any} story */
function summary(story) {
  const calls = story.steps.flatMap((/** @type {any} */ step) => step.attempts.flatMap((/** @type {any} */ attempt) => attempt.calls));
  const attempts = story.steps.reduce((/** @type {number} */ sum, /** @type {any} */ step) => sum + step.attempts.length, 0);
  const rejected = story.steps.filter((/** @type {any} */ step) => step.kind === "edit" && step.output?.approved === false).length;
  const parts = [counted(story.versions.length, "version")];
  if (rejected > 0) parts.push(`sent back ${rejected === 1 ? "once" : rejected === 2 ? "twice" : `${rejected} times`}`);
  parts.push(`${counted(calls.length, "call")} in ${counted(attempts, "attempt")}`, ...usageWords(calls));
  return parts.join(" · ");
}

/** Tokens and cost of some calls. @param {any[]} calls */
function usageWords(calls) {
  const sum = (/** @type {string} */ key) => calls.reduce((total, call) => total + (call.usage?.[key] ?? 0), 0);
  const [asked, answered] = [sum("prompt_tokens"), sum("completion_tokens")];
  const parts = [];
  if (asked + answered > 0) parts.push(`${number(asked)} tokens read, ${number(answered)} written`);
  if (calls.some((call) => typeof call.usage?.cost === "number")) parts.push(`cost ${price(sum("cost"))}`);
  return parts;
}

/** @param {string} from @param {string} to */
function took(from, to) {
  const milliseconds = Math.max(0, Date.parse(to) - Date.parse(from));
  return milliseconds < 1000 ? `${milliseconds} ms` : `${number(Math.round(milliseconds / 100) / 10)} s`;
}

/** @typedef {(id: string, create: () => HTMLElement) => HTMLElement} Fold */

/** @param {any} step with its attempts @param {any} story @param {any} definition @param {Fold} fold */
function stepEntry(step, story, definition, fold) {
  const who = definition?.agents?.[step.agent]?.name ?? (step.agent ? humanise(step.agent) : "");
  const head = el("p", { class: "story-head" },
    el("span", { class: "story-deed" }, `${deeds[step.kind] ?? humanise(step.kind)}${who ? ` by ${who}` : ""}`),
    step.status !== "completed" && statusMark(step.status),
    el("span", { class: "quiet" }, [moment(step.started_at), step.completed_at && took(step.started_at, step.completed_at)].filter(Boolean).join(" · ")));
  const only = step.attempts.length === 1 && step.attempts[0].status === "completed" ? step.attempts[0] : null;
  const work = only ? [callList(only.calls, fold)] : step.attempts.map((/** @type {any} */ attempt) => attemptEntry(attempt, fold));
  return el("li", { "data-kind": step.kind }, head, ...outcome(step, story, fold), ...work);
}

/** What the step brought. @param {any} step @param {any} story @param {Fold} fold @returns {(Element | null)[]} */
function outcome(step, story, fold) {
  const result = step.output ?? {};
  const version = story.versions.find((/** @type {any} */ one) => one.version_number === result.version_number);
  const verdict = story.evaluations.find((/** @type {any} */ one) => one.step_id === step.id);
  const parts = [];
  if (step.kind === "edit" && typeof result.approved === "boolean") {
    parts.push(el("p", { class: "story-verdict", "data-approved": String(result.approved) }, result.approved ? "Approved" : "Sent back"));
    if (result.feedback) parts.push(el("blockquote", {}, result.feedback));
  }
  // What was written; of an edit, what it polished.
  if (version) parts.push(versionText(version, fold));
  if (verdict) parts.push(...verdictWords(verdict));
  if (step.status === "failed" && step.error) parts.push(el("p", { class: "error" }, errorWords(step.error)));
  return parts;
}

/** @param {any} verdict @returns {Element[]} */
function verdictWords(verdict) {
  if (verdict.status === "failed") return [el("p", { class: "error" }, `No verdict${verdict.error ? `: ${errorWords(verdict.error)}` : ""}`)];
  if (verdict.status !== "completed") return [];
  const said = [];
  if (verdict.score !== null) said.push(`Score ${number(verdict.score)}`);
  if (verdict.rank !== null) said.push(`Place ${verdict.rank}`);
  return [el("p", { class: "story-verdict" }, said.join(" · ") || "Judged"),
    ...(verdict.reasoning ? [el("blockquote", {}, verdict.reasoning)] : [])];
}

/** @param {any} version @param {Fold} fold */
function versionEntry(version, fold) {
  const by = version.agent?.actor?.replace(/^user:/, "") ?? version.agent?.name;
  return el("li", { "data-kind": version.action }, el("p", { class: "story-head" },
    el("span", { class: "story-deed" }, `${version.action === "manual" ? "Changed by hand" : humanise(version.action)}${by ? ` by ${by}` : ""}`),
    el("span", { class: "quiet" }, moment(version.created_at))), versionText(version, fold));
}

/** @param {any} version @param {Fold} fold */
const versionText = (version, fold) => fold(version.id, () => el("details", {},
  el("summary", {}, `Version ${version.version_number}`, version.finish_reason === "length" && el("span", { class: "quiet" }, " cut off at its limit")),
  el("div", { class: "story-text", tabindex: 0, role: "group", "aria-label": `Version ${version.version_number}` }, version.content)));

/** @param {any} attempt @param {Fold} fold */
function attemptEntry(attempt, fold) {
  return el("div", { class: "attempt" }, el("p", { class: "story-head" }, `Attempt ${attempt.attempt}`,
    statusMark(attempt.status, attempt.status === "lost" ? "Its node was lost" : undefined),
    attempt.started_at && el("span", { class: "quiet" }, took(attempt.started_at, attempt.ended_at))),
    attempt.error && el("p", { class: "error" }, errorWords(attempt.error)), callList(attempt.calls, fold));
}

/** @param {any[]} calls @param {Fold} fold */
function callList(calls, fold) {
  if (calls.length === 0) return null;
  return el("ul", { class: "calls" }, ...calls.map((call) => el("li", {}, fold(call.id, () => callEntry(call)))));
}

/** One call; what was asked and answered is read when it is opened. @param {any} call a row */
function callEntry(call) {
  const body = el("div", { class: "call-body" });
  const details = el("details", { class: "call", ontoggle: load }, el("summary", {},
    el("code", {}, call.model_asked ?? call.provider ?? call.kind), call.status !== "completed" && statusMark(call.status),
    el("span", { class: "quiet" }, [...usageWords([call]), took(call.sent_at, call.ended_at), call.finish_reason === "length" && "cut off"].filter(Boolean).join(" · "))),
    call.error && el("p", { class: "error" }, errorWords(call.error)), body);
  let isRead = false;
  return details;

  async function load() {
    if (!details.open || isRead) return;
    isRead = true;
    fill(body, el("p", { class: "quiet" }, "Reading"));
    try {
      fill(body, ...callBodies(await getCall(call.id)));
    } catch (error) {
      isRead = false;
      fill(body, problemNotice(error));
    }
  }
}
