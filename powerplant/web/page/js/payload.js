// The payload as a value that is replaced, never changed. JSON Pointers (RFC 6901) name places in it.

export const KEYS = { gas: "gas(euro/MWh)", kerosine: "kerosine(euro/MWh)", co2: "co2(euro/ton)", wind: "wind(%)" };
const OTHER_KEROSINE = "kerosine(euro/Mwh)";

export const pointerTo = (...keys) =>
  keys.map((key) => "/" + String(key).replaceAll("~", "~0").replaceAll("/", "~1")).join("");

const keysOf = (pointer) =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The pointer in a URI fragment, which the service's faults use: `#/fuels/wind(%25)`. */
export const fromFragment = (fragment) => decodeURIComponent(fragment.replace(/^#/, ""));

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether tables can show it: an object with a list of objects, whatever their values. */
export const isTabular = (payload) =>
  isObject(payload) &&
  isObject(payload.fuels ?? {}) &&
  Array.isArray(payload.powerplants) &&
  payload.powerplants.every(isObject);

export const valueAt = (payload, pointer) => keysOf(pointer).reduce((value, key) => value?.[key], payload);

/** A payload with another value at a place; `undefined` removes the place. */
export function withValue(payload, pointer, value) {
  const [key, ...rest] = keysOf(pointer);
  return put(payload, key, rest, value);
}

function put(container, key, rest, value) {
  const copy = Array.isArray(container) ? [...container] : { ...container };
  if (rest.length) copy[key] = put(copy[key] ?? {}, rest[0], rest.slice(1), value);
  else if (value === undefined) delete copy[key];
  else copy[key] = value;
  return copy;
}

/** The pointers to a fuel; the challenge spells kerosine in two ways. */
export function pointerToFuel(payload, fuel) {
  const fuels = payload.fuels ?? {};
  const key = fuel === "kerosine" && OTHER_KEROSINE in fuels && !(KEYS.kerosine in fuels) ? OTHER_KEROSINE : KEYS[fuel];
  return pointerTo("fuels", key);
}

export const fuelPrice = (payload, fuel) => valueAt(payload, pointerToFuel(payload, fuel));

export const pointersToFuel = (fuel) =>
  [KEYS[fuel], ...(fuel === "kerosine" ? [OTHER_KEROSINE] : [])].map((key) => pointerTo("fuels", key));

/** The number in a field; anything else stays a string, and the service says what is wrong with it. */
export function numberIn(text) {
  const trimmed = text.trim();
  if (!trimmed) return undefined;
  const number = Number(/^[-+]?\d+,\d+$/.test(trimmed) ? trimmed.replace(",", ".") : trimmed.replace("\u2212", "-"));
  return Number.isFinite(number) ? number : trimmed;
}

/** `available: false` is a plant that cannot run. It stays in the payload of the page; the server does not get it. */
const isAvailable = (plant) => plant.available !== false;

export const unavailable = (payload) =>
  isTabular(payload) ? payload.powerplants.filter((plant) => !isAvailable(plant)) : [];

/** What the server gets. */
export const toSend = (payload) =>
  unavailable(payload).length ? { ...payload, powerplants: payload.powerplants.filter(isAvailable) } : payload;

/** The place in the payload of the page, of a pointer into what the server got. */
export function inPage(payload, pointer) {
  const [list, index, ...rest] = keysOf(pointer);
  if (list !== "powerplants" || !/^\d+$/.test(index) || !unavailable(payload).length) return pointer;
  const positions = [...payload.powerplants.keys()].filter((position) => isAvailable(payload.powerplants[position]));
  return pointerTo(list, positions[index] ?? index, ...rest);
}

/** The payload with plants from cells: members of plants with the same name change, the others are new. */
export function withPlants(payload, plants) {
  const all = [...payload.powerplants];
  const positions = new Map(all.map((plant, position) => [plant.name, position]));
  let changed = 0;
  for (const { available, ...members } of plants) {
    const known = positions.get(members.name);
    const plant = { ...all[known], ...members };
    if (available === false) plant.available = false;
    else if (available) delete plant.available;
    if (known === undefined) positions.set(plant.name, all.push(plant) - 1);
    else all[known] = plant;
    changed += known === undefined ? 0 : 1;
  }
  return { payload: { ...payload, powerplants: all }, changed, added: plants.length - changed };
}

export const withoutPlant = (payload, index) => ({ ...payload, powerplants: payload.powerplants.toSpliced(index, 1) });

/** The payload with one more gas-fired plant, which has an unused name. */
export function withNewPlant(payload) {
  const names = new Set(payload.powerplants.map((plant) => plant.name));
  let number = payload.powerplants.length + 1;
  while (names.has(`plant${number}`)) number += 1;
  const plant = { name: `plant${number}`, type: "gasfired", efficiency: 0.5, pmin: 0, pmax: 100 };
  return { ...payload, powerplants: [...payload.powerplants, plant] };
}

/** MW of all plants together, in full wind. */
export const capacity = (payload) =>
  payload.powerplants.reduce((sum, { pmax }) => sum + (Number.isFinite(pmax) ? pmax : 0), 0);
