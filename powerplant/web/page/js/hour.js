// The hour: the load and each price and profile, with a number and a slider for the same value; and what changes with
// them.

import { byId, element } from "./dom.js";
import { cents, euro, listed, output, plain, signed, tonnes } from "./format.js";
import { neededBy } from "./members.js";
import {
  KEYS,
  capacity,
  fuelsIn,
  isTabular,
  numberIn,
  pointerTo,
  pointerToFuel,
  priceKey,
  profileKey,
  quantityOf,
  valueAt,
  withValue,
} from "./payload.js";

const SPACE = "\u00a0";
const MOST = 60; // prices and profiles that have a field

const LOAD = { id: "load", label: "Load", unit: "MW", from: 0, to: 100, step: 1 };
/** Those of the challenge, in the order of the page. */
const KNOWN = {
  [KEYS.wind]: { id: "wind", label: "Wind", unit: "%", from: 0, to: 100, step: 1 },
  [KEYS.gas]: { id: "gas", label: "Gas", unit: "€/MWh", from: 0, to: 60, step: 0.1 },
  [KEYS.kerosine]: { id: "kerosine", label: "Kerosine", unit: "€/MWh", from: 0, to: 150, step: 0.1 },
  [KEYS.co2]: { id: "co2", label: "CO₂", unit: "€/t", from: 0, to: 150, step: 0.5 },
};

let created = 0; // controls of names that the challenge does not have

/** How a price or a profile is shown; `id` is that of its elements. */
function quantityFor(key) {
  if (key in KNOWN) return { key, ...KNOWN[key] };
  const { name, unit } = quantityOf(key);
  const id = `fuel-${(created += 1)}`;
  if (unit === "%") return { key, id, label: name, unit: "%", from: 0, to: 100, step: 1 };
  return { key, id, label: name, unit: "€/MWh", from: 0, to: 60, step: 0.1 };
}

export class Hour {
  #controls = new Map([[LOAD, this.#control(LOAD)]]); // from LOAD and from each key that was ever shown
  #shown = [];

