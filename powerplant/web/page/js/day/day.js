// The view of a day. It has the question (a payload with changes and options) and the baseline that it is compared with,
// and updates everything on the page that depends on them.

import { USUAL_STEP } from "../api.js";
import { byId, element, whenQuiet } from "../dom.js";
import { cents, euro, signed, tonnes } from "../format.js";
import { Steps } from "../steps.js";
import { NO_CHANGES, applied, inWords, withOutage } from "./changes.js";
import { DayFigure } from "./figure.js";
import { DayLevers } from "./levers.js";
import { showDayLegend } from "./legend.js";
import { changedCells, outcomeOf } from "./outcome.js";
import { at, periodsOf } from "./periods.js";
import { DayPlanner } from "./planner.js";
import { clearNoDay, showNoDay } from "./problem.js";
import { showDayTables } from "./tables.js";
import { showCoupling, showDayTotals } from "./totals.js";

const QUIET = 120; // milliseconds between changes of a slider and a request

/** A day on the page. A question has the payload that was loaded, the changes, and `payload`, which has both. */
export class Day {
  /** Each state is a question, a baseline { question, outcome }, and the name of the example, or "". */
  steps = new Steps();
  shown = { question: null, outcome: null, problem: null };
  #isMoving = false;

  /**
   * @param opened is called with a question and a period that is to be shown as an hour.
   * @param changed is called when the question has changed.
   * @param answered is called with a question, its outcome or null, and its problem or null, when no better answer follows.
   */
  constructor({ opened, changed, answered }) {
    this.changed = changed;
    this.answered = answered;
    this.open = (period) => opened(this.question, period);
    this.planner = new DayPlanner((...answer) => this.#answer(...answer));
    this.learner = new DayPlanner((...answer) => this.#learned(...answer)); // for the baseline alone
    this.figure = new DayFigure({ opened: this.open, marked: (...span) => this.#mark(...span) });
    this.levers = new DayLevers((changes, place, isMoving) => this.change({ changes }, place, isMoving));
    this.announce = whenQuiet(800, (text) => (byId("announcer").textContent = text));
    this.askSoon = whenQuiet(QUIET, () => this.#ask());
    byId("day-periods").addEventListener("click", ({ target }) => {
      const period = target.closest("[data-period]")?.dataset.period;
      if (period !== undefined) this.open(Number(period));
    });
    byId("day-co2").addEventListener("change", ({ target }) => this.change({ co2: target.checked }));
    byId("day-step").addEventListener("change", ({ target }) => this.change({ step: target.value }));
    byId("day-round").addEventListener("change", ({ target }) => this.change({ roundLoad: target.checked }));
    byId("day-undo").addEventListener("click", () => this.undo());
    byId("day-redo").addEventListener("click", () => this.redo());
    byId("day-reset").addEventListener("click", () => {
      this.#enter({ ...this.state, question: this.baseline.question });
      focusResult();
    });
    byId("day-keep").addEventListener("click", () => {
      this.#keep();
      focusResult();
    });
    byId("day-json").addEventListener("input", () => this.#edited());
    byId("day-as-json").addEventListener("toggle", () => this.#showJson());
  }

  get state() {
    return this.steps.state;
  }

  get question() {
    return this.state.question;
  }

  get baseline() {
    return this.state.baseline;
  }

  /** Loads a payload, which is the new baseline. */
  start(payload, { co2, step = USUAL_STEP, example = "" }) {
    this.load(questionOf({ payload, co2, step }), { example });
  }

  /** Loads a question, with another one to compare it with. */
  load(question, { compared = question, example = "" } = {}) {
    this.#enter({ question, baseline: { question: compared, outcome: null }, example }, { isLoaded: true });
  }

  /** The outcome of a question that is not shown, or its problem. */
  async plan(question) {
    let found = null;
    const planner = new DayPlanner((_, answer, problem) => {
      found = { outcome: answer ? outcomeOf(question, answer) : null, problem };
    });
    await planner.ask(question);
    return found;
  }

  /** Asks a changed question. Changes of one place that follow each other at once are one step of the undo. */
  change(members, place = null, isMoving = false) {
    this.#isMoving = isMoving;
    const question = complete({ ...this.question, ...members });
    this.#enter({ ...this.state, question, example: "" }, { place, isSoon: place !== null });
  }

  /** Asks a question again that was asked before. */
  show(question) {
    this.#enter({ ...this.state, question, example: "" });
  }

  undo() {
    if (!this.steps.canUndo) return;
    this.steps.undo();
    this.#apply({});
  }

  redo() {
    if (!this.steps.canRedo) return;
    this.steps.redo();
    this.#apply({});
  }

  #enter(state, { place = null, ...how } = {}) {
    this.steps.add(state, place);
    this.#apply(how);
  }

  #apply({ isSoon = false, isLoaded = false }) {
    const { question, baseline, example } = this.state;
    const isOther = isLoaded || question.loaded !== this.loaded;
    this.loaded = question.loaded;
    this.periods = periodsOf(question.payload);
    if (isOther) this.shown = { question: null, outcome: null, problem: null };
    if (isSoon) this.askSoon();
    else this.#ask(); // first, so that the server works while the page draws
    if (isOther) this.#clear();
    this.levers.show({ payload: question.loaded, changes: question.changes, step: question.step, periods: this.periods }, isOther);
    showCoupling(question.payload);
    const { periods } = this;
    const changes = inWords(question.loaded, question.changes).map(({ text }) => text);
    byId("day-words").textContent = [
      `${periods.day(0)} ${periods.range(0, periods.count - 1)}, ${periods.count} periods`.trim(),
      question.co2 ? "CO₂ is charged" : "CO₂ is not charged",
      ...changes,
    ].join(". ");
    byId("day-co2").checked = question.co2;
    byId("day-step").value = question.step;
    byId("day-round").checked = question.roundLoad;
    byId("day-undo").disabled = !this.steps.canUndo;
    byId("day-redo").disabled = !this.steps.canRedo;
    byId("day-keep").disabled = byId("day-reset").disabled = question === baseline.question;
    if (document.activeElement !== byId("day-json")) this.#showJson();
    this.changed(example);
    byId("day-result").setAttribute("aria-busy", "true");
  }

  /** Before the first answer there is the load alone. */
  #clear() {
    const { payload } = this.question;
    const load = this.periods.all.map((t) => at(payload.load ?? 0, t) || 0);
    if (load.length) this.figure.draw({ periods: this.periods, load, outcome: null, before: null, changed: null, missing: [] });
    document.body.classList.add("without-day");
    clearNoDay();
  }

  #ask() {
    const { outcome } = this.shown;
    const isSame = outcome && this.shown.question.loaded === this.question.loaded;
    this.planner.ask(this.question, { previous: isSame ? outcome.answer.plan : undefined, isMoving: this.#isMoving });
  }

  #answer(question, answer, problem) {
    if (question !== this.question) return;
    const outcome = answer ? outcomeOf(question, answer) : null;
    if (!answer || answer.powerplants || this.#isMoving) byId("day-result").removeAttribute("aria-busy");
    if (question === this.baseline.question && outcome) this.baseline.outcome = outcome;
    this.shown = { question, outcome, problem };
    this.#show();
    if (problem || outcome.isReport) this.answered(question, outcome, problem);
    if (question !== this.baseline.question && !this.#isMoving && (problem || outcome.isReport)) this.#learn();
  }

  /** Requests the plan of the baseline, if the page has none: it was changed too early, or a link contained it. */
  #learn() {
    const { baseline } = this;
    if (baseline.outcome || baseline.isAsked) return;
    baseline.isAsked = true;
    this.learner.ask(baseline.question);
  }

  #learned(question, answer) {
    if (!answer || question !== this.baseline.question) return;
    this.baseline.outcome = outcomeOf(question, answer);
    if (this.shown.question === this.question) this.#show();
  }

  #show() {
    const { question, outcome, problem } = this.shown;
    const before = question === this.baseline.question ? null : this.baseline.outcome;
    const changed = before && outcome ? changedCells(before, outcome) : null;
    const load = outcome?.load ?? this.periods.all.map((t) => at(question.payload.load ?? 0, t) || 0);
    this.figure.draw({ periods: this.periods, load, outcome, before, changed, missing: problem?.periods ?? [] });
    document.body.classList.toggle("without-day", !outcome);
    if (outcome) {
      clearNoDay();
      showDayTotals(outcome);
      showDayLegend(outcome);
      showDayTables(outcome);
      this.announce(inOneSentence(outcome));
    } else {
      const act = (change) => (members) => {
        change(members);
        focusResult(); // the button disappears
      };
      showNoDay(problem, question, { change: act((members) => this.change(members)), askAgain: act(() => this.#apply({})) });
      this.announce([problem.title, problem.detail].join(". "));
    }
    showChange({ isCompared: question !== this.baseline.question, before, outcome, changed });
  }

  /** An outage of a plant from one period to another. */
  #mark(name, first, last) {
    const { loaded, changes } = this.question;
    this.change({ changes: withOutage(loaded, changes, name, first, last) });
  }

  #keep() {
    const outcome = this.shown.question === this.question ? this.shown.outcome : null;
    const { loaded: _, ...question } = this.question;
    const next = complete({ ...question, loaded: this.question.payload, changes: NO_CHANGES });
    this.loaded = next.loaded;
    this.shown = { ...this.shown, question: next };
    this.#enter({ question: next, baseline: { question: next, outcome }, example: "" }, { isLoaded: true });
  }

  #showJson() {
    if (byId("day-as-json").open) byId("day-json").value = JSON.stringify(this.question.payload, null, 1);
  }

  #edited() {
    try {
      const payload = JSON.parse(byId("day-json").value);
      byId("day-json-fault").textContent = "";
      this.change({ loaded: payload, changes: NO_CHANGES }, "json");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      byId("day-json-fault").textContent = `Not JSON yet: ${error.message}`;
    }
  }
}

const focusResult = () => byId("day-result").focus({ preventScroll: true });

/** A question of the view: a payload, changes to it, and options. */
export const questionOf = ({ payload, changes = {}, co2, step, roundLoad = false }) =>
  complete({ loaded: payload, changes: { ...NO_CHANGES, ...changes }, co2, step, roundLoad });

const complete = (question) => ({ ...question, payload: applied(question.loaded, question.changes, question.step) });

const inOneSentence = ({ cost, periods, starts, gap, status }) =>
  `Plan for ${periods.count} periods: ${cents(cost)} euro, ${starts} starts.` +
  (status === "optimal" ? "" : ` A better plan saves at most ${cents(gap)} euro.`);

/** The difference to the baseline. */
function showChange({ isCompared, before, outcome, changed }) {
  const view = byId("day-difference");
  const isKnown = isCompared && before && outcome;
  view.classList.toggle("waiting", !isKnown);
  if (!isKnown) {
    const text = !outcome
      ? "There is no plan now. "
      : isCompared
        ? "The baseline has no plan yet."
        : "Move a slider, drag a price or mark an outage: this shows what changes.";
    const show = () => {
      byId("day-problem").scrollIntoView({ block: "center" });
      byId("day-result").focus({ preventScroll: true });
    };
    const why = outcome ? null : element("button", { type: "button", class: "link", onclick: show }, "What is missing");
    view.replaceChildren(element("p", { class: "note" }, text, why));
    return;
  }
  const cells = [...(changed?.values() ?? [])].reduce((sum, periods) => sum + periods.size, 0);
  const rows = [
    ["Cost", signed(outcome.cost - before.cost, euro)],
    ["CO₂ emitted", signed(outcome.emitted - before.emitted, tonnes)],
    ["Starts", signed(outcome.starts - before.starts, String)],
    ["Changed cells", changed ? `${cells} of ${changed.size} ${changed.size === 1 ? "plant" : "plants"}` : "other periods"],
  ];
  const bigger = Math.max(outcome.gap, before.gap);
  const parts = [
    element("dl", {}, rows.map(([term, text]) => element("div", {}, element("dt", {}, term), element("dd", {}, text)))),
    Math.abs(outcome.cost - before.cost) < bigger
      ? element("p", { class: "note" }, `The difference is within the gap of ${euro(bigger)}.`)
      : null,
  ];
  view.replaceChildren(...parts.filter(Boolean));
}
