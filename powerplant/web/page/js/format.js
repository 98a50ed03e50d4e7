// Numbers for people, always with their unit. The space before a unit does not break.

const SPACE = "\u00a0";
const MINUS = "\u2212";

const withDigits = (least, most) => {
  const format = new Intl.NumberFormat("en-GB", { minimumFractionDigits: least, maximumFractionDigits: most });
  return (value) =>
    format
      .format(value === 0 ? 0 : value)
      .replace("-", MINUS)
      .replace(/^\u2212(0(\.0*)?)$/, "$1");
};

export const oneDigit = withDigits(1, 1);
export const output = withDigits(1, 3); // MW: the finest step is 0.001
export const cents = withDigits(2, 2);
export const plain = withDigits(0, 6);

export const megawatt = (value) => output(value) + SPACE + "MW";
export const euro = (value) => cents(value) + SPACE + "€";
export const price = (value) => cents(value) + SPACE + "€/MWh";
export const energy = (value) => oneDigit(value) + SPACE + "MWh";
export const tonnes = (value) => oneDigit(value) + SPACE + "t";

/** A change, with its sign; `format` gives the unit. */
export const signed = (value, format) =>
  (format(value).startsWith(MINUS) || !/[1-9]/.test(format(value)) ? "" : "+") + format(value);

const TYPES = { windturbine: "Wind turbine", gasfired: "Gas-fired", turbojet: "Turbojet" };

/** A type for people; another one is a label, and stays as it is. */
export const typeInWords = (type) => (Object.hasOwn(TYPES, type) ? TYPES[type] : type);

/** Names in one list: `a, b and c`; of many only the first ones. */
export function listed(names, most = 4) {
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names;
  return [shown.slice(0, -1).join(", "), ...shown.slice(-1)].filter(Boolean).join(" and ");
}

/** A name with at most so many letters: its middle is left out, since names of many plants begin alike. */
export function shortened(name, most) {
  if (name.length <= most) return name;
  const end = Math.ceil((most - 1) / 2);
  return `${name.slice(0, most - 1 - end)}…${name.slice(-end)}`;
}

export const STATES = {
  off: "off",
  at_minimum: "at its minimum",
  in_between: "between its limits",
  at_maximum: "at its maximum",
};

/** The range of a plant when it is on; a wind turbine, for example, has one output. */
export const limits = ({ pmin, pmax }) => `${pmin === pmax ? "0 or" : `${output(pmin)} to`} ${megawatt(pmax)}`;
