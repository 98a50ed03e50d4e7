// The hour: load, wind and prices, each with a number and a slider for the same value; and what changes with them.

import { byId, element } from "./dom.js";
import { cents, euro, oneDigit, plain, signed, tonnes } from "./format.js";
import { KEYS, capacity, isTabular, numberIn, pointerTo, pointerToFuel, valueAt, withValue } from "./payload.js";

const SPACE = "\u00a0";

const QUANTITIES = [
  { id: "load", label: "Load", unit: "MW", from: 0, to: 100, step: 1 },
  { id: "wind", label: "Wind", unit: "%", from: 0, to: 100, step: 1 },
  { id: "gas", label: "Gas", unit: "€/MWh", from: 0, to: 60, step: 0.1 },
  { id: "kerosine", label: "Kerosine", unit: "€/MWh", from: 0, to: 150, step: 0.1 },
  { id: "co2", label: "CO₂", unit: "€/t", from: 0, to: 150, step: 0.5 },
];

const pointerOf = (id, payload) => (id === "load" ? pointerTo("load") : pointerToFuel(payload, id));

export class Hour {
  /**
   * @param payload returns the current payload.
   * @param changed is called with the new payload, whether it was typed, and which quantity it was.
   */
  constructor(payload, changed) {
    this.payload = payload;
    this.changed = changed;
    this.controls = QUANTITIES.map((quantity) => this.#control(quantity));
    byId("quantities").replaceChildren(...this.controls.map((control) => control.row));
  }

  #control(quantity) {
    const { id, label, unit } = quantity;
    const pointer = id === "load" ? pointerTo("load") : pointerTo("fuels", KEYS[id]);
    const number = element("input", {
      id: `${id}-number`,
      inputmode: "decimal",
      autocomplete: "off",
      "data-pointer": pointer,
      oninput: () => this.#set(id, numberIn(number.value), true),
    });
    const slider = element("input", {
      id: `${id}-slider`,
      type: "range",
      "aria-label": `${label}, slider`,
      oninput: () => this.#set(id, slider.valueAsNumber, false),
    });
    const row = element(
      "div",
      { class: "quantity field" },
      element("label", { for: number.id }, label, " ", element("small", {}, unit)),
      number,
      slider,
    );
    return { ...quantity, number, slider, row };
  }

  #set(id, value, typed) {
    this.changed(withValue(this.payload(), pointerOf(id, this.payload()), value), typed, id);
  }

  /** The values in one line, for paper. */
  inWords() {
    const payload = this.payload();
    if (!isTabular(payload)) return "";
    return this.controls
      .map(({ id, label, unit }) => [label, valueAt(payload, pointerOf(id, payload)), unit])
      .filter(([, value]) => Number.isFinite(value))
      .map(([label, value, unit]) => `${label} ${plain(value)}${SPACE}${unit}`)
      .join(", ");
  }

  /** Shows the values; `fresh` also sets the ranges of the sliders, which must not change while one moves. */
  show(fresh) {
    const payload = this.payload();
    for (const { id, unit, number, slider, ...range } of this.controls) {
      number.disabled = slider.disabled = !isTabular(payload);
      const value = number.disabled ? undefined : valueAt(payload, pointerOf(id, payload));
      const known = Number.isFinite(value);
      if (fresh) fit(slider, range, id === "load" && !number.disabled ? capacity(payload) : 0, known ? value : 0);
      if (document.activeElement !== number || numberIn(number.value) !== value) number.value = value ?? "";
      slider.value = known ? value : 0;
      slider.setAttribute("aria-valuetext", known ? plain(value) + SPACE + unit : "not given");
      const part = (slider.value - slider.min) / (slider.max - slider.min || 1);
      slider.style.setProperty("--part", `${part * 100}%`);
    }
  }
}

/** Sets a range around the value. */
function fit(slider, { from, to, step }, least, value) {
  slider.step = step;
  slider.min = value < from ? Math.floor(value * 2) : from;
  slider.max = Math.ceil(Math.max(least || to, value > to ? value * 1.5 : value));
}

/** Shows the difference from the baseline. `before` and `now` are reports, or null if there is no plan. */
export function showDifference(comparing, before, now) {
  const view = byId("difference");
  const plants = comparing && before && now ? switched(before, now) : null;
  view.classList.toggle("waiting", !plants);
  if (!plants) {
    const text = !comparing
      ? "Move a slider or change a plant: this shows what changes."
      : before
        ? "There is no plan now."
        : "The baseline has no plan.";
    view.replaceChildren(element("p", { class: "note" }, text));
    return;
  }
  view.replaceChildren(
    element(
      "dl",
      {},
      line("Cost", signed(now.cost.total - before.cost.total, euro)),
      line("CO₂ emitted", signed(now.co2_emitted_tonnes - before.co2_emitted_tonnes, tonnes)),
      line("CO₂ charged", signed(now.co2_tonnes - before.co2_tonnes, tonnes)),
      line("Switched on", named(plants.on)),
      line("Switched off", named(plants.off)),
    ),
  );
}

const line = (term, text) => element("div", {}, element("dt", {}, term), element("dd", {}, text));
const named = (names) =>
  names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ") || "none";

export function switched(before, now) {
  const running = (report) => new Set(report.powerplants.filter((plant) => plant.p).map((plant) => plant.name));
  const [then, today] = [running(before), running(now)];
  return { on: [...today].filter((name) => !then.has(name)), off: [...then].filter((name) => !today.has(name)) };
}

/** The plan in one sentence, for screen readers. @param gap euro that it may cost too much. */
export function inWords(report, gap) {
  const running = report.powerplants.filter((plant) => plant.p).length;
  const doubt = gap ? ` Not proven to be the cheapest: it may cost ${cents(gap)} euro too much.` : "";
  return `Plan for ${oneDigit(report.load)} MW: ${cents(report.cost.total)} euro, ${running} plants run.${doubt}`;
}
