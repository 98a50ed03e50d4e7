// Scenarios side by side: up to three hours, and up to three days, each with its name, its totals and its plants.

import { byId, element } from "./dom.js";
import { cents, euro, listed, oneDigit, signed, tonnes } from "./format.js";
import { scope } from "./scope.js";

const MOST = 3;
const MOST_PLANTS = 5; // that differ, by name
const LEAST = 0.05; // MWh

export class Scenarios {
  #kept = { hour: [], day: [] };

  /**
   * @param current returns the totals of what is shown, null without a plan: { question, cost, gap, emitted, starts, average, energies }.
   *   `energies` has the MWh of each plant; `starts` is null for an hour.
   * @param opened is called with the question of a scenario.
   */
  constructor({ current, opened }) {
    this.opened = opened;
    byId("keep-scenario").addEventListener("submit", (event) => {
      event.preventDefault();
      const totals = current();
      const list = this.#kept[scope()];
      if (!totals || list.length >= MOST) return;
      const name = byId("scenario-name").value.trim() || `Scenario ${list.length + 1}`;
      this.#kept[scope()] = [...list, { ...totals, name }];
      byId("scenario-name").value = "";
      this.show();
    });
  }

  /** Those of the view that is shown. */
  show() {
    const list = this.#kept[scope()];
    byId("scenario-add").disabled = list.length >= MOST;
    byId("scenario-note").textContent = list.length
      ? list.length < MOST
        ? ""
        : `${MOST} scenarios are kept; remove one to keep another.`
      : "Keep this plan under a name, change something, and keep that too: the plans stand side by side.";
    byId("scenarios-table").hidden = !list.length;
    if (list.length) this.#fill(list);
  }

  #fill(list) {
    const [first] = list;
    const line = (term, value) =>
      element("tr", {}, element("th", { scope: "row" }, term), list.map((one) => element("td", { class: "number" }, value(one))));
    const against = (key, format) => (one) => [
      format(one[key]),
      one === first ? null : element("small", { class: "delta" }, signed(one[key] - first[key], format)),
    ];
    byId("scenarios-table").replaceChildren(
      element("caption", { class: "unseen" }, "The scenarios, compared with the first one"),
      element("thead", {}, element("tr", {}, element("td"), list.map((one) => this.#heading(one)))),
      element(
        "tbody",
        {},
        line("Cost", against("cost", euro)),
        line("Gap", (one) => (one.gap ? `at most ${euro(one.gap)}` : "proven")),
        line("CO₂ emitted", against("emitted", tonnes)),
        first.starts === null ? null : line("Starts", against("starts", String)),
        line("Average price", (one) => (one.average === null ? "–" : `${cents(one.average)}\u00a0€/MWh`)),
        line("Plants that differ", (one) => (one === first ? "–" : differing(first, one))),
      ),
    );
  }

  #heading(one) {
    const remove = () => {
      this.#kept[scope()] = this.#kept[scope()].filter((other) => other !== one);
      this.show();
      byId("scenario-name").focus();
    };
    return element(
      "th",
      { scope: "col", class: "number" },
      element("button", { type: "button", class: "link", title: "Show it again", onclick: () => this.opened(one.question) }, one.name),
      element("button", { type: "button", class: "quiet remove", "aria-label": `Remove ${one.name}`, onclick: remove }, "×"),
    );
  }
}

/** The plants whose MWh differ, those with the most first. */
function differing(first, other) {
  const names = new Set([...first.energies.keys(), ...other.energies.keys()]);
  const changes = [...names]
    .map((name) => [name, (other.energies.get(name) ?? 0) - (first.energies.get(name) ?? 0)])
    .filter(([, change]) => Math.abs(change) >= LEAST)
    .sort(([, one], [, two]) => Math.abs(two) - Math.abs(one));
  return listed(changes.map(([name, change]) => `${name} ${signed(change, oneDigit)}\u00a0MWh`), MOST_PLANTS) || "none";
}
