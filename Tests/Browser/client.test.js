// The fold, the rule of live text and the vocabulary, without a browser: `deno test Tests/Browser`.

import assert from "node:assert/strict";
import { copy, Digits, number, parse, write } from "../../Public/client/json.js";
import { applyDelta, changes, fold, foldDelta, restore, settle, settleStep } from "../../Public/client/store.js";
import { eventTypes, isTerminal, statuses, taskActions } from "../../Public/client/vocabulary.js";
import { mayAct, mayAnswer, mayDo, mayStart } from "../../Public/client/rights.js";
import { rankOf, winner, workOf } from "../../Public/client/progress.js";
import { phaseName, statusNames, tones } from "../../Public/ui/words.js";

const { test } = Deno;
const task = { task_id: "t", status: "running", phase: "write", progress: 0.25 };
const row = (/** @type {string} */ id, more = {}) => ({ id, created_at: "2026-01-01T00:00:00.000000Z", version: 1, ...more });
const draft = (more = {}) => row("o", { status: "writing", version_number: 0, content: null, ...more });
const body = (more = {}) => ({
  cursor: "k.10", status: "running", phase: "write", progress: 0.25, task,
  phases: [], steps: [], outputs: [], evaluations: [], rankings: [], human_tasks: [], live: [], ...more,
});

test("rows come in, are replaced, and keep their order", () => {
  const state = restore(body());
  assert.equal(fold(state, { type: "queue_built", cursor: "k.11", steps: [row("b"), row("a")] }), true);
  assert.deepEqual(state.steps.map((step) => step.id), ["a", "b"]);
  fold(state, { type: "step_updated", cursor: "k.13", step: row("a", { status: "running" }) });
  assert.equal(state.steps[0].status, "running");
  fold(state, { type: "phase_changed", cursor: "k.14", phase: row("y", { ordinal: 1 }), task });
  fold(state, { type: "phase_changed", cursor: "k.15", phase: row("z", { ordinal: 0 }), task });
  assert.deepEqual(state.phases.map((phase) => phase.id), ["z", "y"]);
  assert.equal(state.cursor, "k.15");
});

test("the task's row is also the state's head", () => {
  const state = restore(body());
  fold(state, { type: "task_updated", cursor: "k.11", task: { ...task, status: "completed", phase: null, progress: 1 } });
  assert.deepEqual([state.status, state.phase, state.progress, state.task.status], ["completed", null, 1, "completed"]);
});

test("an event that was seen changes nothing, also past nine and another digit", () => {
  const state = restore(body({ cursor: "k.9" }));
  assert.equal(fold(state, { type: "task_updated", cursor: "k.10", task: { ...task, progress: 0.5 } }), true);
  assert.equal(fold(state, { type: "task_updated", cursor: "k.9", task }), false);
  assert.equal(fold(state, { type: "task_updated", cursor: "k.10", task }), false);
  assert.equal(state.progress, 0.5);
});

test("an unknown type moves the cursor and nothing else", () => {
  const state = restore(body());
  const before = structuredClone({ ...state, cursor: "k.11" });
  assert.equal(fold(state, { type: "custom.note", cursor: "k.11", data: {} }), true);
  assert.deepEqual(state, before);
});

test("restoring does not share rows with the body", () => {
  const given = body({ outputs: [draft()] });
  const state = restore(given);
  foldDelta(state, { output_id: "o", version_number: 1, offset: 0, text: "x" });
  assert.equal(given.live.length, 0);
});

