// Questions to this page's own server. A question is a payload, whether CO₂ counts, and whether a plan that is not
// proven to be a cheapest one will do.

import { sketchOf } from "./sketch.js";

const PATIENCE = 250; // milliseconds that an answer may take at least while a newer question waits
const SWIFT = 120; // milliseconds within which a report is soon enough to follow a slider
const REST = 300; // milliseconds that a slider rests before a report is asked for that is not swift

/** An answer that is none: the server's problem document, or that there was no server. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

export const addressOf = (what, { co2, feasible }) => `${what}?co2=${co2}${feasible ? "&accept=feasible" : ""}`;

/** The answer to a question: its text and its headers. */
export async function post(what, question, signal) {
  let response, text;
  try {
    const body = JSON.stringify(question.payload);
    response = await fetch(addressOf(what, question), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
      signal,
    });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "The server does not answer",
      detail: "It may have stopped, or the connection is lost.",
    });
  }
  if (response.ok) return { text, headers: response.headers };
  throw new Problem(
    problemIn(text) ?? {
      title: `The server answered ${response.status}`,
      detail: response.statusText,
      status: response.status,
    },
  );
}

function problemIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The plan alone, in the shape of a report: there long before the report where the fleet is large. */
export async function planOf(question, signal) {
  const { text, headers } = await post("productionplan", question, signal);
  return sketchOf(question, JSON.parse(text), headers);
}

async function reportOf(question, signal) {
  return JSON.parse((await post("productionplan/report", question, signal)).text);
}

/**
 * Asks for reports, one question at a time: while one is open only the newest waits, and what was asked in between is
 * never sent. An answer that takes longer than they do is given up for the newer question. So what is shown is never
 * older than two answers, no late answer overwrites a newer one, and large fleets do not pile up at the server.
 *
 * A report takes as long as its alternatives do. Where that is not known to be swift the plan is asked for before it,
 * and the report once nothing moves any more. A newer question does not wait for it; but the server works on, so the
 * next report does: else a few of them would leave it no process for plans.
 */
export class Planner {
  #open = null;
  #waiting = null;
  #usual = 0;
  #report = { fleet: null, isSwift: false }; // what the last one for a fleet was like
  #explaining = Promise.resolve(); // until the server is done with the last report, whoever still waits for it

  /** @param answered is called with the question and its report, or null and a Problem; also with a sketch before it. */
  constructor(answered) {
    this.answered = answered;
  }

  ask(question) {
    this.#waiting = question;
    if (!this.#open) this.#next();
    else if (this.#open.hasPlan) this.#open.giveUp();
    else this.#open.endWithin(Math.max(PATIENCE, 2 * this.#usual));
  }

  async #next() {
    const question = this.#waiting;
    this.#waiting = null;
    const open = (this.#open = new Open());
    try {
      await this.#answer(question, open);
    } catch (error) {
      if (error.name !== "AbortError") {
        if (!(error instanceof Problem)) throw error;
        this.answered(question, null, error.document);
      }
    } finally {
      open.end();
      this.#open = null;
      if (this.#waiting) this.#next();
    }
  }

  async #answer(question, open) {
    const fleet = question.payload?.powerplants;
    const isKnown = fleet === this.#report.fleet;
    if (isKnown && this.#report.isSwift) {
      this.answered(question, await this.#explain(question, open.signal), null);
      this.#usual = open.age;
      return;
    }
    const plan = await planOf(question, open.signal);
    this.#usual = open.age;
    open.hasPlan = true;
    this.answered(question, plan, null);
    if (this.#waiting) return;
    this.answered(question, await this.#explainAtRest(question, open, isKnown ? REST : 0, plan), null);
  }

  async #explain(question, signal) {
    const known = (this.#report = { fleet: question.payload?.powerplants, isSwift: false });
    const start = performance.now();
    const report = await reportOf(question, signal);
    known.isSwift = performance.now() - start <= SWIFT;
    return report;
  }

  /** The report; the plan alone where there is none, which is better than nothing. */
  async #explainAtRest(question, open, rest, plan) {
    const pause = new Promise((done) => setTimeout(done, rest));
    await open.until(Promise.all([pause, this.#explaining]));
    const report = this.#explain(question);
    this.#explaining = report.catch(() => null);
    try {
      return await open.until(report);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return { ...plan, isSketch: false };
    }
  }
}

/** A question on its way. */
class Open {
  hasPlan = false;
  #controller = new AbortController();
  #start = performance.now();
  #timer;

  get signal() {
    return this.#controller.signal;
  }

  /** Milliseconds since it was sent. */
  get age() {
    return performance.now() - this.#start;
  }

  /** Give it up at this age. */
  endWithin(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.giveUp(), Math.max(0, milliseconds - this.age));
  }

  giveUp() {
    this.#controller.abort();
  }

  /** What comes of a promise, unless this is given up before. */
  until(promise) {
    const givenUp = new Promise((_, failed) => {
      this.signal.addEventListener("abort", () => failed(this.signal.reason), { once: true });
    });
    return Promise.race([promise, givenUp]);
  }

  end() {
    clearTimeout(this.#timer);
  }
}
