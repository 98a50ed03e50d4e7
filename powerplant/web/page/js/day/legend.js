// The legends of a day: the fuels and profiles in the picture, and the states of the Gantt.

import { byId, element } from "../dom.js";
import { toneClass } from "../tones.js";

const MOST = 16;

export function showDayLegend(outcome) {
  const sources = new Map(outcome.powerplants.filter((plant) => plant.energy).map((plant) => [plant.source, toneClass(plant.tone)]));
  for (const { name } of outcome.storages) sources.set(name, "storage");
  if (outcome.buy || outcome.sell) sources.set("market", "market");
  if (outcome.lost) sources.set("lost load", "lost");
  const shown = [...sources].slice(0, MOST);
  const lines = shown.map(([source, kind]) =>
    element("li", {}, element("i", { class: `swatch ${kind}` }), element("span", {}, source)),
  );
  if (sources.size > MOST) lines.push(element("li", {}, `and ${sources.size - MOST} more`));
  byId("day-sources").replaceChildren(...lines);
}
