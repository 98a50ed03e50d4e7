// A table with headings that sort, a filter, and totals by type. It scrolls in its own box, with its heading in sight.

import { element } from "./dom.js";

const MANY = 12; // rows from which a phone scrolls the table in a box of its own

/** Narrow screens show rows as cards, and browsers then drop the roles of a table. */
const ROLES = { group: { role: "rowgroup" }, row: { role: "row" } };

export class SortableTable {
  #rows = [];
  #sorted = { column: null, isDown: false };
  #words = "";
  #isWhole = false;

  /**
   * @param table the element, with a caption.
   * @param columns { title, unit, kind, value(row), cell(row), total(rows) }: value sorts, cell shows, total is optional.
   * @param filter the field for words of a row, or null.
   * @param text(row) is searched by the filter.
   * @param group(row) names the rows that have a line of totals together.
   * @param most rows that are shown at first.
   * @param line(row) makes a row; by default it has the cells of the columns.
   */
  constructor(table, columns, { filter, text, group, most = 60, line = null }) {
    Object.assign(this, { table, columns, text, group, most, line });
    this.head = element("thead", ROLES.group, element("tr", ROLES.row, columns.map((column) => this.#heading(column))));
    this.body = element("tbody", ROLES.group);
    this.foot = element("tfoot", ROLES.group);
    table.append(this.head, this.body, this.foot);
    filter?.addEventListener("input", () => {
      this.#words = filter.value.trim().toLowerCase();
      this.#render();
    });
  }

  show(rows) {
    this.#rows = rows;
    const isLong = rows.length > MANY;
    this.table.classList.toggle("many", isLong);
    if (isLong) this.body.tabIndex = 0; // on a phone it scrolls: keys must reach it
    else this.body.removeAttribute("tabindex");
    this.#render();
  }

  #heading(column) {
    const { title, unit, kind = "" } = column;
    const press = () => {
      const isSame = this.#sorted.column === column;
      this.#sorted = isSame && this.#sorted.isDown !== startsDown(kind) ? { column: null } : { column, isDown: isSame ? !this.#sorted.isDown : startsDown(kind) };
      this.#render();
    };
    const words = [title, unit ? element("small", {}, ` ${unit}`) : null];
    column.head = element(
      "th",
      { scope: "col", role: "columnheader", class: kind },
      column.value ? element("button", { type: "button", class: "sort", onclick: press }, words) : element("span", {}, words),
    );
    return column.head;
  }

  #render() {
    const { column, isDown } = this.#sorted;
    for (const one of this.columns) {
      if (one === column) one.head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      else one.head.removeAttribute("aria-sort");
    }
    let rows = this.#words ? this.#rows.filter((row) => this.text(row).toLowerCase().includes(this.#words)) : this.#rows;
    if (column) {
      const order = (one, other) => compare(column.value(one), column.value(other));
      rows = rows.toSorted((one, other) => (isDown ? order(other, one) : order(one, other)));
    }
    const shown = this.#isWhole ? rows : rows.slice(0, this.most);
    this.body.replaceChildren(...shown.map((row) => this.line?.(row) ?? this.#line(row)), ...this.#more(rows.length, shown.length));
    this.foot.replaceChildren(...this.#totals(rows));
  }

  #line(row) {
    return element(
      "tr",
      ROLES.row,
      this.columns.map(({ cell, kind = "" }, index) =>
        index
          ? element("td", { role: "cell", class: kind }, cell(row))
          : element("th", { scope: "row", role: "rowheader", class: kind }, cell(row)),
      ),
    );
  }

  #more(all, shown) {
    if (all === shown && (all || !this.#words)) return [];
    const act = () => {
      this.#isWhole = true;
      this.#render();
    };
    const content = all
      ? element("button", { type: "button", class: "link", onclick: act }, `Show all ${all} plants`)
      : "No plant has these words.";
    return [element("tr", ROLES.row, element("td", { role: "cell", colspan: this.columns.length }, content))];
  }

  #totals(rows) {
    if (rows.length < 2 || !this.columns.some(({ total }) => total)) return [];
    const groups = [...Map.groupBy(rows, this.group)];
    const lines = groups.length > 1 ? groups : [];
    return [...lines, ["All", rows]].map(([name, members]) =>
      element(
        "tr",
        { ...ROLES.row, class: members === rows ? "all" : "" },
        this.columns.map(({ total, kind = "" }, index) =>
          index
            ? element("td", { class: kind }, total ? total(members) : "")
            : element("th", { scope: "row" }, name, element("small", {}, ` ${members.length}`)),
        ),
      ),
    );
  }
}

const startsDown = (kind) => kind.includes("number");

const compare = (one, other) =>
  typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
