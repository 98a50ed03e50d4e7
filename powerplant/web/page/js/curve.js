// The merit-order curve as a drawing: from a report to an SVG, with Observable Plot.
// Screen readers ignore it. All blocks of a colour are one path, so that ten thousand plants are drawn quickly.

import { svgElement } from "./dom.js";
import { cents, megawatt, price, shortened } from "./format.js";
import { nextPrice } from "./plan.js";
import { FULL, OUTLINE, PALE, hatchOf, toneClass, tonesIn } from "./tones.js";

const LEAST_HEIGHT = 0.025; // of the whole height: free plants are visible too
const LETTER = 6.6; // width of a letter in pixels
const LEAST_LETTERS = 5; // a shorter part of a name is not shown
const PHONE = 520; // a narrower drawing (in pixels) is lower and has fewer ticks
const NARROW = 5; // a narrower block (in pixels) has neither outline nor pmin
const CROWDED = 8; // average width of blocks in pixels from which they have gaps
const BELOW_ZERO = 24; // pixels for the names, between the axis and the lowest block
const ARROW = 9; // width of a block in pixels from which an arrow shows that it is cut off
const MARGINS = { marginTop: 30, marginRight: 12, marginBottom: 38, marginLeft: 46 };

/**
 * The drawing, its blocks from left to right, the left edge of the first one, and the pixels of a MW.
 *
 * @param before the report to compare with, or null. Both fit into the axes, so that the axes do not change.
 * @param size width and height in pixels.
 * @param limit euro per MWh at which the value axis ends; Infinity for the whole axis.
 */
export function draw(report, before, { width, height }, limit) {
  const { Plot } = globalThis;
  const frame = frameOf([report, before].filter(Boolean), width, limit);
  const blocks = blocksOf(report, frame);
  const figure = Plot.plot({
    className: "merit-order",
    ...MARGINS,
    width,
    height,
    insetBottom: BELOW_ZERO,
    x: { domain: [0, frame.right], label: null },
    y: { domain: [frame.bottom, frame.top], label: null },
    marks: [
      axes(Plot, width),
      layers(Plot, blocks, frame),
      leastOutputs(blocks, frame),
      names(Plot, blocks, frame),
      endsBeyond(Plot, blocks, frame),
      before ? Plot.ruleX([before.load], forEyes("load before")) : [],
      lineOfPrice(Plot, nextPrice(report), frame),
      lineOfLoad(Plot, report.load, frame),
    ].flat(),
  });
  figure.querySelectorAll("style").forEach((style) => style.remove()); // the policy forbids inline styles
  return { figure, blocks, left: MARGINS.marginLeft, pixels: frame.pixels, end: frame.end, whole: frame.whole };
}

const forEyes = (className, options = {}) => ({ className, ariaHidden: "true", ...options });

/** The axes: the MW of all plants, and their euro per MWh up to the limit; always with zero. */
function frameOf(reports, width, limit) {
  const able = reports.map(({ powerplants }) => powerplants.filter((plant) => plant.pmax));
  const heights = able.flat().map((plant) => plant.marginal_cost.total);
  const widths = able.map((plants) => plants.reduce((sum, plant) => sum + plant.pmax, 0));
  const highest = Math.max(1, ...heights) * 1.08;
  const lowest = Math.min(0, ...heights) * 1.08;
  const [top, bottom] = [Math.min(highest, limit), Math.max(lowest, -limit)];
  const right = Math.max(1, ...widths, ...reports.map((report) => report.load));
  const pixels = (width - MARGINS.marginLeft - MARGINS.marginRight) / right; // of a MW
  const [end, whole] = [Math.max(top, -bottom), Math.max(highest, -lowest)]; // of the value axis, now and not zoomed
  return { width, right, top, bottom, pixels, end, whole, least: (top - bottom) * LEAST_HEIGHT };
}

