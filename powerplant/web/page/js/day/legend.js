// The legends of a day: on the page the fuels and profiles, in a file all that its pictures show.

import { byId, element, svgElement } from "../dom.js";
import { shortened } from "../format.js";
import { FULL, hatchOf, toneClass } from "../tones.js";

const MOST = 16;
const MOST_LETTERS = 36; // of a name in a file
const LINE = 20; // pixels between lines
const SWATCH = 14; // pixels
const GAP = 6; // between a swatch and its name
const SPACE = 18; // between entries
const NAME = "11px";
const TITLE = "600 13px";
const FONTS = ["Inter", "system-ui, sans-serif"]; // a file may be shown without the font of the page

export function showDayLegend(outcome) {
  const sources = sourcesOf(outcome);
  const lines = sources.slice(0, MOST).map(({ name, tone }) =>
    element("li", {}, element("i", { class: `swatch ${tone}` }), element("span", {}, name)),
  );
  if (sources.length > MOST) lines.push(element("li", {}, `and ${sources.length - MOST} more`));
  byId("day-sources").replaceChildren(...lines);
}

/** The fuels and profiles of plants that run, and what else is in the picture, with the class of its colour. */
function sourcesOf(outcome) {
  const sources = new Map(outcome.powerplants.filter((plant) => plant.energy).map((plant) => [plant.source, toneClass(plant.tone)]));
  for (const { name } of outcome.storages) sources.set(name, "storage");
  if (outcome.buy || outcome.sell) sources.set("market", "market");
  if (outcome.lost) sources.set("lost load", "lost");
  return [...sources].map(([name, tone]) => ({ name, tone }));
}

// --- In a file ------------------------------------------------------------------------------------------------------

/** A title on as many lines as it needs: an SVG group and its height. */
export function titleOf(text, width) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && widthOf(longer, TITLE) > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  const attributes = { "font-size": 13, "font-weight": 600, fill: "var(--ink)" };
  return {
    part: svgElement("g", {}, lines.map((words, index) => svgElement("text", { y: index * LINE + SWATCH, ...attributes }, words))),
    height: lines.length * LINE,
  };
}

/**
 * The legend of output, prices and reserve: an SVG group and its height.
 *
 * @param layers of the picture, each with its name, the class of its colour, its plant or null, and its shade; where they
 *   are many, their fuels and profiles stand for them.
 * @param hasEarlier whether the prices of the baseline are drawn.
 */
export function legendOfPicture({ outcome, layers, hasEarlier, width }) {
  const hasAny = (list) => list?.some((megawatt) => megawatt);
  const isOnlySold = hasAny(outcome.sell) && !hasAny(outcome.buy);
  const all = isOnlySold ? [...layers, { name: "sold", tone: "market", plant: null }] : layers;
  const areas = all.length > MOST ? sourcesOf(outcome).slice(0, MOST) : all;
  const entries = [
    ...areas.map(({ name, tone, plant, shade }) => ({
      name,
      marks: [box({ class: `layer ${tone}`, ...(tone.startsWith("tone") ? FULL : {}), ...(plant ? { "fill-opacity": shade } : {}) })],
    })),
    { name: "load", marks: [line("load")] },
    ...(outcome.prices ? [{ name: "price", marks: [line("price")] }, { name: "relaxed price", marks: [line("relaxed")] }] : []),
    ...(hasEarlier ? [{ name: "price of the baseline", marks: [line("earlier")] }] : []),
    ...(outcome.reserve ? [{ name: "reserve held", marks: [box({ class: "layer held" })] }, { name: "reserve needed", marks: [line("needed")] }] : []),
  ];
  return flow("day-picture", entries, width);
}

/** The legend of the Gantt, with the states that it has: an SVG group and its height. */
export function legendOfGantt({ outcome, changed, width }) {
  const states = new Set(outcome.powerplants.flatMap((plant) => plant.states));
  const part = (share, attributes) => box({ y: SWATCH * (1 - share), height: SWATCH * share, ...attributes });
  const ground = () => box({ fill: "var(--edge)" });
  const entries = [
    [states.has("off"), "off", [svgElement("path", { class: "off", d: `M0,${SWATCH}h${SWATCH}` })]],
    [outcome.starts, "starts", [svgElement("path", { class: "start", d: `M2,0v${SWATCH}l6,${-SWATCH / 2}Z` })]],
    [states.has("minimum"), "at minimum", [ground(), part(0.5, { fill: "none", stroke: "var(--soft)" })]],
    [states.has("between"), "between", [ground(), part(0.6, { fill: "var(--soft)" })]],
    [states.has("full"), "full", [box({ fill: "var(--soft)" })]],
    [states.has("unavailable"), "not available", [box({ fill: hatchOf("none") })]],
    [changed?.size, "changed", [box({ class: "changed" })]],
  ];
  const shown = entries.filter(([isThere]) => isThere);
  return flow("day-gantt", shown.map(([, name, marks]) => ({ name, marks })), width);
}

const box = (attributes) => svgElement("rect", { width: SWATCH, height: SWATCH, ...attributes });
const line = (kind) => svgElement("path", { class: kind, d: `M0,${SWATCH / 2}h${SWATCH}` });

/** Entries beside and below each other. */
function flow(kind, entries, width) {
  let [x, y] = [0, 0];
  const part = svgElement(
    "g",
    { class: kind },
    entries.map(({ name: whole, marks }) => {
      const name = shortened(whole, MOST_LETTERS);
      const wide = SWATCH + GAP + widthOf(name, NAME);
      if (x && x + wide > width) [x, y] = [0, y + LINE];
      const text = svgElement("text", { x: SWATCH + GAP, y: SWATCH - 3 }, name);
      const entry = svgElement("g", { transform: `translate(${x},${y})` }, marks, text);
      x += wide + SPACE;
      return entry;
    }),
  );
  return { part, height: y + LINE };
}

/** Pixels of a text, in the wider one of the fonts. */
function widthOf(text, size) {
  const context = document.createElement("canvas").getContext("2d");
  return Math.max(
    ...FONTS.map((font) => {
      context.font = `${size} ${font}`;
      return context.measureText(text).width;
    }),
  );
}
