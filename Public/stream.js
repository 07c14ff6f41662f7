// A task's server-sent events. The browser itself reconnects and resumes (Last-Event-ID); this file adds what it does
// not do: it opens again after an answer that stops an EventSource for good, and says how the connection is.

import { taskStreamURL } from "./api.js";
import { durableTypes } from "./store.js";

/** @typedef {"connecting" | "live" | "reconnecting" | "busy" | "ended" | "lost"} Connection */
/**
 * @typedef {object} StreamHandlers
 * @property {(body: any) => void} state
 * @property {(event: any) => void} event
 * @property {(delta: any) => void} delta
 * @property {() => void} reset
 * @property {() => void} end
 * @property {() => void} stopped the browser has given up; `reopen` or `close` is up to the owner
 * @property {(connection: Connection) => void} connection
 */

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

  /** Follows from a cursor, or from the state when there is none. @param {string | null} cursor */
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
    const wait = Math.min(30_000, 500 * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#handlers.connection("lost");
    this.#timer = setTimeout(() => this.open(cursor()), wait);
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
      take(message.data ? JSON.parse(message.data) : null);
    });
    source.onopen = () => handlers.connection("live");
    source.onerror = () => {
      if (source !== this.#source) return;
      if (source.readyState === EventSource.CLOSED) handlers.stopped();
      else handlers.connection("reconnecting");
    };
    on("state", handlers.state);
    on("output_delta", handlers.delta);
    on("reset", handlers.reset);
    on("end", () => {
      this.close();
      handlers.connection("ended");
      handlers.end();
    });
    on("overloaded", () => handlers.connection("busy"));
    for (const type of durableTypes) on(type, handlers.event);
  }
}
