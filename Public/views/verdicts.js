// What the judges said of one output. A verdict that could not be read is shown as failed; no score is made up for it.

import { el, fill, keyed } from "../dom.js";
import { errorWords, humanise, number } from "../words.js";
import { statusMark } from "./status.js";

/** The stage of a judging phase that names none. @type {Record<string, string>} */
const stageOf = { evaluate: "initial", rank: "final" };
const stages = { initial: "Scores", final: "Ballots" };

export function verdicts() {
  const node = el("div", { class: "verdicts" });
  return {
    node,
    /** @param {any[]} evaluations of one output @param {any} definition */
    update(evaluations, definition) {
      const groups = Object.keys(stages).map((stage) => ({ stage, rows: evaluations.filter((row) => row.stage === stage) }))
        .filter((group) => group.rows.length > 0);
      keyed(node, groups, (group) => group.stage, create, (section, group) => {
        keyed(section.querySelector("ul"), group.rows, (row) => row.id, () => el("li", {}), (item, row) => draw(item, row, definition));
      });
    },
  };
}

/** @param {{stage: string}} group */
function create({ stage }) {
  return el("section", {}, el("h4", {}, stages[/** @type {keyof typeof stages} */ (stage)] ?? humanise(stage)), el("ul", {}));
}

/** @param {HTMLElement & {row?: any, definition?: any}} item @param {any} row @param {any} definition */
function draw(item, row, definition) {
  if (item.row === row && item.definition === definition) return;
  const wasOpen = item.querySelector("details")?.open ?? false;
  item.row = row;
  item.definition = definition;
  item.dataset.status = row.status;
  const line = [el("span", { class: "judge" }, row.evaluator?.name ?? "Judge"), result(row, definition)];
  const reasons = detail(row);
  if (reasons.length === 0) fill(item, el("div", { class: "verdict" }, ...line));
  else if (row.status === "failed") fill(item, el("div", { class: "verdict" }, ...line), ...reasons);
  else fill(item, el("details", { open: wasOpen }, el("summary", { class: "verdict" }, ...line), ...reasons));
}

/** @param {any} row @param {any} definition */
function result(row, definition) {
  if (row.status === "failed") return statusMark("failed", "No verdict");
  if (row.status !== "completed") return statusMark(row.status, row.status === "processing" ? "Reading" : "To come");
  const phases = (definition?.phases ?? []).filter((/** @type {any} */ phase) => (phase.stage ?? stageOf[phase.kind]) === row.stage);
  if (row.score === null) {
    const compared = phases.some((/** @type {any} */ phase) => phase.method === "bradley_terry");
    const points = row.weighted_score === null || compared ? "" : ` · ${number(row.weighted_score)} points`;
    return el("span", { class: "result" }, row.rank === null ? "–" : `Place ${row.rank}${points}`);
  }
  const scale = phases.find((/** @type {any} */ phase) => phase.scale)?.scale ?? { min: 1, max: 10 };
  const bar = el("span", { class: "score-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(Math.max(0, Math.min(1, (row.score - scale.min) / (scale.max - scale.min || 1)))));
  return el("span", { class: "result" }, bar, el("span", { class: "figure" }, number(row.score)),
    el("span", { class: "visually-hidden" }, ` of ${scale.max}`));
}

/** Why it is so: the failure, or the criteria and the judge's words. @param {any} row @returns {Element[]} */
function detail(row) {
  if (row.status === "failed") return row.error ? [el("p", { class: "reason error" }, errorWords(row.error))] : [];
  const scores = criteria(row.criteria_scores);
  const parts = [];
  if (scores.length > 0) parts.push(el("p", { class: "criteria" }, ...scores.map(([name, score]) => el("span", {}, `${humanise(name)} ${number(score)}`))));
  if (row.reasoning) parts.push(el("p", { class: "reason" }, row.reasoning));
  return parts;
}

/** `{clarity: 7}`, `{clarity: {score: 7}}` or `[{id, score}]` → pairs. @param {any} scores @returns {[string, number][]} */
function criteria(scores) {
  if (!scores || typeof scores !== "object") return [];
  const pairs = Array.isArray(scores) ? scores.map((one) => [one.id ?? one.name, one.score]) : Object.entries(scores).map(([name, score]) => [name, score?.score ?? score]);
  return /** @type {[string, number][]} */ (pairs.filter(([, score]) => typeof score === "number"));
}
