// The payload as a value that is replaced, never changed. JSON Pointers (RFC 6901) name places in it.

export const KEYS = { gas: "gas(euro/MWh)", kerosine: "kerosine(euro/MWh)", co2: "co2(euro/ton)", wind: "wind(%)" };
const OTHER_KEROSINE = "kerosine(euro/Mwh)";

export const priceKey = (fuel) => `${fuel}(euro/MWh)`;
export const profileKey = (profile) => `${profile}(%)`;

/** What a key of `fuels` holds: the name and the unit of a price or a profile; null if it is neither. */
export function quantityOf(key) {
  if (key === KEYS.co2) return { name: "co2", unit: "euro/ton" };
  const [, name, unit] = /^([^()]*[^()\s][^()]*)\((euro\/MWh|%)\)$/.exec(key) ?? [];
  return name === undefined ? null : { name, unit };
}

export const pointerTo = (...keys) =>
  keys.map((key) => "/" + String(key).replaceAll("~", "~0").replaceAll("/", "~1")).join("");

export const keysOf = (pointer) =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The pointer in a URI fragment, which the service uses: `#/fuels/wind(%25)`. */
export const fromFragment = (fragment) => decodeURIComponent(fragment.replace(/^#/, ""));

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

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

/** The pointer to a price or a profile; the challenge spells kerosine in two ways. */
export function pointerToFuel(payload, key) {
  const fuels = payload.fuels ?? {};
  const isOther = key === KEYS.kerosine && OTHER_KEROSINE in fuels && !(key in fuels);
  return pointerTo("fuels", isOther ? OTHER_KEROSINE : key);
}

export const fuelValue = (payload, key) => valueAt(payload, pointerToFuel(payload, key));

/** The pointer to the field of a fault: kerosine has one field for its two spellings. */
export const pointerToField = (pointer) =>
  pointer === pointerTo("fuels", OTHER_KEROSINE) ? pointerTo("fuels", KEYS.kerosine) : pointer;

/** The keys of the prices and profiles that a payload has. */
export const fuelsIn = (payload) => [
  ...new Set(
    Object.keys(payload.fuels ?? {})
      .map((key) => (key === OTHER_KEROSINE ? KEYS.kerosine : key))
      .filter(quantityOf),
  ),
];

/** The number in a field; anything else stays a string, and the service says what is wrong with it. */
export function numberIn(text) {
  const trimmed = text.trim();
  if (!trimmed) return undefined;
  const number = Number(/^[-+]?\d+,\d+$/.test(trimmed) ? trimmed.replace(",", ".") : trimmed.replace("\u2212", "-"));
  return Number.isFinite(number) ? number : trimmed;
}

/** The payload with plants from cells: members of plants with the same name change, the others are new. */
export function withPlants(payload, plants) {
  const all = [...payload.powerplants];
  const positions = new Map(all.map((plant, position) => [plant.name, position]));
  let changed = 0;
  for (const members of plants) {
    const known = positions.get(members.name);
    const plant = { ...all[known], ...members };
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

/** MW of all plants together, whatever their profiles leave. */
export const capacity = (payload) =>
  payload.powerplants.reduce((sum, { pmax }) => sum + (Number.isFinite(pmax) ? pmax : 0), 0);

/** A place in words: `plant 3, pmin`. */
export function inWords(pointer) {
  const keys = keysOf(pointer);
  if (keys[0] === "powerplants" && keys.length > 1) return [`plant ${Number(keys[1]) + 1}`, ...keys.slice(2)].join(", ");
  return keys.at(-1) ?? "the payload";
}