test("numbers keep their digits on the way in and out", () => {
  const exact = ["3544790567247868102", "-18446744073709551615", "9007199254740993", "123456789012345678901234567890.5",
    "1e400", "-1E-4000", "0.12345678901234567891", "1e1000000000000000000000"];
  for (const text of exact) {
    const value = parse(`{"a": [${text}, {"b":${text}}], "s": "${text}"}`);
    assert.ok(value.a[0] instanceof Digits && value.a[1].b instanceof Digits, text);
    assert.equal(`${value.a[0]}`, text);
    assert.equal(value.s, text);
    assert.equal(write(value), `{"a":[${text},{"b":${text}}],"s":"${text}"}`);
    assert.equal(write(copy(value)), write(value));
    assert.deepEqual(number(text), value.a[0]);
    assert.equal(write(parse(text)), text);
  }
  for (const text of ["0", "-0", "1.50", "9007199254740992", "12345678901234567000", "0.3333333333333333", "1e21", "1E+2", "1e308"]) {
    assert.equal(parse(text), JSON.parse(text), text);
    assert.equal(number(text), Number(text), text);
  }
  for (const text of ["", "+1", "0x10", ".5", "01", "1e", "Infinity", "NaN", "1_0", " 1"]) assert.equal(number(text), null, text);
});

test("only numbers are taken for numbers", () => {
  const tricky = { "12345678901234567890": "12345678901234567890", q: '\\" 12345678901234567890, \\\\', "é": "\u0000 1e400", e: "\\" };
  const text = JSON.stringify([tricky, 12345678901234567000, tricky]).replace("12345678901234567000", "12345678901234567891");
  assert.deepEqual(parse(text)[0], tricky);
  assert.equal(write(parse(text)), text);
  assert.equal(write(parse('{"n":12345678901234567891}'), 2), '{\n  "n": 12345678901234567891\n}');
  assert.equal(write(undefined), undefined);
  for (const broken of ["[12345678901234567891", '{"a" 12345678901234567891}', '"12345678901234567891', "12345678901234567891x", "-12345678901234567891-"]) {
    assert.throws(() => parse(broken), (error) => error instanceof SyntaxError && !error.message.includes("#"), broken);
  }
});

test("the digits survive the fold", () => {
  const given = parse(JSON.stringify(body()).replace('"progress":0.25', '"progress":0.25,"input":{"n":3544790567247868102}'));
  assert.equal(write(restore(given)), write(given));
});

for (const [name, deltas, wanted] of /** @type {[string, [number, number, string][], string | undefined][]} */ ([
  ["appends", [[1, 0, "ab"], [1, 2, "cd"]], "abcd"],
  ["replaces from 0", [[1, 0, "ab"], [1, 0, "x"]], "x"],
  ["ignores a gap", [[1, 0, "ab"], [1, 3, "cd"]], "ab"],
  ["ignores a repeat", [[1, 0, "ab"], [1, 2, "cd"], [1, 2, "cd"]], "abcd"],
  ["counts UTF-16 units", [[1, 0, "📰"], [1, 2, "!"]], "📰!"],
  ["ignores a start that it missed", [[1, 4, "cd"]], undefined],
  ["ignores another version's tail", [[1, 0, "ab"], [2, 2, "cd"]], "ab"],
])) {
  test(`live text ${name}`, () => {
    /** @type {import("../../Public/client/store.js").LiveText[]} */
    const live = [];
    for (const [version_number, offset, text] of deltas) applyDelta(live, [draft()], { output_id: "o", version_number, offset, text });
    assert.equal(live[0]?.text, wanted);
  });
}

test("a text is over when its row has it, or has given it up", () => {
  for (const output of [draft({ version_number: 1 }), draft({ status: "failed" })]) {
    const live = [{ output_id: "o", version_number: 1, text: "ab" }];
    settle(live, output);
    assert.deepEqual(live, []);
    assert.equal(applyDelta(live, [output], { output_id: "o", version_number: 1, offset: 0, text: "late" }), false);
  }
});

test("a task that ends gives up the texts in progress", () => {
  const state = restore(body({ outputs: [draft()], live: [{ output_id: "o", version_number: 1, text: "ab" }] }));
  fold(state, { type: "task_updated", cursor: "k.11", task: { ...task, status: "cancelled" } });
  assert.deepEqual(state.live, []);
});

test("the fold knows every type of event, and no other", () => {
  assert.deepEqual(Object.keys(changes).sort(), [...eventTypes].sort());
});

