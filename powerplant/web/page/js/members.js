// What the members of a plant mean: the defaults that its type brings, and what it needs of the fuels.

import { KEYS, priceKey, profileKey } from "./payload.js";

export const COST = "cost(euro/MWh)";
export const TONNES = "co2(ton/MWh)";

const DEFAULTS = { curtailable: true, [COST]: 0, [TONNES]: 0, available: true, must_run: false };
const OF_TYPE = {
  gasfired: { fuel: "gas", [TONNES]: 0.3 },
  turbojet: { fuel: "kerosine" },
  windturbine: { profile: "wind", curtailable: false },
};

/** The values of the members that a plant does not have. */
export const defaultsOf = ({ type }) => ({ ...DEFAULTS, ...(Object.hasOwn(OF_TYPE, type) ? OF_TYPE[type] : {}) });

/** A plant with all its members. A plant of a payload is replaced, never changed. */
export function filled(plant) {
  let all = complete.get(plant);
  if (!all) {
    const given = Object.entries(plant).filter(([, value]) => value !== null);
    complete.set(plant, (all = { ...defaultsOf(plant), ...Object.fromEntries(given) }));
  }
  return all;
}

const complete = new WeakMap();

/** Whether its output is exactly what its profile leaves, or 0; its pmin does not count. */
export const isFixed = ({ profile, curtailable }) => profile !== undefined && curtailable !== true;

/** The fuel or the profile of a plant, or its type if it has neither: plants with the same one have one colour. */
export function sourceOf(plant) {
  const { fuel, profile, type } = filled(plant);
  return String(fuel ?? profile ?? type);
}

/** The keys of the prices and profiles that plants need. The list of plants is replaced when one changes. */
export function neededBy(powerplants) {
  let keys = known.get(powerplants);
  if (!keys) known.set(powerplants, (keys = new Set(powerplants.flatMap(needs))));
  return keys;
}

const known = new WeakMap();

function needs(plant) {
  const { fuel, profile, [TONNES]: tonnes } = filled(plant);
  return [
    typeof fuel === "string" ? priceKey(fuel) : null,
    typeof profile === "string" ? profileKey(profile) : null,
    tonnes > 0 ? KEYS.co2 : null,
  ].filter(Boolean);
}
