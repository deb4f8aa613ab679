/**
 * One photo's way through the daemon and back, in two steps. First its hash is looked up: what is protected already
 * comes back at once, however much else is in work. The others are sent and followed, two at a time, as the daemon allows;
 * the same photo wanted twice is sent once. Those that wait keep no bytes.
 */

import { forgetRecent, openSession, recentSession } from './daemon.js';
import { DaemonError, failureOf } from './failure.js';
import { Ear, follow } from './follow.js';
import * as keys from './keys.js';
import { Lane, Pace, pause } from './lanes.js';
import { live } from './live.js';
import * as pending from './pending.js';
import { aboutOf } from './report.js';
import { SharedWork } from './shared.js';
import { sha256 } from './wire.js';

export const MAX_PHOTO_BYTES = 100 * 1024 * 1024;

/** How often a lost connection is tried again before the user is told. */
const RETRIES = 1;

/** A loss after this long is a first one again: sessions end every 15 minutes, and large photos may take longer. */
const CALM_MS = 60_000;

const BUSY_WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000, 8_000];

const looking = new Lane(2);
const working = new Lane(2);

/** A tab's photos: all of a large pick at once, then so many a second. Whatever a page does, the daemon keeps time for others. */
const pace = new Pace(6, 64);

/** @typedef {import('./shared.js').OnProgress} OnProgress */
/** @typedef {{answer: ProtectAnswer, about?: import('./report.js').About}} Outcome */
/** @typedef {{blob: Blob, meta: PhotoMeta, tab: number}} Photo */

/** @type {SharedWork<Outcome>} */
const shared = new SharedWork();

/** @param {Photo} photo @param {OnProgress} onProgress @param {AbortSignal} signal @returns {Promise<Outcome>} */
export async function protect(photo, onProgress, signal) {
  try {
    await pace.take(photo.tab, signal);
    const { digest, outcome } = await looking.run(photo.tab, () => patiently(() => look(photo, signal), signal), signal);
    const key = pending.keyOf(digest, photo.meta.site ?? '');
    if (outcome) {
      void pending.drop(key);
      return outcome;
    }
    return await shared.join(key, (...all) => work(photo, digest, key, ...all), onProgress, signal);
  } catch (error) {
    return { answer: { outcome: 'failed', failure: failureOf(error) } };
  }
}

/**
 * @param {Photo} photo @param {string} digest @param {string} key @param {OnProgress} onProgress @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
function work(photo, digest, key, onProgress, signal) {
  const progress = (/** @type {number} */ fraction) => onProgress('working', fraction);
  return working.run(photo.tab, async () => {
    progress(0);
    return patiently(() => attempt(photo, digest, key, progress, signal), signal, RETRIES);
  }, signal);
}

/**
 * Try again what a busy daemon refused, and as often as `retries` says what was lost with the connection.
 * @template T @param {() => Promise<T>} act @param {AbortSignal} signal @param {number} [retries] @returns {Promise<T>}
 */
async function patiently(act, signal, retries = 0) {
  let lost = 0;
  let lostAt = 0;
  let busy = 0;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      const { code } = error.failure;
      if (Date.now() - lostAt > CALM_MS) lost = 0;
      lostAt = isLoss(error) ? Date.now() : lostAt;
      const wait = code === 'busy' ? BUSY_WAITS_MS[busy++] : isLoss(error) && lost++ < retries ? 300 : undefined;
      if (wait === undefined) throw error;
      await pause(wait, signal);
    }
  }
}

/** Whether the daemon went away, or another program took its place, in the middle. @param {DaemonError} error */
function isLoss({ failure: { code } }) {
  return code === 'stopped' || code === 'impostor';
}

/** @param {Blob} photo */
async function read(photo) {
  try {
    return new Uint8Array(await photo.arrayBuffer());
  } catch (error) {
    throw new DaemonError('unreadable', { reason: String(error) });
  }
}

/** A session that was proved just now. */
async function openProved() {
  return openSession(await pairing());
}

async function pairing() {
  const found = await keys.confirmed();
  if (!found) throw new DaemonError('unpaired');
  return found;
}

/** What the daemon knows of the photo already. @param {Photo} photo @param {AbortSignal} signal */
async function look(photo, signal) {
  // The proof is under way while the photo is read.
  const proving = pairing().then(recentSession);
  proving.catch(() => undefined);
  const digest = await sha256(await read(photo.blob));
  try {
    return await ask(photo, digest, await proving, signal);
  } catch (error) {
    forgetRecent();
    if (signal.aborted) throw error;
    // The daemon may have been started anew since that proof, and even elsewhere.
    return ask(photo, digest, await openProved(), signal);
  }
}

