// The answer to a horizon, plan or report, as what the page draws: each plant's output and state in each period.

import { TONNES, filled } from "../members.js";
import { gridOf, limitsOf } from "../sketch.js";
import { paint } from "../tones.js";
import { at, fuelsAt, periodsOf, plantAt } from "./periods.js";

const CLOSE = 1e-6; // MW

/** The states of a cell of the Gantt, with their words. */
export const STATES = {
  off: "off",
  minimum: "at its minimum",
  between: "between its limits",
  full: "at its maximum",
  idle: "running, but its profile leaves nothing",
  unavailable: "not available",
};

/**
 * @param answer of POST /productionplan/horizon, or of its report: prices, reasons and costs by kind are null without
 *   the report.
 */
export function outcomeOf(question, answer) {
  const { payload, co2 } = question;
  const periods = periodsOf(payload);
  const given = new Map(payload.powerplants.map((plant) => [plant.name, plant]));
  const reports = new Map(answer.powerplants?.map((plant) => [plant.name, plant]));
  const fuels = periods.all.map((period) => fuelsAt(payload, period));
  const grid = gridOf(question.step);
  const powerplants = answer.plan.map((row) =>
    plantOf(row, given.get(row.name), reports.get(row.name), { periods, fuels, grid }),
  );
  paint({ powerplants }, payload);
  const emitted = sum(powerplants, (plant) => plant.emitted);
  const energy = sum(powerplants, (plant) => plant.energy);
  const load = answer.periods?.map((period) => period.load) ?? periods.all.map((t) => grid.nearest(at(payload.load ?? 0, t)));
  return {
    answer,
    periods,
    powerplants,
    load,
    isReport: Boolean(answer.powerplants),
    status: answer.status,
    cost: answer.cost,
    bound: answer.lower_bound,
    gap: answer.gap,
    relativeGap: answer.relative_gap,
    costs: answer.costs ?? null,
    emitted: answer.co2_emitted_tonnes ?? emitted,
    charged: answer.co2_tonnes ?? (co2 ? emitted : 0),
    energy,
    starts: sum(powerplants, (plant) => plant.starts.length),
    startCost: answer.costs?.start ?? null,
    prices: answer.periods?.map((period) => period.price) ?? null,
    reserve: payload.reserve && answer.periods ? answer.periods.map(({ reserve_up: up, reserve_down: down }) => ({ up, down })) : null,
    curtailed: answer.periods ? sum(answer.periods, (period) => period.curtailed) * periods.hours : null,
    storages: answer.storages ?? [],
    limits: new Map(payload.storages?.map((storage) => [storage.name, storage])),
    buy: answer.market?.buy ?? null,
    sell: answer.market?.sell ?? null,
    lost: answer.lost_load?.some((megawatt) => megawatt) ? answer.lost_load : null,
  };
}

const sum = (list, part) => list.reduce((sofar, one) => sofar + part(one), 0);

function plantOf({ name, p, on }, given, report, { periods, fuels, grid }) {
  const least = [];
  const most = [];
  const states = [];
  for (const t of periods.all) {
    const plant = filled(plantAt(given, t));
    const { pmin, pmax } = limitsOf(plant, { fuels: fuels[t] }, grid);
    least.push(pmin);
    most.push(pmax);
    states.push(stateOf(on[t], p[t], pmin, pmax, plant.available));
  }
  const energy = sum(p, (megawatt) => megawatt) * periods.hours;
  return {
    name,
    type: given.type,
    p,
    on,
    least,
    most,
    states,
    pmax: Math.max(...most, 0),
    energy,
    emitted: report?.co2_emitted_tonnes ?? energy * filled(given)[TONNES],
    starts: report?.starts.map((start) => ({ ...start, period: start.period - 1 })) ?? startsOf(on, given),
    costs: report?.costs ?? null,
    uplift: report?.uplift ?? null,
    reasons: report?.reasons.map((spell) => ({ ...spell, first: spell.first - 1, last: spell.last - 1 })) ?? [],
  };
}

function stateOf(on, p, pmin, pmax, available) {
  if (available === false) return "unavailable";
  if (!on) return pmax ? "off" : "unavailable";
  if (!pmax) return "idle";
  if (p >= pmax - CLOSE) return "full";
  return p <= pmin + CLOSE ? "minimum" : "between";
}

/** Where a plan begins to run a plant; the report knows what it costs. */
const startsOf = (on, { initial }) =>
  on
    .map((runs, period) => ({ runs, period, ran: period ? on[period - 1] : (initial?.on ?? true) }))
    .filter(({ runs, ran }) => runs && !ran)
    .map(({ period }) => ({ period, hours_off: null, cost: null }));

export const startAt = (plant, period) => plant.starts.find((start) => start.period === period) ?? null;

export const reasonAt = (plant, period) =>
  plant.reasons.find(({ first, last }) => first <= period && period <= last)?.reason ?? "";

/** The price of a period: what one step more costs; if that is not possible, what one less saves. */
export const priceAt = (outcome, period) => {
  const price = outcome.prices?.[period];
  return price ? (price.up ?? price.down ?? price.relaxed) : null;
};

/** The average price over the load, and the peak; null where nothing is known. */
export function pricesOf(outcome) {
  const known = outcome.periods.all
    .map((period) => ({ period, price: priceAt(outcome, period), load: outcome.load[period] }))
    .filter(({ price }) => price !== null);
  if (!known.length) return null;
  const load = sum(known, (one) => one.load);
  const average = load ? sum(known, (one) => one.price * one.load) / load : sum(known, (one) => one.price) / known.length;
  const peak = known.reduce((highest, one) => (one.price > highest.price ? one : highest));
  return { average, peak };
}

/** The cells in which two plans of the same periods differ: commitment or output. */
export function changedCells(before, now) {
  if (!before || before.periods.count !== now.periods.count) return null;
  const earlier = new Map(before.powerplants.map((plant) => [plant.name, plant]));
  const cells = new Map();
  for (const plant of now.powerplants) {
    const then = earlier.get(plant.name);
    if (!then) continue;
    const periods = now.periods.all.filter((t) => then.on[t] !== plant.on[t] || Math.abs(then.p[t] - plant.p[t]) > 0.0005);
    if (periods.length) cells.set(plant.name, new Set(periods));
  }
  return cells;
}

/** A reason in a few words, `off: +2,309.76 €`; the sentence if it has no amount. */
export function inShort(reason) {
  const [, state, amount, direction] = /^(On|Off): .* would cost ([\d,.]+) euro (more|less)\.$/.exec(reason) ?? [];
  if (state) return `${state === "On" ? "off" : "on"}: ${direction === "more" ? "+" : "\u2212"}${amount}\u00a0€`;
  if (/would cost the same/.test(reason)) return "the same cost either way";
  if (/cannot meet|no plan meets/.test(reason)) return reason.startsWith("On") ? "needed" : "not possible";
  if (/because of (.*)\.$/.test(reason)) return /because of (.*)\.$/.exec(reason)[1];
  return reason.replace(/^(On|Off): /, "").replace(/\.$/, "");
}
