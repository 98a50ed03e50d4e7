// The merit-order curve as a drawing: from a report to an SVG, with Observable Plot.
// Everything in it is for the eyes alone, but the targets: those can be pointed at and focused, and carry words.

import { megawatt, price } from "./format.js";
import { nextPrice } from "./plan.js";

const LEAST_HEIGHT = 0.025; // of the whole: what costs nothing is seen all the same
const LETTER = 6.6; // pixels that a letter of a name takes
const PHONE = 520; // pixels under which the drawing is low and has few ticks
const NARROW = 5; // pixels under which a block has neither outline nor pmin
const CROWDED = 8; // pixels that a block must have on average for a gap beside it
const BELOW_ZERO = 24; // pixels between the axis and the lowest block, for the names
const MARGINS = { marginTop: 30, marginRight: 12, marginBottom: 38, marginLeft: 46 };

/**
 * The drawing, and its blocks in the order of its targets.
 *
 * @param before the report that this one is compared with, or null: both fit into the axes, so that they stand still.
 */
export function draw(report, before, width) {
  const { Plot } = globalThis;
  const frame = frameOf([report, before].filter(Boolean), width);
  const blocks = blocksOf(report, frame);
  const figure = Plot.plot({
    className: "merit-order",
    ...MARGINS,
    width,
    height: width < PHONE ? 300 : 440,
    insetBottom: BELOW_ZERO,
    x: { domain: [0, frame.right], label: null },
    y: { domain: [frame.bottom, frame.top], label: null },
    marks: [
      axes(Plot, width),
      layers(Plot, blocks, frame),
      leastOutputs(Plot, blocks, frame),
      names(Plot, blocks, frame),
      before ? Plot.ruleX([before.load], forEyes("load before")) : [],
      lineOfPrice(Plot, nextPrice(report)),
      lineOfLoad(Plot, report.load, frame),
      targets(Plot, blocks, frame),
    ].flat(),
  });
  figure.querySelectorAll("style").forEach((style) => style.remove()); // page.css has it: the page allows none inside
  return { figure, blocks };
}

const forEyes = (className, options = {}) => ({ className, ariaHidden: "true", ...options });

/** The axes: MW of all plants, euro per MWh of all of them, with zero always there. */
function frameOf(reports, width) {
  const able = reports.map(({ powerplants }) => powerplants.filter((plant) => plant.pmax));
  const heights = able.flat().map((plant) => plant.marginal_cost.total);
  const widths = able.map((plants) => plants.reduce((sum, plant) => sum + plant.pmax, 0));
  const top = Math.max(1, ...heights) * 1.08;
  const bottom = Math.min(0, ...heights) * 1.08;
  const right = Math.max(1, ...widths, ...reports.map((report) => report.load));
  const pixels = (width - MARGINS.marginLeft - MARGINS.marginRight) / right; // for each MW
  return { width, right, top, bottom, pixels, least: (top - bottom) * LEAST_HEIGHT };
}

function blocksOf({ powerplants }, { least }) {
  let end = 0;
  return powerplants
    .filter((plant) => plant.pmax)
    .map((plant) => {
      const cost = plant.marginal_cost.total;
      const x1 = end;
      end += plant.pmax;
      return { plant, x1, x2: end, cost: cost < 0 ? Math.min(cost, -least) : Math.max(cost, least) };
    });
}

const wideOnes = (blocks, { pixels }) => blocks.filter(({ x1, x2 }) => (x2 - x1) * pixels >= NARROW);

function axes(Plot, width) {
  const unit = { frameAnchor: "top-left", textAnchor: "start", dx: -40, dy: -22 };
  const unitBelow = { frameAnchor: "bottom-right", textAnchor: "end", dy: 36 };
  return [
    Plot.gridY(forEyes("grid", { ticks: 5 })),
    Plot.axisY(forEyes("axis", { ticks: 5, tickSize: 0, label: null })),
    Plot.axisX(forEyes("axis", { ticks: width < PHONE ? 5 : 9, tickSize: 4, label: null })),
    Plot.text(["€/MWh"], forEyes("unit", unit)),
    Plot.text(["MW"], forEyes("unit", unitBelow)),
  ];
}

