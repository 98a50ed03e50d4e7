// A horizon's payload and its periods: how many and how long, their times, the values of each, and the hour that one is.

import { COST } from "../members.js";
import { isObject } from "../payload.js";

/** Members of a plant that can be a list with a value for each period. */
export const OVER_TIME = ["pmin", "pmax", COST, "available", "must_run"];
/** Members of a plant that one hour does not use. */
const OF_HORIZON = {
  min_up_time: "minimum times",
  min_down_time: "minimum times",
  ramp_up: "ramps",
  ramp_down: "ramps",
  startup_limit: "start-up limits",
  shutdown_limit: "shut-down limits",
  start_costs: "start costs",
  start_cost: "start costs",
  "no_load_cost(euro/h)": "no-load costs",
  cost_curve: "cost curves",
  reserve: null,
  initial: null,
};
/** The member with the price of load that is not met. */
export const LOST = "lost_load(euro/MWh)";
/** The member of a market with its prices. */
export const PRICE = "price(euro/MWh)";
const MINUTE = 60_000; // milliseconds

/** Whether a payload is a horizon: its load is a list, or a market has its prices. */
export const isDay = (payload) =>
  isObject(payload) && (Array.isArray(payload.load) || (payload.load === undefined && isObject(payload.market)));

/** The value of a period of what is one value or a list. */
export const at = (value, period) => (Array.isArray(value) ? value[period] : value);

/** @returns the number of periods, the hours of one, and functions for their times. */
export function periodsOf(payload) {
  const count = (Array.isArray(payload.load) ? payload.load : payload.market?.[PRICE])?.length ?? 0;
  const [, hour = 0, minute = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(payload.resolution ?? "PT1H") ?? [null, 1];
  const minutes = Number(hour) * 60 + Number(minute) || 60;
  const start = typeof payload.start === "string" ? payload.start : "";
  const begin = Date.parse(start);
  const offset = offsetOf(start);
  const wall = (period) => new Date(begin + (offset + period * minutes) * MINUTE).toISOString();
  const isTimed = Number.isFinite(begin);
  const isLong = count * minutes > 26 * 60;
  const clock = (period) => {
    if (!isTimed) return String(period + 1);
    return wall(period).slice(11, 16);
  };
  const day = (period) => (isTimed ? wall(period).slice(5, 10) : "");
  const label = (period) => {
    if (!isTimed) return `period ${period + 1}`;
    return isLong ? `${day(period)} ${clock(period)}` : clock(period);
  };
  return {
    count,
    hours: minutes / 60,
    all: Array.from({ length: count }, (_, period) => period),
    isTimed,
    clock,
    day,
    label,
    /** ISO 8601, or the number of the period. */
    stamp: (period) => (isTimed ? wall(period).slice(0, 19) + start.slice(start.search(/(Z|[+-]\d\d:?\d\d)$/)) : String(period + 1)),
    /** From the beginning of one to the end of another. */
    range: (first, last) => {
      if (!isTimed) return first === last ? `period ${first + 1}` : `periods ${first + 1} to ${last + 1}`;
      return `${label(first)} to ${isLong ? label(last + 1) : last + 1 === count && clock(count) === "00:00" ? "24:00" : clock(last + 1)}`;
    },
  };
}

/** Minutes from UTC. */
function offsetOf(start) {
  const [, sign, hours, minutes] = /([+-])(\d\d):?(\d\d)$/.exec(start) ?? [];
  return sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) : 0;
}

/** A plant with its values of one period; itself if it has no lists. */
export function plantAt(plant, period) {
  const lists = OVER_TIME.filter((key) => Array.isArray(plant[key]));
  return lists.length ? { ...plant, ...Object.fromEntries(lists.map((key) => [key, plant[key][period]])) } : plant;
}

export const fuelsAt = (payload, period) =>
  Object.fromEntries(Object.entries(payload.fuels ?? {}).map(([key, value]) => [key, at(value, period)]));

/** One period as the payload of an hour, without the members that only a horizon uses. */
export function hourOf(payload, period) {
  const powerplants = payload.powerplants.map((given) => {
    const plant = plantAt(given, period);
    const point = plant.cost_curve?.at(-1);
    const members = Object.entries(plant).filter(([key]) => !(key in OF_HORIZON));
    return { ...Object.fromEntries(members), ...(point?.p ? { [COST]: point.cost / point.p } : {}) };
  });
  return { load: at(payload.load ?? 0, period), fuels: fuelsAt(payload, period), powerplants };
}

/** What makes the periods depend on each other, in words; empty if each is planned alone. */
export function couplingsOf(payload) {
  const words = new Set();
  const { hours } = periodsOf(payload);
  for (const plant of payload.powerplants ?? []) {
    for (const [key, word] of Object.entries(OF_HORIZON)) if (word && couples(key, plant[key], hours)) words.add(word);
    const { on, hours: before = Infinity } = plant.initial ?? {};
    if (before < (plant[on ? "min_up_time" : "min_down_time"] ?? 0)) words.add(OF_HORIZON.min_up_time);
  }
  if ([payload.reserve?.up, payload.reserve?.down].flat().some((needed) => needed > 0)) words.add("reserve");
  if (payload.storages?.length) words.add("storages");
  if (payload.market) words.add("a market");
  if (payload[LOST] !== undefined) words.add("a price of lost load");
  return [...words];
}

/** Whether a member of a plant is more than a rule that each period keeps alone. */
function couples(key, value, hours) {
  if (value === undefined || value === null) return false;
  if (key.endsWith("_time")) return value > hours;
  if (key === "start_costs") return value.some?.(({ cost }) => cost !== 0) ?? true;
  if (key.includes("cost") && !Array.isArray(value)) return value !== 0;
  return true;
}
