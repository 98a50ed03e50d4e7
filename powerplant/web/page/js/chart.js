// The merit-order curve on the page: drawn for each plan; plants are selected with the pointer or the arrow keys. The
// value axis is zoomed with buttons, with the keys + - 0, or by dragging it.

import { draw } from "./curve.js";
import { byId, element } from "./dom.js";
import { STATES, cents, euro, limits, megawatt, plain, price, tonnes, typeInWords } from "./format.js";
import { costParts } from "./plan.js";
import { toneClass } from "./tones.js";

const PAGE = 10; // plants that Page Up and Page Down move by
const ZOOM = 2; // how much a step of the zoom stretches the value axis
const SHORTEST = 0.5; // euro per MWh: the value axis is not zoomed further
const PAPER = { width: 700, height: 300 }; // pixels, whatever the window is
const DRAG = 160; // pixels of a drag that stretch it as much as a step

/**
 * Its cursor is one element over the whole drawing: for keys and screen readers a slider whose values are plants, so
 * that ten thousand plants need no more elements than six.
 */
export class MeritOrder {
  #drawn = null;
  #position = 0;
  #limit = Infinity; // euro per MWh at which the value axis ends
  #isOnPaper = false;

  /** @param pointed is called with the plant under the cursor, or null. */
  constructor(pointed) {
    this.stage = byId("chart");
    this.cursor = byId("cursor");
    this.column = this.cursor.firstElementChild;
    this.tip = byId("tip");
    this.pointed = pointed;
    let size = "";
    const redraw = () => {
      const { width, height } = this.#size();
      if (this.#drawn && size !== `${width} ${height}`) this.#redraw();
      size = `${width} ${height}`;
    };
    new ResizeObserver(redraw).observe(this.stage);
    addEventListener("resize", redraw);
    for (const kind of ["beforeprint", "afterprint"])
      addEventListener(kind, () => {
        this.#isOnPaper = kind === "beforeprint";
        redraw();
      });
    this.#listenForZoom();
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
    const { figure, ...drawn } = draw(report, before, this.#size(), this.#limit);
    this.#drawn = { report, before, ...drawn };
    const { blocks, end, whole } = drawn;
    byId("zoom-in").disabled = end / ZOOM < SHORTEST;
    byId("zoom-out").disabled = byId("zoom-reset").disabled = end >= whole;
    figure.setAttribute("aria-hidden", "true");
    this.stage.replaceChildren(figure);
    this.#position = Math.max(0, Math.min(this.#position, blocks.length - 1));
    this.cursor.hidden = !blocks.length;
    this.cursor.setAttribute("aria-valuemax", Math.max(1, blocks.length));
    this.#setValue();
    if (!this.tip.hidden) this.#show(this.#position);
  }

  /** The style sheet has the height: that of the window matters too. */
  #size() {
    if (this.#isOnPaper) return PAPER;
    return { width: Math.max(280, this.stage.clientWidth), height: parseFloat(getComputedStyle(this.stage).minHeight) };
  }

  #redraw() {
    this.draw(this.#drawn.report, this.#drawn.before);
  }

  /** Lets the value axis end at this many euro per MWh; at Infinity it is whole. */
  #zoomTo(limit) {
    if (!this.#drawn) return;
    this.#limit = limit >= this.#drawn.whole ? Infinity : Math.max(SHORTEST, limit);
    this.#redraw();
  }

  /** The whole value axis, also for the next drawing. */
  resetZoom() {
    this.#limit = Infinity;
  }

  #listenForZoom() {
    const press = (id, act) =>
      byId(id).addEventListener("click", () => {
        act();
        if (byId(id).disabled) byId(id === "zoom-in" ? "zoom-out" : "zoom-in").focus();
        const { end, whole } = this.#drawn;
        byId("zoom-note").textContent = end < whole ? `The axis ends at ${price(end)}.` : "The whole axis.";
      });
    press("zoom-in", () => this.#zoomTo(this.#drawn.end / ZOOM));
    press("zoom-out", () => this.#zoomTo(this.#drawn.end * ZOOM));
    press("zoom-reset", () => this.#zoomTo(Infinity));
    const axis = byId("axis");
    axis.addEventListener("pointerdown", (event) => {
      if (!this.#drawn || event.pointerType === "touch") return; // which scrolls the page
      axis.setPointerCapture(event.pointerId);
      const { end } = this.#drawn;
      axis.onpointermove = ({ clientY }) => this.#zoomTo(end * ZOOM ** ((clientY - event.clientY) / DRAG));
    });
    for (const kind of ["pointerup", "pointercancel"]) axis.addEventListener(kind, () => (axis.onpointermove = null));
    axis.addEventListener("dblclick", () => this.#zoomTo(Infinity));
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
    const zooms = { "+": 1 / ZOOM, "-": ZOOM, 0: Infinity };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in zooms) this.#zoomTo(this.#drawn.end * zooms[event.key]);
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
  const parts = costParts(plant.marginal_cost, cents);
  const rows = [
    ["Output", megawatt(plant.p)],
    ["Limits", limits(plant)],
    ["Marginal cost", price(plant.marginal_cost.total)],
    ...(parts.length > 1 ? [["", parts.join(", ")]] : []),
    ["Cost", euro(plant.cost)],
    ...(plant.co2_emitted_tonnes ? [["CO₂ emitted", tonnes(plant.co2_emitted_tonnes)]] : []),
  ];
  return [
    element("p", { class: "tip-name" }, element("i", { class: `swatch ${toneClass(plant.tone)}` }), plant.name),
    element("dl", {}, rows.map(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]).flat()),
    element("p", { class: "tip-why" }, plant.reason),
  ];
}

function inWords(plant) {
  return (
    `${plant.name}, ${typeInWords(plant.type)}, ${STATES[plant.state]}: ${plain(plant.p)} of ${plain(plant.pmax)} MW, ` +
    `pmin ${plain(plant.pmin)} MW, ${cents(plant.marginal_cost.total)} euro per MWh. ${plant.reason}`
  );
}
