// The picture of a day: output stacked under the load, with market and lost load; storages; prices; reserve.

import { svgElement } from "../dom.js";
import { plain, shortened } from "../format.js";
import { FULL, toneClass } from "../tones.js";
import { stepArea, stepLine } from "./axis.js";

const SPACE = 26; // pixels between panels
const TOP = 20;
const AXIS = 22; // pixels of the time axis
const MOST_LETTERS = 32; // of a title
const AMPLE = 3; // times the reserve that is needed: more is not drawn
const MOST_SHADES = 6; // of plants of one colour
const SHADE = 0.22; // between two of them, if there are few

/**
 * @param axis of time, see axisOf.
 * @param outcome the plan; null if there is none.
 * @param load MW of each period, drawn without a plan too.
 * @param byPlant whether each plant is a layer, or each fuel.
 * @param before the outcome to compare prices with, or null.
 * @param missing periods of a problem that lack something, each with `period` from 1.
 * @returns the figure, the bands of its panels, and `layerAt(period, y)`.
 */
export function drawDay({ axis, outcome, load, byPlant, before, missing, height }) {
  const layers = outcome ? layersOf(outcome, byPlant) : [];
  const sinks = outcome ? sinksOf(outcome) : [];
  const panels = [outputPanel({ axis, layers, sinks, load, missing, height })];
  if (outcome) {
    panels.push(...outcome.storages.map((storage) => storagePanel(axis, storage, outcome.limits.get(storage.name))));
    panels.push(pricePanel(axis, outcome, before));
    if (outcome.reserve) panels.push(reservePanel(axis, outcome.reserve));
  }
  let y = TOP;
  const parts = panels.map((panel) => {
    const part = framed(axis, panel, y);
    panel.top = y;
    y += panel.height + SPACE;
    return part;
  });
  const total = y - SPACE + AXIS;
  const figure = svgElement(
    "svg",
    { class: "day-picture", width: axis.width, height: total, viewBox: `0 0 ${axis.width} ${total}` },
    parts,
    timeAxis(axis, total - AXIS + 4),
  );
  return { figure, height: total, layers, layerAt: (t, place) => layerUnder(layers, panels[0], t, place) };
}

/** Sources of power, stacked: the plants in merit order, what storages give, what is bought, and lost load. */
function layersOf(outcome, byPlant) {
  const layers = [];
  const add = (name, tone, values, plant = null) => {
    const known = plant && !byPlant ? layers.find((layer) => layer.name === name) : null;
    if (known) known.values = known.values.map((value, t) => value + values[t]);
    else if (values.some((value) => value)) layers.push({ name, tone, plant, values, shade: 1 });
  };
  for (const plant of outcome.powerplants) add(byPlant ? plant.name : plant.source, toneClass(plant.tone), plant.p, plant);
  for (const { name, discharge } of outcome.storages) add(name, "storage", discharge);
  if (outcome.buy) add("bought", "market", outcome.buy);
  if (outcome.lost) add("lost load", "lost", outcome.lost);
  if (byPlant) for (const alike of d3.group(layers, ({ tone }) => tone).values()) shade(alike);
  return stacked(layers, 1);
}

function shade(layers) {
  const shades = Math.min(layers.length, MOST_SHADES);
  const step = Math.min(SHADE, 0.6 / (shades - 1));
  layers.forEach((layer, index) => (layer.shade = 1 - step * (index % shades)));
}

/** What takes power beside the load, below zero. */
function sinksOf(outcome) {
  const sinks = outcome.storages.map(({ name, charge }) => ({ name: `${name} charges`, tone: "storage", values: charge }));
  if (outcome.sell) sinks.push({ name: "sold", tone: "market", values: outcome.sell });
  return stacked(
    sinks.filter(({ values }) => values.some((value) => value)),
    -1,
  );
}

function stacked(layers, sign) {
  let below = null;
  for (const layer of layers) {
    layer.lower = below ?? layer.values.map(() => 0);
    layer.upper = layer.lower.map((value, t) => value + sign * layer.values[t]);
    below = layer.upper;
  }
  return layers;
}

function outputPanel({ axis, layers, sinks, load, missing, height }) {
  const highest = Math.max(1, ...load, ...(layers.at(-1)?.upper ?? []));
  const lowest = Math.min(0, ...(sinks.at(-1)?.upper ?? []));
  const room = missing.length ? 1.12 : 1.04; // above the highest value
  const scale = d3.scaleLinear([lowest, highest * room], [height, 0]);
  const short = missing.map(({ period, shortfall, surplus, reserve }) => ({ t: period - 1, megawatt: shortfall || surplus || reserve }));
  return {
    title: "Output",
    unit: "MW",
    height,
    scale,
    marks: [
      [...layers, ...sinks].map(({ tone, lower, upper, plant, shade }) =>
        svgElement("path", { class: `layer ${tone}`, d: stepArea(axis, scale, lower, upper), ...(plant ? { ...FULL, "fill-opacity": shade } : {}) }),
      ),
      lowest < 0 ? svgElement("line", { class: "zero", x1: axis.left, x2: axis.right, y1: scale(0), y2: scale(0) }) : null,
      short.map(({ t }) =>
        svgElement("rect", { class: "missing", x: axis.x(t), width: axis.pixels, y: 0, height }),
      ),
      svgElement("path", { class: "load", d: stepLine(axis, scale, load) }),
      labelsOf(axis, scale, load, short),
    ],
  };
}

