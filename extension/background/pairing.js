/**
 * Pairing: the user types the code the daemon shows; both sides prove that they know it; the user confirms there.
 * It runs here and not in the popup, because the popup closes as soon as the user looks elsewhere.
 */

import { ask } from './daemon.js';
import { DaemonError } from './failure.js';
import * as keys from './keys.js';
import { update } from './settings.js';
import { PORTS, concat, deriveKeys, fromB64, importKeys, mac, nonce, normaliseCode, toB64, verify } from './wire.js';

const WINDOW_MS = 120_000;
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
  const secret = await importKeys(concat(code));
  /** @type {Set<Refusal>} */
  const refusals = new Set();
  for (const port of PORTS) {
    const answer = await begin(port, secret, name);
    if (mine !== attempt) return state;
    if (typeof answer === 'string') {
      refusals.add(answer);
      continue;
    }
    if (!(await isKept(answer))) return (state = { state: 'failed', reason: 'not-kept' });
    state = { state: 'waiting', until: answer.until };
    void finish(answer, mine);
    return state;
  }
  const telling = /** @type {const} */ (['wrong-code', 'impostor', 'not-open']).find((reason) => refusals.has(reason));
  return (state = { state: 'failed', reason: telling ?? 'absent' });
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

/** @typedef {'absent' | 'not-open' | 'wrong-code' | 'impostor'} Refusal */

/**
 * @param {number} port @param {import('./wire.js').Keys} secret @param {string} name
 * @returns {Promise<import('./keys.js').Pairing | Refusal>}
 */
async function begin(port, secret, name) {
  const nc = nonce();
  const proof = await mac(secret, 'photoveil/1 pair client', nc, location.origin);
  const reply = await ask(port, 'pair/begin', { nc: toB64(nc), name, proof }).catch((error) => reasonOf(error));
  if (typeof reply === 'string') return reply;
  if (reply.status === 404) return 'not-open';
  if (reply.status === 403) return 'wrong-code';
  const { client, ns: theirs, proof: theirProof } = reply.answer;
  const ns = fromB64(theirs);
  if (typeof client !== 'string' || !/^[0-9a-f]{16}$/.test(client) || ns.length !== 32) return 'impostor';
  if (!(await verify(secret, theirProof, 'photoveil/1 pair daemon', nc, ns, client))) return 'impostor';
  const derived = await deriveKeys(secret, concat(nc, ns), 'photoveil/1 pair key');
  return { client, port, keys: derived, confirmed: false, until: Date.now() + WINDOW_MS };
}

/** @param {unknown} error @returns {Refusal} */
function reasonOf(error) {
  return error instanceof DaemonError && error.failure.code === 'impostor' ? 'impostor' : 'absent';
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
