// What is changed in a day: scales, single values, outages, and members. The payload that was loaded stays as it is.

import { listed, plain } from "../format.js";
import { quantityOf } from "../payload.js";
import { gridOf } from "../sketch.js";
import { LOST, PRICE, at, periodsOf } from "./periods.js";

export const LOAD = "load";
const MARKET = "market price";

/**
 * `scale` has a factor for load, prices and profiles; `values` a value for single periods of them; `available` a list
 * for plants; `members` other members of the payload.
 */
export const NO_CHANGES = Object.freeze({ scale: {}, values: {}, available: {}, members: {} });

export const isUnchanged = (changes) => Object.values(changes).every((kind) => !Object.keys(kind).length);

/** The load, prices and profiles that can be changed, with their unit. */
export function quantitiesOf(payload) {
  const keys = Object.keys(payload.fuels ?? {}).filter(quantityOf);
  return [
    ...(Array.isArray(payload.load) ? [{ key: LOAD, name: "Load", unit: "MW" }] : []),
    ...keys.map((key) => ({ key, ...nameOf(key) })),
    ...(payload.market ? [{ key: MARKET, name: "Market price", unit: "€/MWh" }] : []),
  ];
}

function nameOf(key) {
  const { name, unit } = quantityOf(key);
  const words = { co2: "CO₂" }[name] ?? name[0].toUpperCase() + name.slice(1);
  return { name: words, unit: { "euro/ton": "€/t", "euro/MWh": "€/MWh" }[unit] ?? unit };
}

const givenOf = (payload, key) => (key === LOAD ? payload.load : key === MARKET ? payload.market?.[PRICE] : payload.fuels?.[key]);

/** The values of a quantity in each period, with the changes. */
export function valuesOf(payload, changes, key, step) {
  const given = givenOf(payload, key);
  const factor = changes.scale[key] ?? 1;
  const grid = gridOf(step);
  return periodsOf(payload).all.map((t) => {
    const value = changes.values[key]?.[t];
    if (value !== undefined) return value;
    const scaled = factor === 1 ? at(given, t) : Number((at(given, t) * factor).toFixed(4));
    if (key === LOAD) return factor === 1 ? scaled : grid.nearest(scaled);
    return key.endsWith("(%)") && factor !== 1 ? Math.min(100, scaled) : scaled;
  });
}

/** The payload with the changes. */
export function applied(payload, changes, step) {
  if (isUnchanged(changes)) return payload;
  const touched = new Set([...Object.keys(changes.scale), ...Object.keys(changes.values)]);
  const next = { ...payload, ...changes.members };
  for (const key of touched) {
    const list = valuesOf(payload, changes, key, step);
    const value = list.every((one) => one === list[0]) && key !== LOAD && key !== MARKET ? list[0] : list;
    if (key === LOAD) next.load = value;
    else if (key === MARKET) next.market = { ...next.market, [PRICE]: value };
    else next.fuels = { ...next.fuels, [key]: value };
  }
  if (Object.keys(changes.available).length)
    next.powerplants = payload.powerplants.map((plant) =>
      Object.hasOwn(changes.available, plant.name) ? { ...plant, available: changes.available[plant.name] } : plant,
    );
  return next;
}

/** Changes with another factor; 1 removes it. */
export const withScale = (changes, key, factor) => ({ ...changes, scale: put(changes.scale, key, factor === 1 ? undefined : factor) });

/** Changes with another value in one period. */
export const withValueAt = (changes, key, period, value) => ({
  ...changes,
  values: { ...changes.values, [key]: { ...changes.values[key], [period]: value } },
});

/** Changes in which a plant has an outage from one period to another, or none there. */
export function withOutage(payload, changes, name, first, last, isOut = true) {
  const given = payload.powerplants.find((plant) => plant.name === name).available ?? true;
  const list = changes.available[name] ?? periodsOf(payload).all.map((t) => at(given, t));
  const next = list.map((value, t) => (first <= t && t <= last ? !isOut : value));
  const isAsGiven = next.every((value, t) => value === at(given, t));
  return { ...changes, available: put(changes.available, name, isAsGiven ? undefined : next) };
}

export const withMember = (changes, key, value) => ({ ...changes, members: put(changes.members, key, value) });

/** Changes without one of them: of a kind, at its key. */
export const without = (changes, kind, key) => ({ ...changes, [kind]: put(changes[kind], key, undefined) });

function put(kind, key, value) {
  const { [key]: _, ...others } = kind;
  return value === undefined ? others : { ...others, [key]: value };
}

/** Each change in words, with its kind and key. */
export function inWords(payload, changes) {
  const periods = periodsOf(payload);
  const names = new Map(quantitiesOf(payload).map(({ key, name, unit }) => [key, { name, unit }]));
  const found = [];
  for (const [key, factor] of Object.entries(changes.scale))
    found.push({ kind: "scale", key, text: `${names.get(key)?.name ?? key} × ${plain(factor)}` });
  for (const [key, values] of Object.entries(changes.values)) {
    const { name, unit } = names.get(key) ?? { name: key, unit: "" };
    const parts = Object.entries(values).map(([t, value]) => `${plain(value)}\u00a0${unit} at ${periods.label(Number(t))}`);
    found.push({ kind: "values", key, text: `${name}: ${listed(parts, 3)}` });
  }
  for (const [name, list] of Object.entries(changes.available)) {
    const given = payload.powerplants.find((plant) => plant.name === name)?.available ?? true;
    const spans = [...spansOf(list, (value, t) => value === false && at(given, t) !== false)].map(([first, last]) => `out ${periods.range(first, last)}`);
    const back = [...spansOf(list, (value, t) => value !== false && at(given, t) === false)].map(([first, last]) => `available ${periods.range(first, last)}`);
    found.push({ kind: "available", key: name, text: `${name}: ${listed([...spans, ...back], 4)}` });
  }
  for (const [key, value] of Object.entries(changes.members))
    found.push({ kind: "members", key, text: key === LOST ? `Lost load allowed at ${plain(value)}\u00a0€/MWh` : `${key[0].toUpperCase()}${key.slice(1)} lowered` });
  return found;
}

/** The first and last index of each run of items for which something holds. */
export function* spansOf(list, holds) {
  for (let t = 0; t < list.length; t += 1) {
    if (!holds(list[t], t)) continue;
    const first = t;
    while (t + 1 < list.length && holds(list[t + 1], t + 1)) t += 1;
    yield [first, t];
  }
}
