// Requests plans of horizons. The first request asks for a plan in little time; the second continues from that plan, and
// returns the report. A new question cancels the request for an older one. Not every system lets the server notice this,
// so a report is requested only when no slider moves, and a busy server is asked again.

import { Problem, post } from "../api.js";

const QUICK = [0.35, 2]; // seconds in which a plan is wanted; the second if the first finds none
const PAUSE = 1000; // milliseconds before a busy server is asked again
const TRIES = 20;

export class DayPlanner {
  #controller = new AbortController();

  /** @param answered is called with a question, an answer (first a plan, then its report) or null, and a problem or null. */
  constructor(answered) {
    this.answered = answered;
  }

  /**
   * @param previous the plan of a similar question, or undefined.
   * @param isMoving while a slider moves: the plan without its report.
   */
  async ask(question, { previous, isMoving = false } = {}) {
    this.#controller.abort();
    const { signal } = (this.#controller = new AbortController());
    try {
      const first = await this.#plan(question, previous, signal);
      if (isMoving && first) return;
      const report = await ask("productionplan/horizon/report", question, first?.plan ?? previous, { signal });
      this.answered(question, report, null);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      this.answered(question, null, error.document);
    }
  }

  /** A plan that is there soon; null if none was found in so little time. */
  async #plan(question, previous, signal) {
    for (const timeLimit of QUICK) {
      try {
        const plan = await ask("productionplan/horizon", question, previous, { timeLimit, signal });
        this.answered(question, plan, null);
        return plan;
      } catch (error) {
        if (!isOfType(error, "gave-up")) throw error;
      }
    }
    return null;
  }
}

const isOfType = (error, type) => error instanceof Problem && Boolean(error.document.type?.endsWith(`/${type}`));

async function ask(what, question, previous, { timeLimit, signal }) {
  const payload = previous ? { ...question.payload, previous } : question.payload;
  for (let tries = 1; ; tries += 1) {
    try {
      return JSON.parse((await post(what, { ...question, payload, timeLimit }, signal)).text);
    } catch (error) {
      if (!isOfType(error, "busy") || tries === TRIES) throw error;
    }
    await new Promise((done) => setTimeout(done, PAUSE));
    signal.throwIfAborted();
  }
}
