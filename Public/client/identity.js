// Who the reader is. The session is a cookie that scripts cannot read: the key or token that signs in passes through here once,
// and is kept nowhere.

import { createSession, deleteSession, getMe, whenUnauthorized } from "./api.js";

/** @type {import("./rights.js").Me | null} */
let me = null;
let isOut = false;
/** @type {Set<() => void>} */
const watchers = new Set();
/** @type {(() => void)[]} */
let waiting = [];

/** Null while it is not known. */
export const who = () => me;
/** Whether the service asks for a sign-in. */
export const isSignedOut = () => isOut;

/** @param {() => void} watcher called when the reader signs in or out @returns {() => void} ends that */
export function watchIdentity(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Resolves at once, or when the reader has signed in. @returns {Promise<void>} */
export const whenSignedIn = () => new Promise((resolve) => {
  if (isOut) waiting.push(() => resolve());
  else resolve();
});

/** Asks the service. Without a response nothing changes. */
export async function identify() {
  try {
    become(await getMe());
  } catch {
    // A missing sign-in has been noticed by now (`whenUnauthorized`).
  }
}

/** @param {string} credential an API key or a token */
export async function signIn(credential) {
  become(await createSession(credential));
  await identify(); // as the session has it
}

/** Ends the session, in this browser and wherever its cookie has gone. */
export const signOut = () => deleteSession();

whenUnauthorized(leave);

/** @param {import("./rights.js").Me} now */
function become(now) {
  const isNew = isOut || JSON.stringify(me) !== JSON.stringify(now);
  me = now;
  isOut = false;
  const resumed = waiting;
  waiting = [];
  for (const resolve of resumed) resolve();
  if (isNew) tell();
}

function leave() {
  if (isOut) return;
  isOut = true;
  tell();
}

function tell() {
  for (const watcher of watchers) watcher();
}
