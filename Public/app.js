// The page: shows the view that the address names.

import { identify, whenSignedIn, who } from "./client/identity.js";
import { el, fill } from "./ui/dom.js";
import { watchSignIn } from "./ui/signin.js";
import { homeView } from "./ui/views/home.js";
import { inboxView } from "./ui/views/inbox.js";
import { taskView } from "./ui/views/task.js";

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
/** @type {() => void} */
let leave = () => {};

/** `#/tasks/<id>` · `#/inbox` · `#/workflows/<name>?from=<task id>` · `#/` */
function route() {
  const [path, query = ""] = location.hash.replace(/^#/, "").split("?");
  const [, kind, name] = path.split("/").map(decoded);
  const from = new URLSearchParams(query).get("from");
  if (kind === "tasks" && name) return taskView(name);
  if (!kind) return homeView({});
  if (kind === "inbox" && !name) return inboxView();
  if (kind === "workflows" && name) return homeView({ workflow: name, from });
  return notFound();
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function notFound() {
  const node = el("div", { class: "sheet" }, el("h1", { tabindex: -1 }, "There is no page at this address"),
    el("p", {}, el("a", { href: "#/" }, "Back to the home page")));
  return { title: "Not found", node, close() {} };
}

/** @param {boolean} byUser whether the reader navigated here; the focus then moves to the top */
function show(byUser) {
  leave();
  const view = route();
  document.title = `${view.title} – Pressroom`;
  fill(main, view.node);
  leave = view.close;
  if (!byUser) return;
  scrollTo(0, 0);
  /** @type {HTMLElement | null} */ (main.querySelector("h1"))?.focus({ preventScroll: true });
}

watchSignIn();
await identify();
await whenSignedIn();
addEventListener("hashchange", () => {
  if (!who()) void identify();
  show(true);
});
// A page restored from the browser's cache has lost its stream.
addEventListener("pageshow", (event) => event.persisted && show(false));
show(false);
