/**
 * What happens in the daemon, as it happens: one stream of events, opened anew with back-off, and the overview it keeps fresh.
 */
/** @import { LiveEvent, Overview } from './types.js' */

import { DaemonError } from './daemon.js';
import { splitter } from './stream.js';

const BACKOFF_MS = [400, 800, 1_500, 3_000, 6_000, 10_000];

/** The daemon sends at least a comment every ten seconds; silence for longer than this is a dead line. */
const SILENCE_MS = 25_000;

/** Events that change what the overview tells. */
const TELLING = new Set(['queue', 'pause', 'settings', 'folders', 'clients', 'personas', 'vault', 'notices', 'worker', 'photo', 'models', 'resync']);

/** How long the stream of a hidden tab is kept. */
const HIDDEN_MS = 60_000;

/** Several events in a row ask for one overview. */
const GATHER_MS = 250;

export class Live {
  /** @type {Set<(event: LiveEvent) => void>} */
  #listeners = new Set();
  /** @type {Set<() => void>} */
  #watchers = new Set();
  /** @type {AbortController | undefined} */
  #running;
  /** @type {(() => void) | undefined} */
  #wake;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #gathering;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sleeping;
  #asked = 0;
  /** The question whose answer is shown. */
  #shown = 0;
  /** @type {Overview | undefined} */
  overview;
  /** Whether the daemon answers. */
  connected = true;

  /** @param {import('./daemon.js').Daemon} daemon */
  constructor(daemon) {
    this.daemon = daemon;
    addEventListener('online', () => this.#wake?.());
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  /** A browser opens six connections to one address: a forgotten tab must not hold one for ever. */
  #onVisibility() {
    clearTimeout(this.#sleeping);
    if (document.visibilityState === 'hidden') {
      this.#sleeping = setTimeout(() => this.stop(), HIDDEN_MS);
    } else if (this.#running) {
      this.#wake?.();
    } else if (this.daemon.signedIn) {
      this.start();
    }
  }

  /**
   * Hear of events of these kinds; `resync` comes to everyone.
   * @param {string[]} kinds @param {(event: LiveEvent) => void} heard @param {AbortSignal} signal
   */
  on(kinds, heard, signal) {
    const listener = (/** @type {LiveEvent} */ event) => {
      if (event.kind === 'resync' || kinds.includes(event.kind)) heard(event);
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** Hear of a new overview, or that the line broke or came back. @param {() => void} changed @param {AbortSignal} [signal] */
  watch(changed, signal) {
    this.#watchers.add(changed);
    signal?.addEventListener('abort', () => this.#watchers.delete(changed), { once: true });
  }

  #changed() {
    for (const watcher of this.#watchers) watcher();
  }

  /** Ask for the overview now; afterwards it is at least as new as the question. */
  async refresh() {
    const asked = ++this.#asked;
    try {
      const overview = await this.daemon.ask('overview');
      if (asked < this.#shown) return;
      this.#shown = asked;
      this.overview = overview;
      this.#changed();
    } catch (error) {
      if (!(error instanceof DaemonError) || error.kind === 'refused') throw error;
    }
  }

  #refreshSoon() {
    if (this.#gathering !== undefined) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.refresh().catch(() => undefined);
    }, GATHER_MS);
  }

  start() {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    void this.#run(running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** @param {AbortSignal} signal */
  async #run(signal) {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#listen(signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted || (error instanceof DaemonError && error.kind === 'unknown')) return;
      }
      // A stream that ends once is opened again at once and without a word; only then is the daemon gone.
      if (failures > 0) this.#setConnected(false);
      await this.#rest(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] ?? 0);
    }
  }

  /** @param {AbortSignal} signal @param {() => void} opened */
  async #listen(signal, opened) {
    const dead = new AbortController();
    let timer = setTimeout(() => dead.abort(), SILENCE_MS);
    try {
      const response = await this.daemon.request('events', {}, { limit: 0, signal: AbortSignal.any([signal, dead.signal]) });
      opened();
      this.#setConnected(true);
      this.#tell({ kind: 'resync', facts: {} });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const split = splitter((event) => this.#tell(event));
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => dead.abort(), SILENCE_MS);
        split(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {LiveEvent} event */
  #tell(event) {
    if (TELLING.has(event.kind)) this.#refreshSoon();
    for (const listener of this.#listeners) listener(event);
  }

  /** @param {boolean} connected */
  #setConnected(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    this.#changed();
  }

  /** @param {number} ms @returns {Promise<void>} */
  #rest(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Try again now. */
  retry() {
    this.#wake?.();
  }
}
