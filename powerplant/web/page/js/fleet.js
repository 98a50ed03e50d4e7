// The fleet: the payload's plants as a table that can be edited. The members that the challenge does not have are in a
// row of their own below the plant, which opens on demand.

import { byId, element } from "./dom.js";
import { listed, plain } from "./format.js";
import { COST, TONNES, defaultsOf, filled, isFixed } from "./members.js";
import {
  fuelsIn,
  isTabular,
  keysOf,
  numberIn,
  pointerTo,
  quantityOf,
  withNewPlant,
  withValue,
  withoutPlant,
} from "./payload.js";

const MOST_ROWS = 200;
const MANY = 12; // plants from which a phone scrolls the table in a box of its own
const NUMBERS = { efficiency: ["Efficiency", "MWh/MWh"], pmin: ["pmin", "MW"], pmax: ["pmax", "MW"] };
const IN_THE_TABLE = new Set(["name", "available", ...Object.keys(NUMBERS)]);
const LISTS = { type: "plant-types", fuel: "fuel-names", profile: "profile-names" }; // of suggestions
const FURTHER = {
  fuel: { label: "Fuel", kind: "name" },
  profile: { label: "Profile", kind: "name" },
  curtailable: { label: "Curtailable", kind: "flag" },
  must_run: { label: "Must run", kind: "flag" },
  [COST]: { label: "Further cost", unit: "€/MWh", kind: "number" },
  [TONNES]: { label: "CO₂", unit: "t/MWh", kind: "number" },
};
const SUGGESTED = "gasfired turbojet windturbine coal lignite nuclear hydro solar biomass waste oil import".split(" ");

export class Fleet {
  #open = new Set(); // the plants whose further members are shown, by their place
  #plants = 0;

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
    this.body.addEventListener("click", ({ target }) => {
      const { remove, further } = target.dataset;
      if (remove) this.#remove(Number(remove));
      if (further) this.#toggle(Number(further), !this.#open.has(Number(further)));
    });
    byId("add").addEventListener("click", () => this.#add());
  }

  /** The rows of further members stay open, unless the payload was loaded or plants are new or removed. */
  show(isLoaded = false) {
    const payload = this.payload();
    const tabular = isTabular(payload);
    const plants = tabular ? payload.powerplants : [];
    const focused = this.body.contains(document.activeElement) ? document.activeElement.id : null;
    const open = isLoaded || plants.length !== this.#plants ? [] : [...this.#open];
    this.#open.clear();
    this.#plants = plants.length;
    this.body.replaceChildren(...plants.slice(0, MOST_ROWS).map(row));
    this.body.parentNode.classList.toggle("many", plants.length > MANY);
    for (const index of open) this.#toggle(index, true);
    if (focused) (byId(focused) ?? byId("add")).focus({ preventScroll: true });
    this.#describe(plants, tabular);
    suggest("plant-types", [...SUGGESTED, ...plants.slice(0, MOST_ROWS).map(({ type }) => type)]);
    this.suggestFuels();
  }

  /** Suggests the names of the payload's prices and profiles. */
  suggestFuels() {
    const quantities = isTabular(this.payload()) ? fuelsIn(this.payload()).map(quantityOf) : [];
    const names = (unit) => quantities.filter((quantity) => quantity.unit === unit).map(({ name }) => name);
    suggest("fuel-names", names("euro/MWh"));
    suggest("profile-names", names("%"));
  }

  /** Opens the rows that have a field for one of these places. */
  openFor(pointers) {
    if (!isTabular(this.payload())) return;
    for (const pointer of pointers) {
      const [list, index, key] = keysOf(pointer);
      if (list === "powerplants" && key && !IN_THE_TABLE.has(key)) this.#toggle(Number(index), true);
    }
  }

  #toggle(index, open) {
    const button = byId(`plant-${index}-further`);
    if (!button || this.#open.has(index) === open) return;
    button.setAttribute("aria-expanded", String(open));
    const line = button.closest("tr");
    line.classList.toggle("opened", open);
    if (open) {
      this.#open.add(index);
      line.after(furtherRow(this.payload().powerplants[index], index));
      this.#refresh(index);
    } else {
      this.#open.delete(index);
      line.nextElementSibling.remove();
    }
  }

