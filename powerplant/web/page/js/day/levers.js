// What if: a slider for the load and each price and profile of the day, the values of one of them in each period, and
// outages.

import { byId, element, svgElement } from "../dom.js";
import { listed, plain } from "../format.js";
import { axisOf, stepArea } from "./axis.js";
import { LOAD, inWords, quantitiesOf, valuesOf, withOutage, withScale, withValueAt, without } from "./changes.js";

const HEIGHT = 96;
const MOST = 40; // sliders

export class DayLevers {
  #day = null; // { payload, changes, step, periods }
  #sliders = new Map();
  #period = 0;

  /** @param changed is called with the changes, the place that was changed, and whether it still moves. */
  constructor(changed) {
    this.changed = changed;
    this.curve = byId("day-curve");
    this.key = byId("day-quantity");
    this.key.addEventListener("change", () => this.#drawCurve());
    this.handle = byId("day-handle");
    this.handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.handle.setPointerCapture(event.pointerId);
      this.#drag(event);
      this.handle.onpointermove = (move) => this.#drag(move);
    });
    for (const kind of ["pointerup", "pointercancel"])
      this.handle.addEventListener(kind, () => {
        if (!this.handle.onpointermove) return;
        this.handle.onpointermove = null;
        this.changed(this.#day.changes, "curve", false);
      });
    this.handle.addEventListener("keydown", (event) => this.#onKey(event));
    byId("day-outage").addEventListener("submit", (event) => {
      event.preventDefault();
      const [first, last] = ["day-from", "day-to"].map((id) => Number(byId(id).value));
      const { payload, changes } = this.#day;
      const [from, to] = [Math.min(first, last), Math.max(first, last)];
      this.changed(withOutage(payload, changes, byId("day-outage-plant").value, from, to, event.submitter?.value !== "in"), null);
    });
    new ResizeObserver(() => this.#day && this.#drawCurve()).observe(this.curve);
  }

  /** @param day { payload, changes, step, periods }; isOther: another payload. */
  show(day, isOther) {
    this.#day = day;
    if (isOther) this.#arrange();
    for (const [key, { slider, number }] of this.#sliders) {
      const percent = Math.round((day.changes.scale[key] ?? 1) * 1000) / 10;
      if (document.activeElement !== number) number.value = percent;
      slider.value = percent;
      slider.setAttribute("aria-valuetext", `${plain(percent)} %`);
      slider.style.setProperty("--part", `${(slider.value - slider.min) / (slider.max - slider.min) * 100}%`);
    }
    const changes = inWords(day.payload, day.changes);
    byId("day-changes").replaceChildren(...changes.map((change) => this.#chip(change)));
    byId("day-changes").hidden = !changes.length;
    this.#drawCurve();
  }

  #chip({ kind, key, text }) {
    const remove = () => this.changed(without(this.#day.changes, kind, key), null);
    return element(
      "li",
      {},
      text,
      element("button", { type: "button", class: "quiet remove", "aria-label": `Undo: ${text}`, onclick: remove }, "×"),
    );
  }

  /** The sliders and the choices of another payload. */
  #arrange() {
    const { payload, periods } = this.#day;
    const quantities = quantitiesOf(payload);
    this.#sliders = new Map(quantities.slice(0, MOST).map((quantity) => [quantity.key, this.#slider(quantity)]));
    byId("day-scales").replaceChildren(...[...this.#sliders.values()].map(({ row }) => row));
    this.key.replaceChildren(...quantities.map(({ key, name, unit }) => element("option", { value: key }, `${name} (${unit})`)));
    const price = quantities.find(({ key, unit }) => key !== LOAD && unit === "€/MWh");
    this.key.value = (price ?? quantities[0])?.key ?? "";
    byId("day-outage-plant").replaceChildren(...payload.powerplants.map(({ name }) => element("option", {}, name)));
    for (const [id, part] of [["day-from", (t) => t], ["day-to", (t) => t + 1]]) {
      const name = (t) => (periods.isTimed ? periods.label(part(t)) : `period ${t + 1}`);
      byId(id).replaceChildren(...periods.all.map((t) => element("option", { value: t }, name(t))));
    }
    this.#period = 0;
  }

  #slider({ key, name, unit }) {
    const set = (percent, isMoving) => {
      if (Number.isFinite(percent)) this.changed(withScale(this.#day.changes, key, percent / 100), `scale ${key}`, isMoving);
    };
    const id = `day-scale-${this.#sliders.size}-${key.replace(/\W+/g, "-")}`;
    const number = element("input", { id, inputmode: "decimal", autocomplete: "off", oninput: () => set(Number(number.value.replace(",", ".")), false) });
    const slider = element("input", {
      type: "range",
      min: 0,
      max: 200,
      step: 1,
      "aria-label": `${name} in per cent of the loaded day, slider`,
      oninput: () => set(slider.valueAsNumber, true),
      onchange: () => set(slider.valueAsNumber, false),
    });
    const row = element(
      "div",
      { class: "quantity field" },
      element("label", { for: id, title: name }, element("span", {}, name), " ", element("small", {}, `% of its ${unit}`)),
      number,
      slider,
    );
    return { row, number, slider };
  }

  #values() {
    const { payload, changes, step } = this.#day;
    return valuesOf(payload, changes, this.key.value, step);
  }

  /** The values of one quantity, a column for each period. */
  #drawCurve() {
    const { periods, changes } = this.#day;
    if (!this.key.value) return;
    const values = this.#values();
    const axis = axisOf(periods, Math.max(240, this.curve.clientWidth));
    if (!this.handle.onpointermove) this.top = topFor(values, this.key.value);
    const scale = d3.scaleLinear([Math.min(0, ...values), this.top], [HEIGHT - 4, 8]);
    this.scale = scale;
    this.axis = axis;
    const set = changes.values[this.key.value] ?? {};
    const figure = svgElement(
      "svg",
      { class: "day-picture", width: axis.width, height: HEIGHT + 18, viewBox: `0 0 ${axis.width} ${HEIGHT + 18}`, "aria-hidden": "true" },
      scale.ticks(3).map((value) => [
        svgElement("line", { class: "grid", x1: axis.left, x2: axis.right, y1: scale(value), y2: scale(value) }),
        svgElement("text", { class: "value", x: axis.left - 8, y: scale(value) + 4, "text-anchor": "end" }, plain(value)),
      ]).flat(),
      svgElement("path", { class: "layer held", d: stepArea(axis, scale, values.map(() => 0), values) }),
      Object.keys(set).map((t) =>
        svgElement("line", { class: "set", x1: axis.x(Number(t)), x2: axis.x(Number(t) + 1), y1: scale(values[t]), y2: scale(values[t]) }),
      ),
      axis.ticks.map((t) => svgElement("text", { class: "value", x: axis.x(t), y: HEIGHT + 14, "text-anchor": periods.isTimed ? "middle" : "start" }, periods.clock(t))),
    );
    this.curve.querySelector("svg")?.remove();
    this.curve.prepend(figure);
    this.#tell(values);
  }

  #tell(values) {
    const { periods } = this.#day;
    this.#period = Math.min(this.#period, periods.count - 1);
    const text = `${periods.range(this.#period, this.#period)}: ${plain(values[this.#period])} ${this.#unit()}`;
    this.handle.setAttribute("aria-valuemax", periods.count);
    this.handle.setAttribute("aria-valuenow", this.#period + 1);
    this.handle.setAttribute("aria-valuetext", text);
    byId("day-curve-value").textContent = text;
  }

  #unit() {
    return quantitiesOf(this.#day.payload).find(({ key }) => key === this.key.value)?.unit ?? "";
  }

  #drag({ clientX, clientY, type }) {
    const { left, top } = this.curve.getBoundingClientRect();
    if (type === "pointerdown") this.#period = this.axis.periodAt(clientX - left);
    this.#set(this.scale.invert(clientY - top), true);
  }

  #set(value, isMoving) {
    const key = this.key.value;
    const digits = key === LOAD ? 0 : this.top > 20 ? 1 : 2;
    const most = key.endsWith("(%)") ? 100 : Infinity;
    const least = key === LOAD || key.endsWith("(%)") ? 0 : -Infinity;
    const rounded = Math.max(least, Math.min(most, Number(value.toFixed(digits))));
    this.changed(withValueAt(this.#day.changes, key, this.#period, rounded), `value ${key} ${this.#period}`, isMoving);
  }

  /** Left and right choose the period, up and down change its value by a fiftieth of the axis. */
  #onKey(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in moves || event.key in steps)) return;
    event.preventDefault();
    if (event.key in moves) {
      this.#period = Math.max(0, Math.min(this.#day.periods.count - 1, this.#period + moves[event.key]));
      this.#tell(this.#values());
    } else {
      const nice = d3.tickStep(0, this.top, 50);
      this.#set(this.#values()[this.#period] + steps[event.key] * nice, false);
    }
  }
}

const topFor = (values, key) => (key.endsWith("(%)") ? 100 : Math.max(1, ...values) * 1.5);
