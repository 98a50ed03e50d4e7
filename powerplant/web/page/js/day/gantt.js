// The Gantt of a day: a row for each plant, a cell for each period. A cell shows the state and how much is produced.

import { svgElement } from "../dom.js";
import { shortened } from "../format.js";
import { FULL, OUTLINE, PALE, hatchOf, tonesIn, toneClass } from "../tones.js";

/** Height of a row in pixels: of many plants the rows are lower. */
const heightOf = (plants) => (plants > 60 ? 15 : plants > 24 ? 18 : 22);
const LOWEST = 9; // pixels of a row that has a name

/**
 * One path for each colour and state, so that 300 plants with 168 periods are some dozens of elements.
 *
 * @param space pixels for all rows; null where they may be as high as they want.
 * @param changed from the name of a plant to the periods in which it differs from the baseline, or null.
 */
export function drawGantt({ axis, outcome, changed, space }) {
  const { powerplants } = outcome;
  const row = Math.min(heightOf(powerplants.length), space ? space / powerplants.length : Infinity);
  const height = powerplants.length * row + 2;
  const paths = Object.fromEntries(tonesIn(powerplants).map((tone) => [tone, { pale: "", full: "", outline: "" }]));
  const plain = { off: "", unavailable: "", start: "", changed: "" };
  const gap = axis.pixels > 8 ? 1 : 0; // pixels between cells
  powerplants.forEach((plant, index) => {
    const top = index * row + Math.min(2, row / 4);
    const high = row - Math.min(4, row / 2);
    const path = paths[plant.tone];
    for (const [first, last] of spells(plant.states, ["off", "unavailable", "idle"])) {
      const state = plant.states[first];
      const box = rectangle(axis.x(first), top, axis.pixels * (last - first + 1) - gap, high);
      if (state === "unavailable") plain.unavailable += box;
      else plain.off += `M${axis.x(first).toFixed(1)},${(top + high).toFixed(1)}h${(axis.pixels * (last - first + 1) - gap).toFixed(1)}`;
    }
    for (const [first, last] of cells(plant, gap)) {
      const state = plant.states[first];
      const x = axis.x(first);
      const wide = axis.pixels * (last - first + 1) - gap;
      if (state !== "full") path.pale += rectangle(x, top, wide, high);
      const share = state === "full" ? 1 : Math.max(0.08, Math.min(1, plant.p[first] / plant.pmax));
      if (state === "minimum") path.outline += rectangle(x, top + high * (1 - share), wide, high * share);
      else path.full += rectangle(x, top + high * (1 - share), wide, high * share);
    }
    for (const { period } of plant.starts) plain.start += `M${axis.x(period).toFixed(1)},${top - 1}v${high + 2}l5,${-(high + 2) / 2}Z`;
    for (const t of changed?.get(plant.name) ?? []) plain.changed += rectangle(axis.x(t) + 0.5, top, axis.pixels - gap - 1, high);
  });
  const label = Math.floor((axis.left - 14) / 6.1);
  const figure = svgElement(
    "svg",
    { class: "day-gantt", width: axis.width, height, viewBox: `0 0 ${axis.width} ${height}` },
    axis.ticks.map((t) => svgElement("line", { class: "grid", x1: axis.x(t), x2: axis.x(t), y1: 0, y2: height })),
    svgElement("path", { class: "off", d: plain.off }),
    svgElement("path", { class: "unavailable", d: plain.unavailable, fill: hatchOf("none") }),
    Object.entries(paths).flatMap(([tone, { pale, full, outline }]) => [
      svgElement("path", { class: toneClass(tone), d: pale, ...PALE }),
      svgElement("path", { class: `${toneClass(tone)} full`, d: full, ...FULL }),
      svgElement("path", { class: `${toneClass(tone)} minimum`, d: outline, ...OUTLINE }),
    ]),
    svgElement("path", { class: "start", d: plain.start }),
    svgElement("path", { class: "changed", d: plain.changed }),
    (row < LOWEST ? [] : powerplants).map((plant, index) =>
      svgElement("text", { class: "name", x: 0, y: index * row + row / 2 + 4 }, shortened(plant.name, label)),
    ),
  );
  return { figure, row, height };
}

/** The first and last period of each cell of a running plant; without gaps between them, cells that look alike are one. */
function* cells({ states, p }, gap) {
  for (let t = 0; t < states.length; t += 1) {
    if (!["minimum", "between", "full"].includes(states[t])) continue;
    const first = t;
    while (!gap && states[t + 1] === states[first] && (states[first] === "full" || p[t + 1] === p[first])) t += 1;
    yield [first, t];
  }
}

/** The first and last periods of each run of one of these states. */
function spells(states, wanted) {
  const found = [];
  for (let t = 0; t < states.length; t += 1) {
    if (!wanted.includes(states[t])) continue;
    const first = t;
    while (states[t + 1] === states[first]) t += 1;
    found.push([first, t]);
  }
  return found;
}

const rectangle = (x, y, wide, high) =>
  `M${x.toFixed(1)},${y.toFixed(1)}h${wide.toFixed(1)}v${high.toFixed(1)}h${(-wide).toFixed(1)}Z`;
