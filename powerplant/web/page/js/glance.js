// A summary of the result, at the top of the window while the chart is scrolled out of it: sliders and fleet are used
// with the result in sight. Screen readers ignore it; the page has all of it elsewhere.

import { byId, element, svgElement } from "./dom.js";
import { euro, price, signed, tonnes } from "./format.js";
import { nextPrice } from "./plan.js";
import { FULL, PALE, hatchOf, toneClass, tonesIn } from "./tones.js";

const HIGH = 22; // pixels

const ENOUGH = 0.6; // of the chart is visible: no summary is needed

const content = byId("glance").firstElementChild;
let shown = null; // the report and the one to compare with; null if there is no plan

new ResizeObserver(() => draw()).observe(content);

new IntersectionObserver(
  ([{ intersectionRatio, boundingClientRect }]) => {
    const isNeeded = intersectionRatio < ENOUGH && boundingClientRect.top < 0;
    byId("glance").hidden = !isNeeded;
    document.documentElement.classList.toggle("with-glance", isNeeded);
    draw();
  },
  { threshold: [0, ENOUGH / 2, ENOUGH] },
).observe(byId("chart"));

/** @param before the report to compare with, or null. */
export function showGlance(report, before) {
  shown = { report, before };
  draw();
}

export function showNoPlan(title) {
  shown = null;
  content.replaceChildren(element("p", { class: "fault" }, title));
}

function draw() {
  if (!shown || byId("glance").hidden) return;
  const { report, before } = shown;
  const next = nextPrice(report);
  content.replaceChildren(
    element(
      "p",
      {},
      figure(
        euro(report.cost.total) + (report.status === "optimal" ? " ✓" : ""),
        before && signed(report.cost.total - before.cost.total, euro),
      ),
      next === null ? null : element("span", { class: "wide" }, "next MWh ", element("b", {}, price(next))),
      figure(
        tonnes(report.co2_emitted_tonnes) + " CO₂",
        before && signed(report.co2_emitted_tonnes - before.co2_emitted_tonnes, tonnes),
      ),
    ),
    ribbon(report, content.clientWidth),
  );
}

const figure = (value, change) =>
  element("span", {}, element("b", {}, value), change ? element("small", {}, " " + change) : null);

/** A bar in merit order: each plant as wide as its pmax, filled up to its output, and the load. */
function ribbon({ powerplants, load }, width) {
  const able = powerplants.reduce((sum, plant) => sum + plant.pmax, 0);
  const pixels = width / Math.max(able, load, 1);
  const paths = Object.fromEntries(tonesIn(powerplants).map((tone) => [tone, { pale: "", off: "", gives: "" }]));
  let start = 0;
  for (const { tone, p, pmax } of powerplants) {
    paths[tone][p ? "pale" : "off"] += box(start, pmax * pixels);
    if (p) paths[tone].gives += box(start, p * pixels);
    start += pmax * pixels;
  }
  const x = Math.min(load * pixels, width - 1);
  return svgElement(
    "svg",
    { width, height: HIGH },
    Object.entries(paths).flatMap(([tone, { pale, off, gives }]) => [
      path(pale + off, tone, PALE),
      path(off, tone, { fill: hatchOf(tone) }),
      path(gives, tone, FULL),
    ]),
    svgElement("line", { class: "load", x1: x, x2: x, y1: 0, y2: HIGH }),
  );
}

/** With a gap beside it if there is enough space. */
function box(left, wide) {
  const right = left + (wide > 4 ? wide - 1 : wide);
  return `M${left.toFixed(2)},4H${right.toFixed(2)}V${HIGH - 4}H${left.toFixed(2)}Z`;
}

const path = (d, tone, colours) => (d ? svgElement("path", { d, class: toneClass(tone), ...colours }) : null);
