/**
 * Following one job to its end: by what the daemon tells, or by asking where it tells nothing.
 */

import { DaemonError } from './failure.js';

/** Without a stream the daemon is asked at least this often, so that progress moves and a cancel is noticed. */
const WAIT_MS = 1_500;

/** With one, after this long without a word about the job. */
const CHECK_MS = 20_000;

/** A stream that is not there yet is waited for this long before the first question. */
const OPENING_MS = 1_000;

/** A job that shows no progress for this long is given up. */
const STALL_MS = 300_000;

/** Hears of one job, once told which. */
export class Ear {
  /** The latest word that was not taken yet. @type {Record<string, unknown> | undefined} */
  #news;
  /** Something may have been missed. */
  #hasGap = false;
  #wake = () => undefined;
  /** @type {string | undefined} */
  #job;
  /** Rises with every stream that comes or goes. */
  era = 0;

  /** @param {import('./live.js').Live} live @param {AbortSignal} signal */
  constructor(live, signal) {
    this.live = live;
    this.signal = signal;
    this.stop = live.listen({
      heard: ({ kind, facts }) => {
        if (kind === 'resync') this.#miss();
        if (kind === 'job' && facts['job'] === this.#job) this.#hear(facts);
      },
      changed: () => {
        this.era++;
        this.#miss();
      },
    });
    signal.addEventListener('abort', () => this.#wake());
  }

  get isLive() {
    return this.live.isLive;
  }

  /** @param {string} job */
  async attend(job) {
    this.#job = job;
    if (this.live.state === 'trying') await this.#sleep(OPENING_MS);
  }

  /** The question that follows closes every gap. */
  forgetGap() {
    this.#hasGap = false;
  }

  /** The next word about the job; undefined when it is time to ask. */
  async next() {
    if (!this.#news && !this.#hasGap && !this.signal.aborted) await this.#sleep(CHECK_MS);
    if (this.signal.aborted) throw new DaemonError('cancelled');
    const news = this.#hasGap ? undefined : this.#news;
    this.#news = undefined;
    return news;
  }

  /** @param {Record<string, unknown>} facts */
  #hear(facts) {
    this.#news = facts;
    this.#wake();
  }

  #miss() {
    this.#hasGap = true;
    this.#wake();
  }

  /** @param {number} ms @returns {Promise<void>} */
  #sleep(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Wait for a job's end and answer what `job` says of it.
 * @param {import('./daemon.js').Session} session @param {string} job @param {Ear} ear
 * @param {(fraction: number) => void} onProgress @param {AbortSignal} signal
 */
export async function follow(session, job, ear, onProgress, signal) {
  const look = watch(onProgress);
  try {
    await ear.attend(job);
    for (;;) {
      const { era, isLive } = ear;
      ear.forgetGap();
      const now = await session.json('job', { job, wait_ms: isLive ? 0 : WAIT_MS }, { signal });
      if (isOver(now)) return conclude(now);
      look(now);
      // A stream that came or went since the question may have missed what followed its answer.
      while (isLive && ear.era === era) {
        const news = await ear.next();
        if (news) look(news);
        // An event says only that it is over; the rest is asked for.
        if (!news || isOver(news)) break;
      }
    }
  } catch (error) {
    if (signal.aborted) void session.json('cancel', { job }).catch(() => undefined);
    throw error;
  }
}

/** @param {Record<string, unknown>} now */
function isOver({ state }) {
  return state !== 'queued' && state !== 'running';
}

/** @param {Record<string, unknown>} end */
function conclude(end) {
  const { state } = end;
  if (state === 'done' || state === 'unchanged') return end;
  if (state === 'failed') throw jobFailure(end['error']);
  throw new DaemonError(state === 'cancelled' ? 'cancelled' : 'odd-answer');
}

/**
 * Passes on what each word says of the progress, and gives up where there is none.
 * @param {(fraction: number) => void} onProgress @returns {(now: Record<string, unknown>) => void}
 */
function watch(onProgress) {
  let seen = '';
  let moved = Date.now();
  let furthest = 0;
  return ({ state, stage, progress }) => {
    if (typeof progress === 'number') furthest = Math.max(furthest, Math.min(progress, 1));
    onProgress(furthest);
    const sight = JSON.stringify([state, stage, progress]);
    if (sight !== seen) moved = Date.now();
    seen = sight;
    if (Date.now() - moved > STALL_MS) throw new DaemonError('timeout');
  };
}

/** @param {unknown} error */
function jobFailure(error) {
  const words = /** @type {Record<string, unknown>} */ (typeof error === 'object' && error !== null ? error : {});
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 500) : '');
  return new DaemonError('daemon', { title: text(words['title']), reason: text(words['reason']), remedy: text(words['remedy']) });
}
