// The fleet: the payload's plants as a table that can be edited.

import { byId, element } from "./dom.js";
import { TYPES, plain } from "./format.js";
import { isTabular, numberIn, pointerTo, withNewPlant, withValue, withoutPlant } from "./payload.js";

const MOST_ROWS = 200;
const NUMBERS = { efficiency: ["Efficiency", "MWh/MWh"], pmin: ["pmin", "MW"], pmax: ["pmax", "MW"] };
const FOR_WIND = new Set(["pmax"]);

export class Fleet {
  /**
   * @param payload returns the current payload.
   * @param changed is called with the new payload after an edit.
   */
  constructor(payload, changed) {
    this.payload = payload;
    this.changed = changed;
    this.body = byId("fleet").tBodies[0];
    this.body.addEventListener("input", ({ target }) => this.#edit(target));
    this.body.addEventListener(
      "click",
      ({ target }) => target.dataset.remove && this.#remove(Number(target.dataset.remove)),
    );
    byId("add").addEventListener("click", () => this.#add());
  }

  show() {
    const payload = this.payload();
    const tabular = isTabular(payload);
    const plants = tabular ? payload.powerplants : [];
    this.body.replaceChildren(...plants.slice(0, MOST_ROWS).map(row));
    const note = byId("fleet-note");
    note.hidden = tabular && plants.length <= MOST_ROWS;
    note.textContent = tabular
      ? `The table shows ${MOST_ROWS} of ${plain(plants.length)} plants; the JSON has all of them.`
      : "A table cannot show this payload. Switch to JSON.";
    byId("add").disabled = !tabular;
  }

  #edit(field) {
    const { pointer, kind } = field.dataset;
    if (kind === "type") disableWhatMeansNothing(field.closest("tr"), field.value);
    this.changed(withValue(this.payload(), pointer, kind === "number" ? numberIn(field.value) : field.value));
  }

  #remove(index) {
    this.#replace(withoutPlant(this.payload(), index));
    const rows = this.body.rows;
    (rows[Math.min(index, rows.length - 1)]?.querySelector("[data-remove]") ?? byId("add")).focus();
  }

  #add() {
    this.#replace(withNewPlant(this.payload()));
    const name = this.body.rows[this.payload().powerplants.length - 1]?.querySelector("input");
    name?.focus();
    name?.select();
  }

  #replace(payload) {
    this.changed(payload);
    this.show();
  }
}

function row(plant, index) {
  const line = element(
    "tr",
    {},
    cell(
      "Name",
      "name",
      element("input", {
        value: plant.name ?? "",
        "data-pointer": pointerTo("powerplants", index, "name"),
        autocomplete: "off",
        spellcheck: "false",
      }),
      index,
    ),
    cell("Type", "type", typeField(plant.type, index), index),
    Object.entries(NUMBERS).map(([key, [label, unit]]) =>
      cell(label, "number", numberField(plant[key], index, key), index, unit),
    ),
    element(
      "td",
      { class: "remove" },
      element(
        "button",
        {
          type: "button",
          class: "quiet",
          "data-remove": String(index),
          "aria-label": `Remove ${plant.name ?? `plant ${index + 1}`}`,
        },
        "×",
      ),
    ),
  );
  disableWhatMeansNothing(line, plant.type);
  return line;
}

/** The label is visible on narrow screens, where the table has no header; on wide ones it is for screen readers. */
function cell(label, kind, field, index, unit) {
  field.id = `plant-${index}-${label}`.toLowerCase();
  const words = [
    label,
    unit ? element("small", {}, " " + unit) : null,
    element("span", { class: "unseen" }, ` of plant ${index + 1}`),
  ];
  return element("td", { class: `field ${kind}` }, element("label", { for: field.id }, words), field);
}

function numberField(value, index, key) {
  return element("input", {
    value: value ?? "",
    inputmode: "decimal",
    autocomplete: "off",
    "data-pointer": pointerTo("powerplants", index, key),
    "data-kind": "number",
  });
}

function typeField(type, index) {
  const known =
    type in TYPES ? [] : [element("option", { value: type ?? "", selected: true }, String(type ?? "(missing)"))];
  const options = Object.entries(TYPES).map(([value, name]) =>
    element("option", { value, selected: value === type }, name),
  );
  return element(
    "select",
    { "data-pointer": pointerTo("powerplants", index, "type"), "data-kind": "type" },
    known,
    options,
  );
}

/** A wind turbine's pmin and efficiency are ignored. */
function disableWhatMeansNothing(line, type) {
  for (const field of line.querySelectorAll("[data-kind=number]")) {
    const key = field.dataset.pointer.split("/").at(-1);
    field.disabled = type === "windturbine" && !FOR_WIND.has(key);
  }
}
