// A question before something that cannot be undone.

import { el } from "../dom.js";

/** @param {string} question @param {string} detail @param {string} yes @param {string} no @returns {Promise<boolean>} */
export function confirmed(question, detail, yes, no) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "confirm-title", "aria-describedby": "confirm-detail" },
      el("form", { method: "dialog" }, el("h2", { id: "confirm-title" }, question), el("p", { id: "confirm-detail" }, detail),
        el("p", { class: "buttons" }, el("button", { value: "no", autofocus: true }, no),
          el("button", { value: "yes", class: "danger" }, yes))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
