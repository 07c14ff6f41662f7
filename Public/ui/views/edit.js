// A draft's text, edited by a person. The row's version guards against changes that come meanwhile.

import { editOutput } from "../../client/api.js";
import { el, fill, say } from "../dom.js";
import { confirmed } from "../notices.js";
import { counted, humanise } from "../words.js";

const atWork = new Set(["writing", "editing", "rewriting"]);

/** Whether a person may edit the draft now. @param {any} output */
export const isEditable = (output) => output.content !== null && !atWork.has(output.status);

/** @param {() => any} current the row as the page has it @param {() => void} refresh follows a task again that is over */
export function editDialog(current, refresh) {
  let row = current();
  const text = el("textarea", { id: "edit-text", rows: 16, spellcheck: "true", required: true });
  text.value = row.content ?? "";
  const before = text.value;
  const count = el("span", { class: "quiet" });
  const trouble = el("div", { class: "trouble", role: "alert" });
  const save = el("button", { type: "submit", class: "primary" }, "Save");
  const cancel = el("button", { type: "button" }, "Cancel");
  const form = el("form", {},
    el("h2", { id: "edit-title" }, `Edit the text of ${row.writer?.name ?? humanise(row.track)}`),
    el("p", { id: "edit-detail", class: "quiet" }, `It becomes version ${row.version_number + 1}. Every later step, open question and result reads it; the text before it is kept.`),
    el("label", { for: "edit-text" }, "Text"), text, count, trouble, el("p", { class: "buttons" }, cancel, save));
  const dialog = el("dialog", { class: "edit", "aria-labelledby": "edit-title", "aria-describedby": "edit-detail" }, form);

  const tally = () => say(count, counted(text.value.split(/\s+/).filter(Boolean).length, "word"));
  tally();
  text.addEventListener("input", tally);
  text.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  cancel.addEventListener("click", leave);
  dialog.addEventListener("cancel", (/** @type {Event} */ event) => {
    event.preventDefault();
    void leave();
  });
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.value.trim() === "") return complain("A draft needs a text.");
    save.disabled = true;
    try {
      await editOutput(row.id, text.value, row.version);
      dialog.close();
      refresh();
    } catch (error) {
      await explain(/** @type {import("../../client/api.js").Problem} */ (error));
    } finally {
      save.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  text.focus();
  text.setSelectionRange(0, 0);
  return dialog;

  async function leave() {
    if (text.value === before || await confirmed("Discard your changes?", "The draft stays as it is.", "Discard", "Go on editing")) dialog.close();
  }

  /** @param {string} words @param {...any} more */
  function complain(words, ...more) {
    fill(trouble, el("p", { class: "error" }, words), ...more);
  }

  /** @param {import("../../client/api.js").Problem} problem */
  async function explain(problem) {
    if (problem.status !== 412) return complain(problem.errors[0]?.detail ? `The text ${problem.errors[0].detail}.` : problem.message);
    const seen = await newest();
    const isOther = seen.content !== row.content;
    row = seen;
    say(save, isOther ? "Replace it" : "Save");
    complain(
      isOther ? `The draft was changed while you were editing: it has version ${row.version_number} now. Saving replaces that text.`
        : "The draft's row was changed while you were editing; its text was not. Save again.",
      isOther && el("details", {}, el("summary", {}, "The text as it is now"), el("p", { class: "copy open" }, row.content ?? "")));
  }

  /** The row as the stream brings it, which may be a moment later than the refusal. */
  async function newest() {
    refresh();
    for (let tries = 0; tries < 20 && current().version <= row.version; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return current();
  }
}
