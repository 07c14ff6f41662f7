// One draft: its writer, its text as it is written, the editor's feedback, and the verdicts.

import { el, fill, say } from "../dom.js";
import { setStatus, statusMark } from "../notices.js";
import { counted, errorWords, humanise, number } from "../words.js";
import { editDialog, isEditable } from "./edit.js";
import { verdicts } from "./judging.js";
import { storyPanel } from "./story.js";

let count = 0;

/**
 * @typedef {object} CardContext
 * @property {import("../../client/store.js").LiveText | undefined} live
 * @property {Map<string, string>} reasons what judges write now, by step
 * @property {any[]} evaluations
 * @property {any[]} steps that worked on it or judged it
 * @property {boolean} lead whether it leads the page
 * @property {boolean} best whether it won
 * @property {boolean} mayEdit
 * @property {boolean} frozen whether nothing is being written now
 * @property {any} definition
 */

/** @param {() => void} refresh follows a task again that is over */
export function outputCard(refresh) {
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
  const story = storyPanel();
  const edit = el("button", { type: "button", class: "link edit", "aria-describedby": id, hidden: true }, "Edit the text");
  edit.addEventListener("click", () => {
    editDialog(() => drawn, refresh).addEventListener("close", () => edit.focus());
  });
  const node = el("article", { class: "output", "aria-labelledby": id }, el("div", { class: "piece" },
    el("header", {}, el("div", { class: "byline" }, byline, badges), model, el("p", { class: "state" }, status, version, edit)),
    copy.node, el("div", { class: "margin" }, error, feedback, judging.node, usage), story.node));
  /** @type {any} */
  let drawn = null;
  let drawnBest = false;

  return {
    node,
    /** @param {any} output @param {CardContext} context */
    update(output, { live, reasons, evaluations, steps, lead, best, frozen, definition, mayEdit }) {
      node.classList.toggle("lead", lead);
      const writing = live !== undefined && !frozen;
      copy.update(live ? live.text : output.content ?? "", writing, emptyWords(output.status), lead);
      say(version, edition(output, writing ? live : undefined));
      judging.update(evaluations, definition, frozen ? new Map() : reasons);
      story.update(output, steps, definition);
      edit.hidden = !mayEdit || !isEditable(output);
      if (drawn === output && drawnBest === best) return;
      drawn = output;
      drawnBest = best;
      node.dataset.status = output.status;
      node.dataset.outputId = output.id;
      say(byline, output.writer?.name ?? humanise(output.track));
      say(model, output.writer?.model ?? "");
      setStatus(status, output.status);
      fill(badges, ...badgesOf(output, best));
      drawFeedback(feedback, output);
      error.hidden = !output.error;
      say(error, errorWords(output.error));
      say(usage, output.usage?.total_tokens ? counted(output.usage.total_tokens, "token") : "");
    },
  };
}

/** @param {string} status */
const emptyWords = (status) => (status === "failed" ? "No text." : status === "pending_write" ? "Not started yet." : "Waiting for the first words.");

/** @param {any} output @param {import("../../client/store.js").LiveText | undefined} live */
function edition(output, live) {
  const parts = [];
  if (live) parts.push(live.step_id === undefined ? `writing version ${live.version_number}` : `polishing version ${output.version_number}`);
  else if (output.version_number > 0) parts.push(`version ${output.version_number}`);
  if (!live && output.edited_by) parts.push(`edited by hand, ${output.edited_by.replace(/^user:/, "")}`);
  if (output.edit_cycle > 0) parts.push(`edit cycle ${output.edit_cycle}`);
  return parts.join(" · ");
}

/** @param {any} output @param {boolean} isBest */
function badgesOf(output, isBest) {
  const badges = [];
  if (isBest) badges.push(el("span", { class: "badge winner" }, "Winner"));
  else if (output.final_rank) badges.push(el("span", { class: "badge" }, `Rank ${output.final_rank}`));
  if (output.finish_reason === "length" || output.finish_reason === "pause") {
    badges.push(el("span", { class: "badge", title: "The model reached a limit before the end of the text." }, "Cut off"));
  }
  if (output.is_finalist) badges.push(el("span", { class: "badge finalist" }, "Finalist"));
  if (output.initial_avg_score !== null) badges.push(el("span", { class: "badge score" }, `Score ${number(output.initial_avg_score)}`));
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

// A text, while it is written and after. Only new text is appended, so that a long text costs no more than a short one.

/** @param {string} labelledBy the id of the heading that names the text */
function liveCopy(labelledBy) {
  const text = document.createTextNode("");
  const body = el("div", { class: "copy", tabindex: 0, role: "group", "aria-labelledby": labelledBy }, text);
  const empty = el("p", { class: "quiet empty" });
  const toggle = el("button", { type: "button", class: "link", hidden: true, "aria-expanded": "false" }, "Read in full");
  const node = el("div", { class: "copy-box" }, empty, body, toggle);
  let shown = "";
  let open = false;
  let wide = false;

  toggle.addEventListener("click", () => setOpen(!open));
  new ResizeObserver(measure).observe(body);

  /** @param {boolean} wanted */
  function setOpen(wanted) {
    open = wanted;
    body.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    say(toggle, open ? "Show less" : "Read in full");
    measure();
  }

  function measure() {
    toggle.hidden = wide || (!open && body.scrollHeight <= body.clientHeight + 2);
  }

  const atEnd = () => body.scrollTop + body.clientHeight >= body.scrollHeight - 24;

  return {
    node,
    /** @param {string} wanted @param {boolean} writing @param {string} whenEmpty @param {boolean} lead shown in full */
    update(wanted, writing, whenEmpty, lead) {
      // A finished text is shown from its beginning, unless the reader has scrolled in it.
      const finished = body.classList.contains("writing") && !writing && atEnd();
      body.classList.toggle("writing", writing);
      if (lead !== wide) {
        wide = lead;
        setOpen(lead);
      }
      if (wanted !== shown) {
        // The view follows the last line unless the reader has scrolled up.
        const follows = writing && atEnd();
        const grown = shown !== "" && wanted.length > shown.length && wanted.startsWith(shown);
        if (grown) text.appendData(wanted.slice(shown.length));
        else text.data = wanted;
        shown = wanted;
        if (follows) body.scrollTop = body.scrollHeight;
        else if (!grown) body.scrollTop = 0;
        measure();
      }
      if (finished) body.scrollTop = 0;
      body.hidden = shown === "";
      empty.hidden = shown !== "";
      say(empty, whenEmpty);
    },
  };
}
