// The merit-order curve: a block for each plant, as wide as what it can give, as high as what a MWh of it costs.

import { element } from "./dom.js";
import { nextPrice } from "./plan.js";
import { STATES, TYPES, cents, euro, megawatt, oneDigit, plain, price, tonnes } from "./format.js";

const LEAST_HEIGHT = 0.025; // of the whole: what costs nothing is seen all the same
const LETTER = 6.6; // pixels that a letter of a name takes
const NARROW = 5; // pixels under which a block has neither outline nor pmin
const CROWDED = 8; // pixels that a block must have on average for a gap beside it
const MARGINS = { marginTop: 30, marginRight: 12, marginBottom: 38, marginLeft: 46 };

export class MeritOrder {
  #focused = 0;
  #drawn = null;

  constructor(stage, tip, highlight) {
    this.stage = stage;
    this.tip = tip;
    this.highlight = highlight;
    let width = 0;
    new ResizeObserver(([entry]) => {
      if (this.#drawn && entry.contentRect.width !== width) this.draw(...this.#drawn);
      width = entry.contentRect.width;
    }).observe(stage);
    stage.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.#hideTip());
    stage.addEventListener("pointerleave", () => this.#hideTip());
    stage.addEventListener("focusout", () => this.#hideTip());
  }

  /** @param before the report that this one is compared with, or null: both fit into the axes, so that they stand still. */
  draw(report, before) {
    this.#drawn = [report, before];
    const hadFocus = this.stage.contains(document.activeElement);
    const frame = frameOf([report, before].filter(Boolean));
    const blocks = blocksOf(report, frame);
    const width = Math.max(280, this.stage.clientWidth);
    const figure = plotOf(report, before, blocks, frame, width);
    figure.querySelectorAll("style").forEach((style) => style.remove()); // page.css has it: the page allows none inside
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", `Merit order of ${blocks.length} plants`);
    this.stage.replaceChildren(figure);
    this.targets = [...figure.querySelectorAll(".target rect")];
    this.targets.forEach((target, index) => this.#prepare(target, blocks[index], index));
    this.#focused = Math.min(this.#focused, Math.max(0, blocks.length - 1));
    this.targets[this.#focused]?.setAttribute("tabindex", 0);
    if (hadFocus) this.targets[this.#focused]?.focus();
    return report.powerplants.filter((plant) => !plant.pmax);
  }

  #prepare(target, block, index) {
    target.setAttribute("tabindex", -1);
    target.setAttribute("role", "img");
    target.setAttribute("aria-label", inWords(block.plant));
    const show = () => this.#showTip(target, block);
    target.addEventListener("pointerenter", show);
    target.addEventListener("focus", () => {
      this.#focused = index;
      show();
    });
  }

  #onKey(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.targets[this.#focused].setAttribute("tabindex", -1);
    const next = Math.min(this.targets.length - 1, Math.max(0, this.#focused + steps[event.key]));
    this.targets[next].setAttribute("tabindex", 0);
    this.targets[next].focus();
  }

  #showTip(target, { plant }) {
    this.highlight(plant.name);
    this.tip.replaceChildren(...tipOf(plant));
    this.tip.hidden = false;
    const stage = this.stage.getBoundingClientRect();
    const block = target.getBoundingClientRect();
    const { offsetWidth: width } = this.tip;
    const right = block.right - stage.left + 10;
    const left = block.left - stage.left - width - 10;
    const middle = (block.left + block.right - width) / 2 - stage.left;
    const place = right + width <= stage.width ? right : left >= 0 ? left : middle;
    this.tip.style.left = `${Math.max(0, Math.min(place, stage.width - width))}px`;
  }

  #hideTip() {
    this.tip.hidden = true;
    this.highlight(null);
  }
}

/** The axes: MW of all plants, euro per MWh of all of them, with zero always there. */
function frameOf(reports) {
  const widths = reports.map((report) => report.powerplants.reduce((sum, plant) => sum + plant.pmax, 0));
  const heights = reports.flatMap(({ powerplants }) =>
    powerplants.filter((plant) => plant.pmax).map((plant) => plant.marginal_cost.total),
  );
  const top = Math.max(1, ...heights) * 1.08;
  const bottom = Math.min(0, ...heights) * 1.08;
  const right = Math.max(1, ...widths, ...reports.map((report) => report.load));
  return { right, top, bottom, least: (top - bottom) * LEAST_HEIGHT };
}

function blocksOf(report, { least }) {
  let start = 0;
  return report.powerplants
    .filter((plant) => plant.pmax)
    .map((plant) => {
      const cost = plant.marginal_cost.total;
      const x1 = start;
      start += plant.pmax;
      return { plant, x1, x2: start, cost: cost < 0 ? Math.min(cost, -least) : Math.max(cost, least) };
    });
}

function plotOf(report, before, blocks, frame, width) {
  const { Plot } = globalThis;
  const height = width < 520 ? 300 : 440;
  const pixels = (width - MARGINS.marginLeft - MARGINS.marginRight) / frame.right;
  const inset = blocks.length * CROWDED < width ? 0.75 : 0; // no gaps where they would leave nothing between them
  const block = { y1: 0, y2: "cost", insetLeft: inset, insetRight: inset, ariaHidden: "true" };
  const colour = (part) => ({ value: ({ plant }) => `var(--${plant.type}${part})`, scale: null });
  const hatch = { value: ({ plant }) => `url(#hatch-${plant.type})`, scale: null };
  const wide = blocks.filter(({ x1, x2 }) => (x2 - x1) * pixels >= NARROW);
  const limited = wide.filter(({ plant }) => plant.pmin > 0 && plant.pmin < plant.pmax);
  const least = ({ x1, plant }) => x1 + plant.pmin;
  const next = nextPrice(report);
  return Plot.plot({
    className: "merit-order",
    ...MARGINS,
    width,
    height,
    insetBottom: 24,
    x: { domain: [0, frame.right], label: null },
    y: { domain: [frame.bottom, frame.top], label: null },
    marks: [
      Plot.gridY({ className: "grid", ticks: 5, ariaHidden: "true" }),
      Plot.axisY({ className: "axis", ticks: 5, tickSize: 0, label: null, ariaHidden: "true" }),
      Plot.axisX({ className: "axis", ticks: width < 520 ? 5 : 9, tickSize: 4, label: null, ariaHidden: "true" }),
      Plot.text(["€/MWh"], {
        className: "unit",
        frameAnchor: "top-left",
        dx: -40,
        dy: -22,
        textAnchor: "start",
        ariaHidden: "true",
      }),
      Plot.text(["MW"], {
        className: "unit",
        frameAnchor: "bottom-right",
        dy: 36,
        textAnchor: "end",
        ariaHidden: "true",
      }),
      Plot.rect(blocks, { ...block, className: "able", x1: "x1", x2: "x2", fill: colour("-pale") }),
      Plot.rect(
        blocks.filter(({ plant }) => !plant.p),
        { ...block, className: "off", x1: "x1", x2: "x2", fill: hatch },
      ),
      Plot.rect(
        blocks.filter(({ plant }) => plant.p),
        {
          ...block,
          className: "gives",
          x1: "x1",
          x2: ({ x1, plant }) => x1 + plant.p,
          insetRight: 0,
          fill: colour(""),
        },
      ),
      Plot.rect(wide, { ...block, className: "outline", x1: "x1", x2: "x2", fill: "none", stroke: colour("-ink") }),
      Plot.ruleX(limited, { className: "pmin", x: least, y1: 0, y2: "cost", ariaHidden: "true" }),
      ...feetOf(Plot, limited, least),
      Plot.ruleY([0], { className: "zero", ariaHidden: "true" }),
      Plot.text(blocks, {
        className: "name",
        x: ({ x1, x2 }) => (x1 + x2) / 2,
        frameAnchor: "bottom",
        dy: -5,
        text: ({ plant, x1, x2 }) => shortened(plant.name, (x2 - x1) * pixels),
        ariaHidden: "true",
      }),
      ...(before ? [Plot.ruleX([before.load], { className: "load before", ariaHidden: "true" })] : []),
      ...lineOfPrice(Plot, next),
      ...lineOfLoad(Plot, report.load, frame),
      Plot.rect(blocks, {
        className: "target",
        x1: "x1",
        x2: "x2",
        y1: frame.bottom,
        y2: frame.top,
        insetBottom: -24,
        fill: "transparent",
      }),
    ],
  });
}

/** A small triangle at the foot of each pmin, on the side of zero where the block is not. */
function feetOf(Plot, limited, least) {
  const foot = { className: "pmin-foot", x: least, y: 0, r: 3.2, symbol: "triangle", ariaHidden: "true" };
  return [
    Plot.dot(
      limited.filter(({ cost }) => cost > 0),
      { ...foot, dy: 6 },
    ),
    Plot.dot(
      limited.filter(({ cost }) => cost < 0),
      { ...foot, dy: -6, rotate: 180 },
    ),
  ];
}

function lineOfLoad(Plot, load, { right }) {
  const towardsLeft = load > right * 0.7;
  const label = {
    x: load,
    frameAnchor: "top",
    dy: -16,
    dx: towardsLeft ? 1 : -1,
    textAnchor: towardsLeft ? "end" : "start",
  };
  return [
    Plot.ruleX([load], { className: "load", insetTop: -22, ariaHidden: "true" }),
    Plot.text([load], {
      ...label,
      dx: towardsLeft ? -6 : 6,
      className: "load-label",
      text: () => `Load ${megawatt(load)}`,
      ariaHidden: "true",
    }),
  ];
}

function lineOfPrice(Plot, next) {
  if (next === null) return [];
  // Where no block is in its way: cheaper plants stand to the left, and below zero the dearer ones stand above.
  const side =
    next < 0
      ? { frameAnchor: "right", dx: -6, dy: 11, textAnchor: "end" }
      : { frameAnchor: "left", dx: 6, dy: -8, textAnchor: "start" };
  const label = { ...side, className: "price-label", ariaHidden: "true" };
  return [
    Plot.ruleY([next], { className: "price", ariaHidden: "true" }),
    Plot.text([next], { ...label, y: next, text: () => `Marginal price ${price(next)}` }),
  ];
}

function shortened(name, pixels) {
  const letters = Math.floor(pixels / LETTER);
  if (name.length <= letters) return name;
  return letters >= 5 ? name.slice(0, letters - 1) + "…" : "";
}

function tipOf(plant) {
  const { fuel, co2 } = plant.marginal_cost;
  const rows = [
    ["Output", megawatt(plant.p)],
    [
      "Limits",
      plant.type === "windturbine"
        ? `0 or ${megawatt(plant.pmax)}`
        : `${oneDigit(plant.pmin)} to ${megawatt(plant.pmax)}`,
    ],
    ["Marginal cost", price(plant.marginal_cost.total)],
    ...(co2 ? [["", `${cents(fuel)} fuel, ${cents(co2)} CO₂`]] : []),
    ["Cost", euro(plant.cost)],
    ...(plant.co2_tonnes ? [["CO₂", tonnes(plant.co2_tonnes)]] : []),
  ];
  return [
    element("p", { class: "tip-name" }, element("i", { class: `swatch ${plant.type}` }), plant.name),
    element("dl", {}, rows.map(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]).flat()),
    element("p", { class: "tip-why" }, plant.reason),
  ];
}

function inWords(plant) {
  return (
    `${plant.name}, ${TYPES[plant.type]}, ${STATES[plant.state]}: ${plain(plant.p)} of ${plain(plant.pmax)} MW, ` +
    `pmin ${plain(plant.pmin)} MW, ${cents(plant.marginal_cost.total)} euro per MWh. ${plant.reason}`
  );
}
