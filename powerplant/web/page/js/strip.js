// What runs, from 0 MW to the load: a strip under the merit order, each plant as wide as its output.

import { byId, element, svgElement } from "./dom.js";
import { megawatt, oneDigit, shortened } from "./format.js";
import { FULL, toneClass } from "./tones.js";

const HIGH = 22; // pixels
const LETTER = 6.4; // pixels of a letter, about

const view = byId("strip");
let shown = null;

new ResizeObserver(() => shown && draw()).observe(view);

/** @param report null without a plan. */
export function showStrip(report) {
  shown = report;
  view.hidden = !report;
  if (report) draw();
}

function draw() {
  const { load } = shown;
  const running = shown.powerplants.filter(({ p }) => p > 0);
  const pixels = Math.max(200, view.clientWidth) / Math.max(load, 0.1);
  let start = 0;
  const blocks = running.map(({ name, p, tone }) => {
    const [x, width] = [start * pixels, p * pixels];
    start += p;
    const letters = Math.floor((width - 6) / LETTER);
    return svgElement(
      "g",
      {},
      svgElement("title", {}, `${name}: ${megawatt(p)}`),
      svgElement("rect", { class: toneClass(tone), x, width: Math.max(0.5, width - (width > 3 ? 1 : 0)), height: HIGH, ...FULL }),
      letters >= 5 ? svgElement("text", { x: x + 4, y: HIGH / 2 + 4 }, shortened(name, letters)) : null,
    );
  });
  view.replaceChildren(
    element("p", { class: "note" }, `What runs: ${running.length} of ${shown.powerplants.length} plants give the load of ${oneDigit(load)}\u00a0MW.`),
    svgElement("svg", { width: "100%", height: HIGH, "aria-hidden": "true" }, blocks),
  );
}
