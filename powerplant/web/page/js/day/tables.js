// The day as tables: a row for each plant, a row for each period, and every output.

import { byId, element } from "../dom.js";
import { cents, megawatt, oneDigit, output, plain, typeInWords } from "../format.js";
import { SortableTable } from "../table.js";
import { toneClass } from "../tones.js";
import { STATES, inShort, startAt } from "./outcome.js";

const MOST_PLANTS = 60; // in the table of every output
const NONE = "–";

const add = (part, format) => (rows) => format(rows.reduce((sum, row) => sum + (part(row) ?? 0), 0));
const known = (value, format) => (value === null || value === undefined ? "…" : format(value));
const startCost = (plant) => plant.costs?.start ?? null;
const number = (title, unit, part, format, total = true) => ({
  title,
  unit,
  kind: "number",
  value: (plant) => part(plant) ?? 0,
  cell: (plant) => known(part(plant), format),
  total: total ? add(part, format) : null,
});

const plants = new SortableTable(
  byId("day-plants"),
  [
    {
      title: "Plant",
      value: (plant) => plant.name,
      cell: (plant) => [
        element("i", { class: `swatch ${toneClass(plant.tone)}` }),
        element("span", { class: "plant" }, plant.name, element("small", {}, ` ${typeInWords(plant.type)}`)),
      ],
    },
    number("Output", "MWh", (plant) => plant.energy, oneDigit),
    number("Starts", "", (plant) => plant.starts.length, String),
    number("Start cost", "€", startCost, cents),
    number("Cost", "€", (plant) => plant.costs?.total ?? null, cents),
    number("CO₂", "t", (plant) => plant.emitted, oneDigit),
    number("Uplift", "€", (plant) => plant.uplift, cents),
    { title: "Why", kind: "why", cell: whys },
  ],
  { filter: byId("day-filter"), text: (plant) => `${plant.name} ${plant.type} ${plant.source}`, group: (plant) => typeInWords(plant.type) },
);

let outcome = null;

export function showDayTables(next) {
  outcome = next;
  plants.show(outcome.powerplants);
  showPeriods();
  showOutputs();
}

/** The reasons of a plant in a few words each; the sentence is its title, and is read out. */
function whys(plant) {
  const { periods } = outcome;
  return plant.reasons.map(({ first, last, on, reason }) =>
    element(
      "span",
      { class: "reason", title: reason },
      element("b", {}, periods.range(first, last)),
      ` ${on ? "on" : "off"}, `,
      element("span", { "aria-hidden": "true" }, inShort(reason)),
      element("span", { class: "unseen" }, reason),
    ),
  );
}

/** A row for each period, with a link to its hour. */
function showPeriods() {
  const { periods, load, prices, reserve, storages, buy, sell, lost } = outcome;
  const price = (key) => (t) => (prices?.[t][key] ?? null) === null ? NONE : cents(prices[t][key]);
  const held = (side) => (t) => `${plain(reserve[t][side].held)} of ${plain(reserve[t][side].needed)}`;
  const columns = [
    ["Load", "MW", (t) => output(load[t])],
    ["Price up", "€/MWh", price("up")],
    ["Price down", "€/MWh", price("down")],
    ["Relaxed", "€/MWh", price("relaxed")],
    ...(reserve ? [["Reserve up", "MW", held("up")], ["Reserve down", "MW", held("down")]] : []),
    ...storages.map(({ name, energy }) => [name, "MWh", (t) => oneDigit(energy[t])]),
    ...(buy ? [["Bought", "MW", (t) => output(buy[t])]] : []),
    ...(sell ? [["Sold", "MW", (t) => output(sell[t])]] : []),
    ...(lost ? [["Lost load", "MW", (t) => output(lost[t])]] : []),
    ["Running", "plants", (t) => String(outcome.powerplants.filter((plant) => plant.p[t]).length)],
    ["Starts", "", (t) => outcome.powerplants.filter((plant) => startAt(plant, t)).map(({ name }) => name).join(", ") || NONE, ""],
  ];
  fill(
    byId("day-periods"),
    ["Period", ...columns.map(([title, unit]) => [title, unit])],
    periods.all.map((t) => [
      element("button", { type: "button", class: "link", "data-period": t, title: "This period as an hour" }, periods.label(t)),
      ...columns.map(([, , cell]) => cell(t)),
    ]),
  );
}

/** Every output, with its state: made when it is opened, since it may have 50,000 cells. */
function showOutputs() {
  if (!byId("day-every").open || !outcome) return;
  const { periods, powerplants } = outcome;
  const shown = powerplants.slice(0, MOST_PLANTS);
  byId("day-every-note").textContent =
    powerplants.length > MOST_PLANTS ? `The first ${MOST_PLANTS} of ${powerplants.length} plants; the CSV has all.` : "";
  fill(
    byId("day-outputs"),
    ["Plant", ...periods.all.map((t) => [periods.label(t), ""])],
    shown.map((plant) => [
      plant.name,
      ...periods.all.map((t) => {
        const state = startAt(plant, t) ? `starts, ${STATES[plant.states[t]]}` : STATES[plant.states[t]];
        return element("span", { title: `${megawatt(plant.p[t])}, ${state}` }, plant.p[t] ? output(plant.p[t]) : NONE, element("span", { class: "unseen" }, ` ${state}`));
      }),
    ]),
  );
}

function fill(table, headings, rows) {
  const [first, ...others] = headings;
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, first),
    others.map(([title, unit]) => element("th", { scope: "col", class: "number" }, title, unit ? element("small", {}, ` ${unit}`) : null)),
  );
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(
    ...rows.map(([name, ...cells]) =>
      element("tr", {}, element("th", { scope: "row" }, name), cells.map((cell) => element("td", { class: "number" }, cell))),
    ),
  );
}

byId("day-every").addEventListener("toggle", showOutputs);
