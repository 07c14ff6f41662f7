// The server-sent events of a task and of a tenant. The browser itself reconnects and resumes (Last-Event-ID); this file
// adds what it does not do: it opens again after a response that stops an EventSource for good, and reports the state of
// the connection.

import { taskStreamURL, tenantStreamURL } from "./api.js";
import { identify, whenSignedIn } from "./identity.js";
import { parse } from "./json.js";
import { eventTypes } from "./vocabulary.js";

/** How long to wait after so many failures in a row, in milliseconds: a second, then longer, 30 seconds at most. @param {number} failures */
const backoff = (failures) => Math.min(30_000, 500 * 2 ** failures) * (0.5 + Math.random() / 2);

/** `busy`: the service has no capacity for the stream. @typedef {"connecting" | "live" | "reconnecting" | "busy" | "ended" | "lost"} Connection */
/**
 * @typedef {object} StreamHandlers
 * @property {(body: any) => void} state
 * @property {(event: any) => void} event
 * @property {(delta: any) => void} delta
 * @property {() => void} reset
 * @property {() => void} end
 * @property {() => void} stopped the browser has given up, or the stream ended with the session; the owner calls `reopen` or `close`
 * @property {(connection: Connection) => void} connection
 */

/** One task's stream. */
export class TaskStream {
  /** @type {EventSource | null} */ #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #failures = 0;
  #taskID;
  #handlers;

  /** @param {string} taskID @param {StreamHandlers} handlers */
  constructor(taskID, handlers) {
    this.#taskID = taskID;
    this.#handlers = handlers;
  }

  /** Follows from a cursor; from the state when it is null. @param {string | null} cursor */
  open(cursor) {
    this.close();
    const url = taskStreamURL(this.#taskID);
    if (cursor) url.searchParams.set("cursor", cursor);
    const source = new EventSource(url);
    this.#source = source;
    this.#handlers.connection("connecting");
    this.#listen(source);
  }

  /** Opens again, later each time it fails. @param {() => string | null} cursor */
  reopen(cursor) {
    this.#failures += 1;
    this.#handlers.connection("lost");
    this.#timer = setTimeout(() => this.open(cursor()), backoff(this.#failures));
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** @param {EventSource} source */
  #listen(source) {
    const handlers = this.#handlers;
    /** @param {string} type @param {(data: any) => void} take */
    const on = (type, take) => source.addEventListener(type, (message) => {
      if (source !== this.#source) return;
      this.#failures = 0;
      take(message.data ? parse(message.data) : null);
    });
    source.onopen = () => handlers.connection("live");
    source.onerror = () => {
      if (source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) handlers.stopped();
      else handlers.connection("reconnecting");
    };
    on("state", handlers.state);
    on("output_delta", handlers.delta);
    on("step_delta", handlers.delta);
    on("reset", handlers.reset);
    on("end", () => {
      this.close();
      handlers.connection("ended");
      handlers.end();
    });
    on("credentials_expired", () => {
      this.close();
      handlers.stopped();
    });
    on("overloaded", () => handlers.connection("busy"));
    for (const type of eventTypes) on(type, handlers.event);
  }
}

/**
 * The tenant's stream, for views over many tasks.
 * @param {Record<string, (event: any) => void>} handlers by the type of event
 * @param {(connection: Connection) => void} connection
 * @param {() => void} read called each time the stream opens, so that each row is in the list or comes as an event, and
 *   after a gap. Called too when the stream cannot be opened.
 */
export function tenantStream(handlers, connection, read) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  let closed = false;
  open();
  return {
    close() {
      closed = true;
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
    connection("connecting");
    opened.onopen = () => {
      failures = 0;
      connection("live");
      hasRead = true;
      // Also after the browser reconnected: without a cursor the stream begins now, and events may be missing.
      read();
    };
    opened.onerror = () => {
      if (!hasRead) read();
      hasRead = true;
      // The browser reconnects after a cut; after a response that is not a stream it gives up.
      if (opened.readyState !== EventSource.CLOSED) return connection("reconnecting");
      again();
    };
    opened.addEventListener("credentials_expired", () => {
      opened.close();
      again();
    });
    opened.addEventListener("reset", () => read());
    opened.addEventListener("overloaded", () => connection("busy"));
    for (const [type, take] of Object.entries(handlers)) {
      opened.addEventListener(type, (message) => take(parse(message.data)));
    }
  }

  /** Opens again after a while; where a sign-in is due, after that. */
  function again() {
    connection("lost");
    failures += 1;
    void identify();
    timer = setTimeout(async () => {
      await whenSignedIn();
      if (!closed) open();
    }, backoff(failures));
  }
}
