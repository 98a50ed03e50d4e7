// Questions to this page's own server.

const PATIENCE = 250; // milliseconds that an answer may take at least while a newer question waits

/** An answer that is none: the server's problem document, or that there was no server. */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

export const addressOf = (what, co2) => `${what}?co2=${co2}`;

/** The text of the answer to a payload. */
export async function post(what, payload, co2, signal) {
  let response, text;
  try {
    const body = JSON.stringify(payload);
    response = await fetch(addressOf(what, co2), {
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
      detail: "It may have been stopped, or the connection is gone.",
    });
  }
  if (response.ok) return text;
  throw new Problem(
    problemIn(text) ?? { title: `The server answered ${response.status}`, detail: response.statusText },
  );
}

function problemIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Asks for reports, one question at a time: while one is open only the newest waits, and what was asked in between is
 * never sent. An answer that takes longer than they do is given up for the newer question. So what is shown is never
 * older than two answers, no late answer overwrites a newer one, and large fleets do not pile up at the server.
 */
export class Planner {
  #open = null;
  #waiting = null;
  #usual = 0;

  /** @param answered is called with the question and its report, or null and a Problem. */
  constructor(answered) {
    this.answered = answered;
  }

  ask(question) {
    this.#waiting = question;
    if (!this.#open) this.#next();
    else this.#open.endWithin(Math.max(PATIENCE, 2 * this.#usual));
  }

  async #next() {
    const question = this.#waiting;
    this.#waiting = null;
    const open = (this.#open = new Open());
    try {
      const report = JSON.parse(await post("productionplan/report", question.payload, question.co2, open.signal));
      this.#usual = open.age;
      this.answered(question, report, null);
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
}

/** A question on its way. */
class Open {
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
    this.#timer = setTimeout(() => this.#controller.abort(), Math.max(0, milliseconds - this.age));
  }

  end() {
    clearTimeout(this.#timer);
  }
}