test("every status has its words and its look", () => {
  const every = [...new Set(Object.values(statuses).flat())].sort();
  assert.deepEqual(Object.keys(statusNames).sort(), every);
  assert.deepEqual(Object.keys(tones).sort(), every);
});

test("nothing can be asked of a task that is over, except a retry", () => {
  assert.deepEqual(Object.keys(taskActions).sort(), [...statuses.task].sort());
  for (const status of statuses.task) {
    assert.equal(taskActions[status].includes("cancel"), !isTerminal("task", status), status);
    assert.equal(taskActions[status].includes("retry"), status === "failed", status);
  }
});

// How far phases are.

const definition = { phases: [
  { id: "write", kind: "write", agents: ["a", "b", "c"] }, { id: "edit", kind: "edit", agents: ["e"] },
  { id: "judge", kind: "evaluate", agents: ["j", "k"] },
] };
const phase = (/** @type {string} */ key, more = {}) => row(key, { key, kind: { judge: "evaluate" }[key] ?? key, status: "running", iteration: 0, input: null, output: null, ...more });
const written = (/** @type {string[]} */ ids) => restore(body({
  phases: [phase("write"), phase("edit"), phase("judge")],
  steps: ids.map((id) => row(`w${id}`, { phase_id: "write", kind: "write", status: "completed", output_id: id, input: {} })),
  outputs: ids.map((id) => row(id, { status: "pending_edit", content: "x", final_rank: null, initial_rank: null, is_finalist: false })),
}));

test("an evaluation has every draft for every judge ahead of it", () => {
  const state = written(["1", "2", "3"]);
  const judge = () => workOf(state.phases[2], state, definition);
  assert.deepEqual(judge(), { done: 0, failed: 0, all: 6, unit: "verdict" });
  state.evaluations = ["completed", "failed"].map((status, index) => row(`v${index}`, { phase_id: "judge", output_id: "1", status }));
  assert.deepEqual(judge(), { done: 1, failed: 1, all: 6, unit: "verdict" });
  state.outputs[2].status = "failed"; // it will not be judged
  assert.equal(judge().all, 4);
  assert.equal(workOf(state.phases[2], state, null).all, null);
  assert.equal(workOf(state.phases[2], state, { phases: definition.phases.map((one) => ({ ...one, exclude_own: true })) }).all, null);
});

test("an edit counts drafts, however many cycles they take", () => {
  const state = written(["1", "2"]);
  state.steps.push(...[false, true].map((done, index) => row(`e${index}`, { phase_id: "edit", kind: "edit", status: "completed", output_id: "1", input: {}, output: { done } })));
  assert.deepEqual(workOf(state.phases[1], state, definition), { done: 1, failed: 0, all: 2, unit: "draft" });
});

test("a list counts its elements, and only those of the run that it is at", () => {
  const each = phase("each", { kind: "http", iteration: 1, input: { items: [1, 2, 3] } });
  const steps = [0, 1].map((iteration) => row(`s${iteration}`, { phase_id: "each", status: "completed", input: { iteration } }));
  assert.deepEqual(workOf(each, restore(body({ steps })), definition), { done: 1, failed: 0, all: 3, unit: "item" });
});

test("the winner is the first of the last ranking, and drafts are in its order", () => {
  const state = written(["1", "2", "3"]);
  assert.equal(winner(state), null);
  state.outputs.forEach((/** @type {any} */ output, /** @type {number} */ index) => (output.initial_rank = 3 - index));
  assert.equal(winner(state)?.id, "3");
  assert.deepEqual(state.outputs.map(rankOf(state)), [3, 2, 1]);
  state.outputs[1].final_rank = 1;
  assert.equal(winner(state)?.id, "2");
  assert.deepEqual(state.outputs.map(rankOf(state)), [Infinity, 1, Infinity]);
  assert.equal(winner(written(["1"]))?.id, "1");
});