  /**
   * @param payload returns the current payload.
   * @param changed is called with the new payload, whether it was typed, and which quantity it was (null for one that
   *   is new or removed).
   */
  constructor(payload, changed) {
    this.payload = payload;
    this.changed = changed;
    this.#arrange(Object.keys(KNOWN));
    byId("add-fuel").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add(byId("fuel-name"), byId("fuel-kind").value);
    });
    byId("fuel-name").addEventListener("input", ({ target }) => target.setCustomValidity(""));
  }

  #control(quantity) {
    const { key, id, label, unit } = quantity;
    const number = element("input", {
      id: `${id}-number`,
      inputmode: "decimal",
      autocomplete: "off",
      "data-pointer": key ? pointerTo("fuels", key) : pointerTo("load"),
      oninput: () => this.#set(quantity, numberIn(number.value), true),
    });
    const slider = element("input", {
      id: `${id}-slider`,
      type: "range",
      "aria-label": `${label} in ${unit}, slider`,
      oninput: () => this.#set(quantity, slider.valueAsNumber, false),
    });
    const remove = element(
      "button",
      {
        type: "button",
        class: "quiet remove",
        hidden: true,
        title: "No plant uses it",
        "aria-label": `Remove ${label} (${unit}), which no plant uses`,
        onclick: () => this.#remove(quantity),
      },
      "×",
    );
    const row = element(
      "div",
      { class: "quantity field" },
      element("label", { for: number.id, title: label }, element("span", {}, label), " ", element("small", {}, unit)),
      number,
      slider,
      remove,
    );
    return { ...quantity, number, slider, remove, row };
  }

  #pointerOf({ key }) {
    return key ? pointerToFuel(this.payload(), key) : pointerTo("load");
  }

  #set(quantity, value, typed) {
    this.changed(withValue(this.payload(), this.#pointerOf(quantity), value), typed, quantity.id);
  }

  #remove(quantity) {
    this.changed(withValue(this.payload(), this.#pointerOf(quantity), undefined), false, null);
    byId("fuel-name").focus();
  }

  /** A price begins at 0 and a profile at 100 %; the focus moves to its field. */
  #add(field, kind) {
    const name = field.value.trim();
    const key = kind === "profile" ? profileKey(name) : priceKey(name);
    const isThere = fuelsIn(this.payload()).includes(key);
    const fault = isThere ? `${key} is there already` : quantityOf(key) ? "" : "A name without parentheses is needed";
    field.setCustomValidity(fault);
    if (!field.reportValidity()) return;
    field.value = "";
    this.changed(withValue(this.payload(), pointerTo("fuels", key), kind === "profile" ? 100 : 0), false, null);
    const { number } = this.#controls.get(key);
    number.focus();
    number.select();
  }

  /** The values in one line, for paper. */
  inWords() {
    const payload = this.payload();
    if (!isTabular(payload)) return "";
    return this.#shown
      .map((quantity) => [quantity.label, valueAt(payload, this.#pointerOf(quantity)), quantity.unit])
      .filter(([, value]) => Number.isFinite(value))
      .map(([label, value, unit]) => `${label} ${plain(value)}${SPACE}${unit}`)
      .join(", ");
  }

  /** Shows the values; `fresh` also sets the ranges of the sliders, which must not change while one moves. */
  show(fresh) {
    const payload = this.payload();
    const isEditable = isTabular(payload);
    const added = isEditable ? this.#arrange(this.#keysFor(payload)) : [];
    byId("fuel-name").disabled = byId("fuel-kind").disabled = !isEditable;
    for (const quantity of this.#shown) {
      const { key, unit, number, slider, remove } = quantity;
      number.disabled = slider.disabled = !isEditable;
      const value = isEditable ? valueAt(payload, this.#pointerOf(quantity)) : undefined;
      const known = Number.isFinite(value);
      const least = key || !isEditable ? 0 : capacity(payload);
      if (fresh || added.includes(quantity)) fit(slider, quantity, least, known ? value : 0);
      if (document.activeElement !== number || numberIn(number.value) !== value) number.value = value ?? "";
      slider.value = known ? value : 0;
      slider.setAttribute("aria-valuetext", known ? plain(value) + SPACE + unit : "not given");
      const part = (slider.value - slider.min) / (slider.max - slider.min || 1);
      slider.style.setProperty("--part", `${part * 100}%`);
      remove.hidden = !key || !isEditable || value === undefined || neededBy(payload.powerplants).has(key);
    }
  }

  /** Those that the payload has or its plants need, and the one that is being typed. */
  #keysFor(payload) {
    const typed = this.#shown.find(({ number }) => number === document.activeElement)?.key;
    const keys = new Set([...fuelsIn(payload), ...neededBy(payload.powerplants), ...(typed ? [typed] : [])]);
    const all = [...Object.keys(KNOWN).filter((key) => keys.has(key)), ...[...keys].filter((key) => !(key in KNOWN))];
    byId("fuels-note").textContent =
      all.length > MOST ? `${all.length - MOST} more prices and profiles have no field; the JSON has all of them.` : "";
    return all.slice(0, MOST);
  }

  /** Shows the rows of these keys, and returns those that were not shown before. */
  #arrange(keys) {
    const before = this.#shown;
    for (const key of keys) if (!this.#controls.has(key)) this.#controls.set(key, this.#control(quantityFor(key)));
    const next = [LOAD, ...keys].map((key) => this.#controls.get(key));
    if (next.length === before.length && next.every((control, index) => control === before[index])) return [];
    const focused = document.activeElement;
    byId("quantities").replaceChildren(...next.map((control) => control.row));
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
    this.#shown = next;
    return next.filter((control) => !before.includes(control));
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
const named = (names) => listed(names) || "none";

function switched(before, now) {
  const running = (report) => new Set(report.powerplants.filter((plant) => plant.p).map((plant) => plant.name));
  const [then, today] = [running(before), running(now)];
  return { on: [...today].filter((name) => !then.has(name)), off: [...then].filter((name) => !today.has(name)) };
}

/** The plan in one sentence, for screen readers. @param gap euro that it may cost too much. */
export function inWords(report, gap) {
  const running = report.powerplants.filter((plant) => plant.p).length;
  const doubt = gap ? ` Not proven to be the cheapest: it may cost ${cents(gap)} euro too much.` : "";
  return `Plan for ${output(report.load)} MW: ${cents(report.cost.total)} euro, ${running} plants run.${doubt}`;
}
