// A summary of the result above the sliders. On narrow screens it stays visible when the chart scrolls away.
// Screen readers ignore it; the page has all of it elsewhere.

import { byId, element, svgElement } from "./dom.js";
import { TYPES, euro, signed, tonnes } from "./format.js";

const HIGH = 22; // pixels

let shown = null; // the report and the one to compare with; null if there is no plan

new ResizeObserver(() => draw()).observe(byId("glance"));

/** @param before the report to compare with, or null. */
export function showGlance(report, before) {
  shown = { report, before };
  draw();
}

export function showNoPlan(title) {
  shown = null;
  byId("glance").replaceChildren(element("p", { class: "fault" }, title));
}

function draw() {
  const view = byId("glance");
  if (!shown || !view.offsetParent) return;
  const { report, before } = shown;
  const { paddingInline } = getComputedStyle(view);
  view.replaceChildren(
    element(
      "p",
      {},
      figure(euro(report.cost.total), before && signed(report.cost.total - before.cost.total, euro)),
      figure(tonnes(report.co2_tonnes) + " CO₂", before && signed(report.co2_tonnes - before.co2_tonnes, tonnes)),
    ),
    ribbon(report, view.clientWidth - 2 * parseFloat(paddingInline)),
  );
}

const figure = (value, change) =>
  element("span", {}, element("b", {}, value), change ? element("small", {}, " " + change) : null);

/** A bar in merit order: each plant as wide as its pmax, filled up to its output, and the load. */
function ribbon({ powerplants, load }, width) {
  const able = powerplants.reduce((sum, plant) => sum + plant.pmax, 0);
  const pixels = width / Math.max(able, load, 1);
  const paths = Object.fromEntries(Object.keys(TYPES).map((type) => [type, { pale: "", off: "", gives: "" }]));
  let start = 0;
  for (const { type, p, pmax } of powerplants) {
    paths[type][p ? "pale" : "off"] += box(start, pmax * pixels);
    if (p) paths[type].gives += box(start, p * pixels);
    start += pmax * pixels;
  }
  const x = Math.min(load * pixels, width - 1);
  return svgElement(
    "svg",
    { width, height: HIGH },
    Object.entries(paths).flatMap(([type, { pale, off, gives }]) => [
      path(pale + off, `var(--${type}-pale)`),
      path(off, `url(#hatch-${type})`),
      path(gives, `var(--${type})`),
    ]),
    svgElement("line", { class: "load", x1: x, x2: x, y1: 0, y2: HIGH }),
  );
}

/** With a gap beside it if there is enough space. */
function box(left, wide) {
  const right = left + (wide > 4 ? wide - 1 : wide);
  return `M${left.toFixed(2)},4H${right.toFixed(2)}V${HIGH - 4}H${left.toFixed(2)}Z`;
}

const path = (d, fill) => (d ? svgElement("path", { d, fill }) : null);
