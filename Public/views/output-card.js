// One track: its writer, its text as it is written, what the editor said, and the verdicts.

import { el, fill, say } from "../dom.js";
import { counted, errorWords, humanise, number } from "../words.js";
import { liveCopy } from "./copy.js";
import { setStatus, statusMark } from "./status.js";
import { verdicts } from "./verdicts.js";

let count = 0;

/**
 * @typedef {object} CardContext
 * @property {import("../live.js").LiveText | undefined} live
 * @property {any[]} evaluations
 * @property {boolean} lead whether it won
 * @property {boolean} frozen whether nothing is being written now
 * @property {any} definition
 */

export function outputCard() {
  const id = `output-${++count}`;
  const byline = el("h3", { id });
  const model = el("p", { class: "model" });
  const badges = el("p", { class: "badges" });
  const status = statusMark("pending_write");
  const version = el("span", { class: "edition" });
  const copy = liveCopy(id);
  const feedback = el("div", { class: "feedback", hidden: true });
  const error = el("p", { class: "error", hidden: true });
  const judging = verdicts();
  const usage = el("p", { class: "usage" });
  const node = el("article", { class: "output", "aria-labelledby": id }, el("div", { class: "piece" },
    el("header", {}, el("div", { class: "byline" }, byline, badges), model, el("p", { class: "state" }, status, version)),
    copy.node, el("div", { class: "margin" }, error, feedback, judging.node, usage)));
  /** @type {any} */
  let drawn = null;

  return {
    node,
    /** @param {any} output @param {CardContext} context */
    update(output, { live, evaluations, lead, frozen, definition }) {
      node.classList.toggle("lead", lead);
      const writing = live !== undefined && !frozen;
      copy.update(live ? live.text : output.content ?? "", writing, emptyWords(output.status), lead);
      say(version, edition(output, writing ? live : undefined));
      judging.update(evaluations, definition);
      if (drawn === output) return;
      drawn = output;
      node.dataset.status = output.status;
      node.dataset.outputId = output.id;
      say(byline, output.writer?.name ?? humanise(output.track));
      say(model, output.writer?.model ?? "");
      setStatus(status, output.status);
      fill(badges, ...badgesOf(output));
      drawFeedback(feedback, output);
      error.hidden = !output.error;
      say(error, errorWords(output.error));
      say(usage, output.usage?.total_tokens ? counted(output.usage.total_tokens, "token") : "");
    },
  };
}

/** @param {string} status */
const emptyWords = (status) => (status === "failed" ? "No text." : status === "pending_write" ? "Not begun yet." : "The first words are on their way.");

/** @param {any} output @param {import("../live.js").LiveText | undefined} live */
function edition(output, live) {
  const parts = [];
  if (live) parts.push(`writing version ${live.version_number}`);
  else if (output.version_number > 0) parts.push(`version ${output.version_number}`);
  if (output.edit_cycle > 0) parts.push(`edit cycle ${output.edit_cycle}`);
  return parts.join(" · ");
}

/** @param {any} output */
function badgesOf(output) {
  const badges = [];
  if (output.final_rank === 1) badges.push(el("span", { class: "badge winner" }, "Winner"));
  else if (output.final_rank) badges.push(el("span", { class: "badge" }, `Rank ${output.final_rank}`));
  if (output.is_finalist) badges.push(el("span", { class: "badge finalist" }, "Finalist"));
  if (output.initial_avg_score !== null) badges.push(el("span", { class: "badge score" }, `Average ${number(output.initial_avg_score)}`));
  return badges;
}

/** @param {HTMLElement} node @param {any} output */
function drawFeedback(node, output) {
  node.hidden = !output.editor_feedback && output.editor_approved === null;
  if (node.hidden) return;
  const who = output.editor?.name ?? "The editor";
  const said = output.editor_approved ? `${who} approved it` : output.editor_approved === false ? `${who} asked for changes` : `${who} says`;
  fill(node, el("p", { class: "feedback-by" }, said), output.editor_feedback && el("blockquote", {}, output.editor_feedback));
}

