// What the judges said: their verdicts on one output, and the ranking. A verdict that could not be read is shown as failed;
// no score is made up for it.

import { el, fill, keyed, say } from "../dom.js";
import { statusMark } from "../notices.js";
import { counted, errorWords, humanise, number, percent } from "../words.js";

/** The default stage of each judging kind. @type {Record<string, string>} */
const stageOf = { evaluate: "initial", rank: "final" };
const stages = { initial: "Scores", final: "Ballots" };

export function verdicts() {
  const node = el("div", { class: "verdicts" });
  return {
    node,
    /** @param {any[]} evaluations of one output @param {any} definition @param {Map<string, string>} reasons what judges write now, by step */
    update(evaluations, definition, reasons) {
      const groups = Object.keys(stages).map((stage) => ({ stage, rows: evaluations.filter((row) => row.stage === stage) }))
        .filter((group) => group.rows.length > 0);
      keyed(node, groups, (group) => group.stage, create, (section, group) => {
        keyed(section.querySelector("ul"), group.rows, (row) => row.id, () => el("li", {}), (item, row) => {
          draw(item, row, definition);
          drawReasons(item, row.status === "processing" ? reasons.get(row.step_id) : undefined);
        });
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

/** The reasons while they are written. @param {HTMLElement} item @param {string | undefined} text */
function drawReasons(item, text) {
  const shown = item.querySelector(".reason.live");
  if (text === undefined) return shown?.remove();
  if (shown) say(shown, text);
  else item.append(el("p", { class: "reason live" }, text));
}

/** @param {any} row @param {any} definition */
function result(row, definition) {
  if (row.status === "failed") return statusMark("failed", "No verdict");
  if (row.status !== "completed") return statusMark(row.status, row.status === "processing" ? "Judging" : "Not judged yet");
  const phases = (definition?.phases ?? []).filter((/** @type {any} */ phase) => (phase.stage ?? stageOf[phase.kind]) === row.stage);
  if (row.score === null) {
    const compared = phases.some((/** @type {any} */ phase) => phase.method === "bradley_terry");
    const points = row.weighted_score === null || compared ? "" : ` · ${counted(row.weighted_score, "point")}`;
    return el("span", { class: "result" }, row.rank === null ? "–" : `Place ${row.rank}${points}`);
  }
  const scale = phases.find((/** @type {any} */ phase) => phase.scale)?.scale ?? { min: 1, max: 10 };
  const bar = el("span", { class: "score-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(Math.max(0, Math.min(1, (row.score - scale.min) / (scale.max - scale.min || 1)))));
  return el("span", { class: "result" }, bar, el("span", { class: "figure" }, number(row.score)),
    el("span", { class: "visually-hidden" }, ` of ${scale.max}`));
}

/** The reasons: the failure, or the criteria and the judge's words. @param {any} row @returns {Element[]} */
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

// The order of the outputs at one stage, and how much the judges agree.

let count = 0;

const methods = { ballots: "Points for places", borda: "Borda count", bradley_terry: "Bradley–Terry", mean: "Mean scores" };

/** What `total_score` and `avg_score` mean by each method. */
const headings = { mean: ["Sum", "Average"], bradley_terry: ["Strength", "Expected wins"] };

/** @param {any} ranking @param {any[]} outputs */
export function rankingPanel(ranking, outputs) {
  const id = `ranking-${++count}`;
  const name = (/** @type {string} */ outputID) => {
    const output = outputs.find((row) => row.id === outputID);
    return output?.writer?.name ?? humanise(output?.track ?? "Unknown");
  };
  const entries = [...ranking.entries].sort((a, b) => a.rank - b.rank);
  const has = (/** @type {string} */ key) => entries.some((entry) => entry[key] !== null && entry[key] !== undefined);
  const totals = has("total_score");
  const ballots = has("first_places");
  const figures = headings[/** @type {keyof typeof headings} */ (ranking.method)] ?? ["Points", "Average"];
  return el("section", { class: `ranking ${ranking.stage}`, "aria-labelledby": id },
    el("h2", { id }, `${humanise(ranking.stage)} ranking`),
    el("div", { class: "table", role: "group", tabindex: 0, "aria-labelledby": id }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Rank"), el("th", { scope: "col" }, "Draft"),
        totals && el("th", { scope: "col", class: "figure" }, figures[0]),
        ballots && el("th", { scope: "col", class: "figure" }, "First places"),
        el("th", { scope: "col", class: "figure" }, figures[1]))),
      el("tbody", {}, ...entries.map((entry) => el("tr", { class: entry.rank === 1 ? "first" : "" },
        el("td", { class: "rank" }, entry.rank), el("th", { scope: "row" }, name(entry.output_id)),
        totals && el("td", { class: "figure" }, number(entry.total_score)),
        ballots && el("td", { class: "figure" }, number(entry.first_places)),
        el("td", { class: "figure" }, number(entry.avg_score))))))),
    footnote(ranking));
}

/** @param {any} ranking */
function footnote(ranking) {
  const { agreement, evaluations_counted: countedOnes, evaluations_failed: failed } = ranking;
  const parts = [methods[/** @type {keyof typeof methods} */ (ranking.method)] ?? humanise(ranking.method)];
  if (countedOnes > 0) parts.push(counted(countedOnes, "verdict"));
  if (failed > 0) parts.push(`${counted(failed, "verdict")} failed and not counted`);
  const bar = el("span", { class: "score-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(agreement ?? 0));
  return el("div", { class: "footnote" }, el("p", { class: "quiet" }, parts.join(" · ")),
    agreement !== null && agreement !== undefined && el("p", { class: "agreement" },
      el("span", {}, "Agreement between the judges"), bar, el("strong", {}, percent(agreement)), el("span", {}, agreementWords(agreement))));
}

/** A word beside the figure. @param {number} agreement 0…1 */
const agreementWords = (agreement) => (agreement >= 0.9 ? "nearly unanimous" : agreement >= 0.7 ? "strong" : agreement >= 0.5 ? "moderate" : agreement >= 0.3 ? "weak" : "divided");
