// Scenarios side by side: up to three hours, and up to three days, each with its name, its totals and its plants.

import { byId, element } from "./dom.js";
import { cents, euro, listed, oneDigit, signed, tonnes } from "./format.js";
import { scope } from "./scope.js";

export const MOST = 3;
const COST = "Cost"; // the first row, which also says why there is no plan
const MOST_PLANTS = 5; // that differ, by name
const LEAST = 0.05; // MWh

/**
 * A scenario has a name, a question, and its totals { cost, gap, emitted, starts, average, energies }, or the problem
 * document if it has no plan; both are null until it is planned. `energies` has the MWh of each plant; `starts` is null
 * for an hour.
 */
export class Scenarios {
  #kept = { hour: [], day: [] };
  #isPlanning = false;

  /**
   * @param current returns the question that is shown and its totals; null without a plan.
   * @param opened is called with the question of a scenario.
   * @param plan is called with a question and its view, and returns a promise of its totals or its problem.
   * @param changed is called when others are kept.
   */
  constructor({ current, opened, plan, changed }) {
    this.opened = opened;
    this.plan = plan;
    this.changed = changed;
    byId("keep-scenario").addEventListener("submit", (event) => {
      event.preventDefault();
      const shown = current();
      const list = this.#kept[scope()];
      if (!shown || list.length >= MOST) return;
      const name = byId("scenario-name").value.trim() || `Scenario ${list.length + 1}`;
      byId("scenario-name").value = "";
      this.#keep([...list, { name, problem: null, ...shown }]);
    });
  }

  /** Those of the view that is shown, for a link. */
  get kept() {
    return this.#kept[scope()];
  }

  /** Replaces those of the view that is shown. @param list of names and questions, which are planned one after the other. */
  open(list) {
    this.#keep(list.slice(0, MOST).map(({ name, question }) => ({ name, question, totals: null, problem: null })));
  }

  /** Takes the answer to a question that a view had asked itself; then the other scenarios are planned. */
  learn(question, totals, problem) {
    const known = this.#all().filter(({ one }) => one.question === question);
    for (const { one } of known) Object.assign(one, { totals, problem });
    if (known.length) this.show();
    this.#planOthers();
  }

  #all() {
    return Object.entries(this.#kept).flatMap(([view, list]) => list.map((one) => ({ view, one })));
  }

  async #planOthers() {
    if (this.#isPlanning) return;
    this.#isPlanning = true;
    const next = () => this.#all().find(({ one }) => !one.totals && !one.problem);
    for (let found = next(); found; found = next()) {
      Object.assign(found.one, await this.plan(found.one.question, found.view));
      this.show();
    }
    this.#isPlanning = false;
  }

  #keep(list) {
    this.#kept[scope()] = list;
    this.show();
    this.changed();
  }

  /** Those of the view that is shown. */
  show() {
    const list = this.kept;
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
    const missing = ({ problem }, saysWhy) => (!problem ? "…" : saysWhy ? element("span", { title: problem.detail ?? "" }, problem.title) : "–");
    const line = (term, value) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, term),
        list.map((one) => element("td", { class: "number" }, one.totals ? value(one.totals) : missing(one, term === COST))),
      );
    const against = (key, format) => (totals) => [
      format(totals[key]),
      totals === first.totals || !first.totals ? null : element("small", { class: "delta" }, signed(totals[key] - first.totals[key], format)),
    ];
    byId("scenarios-table").replaceChildren(
      element("caption", { class: "unseen" }, "The scenarios, compared with the first one"),
      element("thead", {}, element("tr", {}, element("td"), list.map((one) => this.#heading(one)))),
      element(
        "tbody",
        {},
        line(COST, against("cost", euro)),
        line("Gap", ({ gap }) => (gap ? `at most ${euro(gap)}` : "proven")),
        line("CO₂ emitted", against("emitted", tonnes)),
        scope() === "day" ? line("Starts", against("starts", String)) : null,
        line("Average price", ({ average }) => (average === null ? "–" : `${cents(average)}\u00a0€/MWh`)),
        line("Plants that differ", (totals) => (totals === first.totals || !first.totals ? "–" : differing(first.totals, totals))),
      ),
    );
  }

  #heading(one) {
    const remove = () => {
      this.#keep(this.kept.filter((other) => other !== one));
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
