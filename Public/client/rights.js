// What the reader may do, as the service has it (`Principal+May.swift`): what may not be done is not offered. The service
// decides; where nothing is known of the reader yet, everything is offered.

/**
 * The body of `GET /me`.
 * @typedef {{tenant_id: string, user_id: string, mode: string, scopes: string[], groups: string[], is_tenant_admin: boolean,
 *   tenant_suspended: boolean, workspaces: {workspace_id: string, access: string}[], expires_at: string | null}} Me
 */

/** @param {Me | null} me @param {string} scope */
const has = (me, scope) => !me || me.scopes.includes(scope);

/** May start tasks. @param {Me | null} me */
export const mayStart = (me) => has(me, "write") && !me?.tenant_suspended;

/** May pause, cancel, signal and the like. @param {Me | null} me @param {any} task its row */
export function mayAct(me, task) {
  if (!me) return true;
  if (!has(me, "write")) return false;
  if (me.is_tenant_admin || !task.workspace_id) return true;
  const access = me.workspaces.find((one) => one.workspace_id === task.workspace_id)?.access;
  return access === "write" || access === "admin";
}

/** @param {Me | null} me @param {any} task its row @param {import("./vocabulary.js").TaskAction} action */
export const mayDo = (me, task, action) => mayAct(me, task) && (action !== "retry" || mayStart(me));

/**
 * A question is for its assignee, the members of its group and admins; without either, for all who may act on its task.
 * @param {Me | null} me @param {any} row @param {any} [task] its task's row, where it is known
 */
export function mayAnswer(me, row, task) {
  if (!me) return true;
  if (!has(me, "write")) return false;
  if (me.is_tenant_admin) return true;
  const access = me.workspaces.filter((one) => !task || one.workspace_id === task.workspace_id).map((one) => one.access);
  if (access.includes("admin")) return true;
  if (!row.assignee_id && !row.assignee_group) return !task || mayAct(me, task);
  return row.assignee_id === me.user_id || me.groups.includes(row.assignee_group);
}
