// A plan in the form of a report, from the payload and the answer of POST /productionplan, without reasons and
// alternatives. It is shown while a slider moves; the exact report follows.

import { STATES } from "./format.js";
import { KEYS, fuelPrice, toSend } from "./payload.js";

const TONNES_PER_MWH = 0.3; // that gas-fired plants emit

export function sketchOf({ payload, co2 }, outputs, headers) {
  const { load } = payload;
  const prices = Object.fromEntries(Object.keys(KEYS).map((fuel) => [fuel, fuelPrice(payload, fuel)]));
  const allowance = co2 ? (prices.co2 ?? null) : null;
  const plants = new Map(toSend(payload).powerplants.map((plant) => [plant.name, plant]));
  const powerplants = outputs.map(({ name, p }) => plantOf(plants.get(name), p, prices, allowance));
  const total = Number(headers.get("Plan-Cost"));
  const tonnes = sum(powerplants, (plant) => plant.co2_tonnes);
  const charged = tonnes * (allowance ?? 0);
  return {
    isSketch: true,
    status: headers.get("Plan-Status"),
    load,
    cost: { total, fuel: total - charged, co2: charged },
    lower_bound: total - Number(headers.get("Plan-Gap") ?? 0),
    proof: null,
    co2_tonnes: tonnes,
    co2_emitted_tonnes: sum(powerplants, (plant) => plant.co2_emitted_tonnes),
    average_price: load ? total / load : null,
    marginal_price: { commitment_as_it_is: pricesOf(powerplants), commitment_free: { up: null, down: null } },
    curtailed_wind: sum(powerplants, (plant) => (plant.type === "windturbine" && !plant.p ? plant.pmax : 0)),
    headroom: {
      up: sum(powerplants, (plant) => (plant.p ? plant.pmax - plant.p : 0)),
      down: sum(powerplants, (plant) => (plant.p ? plant.p - plant.pmin : 0)),
    },
    powerplants,
  };
}

const sum = (plants, part) => plants.reduce((sofar, plant) => sofar + part(plant), 0);

function plantOf(plant, p, prices, allowance) {
  const { name, type } = plant;
  const { pmin, pmax } = limitsOf(plant, prices);
  const isCharged = type === "gasfired" && allowance !== null;
  const fuel = fuelCost(plant, prices);
  const co2 = isCharged ? TONNES_PER_MWH * allowance : 0;
  const state = !p ? "off" : p === pmax ? "at_maximum" : p === pmin ? "at_minimum" : "in_between";
  return {
    name,
    type,
    p,
    pmin,
    pmax,
    marginal_cost: { total: fuel + co2, fuel, co2 },
    cost: p * (fuel + co2),
    co2_tonnes: isCharged ? TONNES_PER_MWH * p : 0,
    co2_emitted_tonnes: type === "gasfired" ? TONNES_PER_MWH * p : 0,
    state,
    alternative: p ? "forced_off" : "forced_on",
    outcome: "not_computed",
    cost_difference: null,
    reason: STATES[state][0].toUpperCase() + STATES[state].slice(1) + ".",
  };
}

/** On the grid of 0.1 MW: pmin is rounded up, pmax and the wind down. */
function limitsOf({ type, pmin, pmax }, { wind }) {
  if (type === "windturbine") {
    const blows = Math.floor(tenths((pmax * wind) / 100)) / 10;
    return { pmin: blows, pmax: blows };
  }
  const [least, most] = [Math.ceil(tenths(pmin)) / 10, Math.floor(tenths(pmax)) / 10];
  return least > most ? { pmin: 0, pmax: 0 } : { pmin: least, pmax: most };
}

/** Without the errors of binary fractions. */
const tenths = (megawatt) => Number((megawatt * 10).toPrecision(14));

function fuelCost({ type, efficiency }, { gas, kerosine }) {
  if (type === "windturbine") return 0;
  return (type === "gasfired" ? gas : kerosine) / efficiency;
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
