// What a workflow will do, and who works in it.

import { el } from "../dom.js";
import { humanise } from "../words.js";

/** @param {any} row a workflow */
export function programme(row) {
  const { phases = [], agents = {} } = row.definition;
  const people = Object.entries(agents);
  return el("div", { class: "programme" },
    el("h2", {}, "What happens"),
    el("ol", {}, ...phases.map((/** @type {any} */ phase) => el("li", {}, el("span", { class: "programme-phase" }, phase.kind !== "signal" && phase.name ? phase.name : humanise(phase.id)),
      phase.agents?.length ? el("span", { class: "quiet" }, ` ${phase.agents.map((/** @type {string} */ slug) => agents[slug]?.name ?? humanise(slug)).join(", ")}`) : null))),
    people.length > 0 && el("dl", { class: "staff" }, ...people.map(([slug, agent]) =>
      el("div", {}, el("dt", {}, agent.name ?? humanise(slug)), el("dd", {}, `${humanise(agent.role)} · `, el("code", {}, [agent.model].flat().join(", then ")))))),
    el("p", { class: "quiet" }, `${row.name} ${row.version}`));
}
