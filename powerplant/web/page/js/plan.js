// The plan: its totals, and a row for each plant.

import { byId, element } from "./dom.js";
import {
  cents,
  euro,
  limits,
  listed,
  megawatt,
  oneDigit,
  output,
  plain,
  price,
  signed,
  tonnes,
  typeInWords,
} from "./format.js";
import { fromFragment, inWords } from "./payload.js";
import { SortableTable } from "./table.js";
import { toneClass } from "./tones.js";

const MOST_ROWS = 200;
const LARGE = 15; // plants from which reasons are short, and a filter is shown
const LEAST_CHANGE = 0.0005; // MW: half of the finest step
const MOST_REMARKS = 5; // of each kind

export function showTotals(report) {
  const { cost, marginal_price: marginal } = report;
  const parts = costParts(cost, euro);
  const split = parts.length > 1 || cost.other ? parts.join(" + ") : "for fuel";
  byId("cost").replaceChildren(total("Cost of the hour", cents(cost.total), "€", split));
  byId("others").replaceChildren(
    total("Marginal price", priceOrNone(nextPrice(report)), "€/MWh", onNextMwh(marginal)),
    total("Average price", priceOrNone(report.average_price), "€/MWh", `over ${megawatt(report.load)}`),
    total("CO₂ emitted", oneDigit(report.co2_emitted_tonnes), "t", `${tonnes(report.co2_tonnes)} charged`),
  );
  showCertainty(report);
  byId("unproven").hidden = report.status === "optimal";
  byId("gap").textContent = euro(gapOf(report));
  byId("proof").textContent = [
    report.isSketch ? "The reasons are being computed." : "",
    onHeadroom(report),
    onProfiles(report),
  ]
    .filter(Boolean)
    .join(" ");
  if (!report.isSketch) showRemarks(report);
}

/** The parts of a cost that are not 0. */
export const costParts = ({ fuel, co2, other }, format) =>
  [
    fuel ? `${format(fuel)} fuel` : null,
    co2 ? `${format(co2)} CO₂` : null,
    other ? `${format(other)} other` : null,
  ].filter(Boolean);

/** What was ignored, plants that can never run, and notes; those of the report before stay until the next one comes. */
function showRemarks({ ignored, never_runs: never, notes }) {
  const remarks = [
    ...shortened(ignored.map(({ pointer, detail }) => `${inWords(fromFragment(pointer))} ${detail}.`)),
    ...shortened(never.map(({ name, reason }) => `${name}: ${reason}`)),
    ...shortened(notes),
  ];
  byId("remarks").replaceChildren(...remarks.map((text) => element("li", {}, text)));
  byId("remarks").hidden = !remarks.length;
}

const shortened = (lines) =>
  lines.length > MOST_REMARKS
    ? [...lines.slice(0, MOST_REMARKS - 1), `And ${lines.length - MOST_REMARKS + 1} more like this, which the report lists.`]
    : lines;

const priceOrNone = (value) => (value === null ? "–" : cents(value));

function total(label, value, unit, more) {
  return element(
    "div",
    {},
    element("dt", {}, label),
    element("dd", { class: "figure" }, value, element("span", { class: "unit" }, "\u00a0" + unit)),
    element("dd", { class: "more" }, more),
  );
}

/** What one MWh more costs and one less saves, and whether that differs if plants may start and stop. */
function onNextMwh({ commitment_as_it_is: asItIs, commitment_free: free }) {
  if (asItIs.up === null && asItIs.down === null) return "no running plant can change its output";
  if (asItIs.up === null) return "the saving of one MWh less";
  if (free.up !== null && free.up !== asItIs.up) return `${price(free.up)} if plants may start or stop`;
  if (asItIs.down === null) return "for one MWh more; one less is not possible";
  return asItIs.down === asItIs.up ? "for one MWh more or less" : `one MWh less saves ${cents(asItIs.down)}`;
}

/** The cost of one MWh more; if that is not possible, the saving of one MWh less. */
export function nextPrice({ marginal_price: { commitment_as_it_is: prices } }) {
  return prices.up ?? prices.down;
}

/** Beside the cost: whether it is proven, or the gap; and what that means, after a click. */
function showCertainty(report) {
  const { status, lower_bound: bound, proof } = report;
  const isProven = status === "optimal";
  byId("certainty").classList.toggle("doubt", !isProven);
  byId("certainty-label").textContent = isProven ? "✓ Proven cheapest" : `Gap: at most ${euro(gapOf(report))}`;
  const method = proof ? ` Method: ${proof}.` : "";
  byId("certainty-meaning").textContent = isProven
    ? `No plan for this payload costs less than ${euro(bound)}. The solver computed a bound that no plan can be ` +
      `below, and this plan costs exactly that.${method}`
    : `The time limit ended the search. No plan costs less than ${euro(bound)}, so the cheapest plan costs at most ` +
      `${euro(gapOf(report))} less than this one.${method}`;
}

