// What is opened, dropped or pasted: the payload of an hour, days, plants, or a table or workbook, which the server reads.

import { Problem, payloadIn } from "./api.js";
import { isCells, plantsIn } from "./cells.js";
import { isDay, periodsOf } from "./day/periods.js";
import { dayOf } from "./day/lines.js";
import { isObject } from "./payload.js";

const SEPARATORS = /[;,\t|]/;
const MOST_LINES_BEFORE = 20; // before the headings of a table

/**
 * @param source { text, file }: the file of a workbook has no text, what is pasted has no file.
 * @param fleet { powerplants, fuels } for hours that have no fleet of their own.
 * @returns `kind` and what it holds: hour { payload }, days { payloads, notes }, plants { plants, isFleet, notes }, state
 *   { state } of the page, problem { problem } where the server refuses a table, or text where it is none of these.
 */
export async function contentOf({ text, file }, fleet) {
  if (text === undefined) return ofTable(() => ofWorkbook(file, fleet));
  const values = valuesIn(text);
  if (values) return ofValues(values, fleet);
  const headings = headingsIn(text);
  const table = file ?? text; // the file may be in another encoding
  if (headings === "hours") return ofTable(() => payloadIn([lineOf(fleet), table]));
  if (isCells(text)) return { kind: "plants", plants: plantsIn(text), isFleet: false, notes: [] };
  if (headings === "plants") return ofTable(() => payloadIn([table]));
  return { kind: "text" };
}

// --- JSON -----------------------------------------------------------------------------------------------------------

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
  if (values.length > 1) {
    const hasFleet = isObject(first) && Array.isArray(first.powerplants) && !("load" in first) && !isDay(first);
    return hasFleet ? ofItems(values.slice(1), first, fleet) : ofItems(values, null, fleet);
  }
  if (Array.isArray(first) && first.length && first.every(isObject)) return ofValues(first, fleet);
  if (!isObject(first)) return { kind: "hour", payload: first };
  if (Array.isArray(first.hours)) return ofItems(first.hours, first, fleet);
  if (isObject(first.payload) && !("load" in first)) return { kind: "state", state: first };
  if (isDay(first)) return { kind: "days", payloads: [first], notes: [] };
  const isOnlyFleet = Array.isArray(first.powerplants) && !("load" in first) && !("fuels" in first);
  return isOnlyFleet ? { kind: "plants", plants: first.powerplants, isFleet: true, notes: [] } : { kind: "hour", payload: first };
}

/**
 * Several payloads: days, or hours, which are the periods of one day.
 *
 * @param shared { powerplants, fuels } that all of them use (days only the plants); null if there are none.
 * @param fleet the same for hours, if `shared` is null.
 */
function ofItems(items, shared, fleet) {
  const days = items.filter(isDay);
  if (!days.length) {
    const { payload, notes } = dayOf(items, shared ?? fleet);
    return { kind: "days", payloads: [payload], notes };
  }
  const others = items.length - days.length;
  const notes = others ? [`Left out: ${others} of ${items.length} payloads, which are hours.`] : [];
  return { kind: "days", payloads: days.map((day) => ({ ...(shared?.powerplants ? { powerplants: shared.powerplants } : {}), ...day })), notes };
}

// --- Tables and workbooks -------------------------------------------------------------------------------------------

/** Whether a line of a text names the columns of a table of "hours" or of "plants"; null if none does. */
function headingsIn(text) {
  if (/^\s*[[{]/.test(text)) return null; // JSON with a fault
  for (const line of text.split(/\r\n|\n|\r/, MOST_LINES_BEFORE)) {
    const words = line.split(SEPARATORS).map((cell) => cell.trim().replace(/^"|"$/g, "").toLowerCase());
    if (words.some((word) => /^(load|market)\b/.test(word))) return "hours";
    if (words.includes("name") && words.some((word) => /^(type|pmax)\b/.test(word))) return "plants";
  }
  return null;
}

/** All but the hours, as the server wants it before a table of hours. */
const lineOf = ({ load: _, ...fleet }) => `${JSON.stringify(fleet)}\n`;

/** A workbook with a fleet needs no other; one without gets the current one. */
async function ofWorkbook(file, fleet) {
  let problem = null;
  try {
    const answer = await payloadIn([file]);
    if (answer.payload.powerplants) return answer;
  } catch (error) {
    if (!(error instanceof Problem) || error.document.status !== 422) throw error;
    problem = error;
  }
  if (problem && !fleet.powerplants.length) throw problem;
  return payloadIn([lineOf(fleet), file]);
}

async function ofTable(ask) {
  try {
    const { payload, notes } = await ask();
    if (!isDay(payload)) return { kind: "plants", plants: payload.powerplants, isFleet: true, notes };
    return { kind: "days", payloads: [withoutOtherLengths(payload)], notes };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { kind: "problem", problem: error.document };
  }
}

/** Without prices and profiles of a fleet that were for another number of periods. */
function withoutOtherLengths(payload) {
  const { count } = periodsOf(payload);
  const fuels = Object.entries(payload.fuels ?? {}).filter(([, value]) => !Array.isArray(value) || value.length === count);
  return { ...payload, fuels: Object.fromEntries(fuels) };
}
