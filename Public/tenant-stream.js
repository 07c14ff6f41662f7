// The tenant's events, for views over many tasks. Every time it listens anew, the view reads its list.

import { tenantStreamURL } from "./api.js";

/**
 * @param {Record<string, (event: any) => void>} handlers by the type of event
 * @param {() => void} read called each time the stream listens, so that a row is in the list or comes as an event; and
 *   after a gap. A stream that cannot be opened is no reason not to read.
 */
export function tenantStream(handlers, read) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  open();
  return {
    close() {
      clearTimeout(timer);
      source?.close();
    },
  };

  function open() {
    const url = tenantStreamURL();
    url.searchParams.set("types", Object.keys(handlers).join(","));
    const opened = new EventSource(url);
    source = opened;
    let hasRead = false;
    opened.onopen = () => {
      failures = 0;
      hasRead = true;
      // Also when the browser is back after a cut: without a cursor yet, the stream begins where it begins.
      read();
    };
    opened.onerror = () => {
      if (!hasRead) read();
      hasRead = true;
      // The browser itself comes back after a cut; after an answer that is no stream it has given up.
      if (opened.readyState !== EventSource.CLOSED) return;
      failures += 1;
      timer = setTimeout(open, Math.min(30_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
    };
    opened.addEventListener("reset", () => read());
    for (const [type, take] of Object.entries(handlers)) {
      opened.addEventListener(type, (message) => take(JSON.parse(message.data)));
    }
  }
}
