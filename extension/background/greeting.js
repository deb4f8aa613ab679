/**
 * The first word of a pairing: which of the ports' programs knows the code that the user typed? All are asked at once, as a
 * program that says nothing would keep the user waiting for it. What each is sent proves that we know the code and cannot be
 * turned back into it (80 bits, docs/protocol.md); who does not prove the same in return is sent nothing more.
 */

import { ask } from './daemon.js';
import { DaemonError } from './failure.js';
import { PORTS, concat, deriveKeys, fromB64, importKeys, mac, nonce, toB64, verify } from './wire.js';

/** So long a pairing waits for the user's confirmation. */
const WINDOW_MS = 120_000;

/** @typedef {'absent' | 'not-open' | 'wrong-code' | 'impostor'} Refusal */
/** @typedef {import('./keys.js').Pairing} Pairing */

/** Of several refusals the first of these is told: it says most about what the user can do. @type {Refusal[]} */
const TELLING = ['wrong-code', 'impostor', 'not-open'];

/**
 * The pairing with the one that knows the code; else why there is none, once all have answered or their time is over.
 * @param {string} code as `normaliseCode` makes it @param {string} name what the daemon should call this browser
 * @param {string} origin of the extension, as the daemon sees it @returns {Promise<Pairing | Refusal>}
 */
export async function findByCode(code, name, origin) {
  const secret = await importKeys(concat(code));
  const enough = new AbortController();
  /** @type {Set<Refusal>} */
  const refusals = new Set();
  const asked = PORTS.map(async (port) => {
    const answer = await begin(port, secret, { name, origin }, enough.signal);
    if (typeof answer === 'object') return answer;
    refusals.add(answer);
    throw new DaemonError('unpaired');
  });
  const found = await Promise.any(asked).catch(() => undefined);
  // The others are no longer waited for.
  enough.abort();
  return found ?? TELLING.find((reason) => refusals.has(reason)) ?? 'absent';
}

/**
 * @param {number} port @param {import('./wire.js').Keys} secret @param {{name: string, origin: string}} us
 * @param {AbortSignal} signal @returns {Promise<Pairing | Refusal>}
 */
async function begin(port, secret, { name, origin }, signal) {
  const nc = nonce();
  const proof = await mac(secret, 'photoveil/1 pair client', nc, origin);
  const reply = await ask(port, 'pair/begin', { nc: toB64(nc), name, proof }, signal).catch((error) => reasonOf(error));
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
