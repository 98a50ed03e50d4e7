// A colour for each fuel or profile of a payload, and the legend of the chart. The style sheet has the colours.

import { byId, element, svgElement } from "./dom.js";
import { filled, sourceOf } from "./members.js";

/** The classes of the style sheet, and the names that get each of them first. */
const TONES = {
  wind: ["wind", "onshore", "onshore wind"],
  gas: ["gas", "natural gas"],
  kerosine: ["kerosine", "kerosene"],
  coal: ["coal", "hard coal"],
  lignite: ["lignite", "brown coal", "peat"],
  uranium: ["uranium", "nuclear"],
  solar: ["solar", "sun", "pv"],
  water: ["water", "river", "run of river"],
  reservoir: ["reservoir", "hydro", "lake"],
  biomass: ["biomass", "biogas", "wood"],
  oil: ["oil", "diesel", "heavy oil"],
  offshore: ["offshore", "offshore wind"],
  waste: ["waste"],
  hydrogen: ["hydrogen", "h2"],
  geothermal: ["geothermal", "heat"],
  import: ["import", "imports"],
};
const ALL = Object.keys(TONES);
const WORDS = { wind: "Wind", gas: "Gas", kerosine: "Kerosine" };
const MOST_IN_LEGEND = 16;

byId("hatches").append(
  ...[...ALL, "none"].map((tone) =>
    svgElement(
      "pattern",
      {
        id: `hatch-${tone}`,
        class: `hatch ${toneClass(tone)}`,
        width: 7,
        height: 7,
        patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)",
      },
      svgElement("line", { x1: 0, y1: 0, x2: 0, y2: 7 }),
    ),
  ),
);

/** The class that sets the colours below. */
export function toneClass(tone) {
  return `tone ${tone}`;
}

export const FULL = { fill: "var(--tone)" };
export const PALE = { fill: "var(--tone-pale)" };
export const OUTLINE = { fill: "none", stroke: "var(--tone-ink)" };
export const hatchOf = (tone) => `url(#hatch-${tone})`;

/** The tones of these plants, each once. */
export const tonesIn = (plants) => [...new Set(plants.map((plant) => plant.tone))];

/** Gives each plant of a report its `profile`, its `source` (see sourceOf) and its `tone`. */
export function paint(report, { powerplants }) {
  const given = new Map(powerplants.map((plant) => [plant.name, plant]));
  const tones = tonesOf(new Set(powerplants.map(sourceOf)));
  for (const plant of report.powerplants) {
    plant.profile = filled(given.get(plant.name)).profile;
    plant.source = sourceOf(given.get(plant.name));
    plant.tone = tones.get(plant.source);
  }
}

/** Known names have their own tone; the others get those that are left, and share them if there are not enough. */
function tonesOf(sources) {
  const owned = new Map(); // from a tone to its source
  for (const source of sources) {
    const own = ALL.find((tone) => TONES[tone].includes(source.toLowerCase()));
    if (own && !owned.has(own)) owned.set(own, source);
  }
  const tones = new Map([...owned].map(([tone, source]) => [source, tone]));
  const left = ALL.filter((tone) => !owned.has(tone));
  const free = left.length ? left : ALL;
  const others = [...sources].filter((source) => !tones.has(source));
  others.forEach((source, index) => tones.set(source, free[index % free.length]));
  return tones;
}

/** The fuels and profiles of the plants, those with the most MW first if there are too many. */
export function showLegend({ powerplants }) {
  const sources = new Map();
  for (const { source, tone, pmax } of powerplants)
    sources.set(source, { source, tone, pmax: pmax + (sources.get(source)?.pmax ?? 0) });
  const all = [...sources.values()];
  const shown = all.length > MOST_IN_LEGEND ? all.sort((one, other) => other.pmax - one.pmax).slice(0, MOST_IN_LEGEND) : all;
  const lines = shown.map(({ source, tone }) =>
    element("li", {}, element("i", { class: `swatch ${toneClass(tone)}` }), element("span", {}, WORDS[source] ?? source)),
  );
  if (all.length > shown.length) lines.push(element("li", {}, `and ${all.length - shown.length} more`));
  byId("sources").replaceChildren(...lines);
}
