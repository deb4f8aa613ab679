/**
 * How things stand with the daemon, as the popup and the toolbar button show it.
 */

import { stayAwake } from './awake.js';
import { showState } from './badge.js';
import { agree } from './choices.js';
import { openSession } from './daemon.js';
import { failureOf } from './failure.js';
import * as keys from './keys.js';
import { pairingState } from './pairing.js';
import { load } from './settings.js';

/** A file picker opened: encoders stay loaded for minutes, so the daemon need not hear of every one. */
const PREWARM_MS = 20_000;

let prewarmed = 0;

/** Asked and shown; on the way the daemon and the extension agree on where Photoveil is on. @returns {Promise<ConnectionState>} */
export async function connectionState() {
  const pairing = await keys.confirmed();
  if (!pairing) {
    // Who has never asked for it is not called either.
    await showState((await load()).asleep ? undefined : 'unpaired');
    return { state: 'unpaired', pairing: pairingState() };
  }
  try {
    const session = await openSession(pairing);
    const status = /** @type {DaemonStatus} */ (/** @type {unknown} */ (await session.json('status', {})));
    await agree(session).catch(() => undefined);
    await showState(undefined);
    return { state: 'connected', status };
  } catch (error) {
    const failure = { ...failureOf(error) };
    if (failure.code === 'absent' && !(await mayReachDaemon())) failure.code = 'forbidden';
    await showState(failure.code);
    return { state: 'failed', failure };
  }
}

/** Firefox lets users take back even the access an extension cannot do without. */
function mayReachDaemon() {
  return chrome.permissions.contains({ origins: ['http://127.0.0.1/*'] });
}

/** Load the encoders while the user still looks for a photo; nobody minds if it fails. */
export async function prewarm() {
  if (Date.now() - prewarmed < PREWARM_MS) return;
  prewarmed = Date.now();
  const pairing = await keys.confirmed();
  if (!pairing) return;
  const session = await openSession(pairing).catch(() => undefined);
  await session?.json('prewarm', {}).catch(() => undefined);
  if (session) await agree(session).catch(() => undefined);
}

/** The popup may be gone long before the user has confirmed. @param {PairingState} begun */
export function watchPairing(begun) {
  const sleep = stayAwake();
  const timer = setInterval(() => {
    if (pairingState().state === 'waiting') return;
    clearInterval(timer);
    sleep();
    void connectionState();
  }, 1_000);
  return begun;
}
