// The fleet: the payload's plants as a table that can be edited.

import { byId, element } from "./dom.js";
import { TYPES, plain } from "./format.js";
import { isTabular, numberIn, pointerTo, unavailable, withNewPlant, withValue, withoutPlant } from "./payload.js";

const MOST_ROWS = 200;
const NUMBERS = { efficiency: ["Efficiency", "MWh/MWh"], pmin: ["pmin", "MW"], pmax: ["pmax", "MW"] };
const FOR_WIND = new Set(["pmax"]);

export class Fleet {
  /**
   * @param payload returns the current payload.
   * @param changed is called with the new payload after an edit, and with the place that was edited; null for a plant
   *   that is new or removed.
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
    const focused = this.body.contains(document.activeElement) ? document.activeElement.id : null;
    this.body.replaceChildren(...plants.slice(0, MOST_ROWS).map(row));
    if (focused) (byId(focused) ?? byId("add")).focus({ preventScroll: true });
    this.#describe(plants, tabular);
  }

  #describe(plants, tabular) {
    const out = unavailable(this.payload()).length;
    const note = byId("fleet-note");
    const notes = [
      tabular ? null : "A table cannot show this payload. Switch to JSON.",
      plants.length > MOST_ROWS
        ? `The table shows ${MOST_ROWS} of ${plain(plants.length)} plants; the JSON has all of them.`
        : null,
      out ? `${out === 1 ? "1 plant is" : `${plain(out)} plants are`} not available, and not sent to the server.` : null,
    ];
    note.textContent = notes.filter(Boolean).join(" ");
    note.hidden = !note.textContent;
    byId("add").disabled = !tabular;
  }

  #edit(field) {
    const { pointer, kind } = field.dataset;
    if (kind === "type") disableWhatMeansNothing(field.closest("tr"), field.value);
    if (kind === "available") field.closest("tr").classList.toggle("out", !field.checked);
    this.changed(withValue(this.payload(), pointer, valueOf(field)), pointer);
    if (kind === "available") this.#describe(this.payload().powerplants, true);
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
    this.changed(payload, null);
    this.show();
  }
}

function valueOf(field) {
  if (field.dataset.kind === "number") return numberIn(field.value);
  if (field.dataset.kind === "available") return field.checked ? undefined : false; // by default it is available
  return field.value;
}

function row(plant, index) {
  const line = element(
    "tr",
    { class: plant.available === false ? "out" : null },
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
    cell(
      "Available",
      "available",
      element("input", {
        type: "checkbox",
        checked: plant.available !== false,
        "data-pointer": pointerTo("powerplants", index, "available"),
        "data-kind": "available",
      }),
      index,
    ),
    element(
      "td",
      { class: "remove" },
      element(
        "button",
        {
          type: "button",
          class: "quiet",
          id: `plant-${index}-remove`,
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
