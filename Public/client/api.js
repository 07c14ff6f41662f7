// The service's HTTP interface. Every failure is a `Problem` (RFC 9457), also one without a response.

import { parse, write } from "./json.js";

const base = new URL("../api/v1/", import.meta.url);

/** @type {() => void} */
let unauthorized = () => {};

/** @param {() => void} callback called when the service asks for a sign-in */
export function whenUnauthorized(callback) {
  unauthorized = callback;
}

export class Problem extends Error {
  /** @param {{status: number, title?: string, detail?: string, errors?: {pointer: string, detail: string}[]}} body */
  constructor({ status, title, detail, errors }) {
    super(detail || title || `The service returned ${status}.`);
    this.name = "Problem";
    /** 0 when there was no response. */
    this.status = status;
    this.title = title ?? "";
    this.detail = detail ?? "";
    /** @type {{pointer: string, detail: string}[]} */
    this.errors = Array.isArray(errors) ? errors : [];
  }
}

/**
 * @param {string} path below /api/v1/
 * @param {{method?: string, body?: any, headers?: Record<string, string>}} [options]
 */
async function request(path, { method = "GET", body, headers = {} } = {}) {
  /** @type {RequestInit} */
  const init = { method, headers: { accept: "application/json, application/problem+json", ...headers } };
  if (body !== undefined) {
    init.body = write(body);
    init.headers = { ...init.headers, "content-type": "application/json" };
  }
  let response;
  try {
    response = await fetch(new URL(path, base), init);
  } catch {
    throw new Problem({ status: 0, title: "No response from the service", detail: "Is it running?" });
  }
  // A sign-in that fails asks for no other.
  if (response.status === 401 && path !== "session") unauthorized();
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? parse(text) : null;
  } catch {
    if (response.ok) throw new Problem({ status: response.status, title: "The response is not JSON" });
  }
  if (!response.ok) throw new Problem({ title: response.statusText, ...answer, status: response.status });
  return answer;
}

const segment = encodeURIComponent;

/** @param {string} taskID */
export const taskStreamURL = (taskID) => new URL(`tasks/${segment(taskID)}/stream`, base);
export const tenantStreamURL = () => new URL("stream", base);
export const workflowsURL = () => new URL("workflows", base);

/** Who the reader is. @returns {Promise<import("./rights.js").Me>} */
export const getMe = () => request("me");
/** Takes a key or a token for a cookie. @param {string} credential @returns {Promise<import("./rights.js").Me>} */
export const createSession = (credential) => request("session", { method: "POST", body: { credential } });
export const deleteSession = () => request("session", { method: "DELETE" });

/** The active workflows, one row for each name. */
export async function listWorkflows() {
  const page = await request("workflows?status=active&limit=500");
  const names = new Map();
  for (const row of page.items) if (!names.has(row.name)) names.set(row.name, row);
  return [...names.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The latest active version. @param {string} name */
export const getWorkflow = (name) => request(`workflows/${segment(name)}`);
/** @param {string} name @param {string} version */
export const getWorkflowVersion = (name, version) => request(`workflows/${segment(name)}/versions/${segment(version)}`);

/** @param {{workflow: string, version?: string, input: any}} body @param {string} idempotencyKey */
export const startTask = (body, idempotencyKey) =>
  request("tasks", { method: "POST", body, headers: { "idempotency-key": idempotencyKey } });

/** @param {number} limit @param {string | null} [after] @returns {Promise<{items: any[], next: string | null}>} */
export const listTasks = (limit, after) => request(`tasks?limit=${limit}${after ? `&after=${segment(after)}` : ""}`);
/** @param {string} taskID */
export const getTask = (taskID) => request(`tasks/${segment(taskID)}`);
/** @param {string} taskID */
export const getState = (taskID) => request(`tasks/${segment(taskID)}/state`);
/** @param {string} taskID @param {import("./vocabulary.js").TaskAction} action */
export const act = (taskID, action) => request(`tasks/${segment(taskID)}/${action}`, { method: "POST" });
/** @param {string} taskID @param {string} name @param {any} data */
export const sendSignal = (taskID, name, data) =>
  request(`tasks/${segment(taskID)}/signals/${segment(name)}`, { method: "POST", body: { data } });

/** How a draft came to be what it is, without what was asked and answered. @param {string} taskID @param {string} outputID */
export const getOutputStory = (taskID, outputID) => request(`tasks/${segment(taskID)}/outputs/${segment(outputID)}`);
/** A call with what was asked and answered. @param {string} id */
export const getCall = (id) => request(`calls/${segment(id)}`);

/** Puts a person's text on a draft, if its row still has the version. @param {string} outputID @param {string} content @param {number} version */
export const editOutput = (outputID, content, version) =>
  request(`outputs/${segment(outputID)}`, { method: "PATCH", body: { content }, headers: { "if-match": `"${version}"` } });

/** @param {string} statuses with commas between them @param {number} limit @param {string | null} [after] @returns {Promise<{items: any[], next: string | null}>} */
export const listHumanTasks = (statuses, limit, after) =>
  request(`human-tasks?status=${segment(statuses)}&limit=${limit}${after ? `&after=${segment(after)}` : ""}`);
/** @param {string} id @param {"claim" | "complete"} action @param {any} [body] */
export const actOnHumanTask = (id, action, body) => request(`human-tasks/${segment(id)}/${action}`, { method: "POST", body });

/** A key that makes a repeated POST harmless. `crypto.randomUUID` needs a secure context; this does not. */
export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
