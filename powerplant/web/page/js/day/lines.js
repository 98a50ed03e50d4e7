// Payloads of single hours as one day.

import { COST } from "../members.js";
import { OVER_TIME } from "./periods.js";

/**
 * @param hours payloads of an hour, with or without a fleet of their own; `plants` changes members of single plants.
 * @param shared { powerplants, fuels } of hours that do not have them.
 * @returns the payload, and notes on what could not be kept.
 */
export function dayOf(hours, shared) {
  const fleets = hours.map((hour) => new Map((hour.powerplants ?? shared.powerplants ?? []).map((plant) => [plant.name, plant])));
  const names = [...new Set(fleets.flatMap((fleet) => [...fleet.keys()]))];
  const keys = [...new Set([...Object.keys(shared.fuels ?? {}), ...hours.flatMap((hour) => Object.keys(hour.fuels ?? {}))])];
  const fuels = keys.map((key) => [key, alike(hours.map((hour) => hour.fuels?.[key] ?? shared.fuels?.[key] ?? null))]);
  const notes = [];
  const powerplants = names.map((name) => {
    const given = fleets.map((fleet, t) => (fleet.has(name) ? { ...fleet.get(name), ...hours[t].plants?.[name] } : null));
    const first = given.find(Boolean);
    const others = Object.keys(first).filter((key) => !OVER_TIME.includes(key));
    if (given.some((plant) => plant && others.some((key) => JSON.stringify(plant[key]) !== JSON.stringify(first[key]))))
      notes.push(`${name} changes from hour to hour in more than limits, cost and availability; the first hour counts.`);
    const lists = OVER_TIME.map((key) => [key, alike(given.map((plant) => (plant ? plant[key] : key === "available" ? false : first[key])))]);
    return { ...first, ...Object.fromEntries(lists.filter(([, value]) => value !== undefined).map(filledIn)) };
  });
  const payload = { load: hours.map((hour) => hour.load ?? null), fuels: Object.fromEntries(fuels), powerplants };
  return { payload, notes };
}

/** One value if all are the same. */
const alike = (list) => (list.every((value) => value === list[0]) ? list[0] : list);

/** In a list an hour without a value has the default. */
const DEFAULTS = { pmin: 0, [COST]: 0, available: true, must_run: false };
const filledIn = ([key, value]) => [key, Array.isArray(value) ? value.map((one) => one ?? DEFAULTS[key] ?? null) : value];