/** How many euro more than the cheapest plan it may cost; 0 if it is proven optimal. */
export const gapOf = ({ status, cost, lower_bound: bound }) => (status === "optimal" ? 0 : cost.total - bound);

function onHeadroom({ headroom: { up, down } }) {
  return `The running plants can produce ${megawatt(up)} more and ${megawatt(down)} less.`;
}

/** What is left unused of wind, sun and so on. */
function onProfiles({ curtailed_wind: curtailed, powerplants }) {
  const profiles = new Set(powerplants.filter((plant) => plant.pmax && plant.profile).map((plant) => plant.profile));
  if (!profiles.size) return "";
  const all = listed([...profiles]);
  return curtailed ? `${megawatt(curtailed)} of available ${all} is not used.` : `All ${all} is used.`;
}

const add = (part, format) => (rows) => format(rows.reduce((sum, plant) => sum + part(plant), 0));
const number = (title, unit, part, format) => ({
  title,
  unit,
  kind: "number",
  value: part,
  total: format ? add(part, format) : null,
});

const table = new SortableTable(
  byId("plants"),
  [
    { title: "Plant", value: (plant) => plant.name },
    number("Output", "MW", (plant) => plant.p, output),
    number("Limits", "", (plant) => plant.pmax),
    number("Marginal cost", "€/MWh", (plant) => plant.marginal_cost.total),
    number("Cost", "€", (plant) => plant.cost, cents),
    number("CO₂ emitted", "t", (plant) => plant.co2_emitted_tonnes, oneDigit),
    { title: "Why", value: (plant) => plant.cost_difference ?? Infinity },
  ],
  {
    filter: byId("plan-filter"),
    text: (plant) => `${plant.name} ${plant.type} ${plant.source}`,
    group: (plant) => typeInWords(plant.type),
    most: MOST_ROWS,
    line: (plant) => row(plant, earlier.get(plant.name), isLarge),
  },
);
let earlier = new Map(); // from the name of a plant to its output in the report to compare with
let isLarge = false;

/** @param before the report to compare with, or null. */
export function showPlants({ powerplants }, before) {
  earlier = new Map(before?.powerplants.map((plant) => [plant.name, plant.p]));
  isLarge = powerplants.length >= LARGE;
  byId("plan-find").hidden = !isLarge;
  table.show(powerplants);
}

/** A reason in a few words: what the opposite of an output would cost. */
function inShort({ p, outcome, cost_difference: difference, reason }) {
  if (outcome === "feasible" && difference !== null) return `${p ? "off" : "on"}: ${signed(difference, euro)}`;
  if (outcome === "infeasible" && / no plan meets the load\.$/.test(reason)) return p ? "needed" : "not possible";
  return reason.replace(/\.$/, "");
}

/** With explicit roles: narrow screens show rows as cards, and browsers then drop the roles of a table. */
function row(plant, earlier, isShort) {
  const change = earlier === undefined ? 0 : plant.p - earlier;
  return element(
    "tr",
    { class: plant.state, role: "row", "data-plant": plant.name },
    element(
      "th",
      { scope: "row", role: "rowheader" },
      element(
        "div",
        {},
        element("i", { class: `swatch ${toneClass(plant.tone)}` }),
        element("span", { class: "plant" }, plant.name, element("small", {}, typeInWords(plant.type))),
      ),
    ),
    cell(
      "number output",
      "MW",
      output(plant.p),
      Math.abs(change) > LEAST_CHANGE ? element("small", { class: "delta" }, signed(change, megawatt)) : null,
    ),
    cell("number limits", "", limits(plant)),
    cell("number", "€/MWh", cents(plant.marginal_cost.total)),
    cell("number", "€", cents(plant.cost)),
    cell("number", "t", oneDigit(plant.co2_emitted_tonnes)),
    element("td", { class: "why", role: "cell" }, isShort ? shortReason(plant) : plant.reason),
  );
}

/** The sentence is its title, and is read out. */
const shortReason = (plant) => [
  element("span", { title: plant.reason, "aria-hidden": "true" }, inShort(plant)),
  element("span", { class: "unseen" }, plant.reason),
];

/** The unit is visible on narrow screens, where the table has no header. */
const cell = (kind, unit, value, more) =>
  element("td", { class: kind, role: "cell" }, element("span", { "data-unit": unit }, value), more);

/** Marks the row of a plant. */
export function highlight(plant) {
  for (const line of byId("plants").tBodies[0].rows)
    line.classList.toggle("pointed", line.dataset.plant === plant?.name);
}