/** @param {Photo} photo @param {string} digest @param {import('./daemon.js').Session} session @param {AbortSignal} signal */
async function ask({ meta }, digest, session, signal) {
  const site = meta.site ? { site: meta.site } : {};
  const known = await session.json('lookup', { sha256: digest, ...site }, { signal });
  if (known['state'] === 'protected-copy') {
    return { digest, outcome: /** @type {Outcome} */ ({ answer: { outcome: 'unchanged', reason: 'own' } }) };
  }
  if (known['state'] !== 'original') return { digest };
  const job = jobIn(known);
  const end = await session.json('job', { job }, { signal });
  return { digest, outcome: await fetchResult(session, job, end, digest, signal) };
}

/**
 * @param {Photo} photo @param {string} digest @param {string} key
 * @param {(fraction: number) => void} onProgress @param {AbortSignal} signal @returns {Promise<Outcome>}
 */
async function attempt(photo, digest, key, onProgress, signal) {
  const ear = new Ear(live, signal);
  try {
    const { session, job } = (await resumed(key)) ?? (await submitted(photo, digest, key));
    const end = await follow(session, job, ear, onProgress, signal);
    const outcome = await conclude(session, job, end, digest, signal);
    await pending.drop(key);
    return outcome;
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    // From here on a connection that is refused is one that was lost.
    if (error.failure.code === 'absent') throw new DaemonError('stopped');
    if (!isLoss(error)) await pending.drop(key);
    throw error;
  } finally {
    ear.stop();
  }
}

/** The job of a photo that was sent before the connection, or the background, was lost. @param {string} key */
async function resumed(key) {
  const job = await pending.recall(key);
  if (!job) return undefined;
  const session = await openProved();
  try {
    const { state } = await session.json('job', { job });
    if (state !== 'failed' && state !== 'cancelled') return { session, job };
  } catch (error) {
    if (!(error instanceof DaemonError && error.failure.code === 'daemon')) throw error;
  }
  await pending.drop(key);
  return undefined;
}

/**
 * Send a photo. This is not broken off when nobody wants it any more: without its answer the job could not be cancelled.
 * @param {Photo} photo @param {string} digest @param {string} key
 */
async function submitted({ blob, meta }, digest, key) {
  const bytes = await read(blob);
  if ((await sha256(bytes)) !== digest) throw new DaemonError('unreadable', { reason: 'The file was changed.' });
  // The proof must be fresh when the bytes go out: whoever took over the port since the lookup gets none.
  const session = await openProved();
  const job = jobIn(await session.protect(bytes, digest, meta));
  await pending.keep(key, job);
  return { session, job };
}

/**
 * @param {import('./daemon.js').Session} session @param {string} job @param {Record<string, unknown>} end
 * @param {string} original @param {AbortSignal} signal @returns {Promise<Outcome>}
 */
async function conclude(session, job, end, original, signal) {
  if (end['state'] !== 'unchanged') return fetchResult(session, job, end, original, signal);
  return { answer: { outcome: 'unchanged', reason: unchangedReason(end['why']) } };
}

/** @param {Record<string, unknown>} answer */
function jobIn({ job }) {
  if (typeof job !== 'string') throw new DaemonError('odd-answer');
  return job;
}

/** @param {unknown} why @returns {'own' | 'animation' | 'other' | 'bare'} */
function unchangedReason(why) {
  if (why === 'animation') return 'animation';
  if (why === 'nothing-private') return 'bare';
  return why === 'own-copy' ? 'own' : 'other';
}

/**
 * The protected file, checked to be the one the daemon announced and to be anything but the original.
 * @param {import('./daemon.js').Session} session @param {string} job @param {Record<string, unknown>} end
 * @param {string} original @param {AbortSignal} signal @returns {Promise<Outcome>}
 */
async function fetchResult(session, job, { result: announced, report }, original, signal) {
  const result = /** @type {Record<string, unknown>} */ (typeof announced === 'object' && announced !== null ? announced : {});
  const { bytes, type, digest } = await session.result(job, Number(result['bytes']), signal);
  if (bytes.length === 0 || digest !== result['sha256'] || digest === original) throw new DaemonError('odd-answer');
  const mime = typeof result['type'] === 'string' && result['type'] ? result['type'] : type;
  const name = typeof result['name'] === 'string' ? result['name'] : '';
  const about = aboutOf(report);
  const bare = about.hidden === 0 ? { bare: /** @type {const} */ (true) } : {};
  return { answer: { outcome: 'protected', blob: new Blob([bytes], { type: mime }), name, type: mime, ...bare }, about };
}
