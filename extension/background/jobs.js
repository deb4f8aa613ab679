/**
 * One photo's way through the daemon and back. One photo is on the wire at a time; the others wait with no bytes read.
 */

import { DaemonError, openSession } from './daemon.js';
import { Ear, follow } from './follow.js';
import * as keys from './keys.js';
import { live } from './live.js';
import { sha256 } from './wire.js';

export const MAX_PHOTO_BYTES = 100 * 1024 * 1024;

/** How often a refused connection or a busy daemon is tried again before the user is told. */
const RETRIES = 1;
const BUSY_WAITS_MS = [500, 1_000, 2_000, 4_000];

/** @typedef {(state: 'waiting' | 'working', fraction: number) => void} OnProgress */

/** @type {Promise<unknown>} */
let queue = Promise.resolve();

/**
 * @param {Blob} photo @param {PhotoMeta} meta @param {OnProgress} onProgress @param {AbortSignal} signal
 * @returns {Promise<ProtectAnswer>}
 */
export function protect(photo, meta, onProgress, signal) {
  const turn = queue.then(() => {
    if (signal.aborted) throw new DaemonError('cancelled');
    onProgress('working', 0);
    return withRetries(photo, meta, onProgress, signal);
  });
  queue = turn.catch(() => undefined);
  return turn.catch((error) => ({ outcome: 'failed', failure: failureOf(error) }));
}

/** @param {unknown} error @returns {Failure} */
function failureOf(error) {
  if (error instanceof DaemonError) return error.failure;
  return { code: 'odd-answer', reason: String(error) };
}

/** @param {Blob} photo @param {PhotoMeta} meta @param {OnProgress} onProgress @param {AbortSignal} signal */
async function withRetries(photo, meta, onProgress, signal) {
  const bytes = await read(photo);
  const digest = await sha256(bytes);
  let started = false;
  let lost = 0;
  let busy = 0;
  for (;;) {
    try {
      return await attempt(bytes, digest, meta, (fraction) => {
        started = true;
        onProgress('working', fraction);
      }, signal);
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      const { code } = error.failure;
      const pause = code === 'busy' ? BUSY_WAITS_MS[busy++] : isLoss(code) && started && lost++ < RETRIES ? 300 : undefined;
      if (pause === undefined) throw isLoss(code) && started ? new DaemonError('stopped') : error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** @param {FailureCode} code */
function isLoss(code) {
  return code === 'absent' || code === 'stopped';
}

/** @param {Blob} photo */
async function read(photo) {
  try {
    return new Uint8Array(await photo.arrayBuffer());
  } catch (error) {
    throw new DaemonError('unreadable', { reason: String(error) });
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes @param {string} digest @param {PhotoMeta} meta
 * @param {(fraction: number) => void} onProgress @param {AbortSignal} signal
 * @returns {Promise<ProtectAnswer>}
 */
async function attempt(bytes, digest, meta, onProgress, signal) {
  const pairing = await keys.load();
  if (!pairing?.confirmed) throw new DaemonError('unpaired');
  const session = await openSession(pairing);
  const site = meta.site ? { site: meta.site } : {};
  const known = await session.json('lookup', { sha256: digest, ...site }, { signal });
  if (known['state'] === 'protected-copy') return { outcome: 'unchanged', reason: 'own' };
  if (known['state'] !== 'original') return send(pairing, bytes, digest, meta, onProgress, signal);
  const job = jobIn(known);
  return fetchResult(session, job, (await session.json('job', { job }, { signal }))['result'], digest, signal);
}

/**
 * Have a photo protected that the daemon does not know.
 * @param {keys.Pairing} pairing @param {Uint8Array<ArrayBuffer>} bytes @param {string} digest @param {PhotoMeta} meta
 * @param {(fraction: number) => void} onProgress @param {AbortSignal} signal
 * @returns {Promise<ProtectAnswer>}
 */
async function send(pairing, bytes, digest, meta, onProgress, signal) {
  const ear = new Ear(live, signal);
  try {
    // The proof must be fresh when the bytes go out: whoever took over the port since the lookup gets none.
    const session = await openSession(pairing);
    onProgress(0);
    const job = jobIn(await session.protect(bytes, meta, signal));
    const end = await follow(session, job, ear, onProgress, signal);
    if (end['state'] === 'unchanged') return { outcome: 'unchanged', reason: unchangedReason(end['why']) };
    return await fetchResult(session, job, end['result'], digest, signal);
  } finally {
    ear.stop();
  }
}

/** @param {Record<string, unknown>} answer */
function jobIn({ job }) {
  if (typeof job !== 'string') throw new DaemonError('odd-answer');
  return job;
}

/** @param {unknown} why @returns {'own' | 'animation' | 'other'} */
function unchangedReason(why) {
  if (why === 'animation') return 'animation';
  return why === 'own-copy' ? 'own' : 'other';
}

/**
 * The protected file, checked to be the one the daemon announced and to be anything but the original.
 * @param {import('./daemon.js').Session} session @param {string} job @param {unknown} announced
 * @param {string} original @param {AbortSignal} signal
 * @returns {Promise<ProtectAnswer>}
 */
async function fetchResult(session, job, announced, original, signal) {
  const result = /** @type {Record<string, unknown>} */ (typeof announced === 'object' && announced !== null ? announced : {});
  const { bytes, type } = await session.result(job, signal);
  const digest = await sha256(bytes);
  if (bytes.length === 0 || digest !== result['sha256'] || digest === original) throw new DaemonError('odd-answer');
  const mime = typeof result['type'] === 'string' && result['type'] ? result['type'] : type;
  const name = typeof result['name'] === 'string' ? result['name'] : '';
  return { outcome: 'protected', blob: new Blob([bytes], { type: mime }), name, type: mime };
}
