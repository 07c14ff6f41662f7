// A task that is followed: its state, kept up to date by its stream.

import { getState, Problem } from "./api.js";
import { whenSignedIn } from "./identity.js";
import { fold, foldDelta, restore } from "./store.js";
import { TaskStream } from "./streams.js";
import { isTerminal } from "./vocabulary.js";

export class Session {
  /** @type {import("./store.js").State | null} */ state = null;
  /** @type {import("./streams.js").Connection} */ connection = "connecting";
  /** Why there is nothing to follow. @type {Problem | null} */ problem = null;
  /** Durable events since the start, and how many of them came twice (none should). */
  counts = { events: 0, repeated: 0, states: 0, deltas: 0 };
  /** @type {Set<() => void>} */ #watchers = new Set();
  #stream;
  #closed = false;

  /** @param {string} taskID */
  constructor(taskID) {
    this.taskID = taskID;
    this.#stream = new TaskStream(taskID, {
      state: (body) => {
        this.counts.states += 1;
        this.#restore(body);
      },
      event: (event) => this.#fold(event),
      delta: (delta) => {
        this.counts.deltas += 1;
        if (this.state && foldDelta(this.state, delta)) this.#changed();
      },
      reset: () => {
        if (this.state) this.state.live = [];
      },
      end: () => this.#changed(),
      stopped: () => this.#recover(),
      connection: (connection) => {
        this.connection = connection;
        this.#changed();
      },
    });
    this.#stream.open(null);
  }

  /** @param {() => void} watcher called after each change, often */
  watch(watcher) {
    this.#watchers.add(watcher);
  }

  /** Follows again after `end`: a failed task can be retried, and a draft of any task edited. */
  wake() {
    if (this.connection === "ended") this.#stream.open(this.state?.cursor ?? null);
  }

  close() {
    this.#closed = true;
    this.#watchers.clear();
    this.#stream.close();
  }

  /** @param {any} body */
  #restore(body) {
    this.state = restore(body);
    this.#changed();
  }

  /** @param {any} event */
  #fold(event) {
    if (!this.state) {
      // A stream that is cut off before its `state` continues with all events of the task, from the first.
      if (event.type !== "task_updated" || event.task.version !== 1) return;
      this.state = restore({ cursor: event.cursor.replace(/\d+$/, "0"), task: event.task });
    }
    this.counts.events += 1;
    if (fold(this.state, event)) this.#changed();
    else this.counts.repeated += 1;
  }

  /** The response was not a stream, or the stream ended with the session: the task is over, does not exist or is not for the
   * reader any more, a sign-in is due, or a proxy failed. */
  async #recover() {
    try {
      const body = await getState(this.taskID);
      if (this.#closed) return;
      this.#restore(body);
      if (isTerminal("task", body.status)) {
        this.#stream.close();
        this.connection = "ended";
        this.#changed();
        return;
      }
    } catch (error) {
      if (this.#closed) return;
      if (error instanceof Problem && error.status === 401) {
        this.#stream.close();
        await whenSignedIn();
        if (!this.#closed) this.#stream.open(this.state?.cursor ?? null);
        return;
      }
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) {
        this.#stream.close();
        this.connection = "ended";
        this.problem = error;
        this.#changed();
        return;
      }
    }
    this.#stream.reopen(() => this.state?.cursor ?? null);
  }

  #changed() {
    for (const watcher of this.#watchers) watcher();
  }
}
