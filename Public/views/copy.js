// A text, while it is written and after. Only what is new is added, so that a long text costs no more than a short one.

import { el, say } from "../dom.js";

/** @param {string} labelledBy the id of the heading that names the text */
export function liveCopy(labelledBy) {
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
      // The finished text is read from its beginning, unless the reader has moved in it.
      const finished = body.classList.contains("writing") && !writing && atEnd();
      body.classList.toggle("writing", writing);
      if (lead !== wide) {
        wide = lead;
        setOpen(lead);
      }
      if (wanted !== shown) {
        // A reader who has not scrolled up stays with the last line.
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
