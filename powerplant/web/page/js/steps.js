// Undo and redo: the states of the page, one after another. A state is never changed, so a step costs no copy.

const MOST = 100; // steps that can be undone
const PAUSE = 1000; // changes of one place with shorter pauses (in milliseconds) are one step

export class Steps {
  state = null;
  #past = [];
  #future = [];
  #last = { place: null, time: -Infinity };

  /** @param place what was changed; null if this change is always a step of its own. */
  add(state, place = null) {
    const time = performance.now();
    const goesOn = place !== null && place === this.#last.place && time - this.#last.time < PAUSE;
    if (this.state && !goesOn) this.#past = [...this.#past, this.state].slice(-MOST);
    this.#future = [];
    this.#last = { place, time };
    this.state = state;
  }

  /** Another state in the place of the current one. */
  replace(state) {
    this.state = state;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    this.#move(this.#past, this.#future);
  }

  redo() {
    this.#move(this.#future, this.#past);
  }

  #move(from, to) {
    if (!from.length) return;
    to.push(this.state);
    this.state = from.pop();
    this.#last = { place: null, time: -Infinity };
  }
}