test("a phase has its own name, not that of its signal or workflow", () => {
  const named = { phases: ["signal", "workflow", "log"].map((kind) => ({ id: kind, kind, name: "other" })) };
  assert.deepEqual(["signal", "workflow", "log"].map((kind) => phaseName({ key: kind, kind }, named)), ["Signal", "Workflow", "other"]);
});

test("what may not be done is not offered", () => {
  const me = (/** @type {any} */ more) => ({
    tenant_id: "t", user_id: "ada", mode: "session", scopes: ["read", "write"], groups: ["cooks"], is_tenant_admin: false,
    tenant_suspended: false, workspaces: [{ workspace_id: "w", access: "read" }, { workspace_id: "x", access: "write" }], expires_at: null, ...more,
  });
  const reader = me({ scopes: ["read"] });
  assert.deepEqual([mayStart(me({})), mayStart(reader), mayStart(me({ tenant_suspended: true })), mayStart(null)], [true, false, false, true]);
  const acts = (/** @type {any} */ one, /** @type {string | null} */ workspace) => mayAct(one, { workspace_id: workspace });
  assert.deepEqual(["w", "x", "y", null].map((id) => acts(me({}), id)), [false, true, false, true]);
  assert.equal(acts(me({ is_tenant_admin: true }), "y"), true);
  assert.equal(acts(reader, null), false);
  assert.equal(mayDo(me({ tenant_suspended: true }), { workspace_id: null }, "retry"), false);
  assert.equal(mayDo(me({ tenant_suspended: true }), { workspace_id: null }, "cancel"), true);
  const answers = (/** @type {string | null} */ user, /** @type {string | null} */ group) =>
    mayAnswer(me({}), { assignee_id: user, assignee_group: group });
  assert.deepEqual([answers(null, null), answers("ada", null), answers("bob", null), answers(null, "cooks"), answers("bob", "cooks"), answers(null, "others")],
    [true, true, false, true, true, false]);
  assert.equal(mayAnswer(reader, { assignee_id: "ada", assignee_group: null }), false);
  const open = { assignee_id: null, assignee_group: null };
  assert.deepEqual(["w", "x"].map((id) => mayAnswer(me({}), open, { workspace_id: id })), [false, true]);
  assert.equal(mayAnswer(me({ workspaces: [{ workspace_id: "w", access: "admin" }] }), { ...open, assignee_id: "bob" }, { workspace_id: "w" }), true);
});

test("a step's text begins anew with each attempt and ends with it", () => {
  /** @type {import("../../Public/client/store.js").LiveText[]} */
  const live = [];
  const step = (/** @type {string} */ status, /** @type {number} */ attempt) => ({ id: "s", status, attempt });
  const delta = (/** @type {number} */ attempt, /** @type {number} */ offset, /** @type {string} */ text) => ({ step_id: "s", attempt, offset, text });
  assert.equal(applyDelta(live, [step("pending", 0)], delta(1, 0, "wh")), true); // faster than its step's event
  assert.equal(applyDelta(live, [step("running", 1)], delta(1, 2, "y")), true);
  assert.equal(applyDelta(live, [step("running", 1)], delta(1, 2, "y")), false);
  applyDelta(live, [draft()], { output_id: "o", version_number: 1, offset: 0, text: "draft" });
  assert.deepEqual(live.map((entry) => entry.text), ["why", "draft"]);
  settleStep(live, step("running", 1));
  assert.equal(live.length, 2);
  settleStep(live, step("retrying", 1));
  assert.deepEqual(live.map((entry) => entry.text), ["draft"]);
  assert.equal(applyDelta(live, [step("retrying", 1)], delta(1, 0, "late")), false);
  assert.equal(applyDelta(live, [step("retrying", 1)], delta(2, 0, "anew")), true);
  assert.equal(applyDelta(live, [step("running", 2)], delta(1, 0, "late")), false);
  settleStep(live, step("completed", 2));
  assert.deepEqual(live.map((entry) => entry.text), ["draft"]);
});
