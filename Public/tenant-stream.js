// The tenant's events, for views over many tasks. Every time it listens anew, the view reads its list again.

import { tenantStreamURL } from "./api.js";

/**
 * @param {Record<string, (event: any) => void>} handlers by the type of event
 * @param {() => void} read called once the stream listens, so that a row is in the list or comes as an event; and again
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
    const readOnce = () => {
      if (!hasRead) read();
      hasRead = true;
    };
    opened.onopen = () => {
      failures = 0;
      readOnce();
    };
    opened.onerror = () => {
      readOnce();
      // The browser itself comes back after a cut; after an answer that is no stream it has given up.
      if (opened.readyState !== EventSource.CLOSED) return;
      failures += 1;
      timer = setTimeout(open, Math.min(30_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2));
    };
    opened.addEventListener("reset", () => read());
    // A busy service ended it without a cursor: the next stream begins where it begins.
    opened.addEventListener("overloaded", () => {
      hasRead = false;
    });
    for (const [type, take] of Object.entries(handlers)) {
      opened.addEventListener(type, (message) => take(JSON.parse(message.data)));
    }
  }
}
