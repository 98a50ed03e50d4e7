// A plan of a day as CSV: a row for each period, with prices and every output.

const FORMULA = /^[=+\-@\t\r]/;

export function csvOf({ periods, load, prices, powerplants, storages, buy, sell, lost }) {
  const price = (key) => (t) => prices?.[t][key] ?? "";
  const columns = [
    ["start", periods.stamp],
    ["load", (t) => load[t]],
    ["price_up", price("up")],
    ["price_down", price("down")],
    ...powerplants.map(({ name, p }) => [`p[${name}]`, (t) => p[t]]),
    ...storages.flatMap(({ name, charge, discharge, energy }) => [
      [`charge[${name}]`, (t) => charge[t]],
      [`discharge[${name}]`, (t) => discharge[t]],
      [`energy[${name}]`, (t) => energy[t]],
    ]),
    ...(buy ? [["buy", (t) => buy[t]]] : []),
    ...(sell ? [["sell", (t) => sell[t]]] : []),
    ...(lost ? [["lost_load", (t) => lost[t]]] : []),
  ];
  const rows = periods.all.map((t) => columns.map(([, cell]) => cell(t)));
  return d3.csvFormatRows([columns.map(([heading]) => safe(heading)), ...rows]) + "\n";
}

/** Text that a spreadsheet would run as a formula gets an apostrophe. */
const safe = (text) => (FORMULA.test(text) ? `'${text}` : text);
