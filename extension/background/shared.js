/**
 * Work that several want at the same time and that is done once: the same photo picked twice, or in two tabs.
 */

import { DaemonError } from './failure.js';

/** @typedef {(state: 'waiting' | 'working', fraction: number) => void} OnProgress */

/** @template T */
class Task {
  #controller = new AbortController();
  /** @type {Set<OnProgress>} */
  #listeners = new Set();
  /** @type {Parameters<OnProgress>} */
  #last = ['waiting', 0];

  /** @param {(onProgress: OnProgress, signal: AbortSignal) => Promise<T>} start */
  constructor(start) {
    this.done = start((state, fraction) => {
      this.#last = [state, fraction];
      for (const listener of this.#listeners) listener(state, fraction);
    }, this.#controller.signal);
  }

  get isAborted() {
    return this.#controller.signal.aborted;
  }

  /** Wait with the others; the work is given up when the last of them leaves. @param {OnProgress} onProgress @param {AbortSignal} signal */
  async join(onProgress, signal) {
    this.#listeners.add(onProgress);
    onProgress(...this.#last);
    /** @type {() => void} */
    let leave = () => undefined;
    const left = new Promise((_, reject) => {
      leave = () => reject(new DaemonError('cancelled'));
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return /** @type {T} */ (await Promise.race([this.done, left]));
    } finally {
      signal.removeEventListener('abort', leave);
      this.#listeners.delete(onProgress);
      if (this.#listeners.size === 0) this.#controller.abort();
    }
  }
}

/** @template T */
export class SharedWork {
  /** @type {Map<string, Task<T>>} */
  #tasks = new Map();

  /**
   * The work that is under way under this key, or else is started now.
   * @param {string} key @param {(onProgress: OnProgress, signal: AbortSignal) => Promise<T>} start
   * @param {OnProgress} onProgress @param {AbortSignal} signal @returns {Promise<T>}
   */
  join(key, start, onProgress, signal) {
    const known = this.#tasks.get(key);
    if (known && !known.isAborted) return known.join(onProgress, signal);
    const task = new Task(start);
    this.#tasks.set(key, task);
    const forget = () => {
      if (this.#tasks.get(key) === task) this.#tasks.delete(key);
    };
    task.done.then(forget, forget);
    return task.join(onProgress, signal);
  }
}
