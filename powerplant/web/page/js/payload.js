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
