// A plan in the form of a report, from the payload and the answer of POST /productionplan, without reasons and
// alternatives. It is shown while a slider moves; the exact report follows.

import { STATES } from "./format.js";
import { COST, TONNES, filled, isFixed } from "./members.js";
import { KEYS, fuelValue, priceKey, profileKey } from "./payload.js";

export function sketchOf({ payload, co2, step }, outputs, headers) {
  const grid = gridOf(step);
  const load = Number(headers.get("Plan-Load") ?? grid.nearest(payload.load));
  const allowance = co2 ? (fuelValue(payload, KEYS.co2) ?? null) : null;
  const plants = new Map(payload.powerplants.map((plant) => [plant.name, filled(plant)]));
  const powerplants = outputs.map(({ name, p }) => plantOf(plants.get(name), p, payload, { allowance, grid }));
  const total = Number(headers.get("Plan-Cost"));
  const tonnes = sum(powerplants, (plant) => plant.co2_tonnes);
  const charged = tonnes * (allowance ?? 0);
  const other = sum(powerplants, (plant) => plant.p * plant.marginal_cost.other);
  return {
    isSketch: true,
    status: headers.get("Plan-Status"),
    load,
    cost: { total, fuel: total - charged - other, co2: charged, other },
    lower_bound: total - Number(headers.get("Plan-Gap") ?? 0),
    proof: null,
    co2_tonnes: tonnes,
    co2_emitted_tonnes: sum(powerplants, (plant) => plant.co2_emitted_tonnes),
    average_price: load ? total / load : null,
    marginal_price: { commitment_as_it_is: pricesOf(powerplants), commitment_free: { up: null, down: null } },
    curtailed_wind: sum(powerplants, ({ name, p, pmax }) => (plants.get(name).profile === undefined ? 0 : pmax - p)),
    headroom: {
      up: sum(powerplants, (plant) => (plant.p ? plant.pmax - plant.p : 0)),
      down: sum(powerplants, (plant) => (plant.p ? plant.p - plant.pmin : 0)),
    },
    powerplants,
    never_runs: [],
    ignored: [],
    notes: [],
  };
}

const sum = (plants, part) => plants.reduce((sofar, plant) => sofar + part(plant), 0);

function plantOf(plant, p, payload, { allowance, grid }) {
  const { name, type, must_run: mustRun, [COST]: other, [TONNES]: tonnes } = plant;
  const { pmin, pmax } = limitsOf(plant, payload, grid);
  const fuel = plant.fuel === undefined ? 0 : fuelValue(payload, priceKey(plant.fuel)) / plant.efficiency;
  const co2 = tonnes * (allowance ?? 0);
  const total = fuel + co2 + other;
  const state = !p ? "off" : p === pmax ? "at_maximum" : p === pmin ? "at_minimum" : "in_between";
  return {
    name,
    type,
    p,
    pmin,
    pmax,
    marginal_cost: { total, fuel, co2, other },
    cost: p * total,
    co2_tonnes: allowance === null ? 0 : tonnes * p,
    co2_emitted_tonnes: tonnes * p,
    state,
    alternative: p || (mustRun && pmax) ? "forced_off" : "forced_on",
    outcome: "not_computed",
    cost_difference: null,
    reason: STATES[state][0].toUpperCase() + STATES[state].slice(1) + ".",
  };
}

/** On the grid: pmin is rounded up, pmax and what a profile leaves down. */
export function limitsOf(plant, payload, grid) {
  const least = isFixed(plant) ? 0 : grid.above(plant.pmin ?? 0);
  const most = grid.below(plant.pmax);
  if (!plant.available || least > most) return { pmin: 0, pmax: 0 };
  if (plant.profile === undefined) return { pmin: least, pmax: most };
  const left = most && grid.below((plant.pmax * fuelValue(payload, profileKey(plant.profile))) / 100);
  if (isFixed(plant)) return { pmin: left, pmax: left };
  return least > left ? { pmin: 0, pmax: 0 } : { pmin: least, pmax: left };
}

/** Multiples of the step. */
export function gridOf(step) {
  const steps = Math.round(1 / step); // in a MW
  const exact = (megawatt) => Number((megawatt * steps).toPrecision(14)); // without the errors of binary fractions
  return {
    above: (megawatt) => Math.ceil(exact(megawatt)) / steps,
    below: (megawatt) => Math.floor(exact(megawatt)) / steps,
    nearest: (megawatt) => Math.round(exact(megawatt)) / steps,
  };
}

/** Of the running plants, the cheapest that can produce more, and the most expensive that can produce less. */
function pricesOf(powerplants) {
  let [up, down] = [null, null];
  for (const { p, pmin, pmax, marginal_cost: cost } of powerplants) {
    if (p && p < pmax) up = Math.min(up ?? Infinity, cost.total);
    if (p > pmin) down = Math.max(down ?? -Infinity, cost.total);
  }
  return { up, down };
}
