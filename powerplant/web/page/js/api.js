// Requests to the server of this page. A question is a payload, whether CO₂ counts, the step of outputs in MW, whether
// the load is rounded to it, and whether a plan that is not proven to be the cheapest is accepted.

import { sketchOf } from "./sketch.js";

const PATIENCE = 250; // least milliseconds before a question is aborted for a newer one
const SWIFT = 120; // a report that takes at most so many milliseconds can follow a slider
const REST = 300; // milliseconds without a change before a slower report is requested

/** An error: the server's problem document, or one that says that the server does not answer. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

/** The step that the server takes if a request names none. */
export const USUAL_STEP = document.documentElement.dataset.step;

export function addressOf(what, { co2, step, roundLoad, feasible, timeLimit }) {
  const options = [
    `co2=${co2}`,
    step === USUAL_STEP ? null : `step=${step}`,
    roundLoad ? "round_load=true" : null,
    feasible ? "accept=feasible" : null,
    timeLimit ? `time_limit=${timeLimit}` : null,
  ];
  return `${what}?${options.filter(Boolean).join("&")}`;
}

/** The answer to a question: its text and its headers; a blob in place of text if another type is accepted. */
export const post = (what, question, signal, accept) =>
  send(addressOf(what, question), JSON.stringify(question.payload), {
    headers: { "Content-Type": "application/json", ...(accept ? { Accept: accept } : {}) },
    signal,
  });

/** The payload that a table or a workbook holds, and notes on it. @param parts of the body: text and files. */
export async function payloadIn(parts) {
  const { text } = await send("productionplan/horizon/payload", new Blob(parts), {});
  return JSON.parse(text);
}

async function send(address, body, { headers, signal }) {
  let response, text, blob;
  try {
    response = await fetch(address, { method: "POST", headers, body, signal });
    if (headers?.Accept && response.ok) blob = await response.blob();
    else text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({
      title: "The server does not answer",
      detail: "It may have stopped, or the connection is lost.",
    });
  }
  if (response.ok) return { text, blob, headers: response.headers };
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

/** The plan without reasons, in the form of a report; for a large fleet it comes long before the report. */
export async function planOf(question, signal) {
  const { text, headers } = await post("productionplan", question, signal);
  return sketchOf(question, JSON.parse(text), headers);
}

async function reportOf(question, signal) {
  return JSON.parse((await post("productionplan/report", question, signal)).text);
}

/**
 * Requests reports, one question at a time. While one is open only the newest question waits; those in between are
 * never sent. An answer that takes longer than usual is aborted for the newer question. So a late answer never
 * overwrites a newer one, and requests for large fleets do not pile up at the server.
 *
 * Computing the alternatives can make a report slow. Unless the last report for the fleet was swift, the plan is
 * requested first, and the report when nothing changes any more. A newer question does not wait for that report. The
 * next report does: the server still computes the old one, and would have no process left for plans.
 */
export class Planner {
  #open = null;
  #waiting = null;
  #usual = 0;
  #report = { fleet: null, isSwift: false }; // the last one
  #explaining = Promise.resolve(); // resolves when the server has finished the last report

  /** @param answered is called with a question, its report (first a sketch) or null, and its problem or null. */
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

  /** The report, or the plan without reasons if the report fails. */
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

/** A question that was sent and is not answered. */
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

  /** Aborts at this age. */
  endWithin(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.giveUp(), Math.max(0, milliseconds - this.age));
  }

  giveUp() {
    this.#controller.abort();
  }

  /** The result of a promise; it fails if the question is aborted before. */
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
