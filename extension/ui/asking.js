/**
 * A question to the background that is asked until there is an answer: the browser may end the background with the question in
 * its hands, start it too late to hear it, or leave it waiting for something that never comes.
 */

/**
 * @typedef {object} Times in milliseconds
 * @property {number} again how long to wait where nobody was there to be asked
 * @property {number[]} patience how long without an answer until that is told and the question asked anew: the first time, the
 *   second, … A busy machine's background may need as long, so that the last is long
 */

/** @type {Times} */
const TIMES = { again: 500, patience: [6_000, 10_000, 20_000, 40_000] };

/**
 * @template {object} T
 */
export class Asking {
  #asked = 0;
  #taken = 0;
  #silences = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  /** Who waits to hear how it ended. @type {Array<() => void>} */
  #waiting = [];

  /**
   * @param {() => Promise<T | undefined>} question undefined, or a failure: nobody was there
   * @param {{answered: (answer: T, asked: number) => void, silent: () => void}} tell `asked`: when, by `performance.now()`
   * @param {Times} [times]
   */
  constructor(question, tell, times = TIMES) {
    this.question = question;
    this.tell = tell;
    this.times = times;
  }

  /** Ask anew, now. @returns {Promise<void>} over when there is an answer, or it was told that there is none yet */
  ask() {
    const over = new Promise((/** @type {(nothing: void) => void} */ resolve) => void this.#waiting.push(resolve));
    this.#send();
    return over;
  }

  #send() {
    void this.#put(++this.#asked);
    const { patience } = this.times;
    this.#patience ??= setTimeout(() => this.#silent(), patience[Math.min(this.#silences, patience.length - 1)]);
  }

  /** @param {number} number of the question: an answer to an older one says nothing new */
  async #put(number) {
    const asked = performance.now();
    const answer = await this.question().catch(() => undefined);
    if (number <= this.#taken) return;
    if (!answer) {
      setTimeout(() => {
        if (number === this.#asked) void this.#put(number);
      }, this.times.again);
      return;
    }
    this.#taken = number;
    this.#silences = 0;
    if (number === this.#asked) this.#rest();
    this.#end();
    this.tell.answered(answer, asked);
  }

  #silent() {
    this.#rest();
    this.#silences++;
    this.#end();
    this.tell.silent();
    this.#send();
  }

  #rest() {
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** Who waited goes on once all is shown. */
  #end() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
