// What a text is: the payload of an hour, a day, several days, plants, or a table of hours.

import { isCells, plantsIn } from "./cells.js";
import { isDay } from "./day/periods.js";
import { hoursIn, isTableOfHours, rowsOf } from "./day/hours.js";
import { dayOf } from "./day/lines.js";
import { isObject } from "./payload.js";

/**
 * @param fleet { powerplants, fuels } that hours without a fleet of their own are planned with.
 * @returns `kind` and what it holds: hour { payload }, day { payload, notes }, days { payloads }, plants { plants, isFleet },
 *   or text where it is none of these.
 */
export function contentOf(text, fleet) {
  const values = valuesIn(text);
  if (values) return ofValues(values, fleet);
  const rows = rowsOf(text);
  if (isTableOfHours(rows)) return { kind: "day", ...hoursIn(rows, fleet) };
  if (isFleet(rows)) return { kind: "plants", plants: plantsIn(rows.map((row) => row.join("\t")).join("\n")), isFleet: !isCells(text) };
  if (isCells(text)) return { kind: "plants", plants: plantsIn(text), isFleet: false };
  return { kind: "text" };
}

/** The JSON values of a text: one, or one in each line; null if it is not JSON. */
function valuesIn(text) {
  try {
    return [JSON.parse(text)];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line.trim());
  try {
    return lines.length > 1 ? lines.map((line) => JSON.parse(line)) : null;
  } catch {
    return null;
  }
}

function ofValues(values, fleet) {
  const [first] = values;
  if (values.length === 1 && Array.isArray(first) && first.length && first.every(isObject)) return ofValues(first, fleet);
  if (values.length === 1 && isObject(first) && Array.isArray(first.hours))
    return { kind: "day", ...dayOf(first.hours, first) };
  if (values.some(isDay)) {
    const payloads = values.filter(isDay);
    return payloads.length === 1 ? { kind: "day", payload: payloads[0], notes: [] } : { kind: "days", payloads };
  }
  if (values.length === 1) {
    const isOnlyFleet = isObject(first) && Array.isArray(first.powerplants) && !("load" in first) && !("fuels" in first);
    return isOnlyFleet ? { kind: "plants", plants: first.powerplants, isFleet: true } : { kind: "hour", payload: first };
  }
  const hasFleet = isObject(first) && Array.isArray(first.powerplants) && !("load" in first);
  return { kind: "day", ...dayOf(hasFleet ? values.slice(1) : values, hasFleet ? first : fleet) };
}

const isFleet = (rows) => {
  const words = (rows[0] ?? []).map((cell) => cell.trim().toLowerCase());
  return words.includes("name") && (words.includes("type") || words.some((word) => word.startsWith("pmax")));
};
