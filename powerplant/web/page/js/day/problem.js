// A day without a plan: what is missing in which periods, and what would help.

import { byId, element } from "../dom.js";
import { fromFragment, inWords } from "../payload.js";
import { spansOf, withMember, withOutage } from "./changes.js";
import { LOST, at, periodsOf } from "./periods.js";

const MOST_LISTED = 8;
const LOST_PRICE = 3000; // euro per MWh, offered at first

/** @param change is called with the members of the question that change. */
export function showNoDay(problem, question, { change, askAgain }) {
  const card = byId("day-problem");
  card.replaceChildren(
    ...[
      element("h3", {}, problem.title ?? "No plan"),
      element("p", {}, problem.detail ?? ""),
      problem.proven === false ? element("p", { class: "note" }, "It is not proven that this is the least shortage.") : null,
      problem.errors?.length ? faults(problem.errors) : null,
      problem.periods?.length ? periods(problem.periods, periodsOf(question.payload)) : null,
      ways(problem, question, { change, askAgain }),
    ].filter(Boolean),
  );
  card.hidden = false;
}

export function clearNoDay() {
  byId("day-problem").hidden = true;
}

const list = (lines, all) =>
  element("ul", {}, lines, all > MOST_LISTED ? element("li", {}, `and ${all - MOST_LISTED} more`) : null);

function faults(errors) {
  const lines = errors.slice(0, MOST_LISTED).map(({ pointer, detail }) =>
    element("li", {}, pointer === undefined ? "" : element("strong", {}, inWords(fromFragment(pointer)), " "), detail),
  );
  return list(lines, errors.length);
}

function periods(missing, { label, count }) {
  const lines = missing
    .slice(0, MOST_LISTED)
    .map(({ period, detail }) => element("li", {}, element("strong", {}, period <= count ? label(period - 1) : ""), ` ${detail}`));
  return list(lines, missing.length);
}

/** Buttons for what the answer says would help. */
function ways(problem, question, { change, askAgain }) {
  const { loaded, changes, payload } = question;
  const missing = problem.periods ?? [];
  const short = missing.filter(({ shortfall }) => shortfall > 0).map(({ period }) => period - 1);
  const found = [];
  if (problem.reason === "off_grid" || missing.some(({ reason }) => reason === "off_grid"))
    found.push(button("Round the load to the step", () => change({ roundLoad: true })));
  if (short.length && payload[LOST] === undefined) found.push(lostLoad(change, changes));
  for (const move of outagesThatCanMove(question, short)) {
    const { label } = periodsOf(payload);
    found.push(button(`Move the outage of ${move.name} to ${label(move.to)}`, () => change({ changes: moved(loaded, changes, move) })));
  }
  if (missing.some(({ reserve }) => reserve > 0) && payload.reserve)
    found.push(button(`Lower the reserve by what is missing`, () => change({ changes: withMember(changes, "reserve", lowered(payload, missing)) })));
  if (problem.status === undefined || problem.status === 503) found.push(button("Ask again", askAgain));
  return found.length ? element("div", { class: "buttons" }, found) : null;
}

const button = (words, act) => element("button", { type: "button", onclick: act }, words);

/** A price for load that is not met. */
function lostLoad(change, changes) {
  const price = element("input", { id: "lost-price", inputmode: "decimal", value: LOST_PRICE, "aria-label": "Price of lost load in euro per MWh" });
  return element(
    "form",
    {
      class: "lost-load",
      onsubmit: (event) => {
        event.preventDefault();
        const value = Number(price.value.replace(",", "."));
        if (value >= 0) change({ changes: withMember(changes, LOST, value) });
      },
    },
    element("button", { class: "primary" }, "Allow lost load at"),
    price,
    element("span", {}, "€/MWh"),
  );
}

/** Outages in periods that fall short, which fit elsewhere: where the load is lowest. */
function outagesThatCanMove({ payload }, short) {
  const { all, count } = periodsOf(payload);
  const moves = [];
  for (const { name, available } of payload.powerplants ?? []) {
    if (!Array.isArray(available)) continue;
    for (const [first, last] of spansOf(available, (value) => value === false)) {
      if (!short.some((t) => first <= t && t <= last)) continue;
      const length = last - first + 1;
      const places = all
        .slice(0, count - length + 1)
        .filter((from) => !short.some((t) => from <= t && t < from + length))
        .map((from) => ({ from, load: all.slice(from, from + length).reduce((sum, t) => sum + at(payload.load ?? 0, t), 0) }));
      const best = places.sort((one, other) => one.load - other.load)[0];
      if (best) moves.push({ name, first, last, to: best.from });
    }
  }
  return moves.slice(0, 3);
}

function moved(loaded, changes, { name, first, last, to }) {
  const back = withOutage(loaded, changes, name, first, last, false);
  return withOutage(loaded, back, name, to, to + last - first);
}

/** The reserve up, and then down, less what is missing in each period. */
function lowered({ reserve, ...payload }, missing) {
  const lacks = new Map(missing.map(({ period, reserve: megawatt }) => [period - 1, megawatt]));
  const less = (side) => periodsOf(payload).all.map((t) => Math.max(0, (at(reserve[side], t) ?? 0) - (lacks.get(t) ?? 0)));
  return Object.fromEntries(["up", "down"].filter((side) => reserve[side] !== undefined).map((side) => [side, less(side)]));
}
