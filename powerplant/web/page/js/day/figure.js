// The pictures of a day on the page: the picture and the Gantt on one axis, with a cursor for pointer and keys.

import { byId, element, whenQuiet } from "../dom.js";
import { cents, euro, megawatt, oneDigit, plain, price } from "../format.js";
import { toneClass } from "../tones.js";
import { axisOf } from "./axis.js";
import { drawGantt } from "./gantt.js";
import { STATES, priceAt, reasonAt, startAt } from "./outcome.js";
import { drawDay } from "./picture.js";

const PAPER = 1020; // pixels: the width of A4 in landscape
const PAPER_ROWS = 150; // pixels for the rows of the Gantt on paper
const DRAG = 5; // pixels from which a press is a drag

export class DayFigure {
  #shown = null; // what is drawn, with its axis
  #cell = { period: 0, row: 0 };
  #drag = null; // { row, first, last }
  #isOnPaper = false;

  /**
   * @param opened is called with a period that is clicked.
   * @param marked is called with a plant and the first and last period that were dragged over in its row.
   */
  constructor({ opened, marked }) {
    this.stage = byId("day-stage");
    this.picture = byId("day-picture");
    this.gantt = byId("day-gantt");
    this.tip = byId("day-tip");
    this.band = byId("day-band");
    this.box = byId("day-box");
    this.opened = opened;
    this.marked = marked;
    this.say = whenQuiet(150, (text) => (byId("day-readout").textContent = text));
    let width = 0;
    new ResizeObserver(() => {
      if (this.#shown && this.#width() !== width) this.#redraw();
      width = this.#width();
    }).observe(this.stage);
    for (const kind of ["beforeprint", "afterprint"])
      addEventListener(kind, () => {
        this.#isOnPaper = kind === "beforeprint";
        if (this.#shown) this.#redraw();
      });
    byId("day-layers").addEventListener("change", () => this.#shown && this.#redraw());
    this.#listen(byId("day-cursor"), (event) => this.#inPicture(event));
    this.#listen(byId("day-cells"), (event) => this.#inGantt(event));
    this.#listenForDrag(byId("day-cells"));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.hide());
  }

  #width() {
    return this.#isOnPaper ? PAPER : Math.max(280, this.stage.clientWidth);
  }

  #redraw() {
    this.draw(this.#shown);
  }

  /** @param shown { periods, load, outcome, before, changed, missing }: outcome and before may be null. */
  draw(shown) {
    const axis = axisOf(shown.periods, this.#width());
    const byPlant = byId("day-layers").querySelector(":checked").value === "plant";
    const onPaper = Math.max(80, 125 - 60 * (shown.outcome?.storages.length ?? 0));
    const height = this.#isOnPaper ? onPaper : axis.width < 520 ? 200 : 300;
    const drawn = drawDay({ ...shown, axis, byPlant, height });
    drawn.figure.setAttribute("aria-hidden", "true");
    this.picture.replaceChildren(drawn.figure);
    const gantt = shown.outcome ? drawGantt({ ...shown, axis, space: this.#isOnPaper ? PAPER_ROWS : null }) : null;
    gantt?.figure.setAttribute("aria-hidden", "true");
    this.gantt.querySelector("svg")?.remove();
    if (gantt) this.gantt.prepend(gantt.figure);
    byId("day-cells").style.height = `${gantt?.height ?? 0}px`;
    byId("day-commitment").hidden = this.gantt.hidden = !gantt;
    this.#shown = { ...shown, axis, drawn, gantt };
    byId("day-cursor").style.height = `${drawn.height}px`;
    const { count } = shown.periods;
    this.#cell = {
      period: Math.min(this.#cell.period, count - 1),
      row: Math.min(this.#cell.row, (shown.outcome?.powerplants.length ?? 1) - 1),
    };
    if (!this.tip.hidden) this.#show(null);
  }

  /** What the pictures show, for their legends in a file. */
  get drawn() {
    const { outcome, before, changed, drawn } = this.#shown;
    return { outcome, changed, layers: drawn.layers, hasEarlier: Boolean(before?.prices) && before.prices.length === outcome.prices?.length };
  }

  hide() {
    this.tip.hidden = this.band.hidden = this.box.hidden = true;
  }

  #listen(overlay, placeOf) {
    const isGantt = overlay.id === "day-cells";
    for (const kind of ["pointermove", "pointerdown"])
      overlay.addEventListener(kind, (event) => {
        if (!this.#shown) return;
        const { period, row } = placeOf(event);
        this.#cell = { period, row: row ?? this.#cell.row };
        this.#show(row, isGantt);
      });
    overlay.addEventListener("pointerleave", () => this.hide());
    overlay.addEventListener("blur", () => this.hide());
    overlay.addEventListener("focus", () => overlay.matches(":focus-visible") && this.#shown && this.#tell(isGantt));
    overlay.addEventListener("click", (event) => {
      if (this.#shown && !this.#drag?.isDone) this.opened(placeOf(event).period);
      this.#drag = null;
    });
    overlay.addEventListener("keydown", (event) => this.#onKey(event, isGantt));
  }

  /** The period, and the row of the plant whose layer is there; null if there is none. */
  #inPicture({ clientX, clientY }) {
    const { axis, drawn, outcome } = this.#shown;
    const { left, top } = this.picture.getBoundingClientRect();
    const period = axis.periodAt(clientX - left);
    const layer = drawn.layerAt(period, clientY - top);
    const row = layer?.plant && layer.plant.name === layer.name ? outcome.powerplants.indexOf(layer.plant) : null;
    return { period, row };
  }

  #inGantt({ clientX, clientY }) {
    const { axis, gantt, outcome } = this.#shown;
    const { left, top } = byId("day-cells").getBoundingClientRect();
    const row = Math.max(0, Math.min(outcome.powerplants.length - 1, Math.floor((clientY - top) / gantt.row)));
    return { period: axis.periodAt(clientX - left), row };
  }

  /** A drag along a row of the Gantt marks periods of its plant. */
  #listenForDrag(cells) {
    cells.addEventListener("pointerdown", (event) => {
      this.#drag = null;
      if (!this.#shown || event.pointerType === "touch" || event.button) return; // a touch scrolls the page
      const { period, row } = this.#inGantt(event);
      this.#drag = { row, from: period, first: period, last: period, x: event.clientX, isDone: false };
      cells.setPointerCapture(event.pointerId);
    });
    cells.addEventListener("pointermove", (event) => {
      const drag = this.#drag;
      if (!drag || !event.buttons || (!drag.isDone && Math.abs(event.clientX - drag.x) < DRAG)) return;
      const { period } = this.#inGantt(event);
      Object.assign(drag, { isDone: true, first: Math.min(drag.from, period), last: Math.max(drag.from, period) });
      this.#placeBox(drag.row, drag.first, drag.last);
    });
    cells.addEventListener("pointerup", () => {
      if (this.#drag?.isDone) this.marked(this.#shown.outcome.powerplants[this.#drag.row].name, this.#drag.first, this.#drag.last);
    });
  }

  #onKey(event, isGantt) {
    if (!this.#shown || event.ctrlKey || event.metaKey || event.altKey) return;
    const { periods, outcome } = this.#shown;
    const rows = outcome?.powerplants.length ?? 1;
    const moves = {
      ArrowRight: [1, 0],
      ArrowLeft: [-1, 0],
      ArrowDown: [0, 1],
      ArrowUp: [0, -1],
      PageDown: [0, 10],
      PageUp: [0, -10],
      Home: [-Infinity, 0],
      End: [Infinity, 0],
    };
    if (event.key === "Enter") return this.opened(this.#cell.period);
    if (!(event.key in moves)) return;
    event.preventDefault();
    const within = (value, most) => Math.max(0, Math.min(most - 1, value));
    const [x, y] = moves[event.key];
    this.#cell = { period: within(this.#cell.period + x, periods.count), row: within(this.#cell.row + (isGantt ? y : 0), rows) };
    this.#tell(isGantt);
  }

  /** Shows the cell, and has it read out. */
  #tell(isGantt) {
    this.#show(isGantt ? this.#cell.row : null, isGantt);
    this.say(this.tip.innerText.replace(/\s*\n\s*/g, ". "));
  }

  #show(row, isGantt = false) {
    const { axis, outcome, gantt, periods } = this.#shown;
    const { period } = this.#cell;
    const plant = row === null || row === undefined ? null : outcome?.powerplants[row];
    this.tip.replaceChildren(...(plant ? cellTip(this.#shown, plant, period) : periodTip(this.#shown, period)));
    this.tip.hidden = this.band.hidden = false;
    this.band.style.left = `${axis.x(period)}px`;
    this.band.style.width = `${Math.max(1, axis.pixels)}px`;
    this.band.title = periods.label(period);
    if (plant && gantt && !this.#drag?.isDone) {
      this.#placeBox(row, period, period);
      if (isGantt) this.#bringIntoSight(row * gantt.row, gantt.row);
    } else if (!this.#drag?.isDone) this.box.hidden = true;
    this.#place(axis.x(period), axis.x(period + 1), isGantt ? row * gantt.row : null);
  }

  #placeBox(row, first, last) {
    const { axis, gantt } = this.#shown;
    Object.assign(this.box.style, {
      left: `${axis.x(first)}px`,
      width: `${axis.pixels * (last - first + 1)}px`,
      top: `${row * gantt.row}px`,
      height: `${gantt.row}px`,
    });
    this.box.hidden = false;
  }

  #bringIntoSight(top, high) {
    const { scrollTop, clientHeight } = this.gantt;
    if (top < scrollTop) this.gantt.scrollTop = top;
    else if (top + high > scrollTop + clientHeight) this.gantt.scrollTop = top + high - clientHeight;
  }

  /** Places the tip beside the period, and beside its row in the Gantt. */
  #place(from, to, y) {
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const total = this.stage.clientWidth;
    const place = to + 10 + width <= total ? to + 10 : from - width - 10;
    this.tip.style.left = `${Math.max(0, Math.min(place, total - width))}px`;
    const row = y === null ? 24 : this.gantt.offsetTop + y - this.gantt.scrollTop + 26;
    const fits = row + height < this.stage.clientHeight || y === null || row - height < 60;
    this.tip.style.top = `${fits ? row : row - height - 52}px`;
  }
}

const lines = (rows) =>
  element("dl", {}, rows.filter(Boolean).map(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]).flat());

const heading = (tone, text) => element("p", { class: "tip-name" }, tone ? element("i", { class: `swatch ${tone}` }) : null, text);

function cellTip({ periods, outcome, before, changed }, plant, t) {
  const start = startAt(plant, t);
  const state = STATES[plant.states[t]];
  const then = changed?.get(plant.name)?.has(t) ? before.powerplants.find((one) => one.name === plant.name).p[t] : null;
  const reason = reasonAt(plant, t);
  const cost = start?.cost ?? null;
  return [
    heading(toneClass(plant.tone), `${plant.name}, ${periods.range(t, t)}`),
    lines([
      ["Output", megawatt(plant.p[t])],
      then === null ? null : ["Baseline", megawatt(then)],
      ["State", state],
      plant.most[t] ? ["Limits", `${plain(plant.least[t])} to ${megawatt(plant.most[t])}`] : null,
      start ? ["Starts", cost === null ? "here" : `${euro(cost)}${hoursOff(start)}`] : null,
    ]),
    reason ? element("p", { class: "tip-why" }, reason) : outcome.isReport ? null : element("p", { class: "tip-why" }, "The reason is being computed."),
  ].filter(Boolean);
}

const hoursOff = ({ hours_off: hours }) => (hours === null || hours === undefined ? "" : ` after ${plain(hours)}\u00a0h off`);

function periodTip({ periods, outcome, load, missing }, t) {
  const lack = missing.find(({ period }) => period === t + 1);
  const value = outcome ? priceAt(outcome, t) : null;
  const relaxed = outcome?.prices?.[t].relaxed;
  const reserve = outcome?.reserve?.[t];
  return [
    heading("", periods.range(t, t)),
    lines([
      ["Load", megawatt(load[t])],
      value === null ? null : ["Price", price(value)],
      value === null || relaxed === null || relaxed === undefined ? null : ["Relaxed", cents(relaxed)],
      ...(outcome?.storages.flatMap(({ name, charge, discharge, energy }) => [
        [name, charge[t] ? `takes ${megawatt(charge[t])}` : discharge[t] ? `gives ${megawatt(discharge[t])}` : "rests"],
        ["", `${oneDigit(energy[t])}\u00a0MWh at the end`],
      ]) ?? []),
      outcome?.buy?.[t] ? ["Bought", megawatt(outcome.buy[t])] : null,
      outcome?.sell?.[t] ? ["Sold", megawatt(outcome.sell[t])] : null,
      outcome?.lost?.[t] ? ["Lost load", megawatt(outcome.lost[t])] : null,
      reserve?.up.needed ? ["Reserve up", `${plain(reserve.up.held)} of ${megawatt(reserve.up.needed)}`] : null,
      reserve?.down.needed ? ["Reserve down", `${plain(reserve.down.held)} of ${megawatt(reserve.down.needed)}`] : null,
    ]),
    lack ? element("p", { class: "tip-why fault" }, lack.detail) : null,
    element("p", { class: "tip-why" }, "Click or Enter: this period as an hour."),
  ].filter(Boolean);
}
