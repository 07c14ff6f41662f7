// The connection to the service: one state, whichever view is open. What a reader sees while it is away may be old, and
// the page says so: a banner after some seconds, clocks that stand still, figures in grey.

import { fill, say } from "./dom.js";

/** @typedef {"idle" | import("../client/streams.js").Connection} Connection */

/** @type {Record<Connection, string>} */
const words = {
  idle: "", connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", busy: "Service busy, retrying",
  ended: "", lost: "Connection lost, retrying",
};

/** How long a connection may be away before the page says so, in milliseconds: a service that restarts is back by then. */
const patience = 3000;

const wire = /** @type {HTMLElement} */ (document.getElementById("wire"));
const banner = /** @type {HTMLElement} */ (document.getElementById("lost"));
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** When the connection went away; null while it is there. @type {number | null} */
let since = null;
let wasLive = false;
let stale = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Set<() => void>} */
const watchers = new Set();

/** @param {Connection} connection */
export function showConnection(connection) {
  wire.dataset.connection = connection;
  say(wire, words[connection]);
  if (connection === "live" || connection === "ended" || connection === "idle") return isBack(connection === "live");
  if (since !== null) return;
  since = Date.now();
  timer = setTimeout(() => setStale(true), patience);
}

/** @param {boolean} isLive */
function isBack(isLive) {
  clearTimeout(timer);
  since = null;
  wasLive ||= isLive;
  setStale(false);
  // What the missing connection brought about is over.
  for (const note of document.querySelectorAll(".notice.unreachable")) note.remove();
}

/** @param {boolean} wanted */
function setStale(wanted) {
  if (stale === wanted) return;
  stale = wanted;
  document.documentElement.toggleAttribute("data-stale", stale);
  if (!stale) fill(banner);
  else if (!wasLive) say(banner, "There is no connection to the service. The page keeps trying.");
  else say(banner, `Connection lost since ${clock.format(since ?? Date.now())}; what you see may be out of date.`);
  for (const watcher of watchers) watcher();
}

/** Whether what is shown may be old. */
export const isStale = () => stale;

/** The time as far as the page knows the task: it stops while there is no connection. */
export const now = () => since ?? Date.now();

/** @param {() => void} watcher called when the connection has been missed, and when it is back @returns {() => void} ends that */
export function watchConnection(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
