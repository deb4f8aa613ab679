/**
 * Taking turns: what many pages want at once is done a few at a time, fairly between them, and at a bearable rate. Pure.
 */

import { DaemonError } from './failure.js';

/** So many at once; of those that wait, everybody's first comes before anybody's second. */
export class Lane {
  #free;
  /** Who waits, in the order of their turns. @type {Map<string | number, Array<() => void>>} */
  #waiting = new Map();

  /** @param {number} width */
  constructor(width) {
    this.#free = width;
  }

  /**
   * @template T
   * @param {string | number} whose @param {() => Promise<T>} work @param {AbortSignal} signal ends the waiting, not the work
   * @returns {Promise<T>}
   */
  async run(whose, work, signal) {
    await this.#enter(whose, signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** @param {string | number} whose @param {AbortSignal} signal @returns {Promise<void>} */
  #enter(whose, signal) {
    if (signal.aborted) return Promise.reject(new DaemonError('cancelled'));
    if (this.#free > 0) {
      this.#free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const own = this.#waiting.get(whose) ?? [];
      const giveUp = () => {
        own.splice(own.indexOf(enter), 1);
        if (own.length === 0) this.#waiting.delete(whose);
        reject(new DaemonError('cancelled'));
      };
      const enter = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      own.push(enter);
      this.#waiting.set(whose, own);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #leave() {
    const [next] = this.#waiting;
    if (!next) {
      this.#free++;
      return;
    }
    const [whose, own] = next;
    const enter = own.shift();
    // Back to the end of the line with what else is theirs.
    this.#waiting.delete(whose);
    if (own.length > 0) this.#waiting.set(whose, own);
    enter?.();
  }
}

/** A bucket of permits per name, refilled steadily; who finds it empty waits. */
export class Pace {
  /** @type {Map<string | number, {left: number, since: number}>} */
  #buckets = new Map();

  /** @param {number} perSecond @param {number} burst */
  constructor(perSecond, burst) {
    this.perSecond = perSecond;
    this.burst = burst;
  }

  /** @param {string | number} name @param {AbortSignal} [signal] */
  async take(name, signal) {
    const ms = this.#book(name);
    if (ms > 0) await pause(ms, signal);
  }

  /** Take a permit, if need be one that is not there yet. @param {string | number} name @returns {number} ms until it is */
  #book(name) {
    const now = Date.now();
    for (const [other, { left, since }] of this.#buckets) {
      if (left + ((now - since) * this.perSecond) / 1000 >= this.burst) this.#buckets.delete(other);
    }
    const { left, since } = this.#buckets.get(name) ?? { left: this.burst, since: now };
    const after = Math.min(this.burst, left + ((now - since) * this.perSecond) / 1000) - 1;
    this.#buckets.set(name, { left: after, since: now });
    return after < 0 ? (-after * 1000) / this.perSecond : 0;
  }
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw new DaemonError('cancelled');
    const end = () => {
      clearTimeout(timer);
      reject(new DaemonError('cancelled'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
