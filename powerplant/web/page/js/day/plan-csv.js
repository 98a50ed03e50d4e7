// A plan of a day as CSV: a row for each period, with the columns of the server's tables.

const FORMULA = /^[=+\-@\t\r]/;

/** @param names of the plants, in the order of the payload. */
export function csvOf({ periods, load, prices, powerplants, storages, buy, sell, lost }, names) {
  const outputs = new Map(powerplants.map(({ name, p }) => [name, p]));
  const price = (key) => (t) => prices?.[t][key] ?? "";
  const columns = [
    ["start", periods.stamp],
    ["load", (t) => load[t]],
    ["price_up", price("up")],
    ["price_down", price("down")],
    ...names.map((name) => [`p[${name}]`, (t) => outputs.get(name)[t]]),
    ...storages.flatMap(({ name, charge, discharge, energy }) => [
      [`charge[${name}]`, (t) => charge[t]],
      [`discharge[${name}]`, (t) => discharge[t]],
      [`energy[${name}]`, (t) => energy[t]],
    ]),
    ...(buy ? [["market_buy", (t) => buy[t]]] : []),
    ...(sell ? [["market_sell", (t) => sell[t]]] : []),
    ...(lost ? [["lost_load", (t) => lost[t]]] : []),
  ];
  const rows = periods.all.map((t) => columns.map(([, cell]) => cell(t)));
  return d3.csvFormatRows([columns.map(([heading]) => safe(heading)), ...rows]) + "\n";
}

/** Text that a spreadsheet would run as a formula gets an apostrophe. */
const safe = (text) => (FORMULA.test(text) ? `'${text}` : text);
