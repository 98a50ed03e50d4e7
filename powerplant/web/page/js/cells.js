// Plants in cells that were copied from a spreadsheet: lines with tabs, with or without a line of headings.

const ORDER = ["name", "type", "efficiency", "pmin", "pmax", "available"]; // without headings
const NUMBERS = new Set(["efficiency", "pmin", "pmax"]);
const TYPES = {
  gasfired: "gasfired",
  gas: "gasfired",
  turbojet: "turbojet",
  jet: "turbojet",
  windturbine: "windturbine",
  wind: "windturbine",
};
const NO = /^(no|false|0|off|unavailable)$/i;

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
  return lines.slice(headings ? 1 : 0).map((line) => plantIn(line, columns));
}

/** A spreadsheet quotes a cell that contains a quote. */
const unquoted = (cell) => (/^".*"$/.test(cell) ? cell.slice(1, -1).replaceAll('""', '"') : cell).trim();

/** The member of each column (`pmin (MW)` is pmin); null if the line has no headings. */
function headingsIn(line) {
  const words = line.map((cell) => cell.toLowerCase().replace(/[^a-z].*$/, ""));
  return words.includes("name") && words.some((word) => word !== "name" && ORDER.includes(word)) ? words : null;
}

function plantIn(line, columns) {
  const cells = columns.map((key, index) => [key, line[index] ?? ""]);
  const known = cells.filter(([key, cell]) => ORDER.includes(key) && cell);
  return Object.fromEntries(known.map(([key, cell]) => [key, valueOf(key, cell)]));
}

function valueOf(key, cell) {
  if (NUMBERS.has(key)) return numberOf(cell);
  if (key === "type") return TYPES[cell.toLowerCase().replace(/[^a-z]/g, "")] ?? cell;
  if (key === "available") return !NO.test(cell);
  return cell;
}

/** With a decimal comma or point, marks between thousands, or a per cent sign; anything else stays a string. */
function numberOf(cell) {
  const percent = cell.endsWith("%");
  const text = cell.replace(/%$/, "").replace(/[\s'’]/g, "").replace("\u2212", "-");
  const decimal = text.lastIndexOf(",") > text.lastIndexOf(".") ? "," : ".";
  const thousands = decimal === "," ? "." : ",";
  const number = Number(text.replaceAll(thousands, "").replace(decimal, "."));
  if (!text || !Number.isFinite(number)) return cell;
  return percent ? Number((number / 100).toPrecision(12)) : number;
}
