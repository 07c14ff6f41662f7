// Signing in and out. The dialog lies over the view, which stays as it is and goes on from where it was.

import { Problem } from "../client/api.js";
import { isSignedOut, signIn, signOut, watchIdentity, who } from "../client/identity.js";
import { el, fill, say } from "./dom.js";
import { announce, notice, problemNotice } from "./notices.js";

const place = /** @type {HTMLElement} */ (document.getElementById("who"));
const name = el("span");
const leave = el("button", { type: "button", class: "link", onclick: out }, "Sign out");
/** @type {HTMLDialogElement | null} */
let dialog = null;
/** Whose views are open. @type {string | null} */
let owner = null;

/** Shows who the reader is, and asks for a sign-in whenever the service does. */
export function watchSignIn() {
  fill(place, name, leave);
  place.hidden = true;
  watchIdentity(show);
  show();
}

function show() {
  const me = who();
  place.hidden = !me || isSignedOut() || me.mode === "none";
  if (isSignedOut()) return void open();
  dialog?.close();
  if (!me) return;
  say(name, me.tenant_id === "default" ? me.user_id : `${me.user_id} · ${me.tenant_id}`);
  const now = JSON.stringify([me.tenant_id, me.user_id]);
  // What another user has seen goes from the page.
  if (owner !== null && owner !== now) location.reload();
  owner = now;
}

function open() {
  if (dialog) return;
  const credential = el("input", {
    id: "credential", type: "password", required: true, autocomplete: "off", spellcheck: "false", autocapitalize: "off",
    "aria-describedby": "sign-in-detail", autofocus: true,
  });
  const trouble = el("div", { role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Sign in");
  const form = el("form", { novalidate: true }, el("h2", { id: "sign-in-title" }, who() ? "Sign in again" : "Sign in"),
    el("p", { id: "sign-in-detail", class: "quiet" },
      "With an API key or a token. The page exchanges it for a session and does not keep it."),
    el("label", { for: "credential" }, "API key or token"), credential, trouble, el("p", { class: "buttons" }, button));
  const sheet = el("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title", "aria-describedby": "sign-in-detail" }, form);
  dialog = sheet;
  // There is nothing behind it without a session.
  sheet.addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
  sheet.addEventListener("close", () => {
    sheet.remove();
    dialog = null;
    // Some browsers close a dialog at the second Escape whatever its listeners say.
    if (isSignedOut()) open();
  });
  form.addEventListener("submit", async (/** @type {Event} */ event) => {
    event.preventDefault();
    const given = credential.value.trim();
    if (!given) return complain(notice("Enter an API key or a token", null, { bad: true }));
    button.disabled = true;
    fill(trouble);
    credential.removeAttribute("aria-invalid");
    try {
      await signIn(given);
      credential.value = "";
      announce(`Signed in as ${who()?.user_id ?? ""}`);
    } catch (error) {
      const refused = error instanceof Problem && error.status === 401;
      complain(refused ? notice("Not signed in", error.detail, { bad: true }) : problemNotice(error));
    } finally {
      button.disabled = false;
    }
  });
  document.body.append(sheet);
  sheet.showModal();
  credential.focus();

  /** @param {Element} words */
  function complain(words) {
    fill(trouble, words);
    credential.setAttribute("aria-invalid", "true");
    credential.select();
    credential.focus();
  }
}

async function out() {
  leave.disabled = true;
  try {
    await signOut();
    location.reload();
  } catch (error) {
    announce(error instanceof Problem ? error.message : "Not signed out");
  } finally {
    leave.disabled = false;
  }
}
