// The merit-order curve on the page: drawn anew with each plan, pointed at, and walked through with the arrow keys.

import { draw } from "./curve.js";
import { element } from "./dom.js";
import { STATES, TYPES, cents, euro, limits, megawatt, plain, price, tonnes } from "./format.js";

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

  /** @param before the report that this one is compared with, or null. */
  draw(report, before) {
    this.#drawn = [report, before];
    const hadFocus = this.stage.contains(document.activeElement);
    const { figure, blocks } = draw(report, before, Math.max(280, this.stage.clientWidth));
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", `Merit order of ${blocks.length} plants`);
    this.stage.replaceChildren(figure);
    this.targets = [...figure.querySelectorAll(".target rect")];
    this.targets.forEach((target, index) => this.#prepare(target, blocks[index].plant, index));
    this.#focused = Math.min(this.#focused, Math.max(0, blocks.length - 1));
    this.targets[this.#focused]?.setAttribute("tabindex", 0);
    if (hadFocus) this.targets[this.#focused]?.focus({ preventScroll: true });
  }

  #prepare(target, plant, index) {
    target.setAttribute("tabindex", -1);
    target.setAttribute("role", "img");
    target.setAttribute("aria-label", inWords(plant));
    const show = () => this.#showTip(target, plant);
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

  #showTip(target, plant) {
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
