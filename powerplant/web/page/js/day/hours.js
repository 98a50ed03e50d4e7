// A table of hours (hours.csv) as a day: a row for each period, with load, prices, profiles and members of plants.

import { numbersOf } from "../cells.js";
import { quantityOf } from "../payload.js";
import { alike } from "./lines.js";

const SEPARATORS = [";", "\t", ",", "|"];
const TIME = /^(start|hour|time|date|datetime|timestamp|from|mtu)\b/i;
const MARKET = "market(euro/MWh)";
const MINUTE = 60_000;

/** The rows of cells of a text; the separator is the one that its first line has most. */
export function rowsOf(text) {
  const lines = text.replace(/^\ufeff/, "").replace(/^sep=.*\r?\n/i, "");
  const first = lines.split(/\r?\n/, 1)[0];
  const counts = SEPARATORS.map((separator) => first.split(separator).length);
  const separator = SEPARATORS[counts.indexOf(Math.max(...counts))];
  return d3.dsvFormat(separator).parseRows(lines).filter((row) => row.some((cell) => cell.trim()));
}

export const isTableOfHours = (rows) => rows.length > 1 && rows[0].map(keyOf).includes("load");

/** `Load (MW)` is load, `coal [EUR/MWh]` is coal(euro/MWh); a member of a plant stays as it is. */
function keyOf(heading) {
  const text = heading.trim();
  if (/^load\b/i.test(text)) return "load";
  if (TIME.test(text)) return "start";
  if (/^reserve[_ ](up|down)\b/i.test(text)) return text.toLowerCase().replace(" ", "_").slice(0, text.match(/down/i) ? 12 : 10);
  const [, name, unit] = /^(.*?)\s*[([]\s*(eur(?:o)?\/mwh|€\/mwh|eur(?:o)?\/t(?:on)?|%)\s*[)\]]$/i.exec(text) ?? [];
  if (name === undefined || /\[.*\]$/.test(text) === (unit === "%" ? false : !unit)) return text;
  const word = name.replace(/\s+price$/i, "");
  return unit === "%" ? `${word}(%)` : /\/t/i.test(unit) ? "co2(euro/ton)" : `${word}(euro/MWh)`;
}

/**
 * @param fleet { powerplants, fuels } of the current payload.
 * @returns the payload, and notes on what is not used.
 */
export function hoursIn([headings, ...rows], fleet) {
  const keys = headings.map(keyOf);
  const columns = new Map(keys.map((key, index) => [key, rows.map((row) => (row[index] ?? "").trim())]));
  const numbers = numbersOf(rows.flatMap((row) => row.filter((_, index) => keys[index] !== "start")));
  const values = (key) => columns.get(key)?.map(numbers);
  const notes = [];
  const fuels = { ...fleet.fuels };
  const lengths = Object.entries(fuels).filter(([, value]) => Array.isArray(value) && value.length !== rows.length);
  for (const [key] of lengths) delete fuels[key];
  const plants = new Map(fleet.powerplants.map((plant) => [plant.name, { ...plant }]));
  for (const key of keys) {
    const [, member, name] = /^(.+)\[(.+)\]$/.exec(key) ?? [];
    if (member && plants.has(name)) plants.get(name)[member] = alike(membersOf(columns.get(key), member, plants.get(name), numbers));
    else if (member) notes.push(`The fleet has no plant ${name}: ${key} is not used.`);
    else if (key !== MARKET && quantityOf(key)) fuels[key] = alike(values(key));
    else if (!["start", "load", MARKET, "reserve_up", "reserve_down"].includes(key) && key) notes.push(`The column ${key} is not used.`);
  }
  const reserve = ["up", "down"].filter((side) => columns.has(`reserve_${side}`)).map((side) => [side, alike(values(`reserve_${side}`))]);
  const payload = {
    ...timesOf(columns.get("start") ?? [], notes),
    load: values("load"),
    ...(reserve.length ? { reserve: Object.fromEntries(reserve) } : {}),
    fuels,
    ...(columns.has(MARKET) ? { market: { buy: 0, sell: 0, ...fleet.market, "price(euro/MWh)": values(MARKET) } } : {}),
    ...(fleet.storages ? { storages: fleet.storages } : {}),
    powerplants: [...plants.values()],
  };
  return { payload, notes };
}

/** The values of a member; an empty cell is what the plant has. */
function membersOf(cells, member, plant, numbers) {
  const isFlag = member === "available" || member === "must_run";
  const usual = Array.isArray(plant[member]) ? undefined : (plant[member] ?? (isFlag ? member === "available" : 0));
  return cells.map((cell) => (cell ? (isFlag ? !/^(no|non|nee|nein|false|falsch|faux|onwaar|0|off)$/i.test(cell) : numbers(cell)) : usual));
}

/** The start and the length of a period; times without offset are UTC. */
function timesOf(cells, notes) {
  const times = cells.map((cell) => Date.parse(isoOf(cell)));
  if (times.length < 2 || !times.every(Number.isFinite)) return {};
  const minutes = (times[1] - times[0]) / MINUTE;
  const odd = times.findIndex((time, t) => t && (time - times[t - 1]) / MINUTE !== minutes);
  if (odd > 0) notes.push(`The times are not evenly spaced: ${cells[odd - 1]} is followed by ${cells[odd]}.`);
  if (!(minutes >= 1 && minutes <= 1440) || minutes % 1) return {};
  return { start: isoOf(cells[0]), resolution: `PT${minutes % 60 ? `${minutes}M` : `${minutes / 60}H`}` };
}

function isoOf(cell) {
  const text = cell.replace(/^(\d{1,2})[./](\d{1,2})[./](\d{4})/, (_, day, month, year) => `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`);
  const [, date, time = "00:00", offset = "+00:00"] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?\s*(Z|[+-]\d\d:?\d\d)?/.exec(text) ?? [];
  return date ? `${date}T${time}${offset === "Z" ? "+00:00" : offset}` : "";
}