/** A block is cut off where the axis ends. */
function blocksOf({ powerplants }, { least, top, bottom }) {
  let end = 0;
  return powerplants
    .filter((plant) => plant.pmax)
    .map((plant) => {
      const cost = plant.marginal_cost.total;
      const x1 = end;
      end += plant.pmax;
      const visible = cost < 0 ? Math.max(bottom, Math.min(cost, -least)) : Math.min(top, Math.max(cost, least));
      return { plant, x1, x2: end, cost: visible, isCut: cost > top || cost < bottom };
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

/** The range of a plant in a pale colour, its output filled, hatching if it is off, and an outline. */
function layers(Plot, blocks, frame) {
  const inset = blocks.length * CROWDED < frame.width ? 0.75 : 0;
  const whole = ({ x1, x2 }, x) => [x(x1) + inset, x(x2) - inset];
  const given = (block, x) => [x(block.x1) + inset, Math.min(x(block.x1 + block.plant.p), x(block.x2) - inset)];
  const off = blocks.filter(({ plant }) => !plant.p);
  const on = blocks.filter(({ plant }) => plant.p);
  return [
    layer("able", blocks, whole, () => PALE),
    layer("off", off, whole, (tone) => ({ fill: hatchOf(tone) })),
    layer("gives", on, given, () => FULL),
    layer("outline", wideOnes(blocks, frame), whole, () => OUTLINE),
    Plot.ruleY([0], forEyes("zero")),
  ];
}

/** A mark with one path for each colour. `span` returns the left and right end of a block. */
function layer(className, blocks, span, colours) {
  return (_, { x, y }) => {
    const zero = y(0);
    const paths = tonesIn(blocks.map(({ plant }) => plant)).map((tone) => {
      const boxes = blocks.filter(({ plant }) => plant.tone === tone);
      const d = boxes.map((block) => box(...span(block, x), zero, y(block.cost))).join("");
      return svgElement("path", { d, class: toneClass(tone), ...colours(tone) });
    });
    return svgElement("g", { class: className, "aria-hidden": "true" }, paths);
  };
}

const rounded = (pixels) => Math.round(pixels * 100) / 100;
const box = (left, right, from, to) => `M${rounded(left)},${rounded(from)}V${rounded(to)}H${rounded(right)}V${rounded(from)}Z`;

/** A dashed line at each pmin, with a small triangle at its foot, on the side of zero where the block is not. */
function leastOutputs(blocks, frame) {
  const limited = wideOnes(blocks, frame).filter(({ plant }) => plant.pmin > 0 && plant.pmin < plant.pmax);
  const lines = (className, some) => (_, { x, y }) => {
    const d = some.map(({ x1, plant, cost }) => `M${rounded(x(x1 + plant.pmin))},${rounded(y(0))}V${rounded(y(cost))}`);
    return svgElement("path", { class: className, d: d.join(""), "aria-hidden": "true" });
  };
  const feet = (_, { x, y }) => {
    const d = limited.map(({ x1, plant, cost }) => foot(x(x1 + plant.pmin), y(0), cost < 0 ? -1 : 1));
    return svgElement("path", { class: "pmin-foot", d: d.join(""), "aria-hidden": "true" });
  };
  return [
    lines(
      "pmin on-fill",
      limited.filter(({ plant }) => plant.p),
    ),
    lines(
      "pmin",
      limited.filter(({ plant }) => !plant.p),
    ),
    feet,
  ];
}

const foot = (x, y, side) => `M${rounded(x)},${rounded(y + 2.5 * side)}l-3.5,${6 * side}h7Z`;

function names(Plot, blocks, { pixels }) {
  const x = ({ x1, x2 }) => (x1 + x2) / 2;
  const text = ({ plant, x1, x2 }) => shortened(plant.name, Math.floor(((x2 - x1) * pixels) / LETTER));
  const wide = blocks.filter(({ x1, x2 }) => (x2 - x1) * pixels >= LEAST_LETTERS * LETTER);
  return Plot.text(wide, forEyes("name", { x, text, frameAnchor: "bottom", dy: -5 }));
}

/** Where a block is cut off: an arrow, and its marginal cost if there is enough space. */
function endsBeyond(Plot, blocks, { pixels }) {
  const cut = blocks.filter(({ isCut, x1, x2 }) => isCut && (x2 - x1) * pixels >= ARROW);
  const x = ({ x1, x2 }) => (x1 + x2) / 2;
  const text = ({ plant, cost, x1, x2 }) => {
    const arrow = cost < 0 ? "▼" : "▲";
    const words = `${arrow} ${cents(plant.marginal_cost.total)}`;
    return words.length * LETTER <= (x2 - x1) * pixels ? words : arrow;
  };
  const ends = [cut.filter(({ cost }) => cost >= 0), cut.filter(({ cost }) => cost < 0)];
  return ends.map((some, below) => Plot.text(some, forEyes("beyond", { x, text, y: "cost", dy: below ? -9 : 9 })));
}

function lineOfLoad(Plot, load, { right }) {
  const side = load > right * 0.7 ? { dx: -6, textAnchor: "end" } : { dx: 6, textAnchor: "start" };
  const text = () => `Load ${megawatt(load)}`;
  return [
    Plot.ruleX([load], forEyes("load", { insetTop: -22 })),
    Plot.text([load], forEyes("load-label", { x: load, text, frameAnchor: "top", dy: -16, ...side })),
  ];
}

/** Its label is where no block is: cheaper plants are on the left, and below zero more expensive ones are above. */
function lineOfPrice(Plot, next, { top, bottom }) {
  if (next === null) return [];
  const left = { frameAnchor: "left", textAnchor: "start", dx: 6, dy: -8 };
  const right = { frameAnchor: "right", textAnchor: "end", dx: -6, dy: 11 };
  const arrow = next > top ? " ▲" : next < bottom ? " ▼" : "";
  const text = () => `Marginal price ${price(next)}${arrow}`;
  if (arrow) {
    const place = next > top ? { ...left, frameAnchor: "top-left", dy: 11 } : { ...right, frameAnchor: "bottom-right", dy: -8 };
    return [Plot.text([next], forEyes("price-label", { text, ...place }))];
  }
  return [
    Plot.ruleY([next], forEyes("price")),
    Plot.text([next], forEyes("price-label", { y: next, text, ...(next < 0 ? right : left) })),
  ];
}
