// The plan as bars: the output of each plant, between its pmin and its pmax. Only visible rows are in the document.

import { byId, element, svgElement } from "./dom.js";
import { limits, megawatt, output, shortened } from "./format.js";
import { FULL, OUTLINE, PALE, hatchOf, toneClass } from "./tones.js";

const ROW = 28; // height of a row in pixels
const LETTERS = 14; // of a name
const SPARE = 2; // rows outside the visible part
const [TOP, HIGH] = [8, 12]; // top of a bar in its row, and its height

export class Bars {
  #plants = [];
  #widest = 1;
  #pointed = null;

  /** @param pointed is called with the plant under the pointer, or null. */
  constructor(pointed) {
    this.view = byId("bars");
    this.list = this.view.firstElementChild;
    this.view.addEventListener("scroll", () => this.#render());
    new ResizeObserver(() => this.#render()).observe(this.view);
    this.list.addEventListener("pointerover", ({ target }) => {
      const row = target.closest("li");
      if (row) pointed(this.#plants[row.dataset.position]);
    });
    this.list.addEventListener("pointerleave", () => pointed(null));
  }

  show({ powerplants }) {
    this.#plants = powerplants;
    this.#widest = powerplants.reduce((widest, plant) => Math.max(widest, plant.pmax), 0.1);
    this.list.style.height = `${powerplants.length * ROW}px`;
    this.#render();
  }

  /** Marks the row of the plant that is selected in the chart, and scrolls to it. */
  highlight(plant) {
    this.#pointed = plant?.name ?? null;
    const position = plant ? this.#plants.findIndex((one) => one.name === plant.name) : -1;
    if (position >= 0 && !this.list.matches(":hover")) this.#bringIntoSight(position * ROW);
    for (const line of this.list.children) line.classList.toggle("pointed", line.dataset.plant === this.#pointed);
  }

  #bringIntoSight(top) {
    const { scrollTop, clientHeight } = this.view;
    if (top < scrollTop) this.view.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.view.scrollTop = top + ROW - clientHeight;
  }

  #render() {
    const { scrollTop, clientHeight } = this.view;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const last = Math.min(this.#plants.length, Math.ceil((scrollTop + clientHeight) / ROW) + SPARE);
    const rows = this.#plants.slice(first, last).map((plant, index) => this.#row(plant, first + index));
    this.list.replaceChildren(...rows);
  }

  #row(plant, position) {
    const line = element(
      "li",
      {
        class: [plant.state, plant.name === this.#pointed ? "pointed" : ""].join(" "),
        "data-position": position,
        "data-plant": plant.name,
        "aria-posinset": position + 1,
        "aria-setsize": this.#plants.length,
      },
      element("span", { class: "name", title: plant.name }, shortened(plant.name, LETTERS)),
      bar(plant, this.#widest),
      element("span", { class: "gives" }, output(plant.p), element("span", { class: "unseen" }, inWords(plant))),
    );
    line.style.top = `${position * ROW}px`;
    return line;
  }
}

const inWords = (plant) => ` of ${megawatt(plant.pmax)}, limits ${limits(plant)}`;

/** The range of the plant on a common scale, its output and its pmin; only hatching if it is off. */
function bar({ tone, p, pmin, pmax }, widest) {
  const share = (value) => `${(value / widest) * 100}%`;
  const block = (kind, width, colours) =>
    svgElement("rect", { class: kind, y: TOP, height: HIGH, rx: 2, width: share(width), ...colours });
  const mark = share(pmin);
  return svgElement(
    "svg",
    { class: toneClass(tone), height: ROW, width: "100%", "aria-hidden": "true" },
    block("able", pmax, PALE),
    p ? block("given", p, FULL) : block("off", pmax, { fill: hatchOf(tone) }),
    block("outline", pmax, OUTLINE),
    pmin && pmin < pmax
      ? svgElement("line", { class: p ? "pmin on-fill" : "pmin", x1: mark, x2: mark, y1: TOP - 3, y2: TOP + HIGH + 3 })
      : null,
  );
}