/** What a plant could give, in pale; what it gives, filled; hatching where it is off; an outline around all of it. */
function layers(Plot, blocks, frame) {
  const inset = blocks.length * CROWDED < frame.width ? 0.75 : 0;
  const colour = (part) => ({ value: ({ plant }) => `var(--${plant.type}${part})`, scale: null });
  const hatch = { value: ({ plant }) => `url(#hatch-${plant.type})`, scale: null };
  const whole = { x1: "x1", x2: "x2", y1: 0, y2: "cost", insetLeft: inset, insetRight: inset };
  const given = { ...whole, x2: ({ x1, plant }) => x1 + plant.p, insetRight: 0 };
  const off = blocks.filter(({ plant }) => !plant.p);
  const on = blocks.filter(({ plant }) => plant.p);
  const outline = { ...whole, fill: "none", stroke: colour("-ink") };
  return [
    Plot.rect(blocks, forEyes("able", { ...whole, fill: colour("-pale") })),
    Plot.rect(off, forEyes("off", { ...whole, fill: hatch })),
    Plot.rect(on, forEyes("gives", { ...given, fill: colour("") })),
    Plot.rect(wideOnes(blocks, frame), forEyes("outline", outline)),
    Plot.ruleY([0], forEyes("zero")),
  ];
}

/** A dashed line at each pmin, with a small triangle at its foot, on the side of zero where the block is not. */
function leastOutputs(Plot, blocks, frame) {
  const limited = wideOnes(blocks, frame).filter(({ plant }) => plant.pmin > 0 && plant.pmin < plant.pmax);
  const x = ({ x1, plant }) => x1 + plant.pmin;
  const foot = { x, y: 0, r: 3.2, symbol: "triangle" };
  const above = limited.filter(({ cost }) => cost > 0);
  const below = limited.filter(({ cost }) => cost < 0);
  return [
    Plot.ruleX(
      limited.filter(({ plant }) => plant.p),
      forEyes("pmin on-fill", { x, y1: 0, y2: "cost" }),
    ),
    Plot.ruleX(
      limited.filter(({ plant }) => !plant.p),
      forEyes("pmin", { x, y1: 0, y2: "cost" }),
    ),
    Plot.dot(above, forEyes("pmin-foot", { ...foot, dy: 6 })),
    Plot.dot(below, forEyes("pmin-foot", { ...foot, dy: -6, rotate: 180 })),
  ];
}

function names(Plot, blocks, { pixels }) {
  const x = ({ x1, x2 }) => (x1 + x2) / 2;
  const text = ({ plant, x1, x2 }) => shortened(plant.name, (x2 - x1) * pixels);
  return Plot.text(blocks, forEyes("name", { x, text, frameAnchor: "bottom", dy: -5 }));
}

function shortened(name, pixels) {
  const letters = Math.floor(pixels / LETTER);
  if (name.length <= letters) return name;
  return letters >= 5 ? name.slice(0, letters - 1) + "…" : "";
}

function lineOfLoad(Plot, load, { right }) {
  const side = load > right * 0.7 ? { dx: -6, textAnchor: "end" } : { dx: 6, textAnchor: "start" };
  const text = () => `Load ${megawatt(load)}`;
  return [
    Plot.ruleX([load], forEyes("load", { insetTop: -22 })),
    Plot.text([load], forEyes("load-label", { x: load, text, frameAnchor: "top", dy: -16, ...side })),
  ];
}

/** Its label stands where no block is: cheaper plants are to the left, and below zero the dearer ones are above. */
function lineOfPrice(Plot, next) {
  if (next === null) return [];
  const left = { frameAnchor: "left", textAnchor: "start", dx: 6, dy: -8 };
  const right = { frameAnchor: "right", textAnchor: "end", dx: -6, dy: 11 };
  const text = () => `Marginal price ${price(next)}`;
  return [
    Plot.ruleY([next], forEyes("price")),
    Plot.text([next], forEyes("price-label", { y: next, text, ...(next < 0 ? right : left) })),
  ];
}

/** Over each block, from top to bottom: low blocks are easily pointed at too. */
function targets(Plot, blocks, { top, bottom }) {
  const column = { x1: "x1", x2: "x2", y1: bottom, y2: top, insetBottom: -BELOW_ZERO };
  return Plot.rect(blocks, { className: "target", ...column, fill: "transparent" });
}
