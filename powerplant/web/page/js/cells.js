// Plants in cells that were copied from a spreadsheet: lines with tabs, with or without a line of headings.

import { COST, TONNES } from "./members.js";

const NO_LOAD = "no_load_cost(euro/h)";
const TIMES = ["min_up_time", "min_down_time", "ramp_up", "ramp_down", "startup_limit", "shutdown_limit", "start_cost"];

const ORDER = ["name", "type", "efficiency", "pmin", "pmax", "available"]; // without headings
/** From a heading, without its unit, to the member. */
const MEMBERS = {
  ...Object.fromEntries([...ORDER, "fuel", "profile", "curtailable", "must_run"].map((key) => [key, key])),
  ...Object.fromEntries([...TIMES, "reserve", "on", "hours", "p"].map((key) => [key, key])),
  cost: COST,
  co2: TONNES,
  no_load_cost: NO_LOAD,
};
const FURTHER_START = /^start_(after|cost)_(\d)$/;
const NUMBERS = new Set(["efficiency", "pmin", "pmax", COST, TONNES, ...TIMES, NO_LOAD, "hours", "p"]);
const FLAGS = new Set(["available", "curtailable", "must_run", "reserve", "on"]);
const TYPES = {
  gasfired: "gasfired",
  gas: "gasfired",
  turbojet: "turbojet",
  jet: "turbojet",
  windturbine: "windturbine",
  wind: "windturbine",
};
const NO = /^(no|false|0|off|unavailable|-)$/i;
const IN_THOUSANDS = /^[-+]?[1-9]\d{0,2}(?:\.\d{3})+$|^[-+]?[1-9]\d{0,2}(?:,\d{3})+$/;

/** Whether a text is cells and not JSON. */
export const isCells = (text) => text.includes("\t") && !/^\s*[[{"]/.test(text);

/** The plants, with the members that have a cell. */
export function plantsIn(text) {
  const lines = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim())
    .map((line) => line.split("\t").map(unquoted));
  const headings = headingsIn(lines[0] ?? []);
  const columns = headings ?? ORDER;
  const rows = lines.slice(headings ? 1 : 0);
  const numbers = rows.flatMap((line) => line.filter((_, index) => NUMBERS.has(columns[index])));
  const marks = new Set(numbers.map((cell) => markOf(plain(cell))).filter(Boolean));
  const mark = marks.size === 1 ? [...marks][0] : "";
  return rows.map((line) => plantIn(line, columns, mark));
}

/** A spreadsheet quotes a cell that contains a quote. */
const unquoted = (cell) => (/^".*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell).trim();

/** The member of each column (`pmin (MW)` is pmin), undefined for others; null if the line has no headings. */
function headingsIn(line) {
  const words = line.map((cell) => cell.toLowerCase().replace(/^must[\s-]run/, "must_run").replace(/[^a-z0-9_].*$/, ""));
  const members = words.map((word) => (Object.hasOwn(MEMBERS, word) ? MEMBERS[word] : FURTHER_START.test(word) ? word : undefined));
  return members.includes("name") && members.some((key) => key && key !== "name") ? members : null;
}

function plantIn(line, columns, mark) {
  const cells = columns.map((key, index) => [key, line[index] ?? ""]);
  const known = cells.filter(([key, cell]) => key && cell);
  return ofHorizon(Object.fromEntries(known.map(([key, cell]) => [key, valueOf(key, cell, mark)])));
}

/** With `initial` from on, hours and p, and `start_costs` from start_after_2, start_cost_2 and so on. */
function ofHorizon({ on, hours, p, ...members }) {
  const plant = Object.fromEntries(Object.entries(members).filter(([key]) => !FURTHER_START.test(key)));
  const starts = [{ after: 0, cost: members.start_cost }];
  for (let number = 2; members[`start_cost_${number}`] !== undefined; number += 1)
    starts.push({ after: members[`start_after_${number}`], cost: members[`start_cost_${number}`] });
  if (starts.length > 1) {
    delete plant.start_cost;
    plant.start_costs = starts;
  }
  if (on !== undefined) plant.initial = { on, ...(hours === undefined ? {} : { hours }), ...(p === undefined || !on ? {} : { p }) };
  return plant;
}

function valueOf(key, cell, mark) {
  if (NUMBERS.has(key) || FURTHER_START.test(key)) return numberOf(cell, mark);
  if (key === "type") return TYPES[cell.toLowerCase().replace(/[^a-z]/g, "")] ?? cell;
  if (FLAGS.has(key)) return !NO.test(cell);
  return cell;
}

/** A number without its per cent sign and the spaces and apostrophes between its thousands. */
const plain = (cell) => cell.replace(/%$/, "").replace(/[\s'’]/g, "").replace("\u2212", "-");

/** The decimal mark that a number shows, a point or a comma; "" if it shows none, as 1.100 does. */
function markOf(text) {
  const [points, commas] = [".", ","].map((mark) => text.split(mark).length - 1);
  if (points && commas) return text.lastIndexOf(",") > text.lastIndexOf(".") ? "," : ".";
  if (!IN_THOUSANDS.test(text)) return points ? "." : commas ? "," : "";
  if (points + commas === 1) return "";
  return points ? "," : ".";
}

/** With a decimal comma or point, marks between thousands, or a per cent sign. Anything else stays a string, also 1.100
 * if no other cell shows whether its point is decimal. */
function numberOf(cell, mark) {
  const text = plain(cell);
  const shown = markOf(text) || mark;
  if (!text || (!shown && IN_THOUSANDS.test(text))) return cell;
  const decimal = shown || ".";
  const thousands = decimal === "," ? "." : ",";
  const number = Number(text.replaceAll(thousands, "").replace(decimal, "."));
  if (!Number.isFinite(number)) return cell;
  return cell.endsWith("%") ? Number((number / 100).toPrecision(12)) : number;
}