  #describe(plants, tabular) {
    const out = plants.filter((plant) => plant.available === false).length;
    const note = byId("fleet-note");
    const notes = [
      tabular ? null : "A table cannot show this payload. Switch to JSON.",
      plants.length > MOST_ROWS
        ? `The table shows ${MOST_ROWS} of ${plain(plants.length)} plants; the JSON has all of them.`
        : null,
      out ? `${out === 1 ? "1 plant is" : `${plain(out)} plants are`} not available.` : null,
    ];
    note.textContent = notes.filter(Boolean).join(" ");
    note.hidden = !note.textContent;
    byId("add").disabled = !tabular;
  }

  #edit(field) {
    const { pointer, plant } = field.dataset;
    this.changed(withValue(this.payload(), pointer, valueOf(field, this.payload().powerplants[plant])), pointer);
    this.#refresh(Number(plant));
    if (field.dataset.kind === "flag") this.#describe(this.payload().powerplants, true);
  }

  /** What depends on other members: the defaults, and fields that have no meaning. */
  #refresh(index) {
    const plant = this.payload().powerplants[index];
    const all = filled(plant);
    const line = byId(`plant-${index}-further`).closest("tr");
    line.classList.toggle("out", plant.available === false);
    byId(`plant-${index}-further`).replaceChildren(...moreOf(plant, index));
    byId(idOf(index, "efficiency")).disabled = all.fuel === undefined;
    byId(idOf(index, "pmin")).disabled = isFixed(all);
    if (!this.#open.has(index)) return;
    const usual = defaultsOf(plant);
    for (const [key, { kind }] of Object.entries(FURTHER)) {
      const field = byId(idOf(index, key));
      if (kind === "flag") field.checked = all[key] === true;
      else field.placeholder = usual[key] ?? "none";
    }
    byId(idOf(index, "curtailable")).disabled = all.profile === undefined;
  }

  #remove(index) {
    this.#replace(withoutPlant(this.payload(), index));
    const last = Math.min(this.#plants, MOST_ROWS) - 1;
    (byId(`plant-${Math.min(index, last)}-remove`) ?? byId("add")).focus();
  }

  #add() {
    this.#replace(withNewPlant(this.payload()));
    const name = byId(idOf(this.#plants - 1, "name"));
    name?.focus();
    name?.select();
  }

  #replace(payload) {
    this.changed(payload, null);
    this.show();
  }
}

/** A member that is empty, or has its default, is left out. */
function valueOf({ dataset: { kind, key }, value, checked }, plant) {
  if (kind === "number") return numberIn(value);
  if (kind === "flag") return checked === defaultsOf(plant)[key] ? undefined : checked;
  return kind === "name" ? value || undefined : value;
}

/** The members of a plant that are not in the table. */
const further = (plant) => Object.keys(plant).filter((key) => !IN_THE_TABLE.has(key) && key !== "type");

/** Without the unit in parentheses. */
const idOf = (index, key) => `plant-${index}-${key.replace(/\(.*/, "")}`;

/** Nothing is replaced if nothing is new: a browser would close the list while somebody types. */
function suggest(id, names) {
  const options = [...new Set(names)].filter((name) => typeof name === "string");
  const known = [...byId(id).options].map(({ value }) => value);
  if (options.length === known.length && options.every((name, index) => name === known[index])) return;
  byId(id).replaceChildren(...options.map((value) => element("option", { value })));
}

function row(plant, index) {
  const all = filled(plant);
  const isUnused = { efficiency: all.fuel === undefined, pmin: isFixed(all) };
  return element(
    "tr",
    { class: plant.available === false ? "out" : null },
    cell("Name", textField(plant, index, "name", "text"), index),
    cell("Type", textField(plant, index, "type", "text"), index),
    Object.entries(NUMBERS).map(([key, [label, unit]]) =>
      cell(label, textField(plant, index, key, "number", isUnused[key]), index, unit),
    ),
    cell("Available", flag(plant, index, "available"), index),
    element(
      "td",
      { class: "more" },
      element(
        "button",
        {
          type: "button",
          class: "quiet",
          id: `plant-${index}-further`,
          "data-further": String(index),
          "aria-expanded": "false",
        },
        moreOf(plant, index),
      ),
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
}

/** The words of the button that opens the further members: how many the plant has. */
function moreOf(plant, index) {
  const count = further(plant).length;
  return [
    count ? `More (${count})` : "More",
    element("span", { class: "unseen" }, ` of ${plant.name ?? `plant ${index + 1}`}`),
  ];
}

function furtherRow(plant, index) {
  const fields = Object.entries(FURTHER).map(([key, { label, unit, kind }]) =>
    labelled("div", label, kind === "flag" ? flag(plant, index, key) : textField(plant, index, key, kind), index, unit),
  );
  const others = further(plant).filter((key) => !(key in FURTHER));
  return element(
    "tr",
    { class: "further" },
    element(
      "td",
      { colspan: 8 },
      element("div", { class: "members" }, fields),
      others.length ? element("p", { class: "note" }, `The JSON has further members: ${listed(others, 12)}.`) : null,
    ),
  );
}

const cell = (...parts) => labelled("td", ...parts);

/** A field with its label. In the table labels are visible on narrow screens only, where it has no header. */
function labelled(tag, label, field, index, unit) {
  const words = [
    label,
    unit ? element("small", {}, " " + unit) : null,
    element("span", { class: "unseen" }, ` of plant ${index + 1}`),
  ];
  const { kind, key } = field.dataset;
  return element(tag, { class: `field ${kind} ${key}` }, element("label", { for: field.id }, words), field);
}

const dataOf = (index, key, kind) => ({
  id: idOf(index, key),
  "data-pointer": pointerTo("powerplants", index, key),
  "data-plant": String(index),
  "data-key": key,
  "data-kind": kind,
});

/** A value of another kind than the member has is shown as JSON; the service says what is wrong with it. */
function textField(plant, index, key, kind, disabled = false) {
  const value = plant[key] ?? "";
  return element("input", {
    ...dataOf(index, key, kind),
    value: typeof value === "object" ? JSON.stringify(value) : value,
    inputmode: kind === "number" ? "decimal" : null,
    list: LISTS[key] ?? null,
    autocomplete: "off",
    spellcheck: "false",
    disabled,
  });
}

const flag = (plant, index, key) =>
  element("input", { type: "checkbox", ...dataOf(index, key, "flag"), checked: filled(plant)[key] === true });
