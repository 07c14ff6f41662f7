// The order of the outputs at one stage, and how far the judges agree.

import { el } from "../dom.js";
import { counted, humanise, number, percent } from "../words.js";

let count = 0;

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
  const final = ranking.stage === "final";
  const has = (/** @type {string} */ key) => entries.some((entry) => entry[key] !== null && entry[key] !== undefined);
  const totals = has("total_score");
  const ballots = has("first_places");
  const figures = headings[/** @type {keyof typeof headings} */ (ranking.method)] ?? ["Points", "Average"];
  return el("section", { class: `ranking ${ranking.stage}`, "aria-labelledby": id },
    el("h2", { id }, final ? "The ranking" : `${humanise(ranking.stage)} ranking`),
    el("div", { class: "table", role: "region", tabindex: 0, "aria-labelledby": id }, el("table", {},
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
  const parts = [`By ${humanise(ranking.method).toLowerCase()}`];
  if (countedOnes > 0) parts.push(counted(countedOnes, "verdict"));
  if (failed > 0) parts.push(`${counted(failed, "verdict")} failed and left out`);
  const bar = el("span", { class: "score-bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", String(agreement ?? 0));
  return el("div", { class: "footnote" }, el("p", { class: "quiet" }, parts.join(" · ")),
    agreement !== null && agreement !== undefined && el("p", { class: "agreement" },
      el("span", {}, "Agreement between the judges"), bar, el("strong", {}, percent(agreement)), el("span", {}, agreementWords(agreement))));
}

/** A word for readers; the figure stands beside it. @param {number} agreement 0…1 */
const agreementWords = (agreement) => (agreement >= 0.9 ? "nearly unanimous" : agreement >= 0.7 ? "strong" : agreement >= 0.5 ? "moderate" : agreement >= 0.3 ? "weak" : "divided");