/** MW that a period lacks: above its load, or below if the label before is in the way. */
function labelsOf(axis, scale, load, short) {
  const ends = { above: -Infinity, below: -Infinity };
  return short.map(({ t, megawatt }) => {
    const text = `${plain(megawatt)} MW`;
    const half = text.length * 3.2; // pixels
    const middle = Math.min(axis.x(t) + axis.pixels / 2, axis.right - half);
    const place = ["above", "below"].find((one) => middle - half >= ends[one]);
    if (!place) return null;
    ends[place] = middle + half;
    const y = scale(load[t]) + (place === "above" ? -6 : 16);
    return svgElement("text", { class: "missing-label", x: middle, y, "text-anchor": "middle" }, text);
  });
}

function storagePanel(axis, { name, energy }, limits) {
  const most = limits?.energy_max ?? Math.max(...energy, 1);
  const scale = d3.scaleLinear([0, most || 1], [52, 0]);
  return {
    title: name,
    unit: "MWh",
    height: 52,
    scale,
    ticks: [0, most],
    marks: [
      svgElement("path", { class: "layer storage pale", d: stepArea(axis, scale, energy.map(() => 0), energy) }),
      svgElement("path", { class: "level", d: stepLine(axis, scale, energy) }),
    ],
  };
}

function pricePanel(axis, outcome, before) {
  const prices = outcome.prices ?? [];
  const up = prices.map((price) => price.up ?? price.down);
  const relaxed = prices.map((price) => price.relaxed);
  const earlier = before?.prices?.length === prices.length ? before.prices.map((price) => price.up ?? price.down) : null;
  const all = [...up, ...(earlier ?? []), ...relaxed].filter((value) => value !== null && value !== undefined);
  const [low, high] = all.length ? d3.extent(all) : [0, 1];
  const scale = d3.scaleLinear([Math.min(0, low), Math.max(high, 1) * 1.05], [84, 0]);
  return {
    title: "Price",
    unit: "€/MWh",
    height: 84,
    scale,
    marks: [
      earlier ? svgElement("path", { class: "earlier", d: stepLine(axis, scale, earlier) }) : null,
      svgElement("path", { class: "relaxed", d: stepLine(axis, scale, relaxed) }),
      svgElement("path", { class: "price", d: stepLine(axis, scale, up) }),
      all.length ? null : svgElement("text", { class: "unit", x: axis.left + 8, y: 46 }, outcome.isReport ? "not computed in time" : "is being computed"),
    ],
  };
}

/** Reserve up is above zero, reserve down below; what is ample is cut off. */
function reservePanel(axis, reserve) {
  const side = (key, part, sign) => reserve.map((period) => sign * period[key][part]);
  const needs = ["up", "down"].filter((key) => reserve.some((period) => period[key].needed));
  const signs = { up: 1, down: -1 };
  const most = (key, part) => Math.max(...reserve.map((period) => period[key][part]));
  const end = (key) => (needs.includes(key) ? signs[key] * Math.min(most(key, "held"), AMPLE * most(key, "needed")) : 0);
  const scale = d3.scaleLinear([end("down"), end("up")], [64, 0]).clamp(true);
  const zero = reserve.map(() => 0);
  return {
    title: "Reserve",
    unit: "MW",
    height: 64,
    scale,
    marks: [
      needs.map((key) => svgElement("path", { class: "layer held", d: stepArea(axis, scale, zero, side(key, "held", signs[key])) })),
      svgElement("line", { class: "zero", x1: axis.left, x2: axis.right, y1: scale(0), y2: scale(0) }),
      needs.map((key) => svgElement("path", { class: "needed", d: stepLine(axis, scale, side(key, "needed", signs[key])) })),
    ],
  };
}

/** A panel with its title above, its values on the left and a grid. */
function framed(axis, { title, unit, height, scale, ticks, marks }, y) {
  const values = ticks ?? scale.ticks(Math.max(2, Math.round(height / 40)));
  return svgElement(
    "g",
    { transform: `translate(0,${y})` },
    svgElement("text", { class: "title", x: 0, y: -10 }, shortened(title, MOST_LETTERS), svgElement("tspan", { class: "unit", dx: 6 }, unit)),
    values.map((value) => [
      svgElement("line", { class: "grid", x1: axis.left, x2: axis.right, y1: scale(value), y2: scale(value) }),
      svgElement("text", { class: "value", x: axis.left - 8, y: scale(value) + 4, "text-anchor": "end" }, plain(value)),
    ]).flat(),
    marks.flat(2),
  );
}

function timeAxis(axis, y) {
  return svgElement(
    "g",
    { class: "times" },
    axis.ticks.map((t) => [
      svgElement("line", { class: "tick", x1: axis.x(t), x2: axis.x(t), y1: y - 2, y2: y + 3 }),
      svgElement("text", { class: "value", x: axis.x(t), y: y + 15, "text-anchor": axis.periods.isTimed ? "middle" : "start" }, tickLabel(axis, t)),
    ]).flat(),
  );
}

/** Midnight has the date in a horizon of several days. */
function tickLabel({ periods }, t) {
  const isMidnight = periods.isTimed && periods.clock(t) === "00:00" && periods.count * periods.hours > 24;
  return isMidnight ? periods.day(t) : periods.clock(t);
}

function layerUnder(layers, panel, t, y) {
  const value = panel.scale.invert(y - panel.top);
  return layers.find(({ lower, upper }) => lower[t] < value && value <= upper[t]) ?? null;
}
