/**
 * Looking again by itself while something is wrong: soon at first, then ever more seldom, and not for ever.
 */

/** How long to wait before each look, in milliseconds; the last again and again. */
const PAUSES_MS = [1_500, 2_000, 3_000, 5_000, 10_000];

/** Who leaves a page open over night is not served by it: some twenty minutes. */
const MOST = 120;

export class LookingAgain {
  #looks = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => unknown} look @param {number[]} [pauses] @param {number} [most] looks in a row */
  constructor(look, pauses = PAUSES_MS, most = MOST) {
    this.look = look;
    this.pauses = pauses;
    this.most = most;
  }

  /** It is wrong, or still is. */
  soon() {
    clearTimeout(this.#timer);
    if (this.#looks >= this.most) return;
    const pause = this.pauses[Math.min(this.#looks++, this.pauses.length - 1)];
    this.#timer = setTimeout(() => void this.look(), pause);
  }

  /** All is well, nobody sees it, or the user has asked: what comes next begins anew. */
  end() {
    clearTimeout(this.#timer);
    this.#looks = 0;
  }
}
