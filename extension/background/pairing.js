/**
 * Pairing: the user types the code the daemon shows; both sides prove that they know it; the user confirms there.
 * It runs here and not in the popup, because the popup closes as soon as the user looks elsewhere.
 */

import { ask } from './daemon.js';
import { findByCode } from './greeting.js';
import * as keys from './keys.js';
import { update } from './settings.js';
import { mac, normaliseCode } from './wire.js';

const POLL_MS = 700;

/** @type {PairingState} */
let state = { state: 'none' };

/** Turns whenever a new attempt starts, so that an older one stops by itself. */
let attempt = 0;

export function pairingState() {
  return state;
}

/** @param {string} typed @param {string} name what the daemon should call this browser @returns {Promise<PairingState>} */
export async function pair(typed, name) {
  const mine = ++attempt;
  const code = normaliseCode(typed);
  if (!code) return (state = { state: 'failed', reason: 'wrong-code' });
  const found = await findByCode(code, name, location.origin);
  if (mine !== attempt) return state;
  if (typeof found === 'string') return (state = { state: 'failed', reason: found });
  if (!(await isKept(found))) return (state = { state: 'failed', reason: 'not-kept' });
  state = { state: 'waiting', until: found.until };
  void finish(found, mine);
  return state;
}

/** Take up a pairing that was waiting for its confirmation when the browser put the background to sleep. */
export async function resume() {
  const pairing = await keys.load();
  if (!pairing || pairing.confirmed || state.state === 'waiting') return;
  if (pairing.until < Date.now()) {
    await keys.remove();
    return;
  }
  state = { state: 'waiting', until: pairing.until };
  void finish(pairing, ++attempt);
}

export async function forget() {
  attempt++;
  state = { state: 'none' };
  await keys.remove();
}

/** Ask until the user has confirmed or refused. @param {import('./keys.js').Pairing} pairing @param {number} mine */
async function finish(pairing, mine) {
  const { client, port } = pairing;
  const proof = await mac(pairing.keys, 'photoveil/1 pair finish', client);
  while (mine === attempt && Date.now() < pairing.until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const reply = await ask(port, 'pair/finish', { client, proof }).catch(() => ({ status: 0, answer: {} }));
    if (mine !== attempt) return;
    if (reply.status === 200) return settle({ ...pairing, confirmed: true }, { state: 'none' });
    if (reply.status === 403) return settle(undefined, { state: 'failed', reason: 'refused' });
  }
  if (mine === attempt) await settle(undefined, { state: 'failed', reason: 'expired' });
}

/** @param {import('./keys.js').Pairing | undefined} pairing @param {PairingState} next */
async function settle(pairing, next) {
  attempt++;
  if (!pairing) {
    await keys.remove().catch(() => undefined);
    state = next;
    return;
  }
  const kept = (await isKept(pairing)) && (await update(() => ({ asleep: false })).then(() => true, () => false));
  state = kept ? next : { state: 'failed', reason: 'not-kept' };
}

/** Whether the browser could write the key down: its disk may be full. @param {import('./keys.js').Pairing} pairing */
function isKept(pairing) {
  return keys.save(pairing).then(() => true, () => false);
}
