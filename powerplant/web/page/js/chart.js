// The merit-order curve on the page: drawn for each plan; plants are selected with the pointer or the arrow keys.

import { draw } from "./curve.js";
import { byId, element } from "./dom.js";
import { STATES, TYPES, cents, euro, limits, megawatt, plain, price, tonnes } from "./format.js";

const PAGE = 10; // plants that Page Up and Page Down move by

/**
 * Its cursor is one element over the whole drawing: for keys and screen readers a slider whose values are plants, so
 * that ten thousand plants need no more elements than six.
 */
export class MeritOrder {
  #drawn = null;
  #position = 0;

  /** @param pointed is called with the plant under the cursor, or null. */
  constructor(pointed) {
    this.stage = byId("chart");
    this.cursor = byId("cursor");
    this.column = this.cursor.firstElementChild;
    this.tip = byId("tip");
    this.pointed = pointed;
    let width = 0;
    new ResizeObserver(([entry]) => {
      if (this.#drawn && entry.contentRect.width !== width) this.draw(this.#drawn.report, this.#drawn.before);
      width = entry.contentRect.width;
    }).observe(this.stage);
    for (const kind of ["pointermove", "pointerdown"])
      this.cursor.addEventListener(kind, (event) => this.#show(this.#blockUnder(event)));
    this.cursor.addEventListener("pointerleave", () => this.hide());
    this.cursor.addEventListener("focus", () => this.#show(this.#position));
    this.cursor.addEventListener("blur", () => this.hide());
    this.cursor.addEventListener("keydown", (event) => this.#onKey(event));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
  }

  /** @param before the report to compare with, or null. */
  draw(report, before) {
    const { figure, blocks, left, pixels } = draw(report, before, Math.max(280, this.stage.clientWidth));
    this.#drawn = { report, before, blocks, left, pixels };
    figure.setAttribute("aria-hidden", "true");
    this.stage.replaceChildren(figure);
    this.#position = Math.max(0, Math.min(this.#position, blocks.length - 1));
    this.cursor.hidden = !blocks.length;
    this.cursor.setAttribute("aria-valuemax", Math.max(1, blocks.length));
    this.#setValue();
    if (!this.tip.hidden) this.#show(this.#position);
  }

  /** Selects a plant, or none if it is not drawn. */
  point(plant) {
    const position = plant ? this.#drawn.blocks.findIndex((block) => block.plant.name === plant.name) : -1;
    if (position < 0) this.hide();
    else this.#show(position);
  }

  hide() {
    if (this.tip.hidden) return;
    this.tip.hidden = this.column.hidden = true;
    this.pointed(null);
  }

  #blockUnder(event) {
    const { blocks, left, pixels } = this.#drawn;
    const at = (event.clientX - this.stage.getBoundingClientRect().left - left) / pixels;
    let [low, high] = [0, blocks.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (blocks[middle].x2 < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #onKey(event) {
    const steps = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      PageUp: PAGE,
      PageDown: -PAGE,
      Home: -Infinity,
      End: Infinity,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.#show(Math.min(this.#drawn.blocks.length - 1, Math.max(0, this.#position + steps[event.key])));
  }

  #setValue() {
    this.cursor.setAttribute("aria-valuenow", this.#position + 1);
    const block = this.#drawn.blocks[this.#position];
    if (block) this.cursor.setAttribute("aria-valuetext", inWords(block.plant));
  }

  #show(position) {
    const { blocks, left, pixels } = this.#drawn;
    if (!blocks.length) return;
    this.#position = position;
    this.#setValue();
    const { plant, x1, x2 } = blocks[position];
    this.pointed(plant);
    this.tip.replaceChildren(...tipOf(plant));
    this.tip.hidden = this.column.hidden = false;
    const [from, to] = [left + x1 * pixels, left + x2 * pixels];
    this.column.style.left = `${from}px`;
    this.column.style.width = `${Math.max(1, to - from)}px`;
    this.#place(from, to);
  }

  /** Places the tip beside the block, on the side with enough space. */
  #place(from, to) {
    const width = this.tip.offsetWidth;
    const total = this.stage.clientWidth;
    const [right, left, middle] = [to + 10, from - width - 10, (from + to - width) / 2];
    const place = right + width <= total ? right : left >= 0 ? left : middle;
    this.tip.style.left = `${Math.max(0, Math.min(place, total - width))}px`;
  }
}

function tipOf(plant) {
  const { fuel, co2 } = plant.marginal_cost;
  const rows = [
    ["Output", megawatt(plant.p)],
    ["Limits", limits(plant)],
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
