// How the connection is, in the masthead; and the one live region, for what a reader who cannot see must hear.

import { say } from "../dom.js";

const words = {
  idle: "", connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", busy: "Service busy, trying again",
  ended: "", lost: "Connection lost, trying again",
};

/** @param {keyof typeof words} connection */
export function showConnection(connection) {
  const wire = /** @type {HTMLElement} */ (document.getElementById("wire"));
  wire.dataset.connection = connection;
  say(wire, words[connection]);
}

/** @param {string} text */
export function announce(text) {
  say(/** @type {HTMLElement} */ (document.getElementById("announcer")), text);
}
