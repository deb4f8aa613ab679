/**
 * What the daemon tells by itself: its `events`, heard over one stream for the whole background and only while somebody
 * listens, so that the browser can put the background to sleep. Nobody depends on it: without a stream they ask.
 */

import { openSession } from './daemon.js';
import { EventParser } from './events.js';
import { DaemonError } from './failure.js';
import * as keys from './keys.js';

/**
 * @typedef {object} Times in milliseconds
 * @property {number} first how long to wait for the first word
 * @property {number} silence how long for the next; the daemon breaks every silence after 10 s
 * @property {number} linger how long to listen on for nobody: the next photo of a pick follows at once
 * @property {number[]} pauses after one failure, two in a row, …
 * @property {number} good a stream that lasted as long is no failure
 */

/** @type {Times} */
const TIMES = { first: 8_000, silence: 25_000, linger: 2_000, pauses: [1_000, 2_000, 5_000, 15_000, 30_000], good: 10_000 };

const NOBODY = 'nobody listens any more';

/**
 * @typedef {object} Listener
 * @property {(event: LiveEvent) => void} heard
 * @property {(isLive: boolean) => void} changed from now on everything is heard; or nothing, as the stream or a try for one ended
 */

export class Live {
  /** @type {Set<Listener>} */
  #listeners = new Set();
  #isRunning = false;
  #stream = new AbortController();
  #failures = 0;
  #notBefore = 0;
  /** @type {'off' | 'trying' | 'live'} */
  state = 'off';

  /** @param {(signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>} connect @param {Times} [times] */
  constructor(connect, times = TIMES) {
    this.connect = connect;
    this.times = times;
  }

  get isLive() {
    return this.state === 'live';
  }

  /** Hear everything, if it can be had, until the function that is returned is called. @param {Listener} listener */
  listen(listener) {
    this.#listeners.add(listener);
    if (!this.#isRunning) void this.#run();
    return () => {
      this.#listeners.delete(listener);
      setTimeout(() => {
        if (this.#listeners.size === 0) this.#stream.abort(NOBODY);
      }, this.times.linger);
    };
  }

  /** One stream after the other, never two. */
  async #run() {
    this.#isRunning = true;
    while (this.#listeners.size > 0) {
      const pause = this.#notBefore - Date.now();
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      else await this.#hear();
    }
    this.#isRunning = false;
  }

  async #hear() {
    this.state = 'trying';
    const stream = new AbortController();
    this.#stream = stream;
    const began = Date.now();
    let watchdog = setTimeout(() => stream.abort(), this.times.first);
    try {
      const reader = (await this.connect(stream.signal)).getReader();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stream.abort(), this.times.silence);
        // The daemon notes us down before it says its first word: from here on nothing is missed.
        if (!this.isLive) this.#turn('live');
        for (const event of parser.push(value)) this.#tell((listener) => listener.heard(event));
      }
    } catch {
      // However it ended, it is tried again.
    }
    clearTimeout(watchdog);
    if (stream.signal.reason !== NOBODY) this.#failed(Date.now() - began);
    stream.abort();
    this.#turn('off');
  }

  /** @param {number} lasted */
  #failed(lasted) {
    if (lasted >= this.times.good) this.#failures = 0;
    const { pauses } = this.times;
    this.#notBefore = Date.now() + (pauses[Math.min(this.#failures++, pauses.length - 1)] ?? 0);
  }

  /** @param {'off' | 'live'} state */
  #turn(state) {
    this.state = state;
    this.#tell((listener) => listener.changed(state === 'live'));
  }

  /** @param {(listener: Listener) => void} call */
  #tell(call) {
    for (const listener of [...this.#listeners]) call(listener);
  }
}

/** Its session is its own and proved first, like every other. @param {AbortSignal} signal */
async function connectDaemon(signal) {
  const pairing = await keys.confirmed();
  if (!pairing) throw new DaemonError('unpaired');
  const session = await openSession(pairing);
  return session.events(signal);
}

/** The background's only one. */
export const live = new Live(connectDaemon);
