// The totals of a day: cost and its parts, gap, CO₂, starts and prices; and whether its periods depend on each other.

import { byId, element } from "../dom.js";
import { cents, energy, euro, listed, oneDigit, plain, tonnes } from "../format.js";
import { couplingsOf } from "./periods.js";
import { pricesOf } from "./outcome.js";

const KINDS = {
  fuel: "fuel",
  co2: "CO₂",
  other: "other",
  no_load: "no load",
  start: "starts",
  storage: "storage",
  market: "market",
  lost_load: "lost load",
};

export function showDayTotals(outcome) {
  const prices = pricesOf(outcome);
  const { answer, periods } = outcome;
  const none = outcome.isReport ? "–" : "…";
  byId("day-cost").replaceChildren(figure("Cost of the day", cents(outcome.cost), "€", splitOf(outcome)));
  byId("day-others").replaceChildren(
    figure("Average price", prices ? cents(prices.average) : none, "€/MWh", "weighted by the load"),
    figure("Peak price", prices ? cents(prices.peak.price) : none, "€/MWh", prices ? `at ${periods.label(prices.peak.period)}` : ""),
    figure("CO₂ emitted", oneDigit(outcome.emitted), "t", `${tonnes(outcome.charged)} charged`),
    figure("Starts", String(outcome.starts), "", outcome.startCost === null ? "" : `${euro(outcome.startCost)} together`),
    figure("Output", oneDigit(outcome.energy), "MWh", outcome.curtailed ? `${energy(outcome.curtailed)} curtailed` : ""),
  );
  showCertainty(outcome);
  const notes = [
    ...answer.ignored?.map(({ pointer, detail }) => `${decodeURIComponent(pointer.replace(/^#/, ""))} ${detail}.`) ?? [],
    ...answer.never_runs?.map(({ name, reason }) => `${name}: ${reason}`) ?? [],
    ...answer.notes ?? [],
  ];
  byId("day-remarks").replaceChildren(...notes.map((text) => element("li", {}, text)));
  byId("day-remarks").hidden = !notes.length;
}

/** Says whether the periods depend on each other. */
export function showCoupling(payload) {
  const words = couplingsOf(payload);
  byId("day-coupling").textContent = words.length
    ? `The periods are planned together, because they depend on each other: ${listed(words, 8)}.`
    : "Each period is planned alone: no plant has start costs, minimum times or ramps, and there is no reserve, storage or market.";
}

function splitOf({ costs }) {
  if (!costs) return "its parts are being computed";
  const parts = Object.entries(KINDS).filter(([kind]) => costs[kind]);
  return parts.length ? parts.map(([kind, word]) => `${euro(costs[kind])} ${word}`).join(" + ") : "no costs";
}

function figure(label, value, unit, more) {
  return element(
    "div",
    {},
    element("dt", {}, label),
    element("dd", { class: "figure" }, value, element("span", { class: "unit" }, unit && `\u00a0${unit}`)),
    element("dd", { class: "more" }, more),
  );
}

/** Beside the cost: proven, or the gap; what it means opens with a click. */
function showCertainty({ status, gap, relativeGap, bound, isReport }) {
  const isProven = status === "optimal";
  const percent = `${plain(Number((relativeGap * 100).toPrecision(2)))}\u00a0%`;
  byId("day-certainty").classList.toggle("doubt", status === "time_limit");
  byId("day-certainty-label").textContent = isProven ? "✓ Proven cheapest" : `Gap: at most ${euro(gap)} (${percent})`;
  byId("day-certainty-meaning").textContent = isProven
    ? `No plan for this payload costs less. Exact arithmetic proves it.`
    : `No plan costs less than ${euro(bound)}, so a better plan saves at most ${euro(gap)}. ` +
      (status === "within_gap"
        ? "The search stops at the gap that the payload allows."
        : isReport
          ? "The time limit ended the search."
          : "The search goes on.") +
      " The plan is checked exactly; the bound is that of HiGHS.";
}
