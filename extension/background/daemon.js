/**
 * Talking to the daemon: finding it, having it prove itself, and signed requests with proved answers. See docs/protocol.md.
 * Nothing about a photo, not even its hash, is sent before a session's proof has been checked, and its bytes only right after.
 */

import { DaemonError } from './failure.js';
import { save } from './keys.js';
import { Pace } from './lanes.js';
import { PORTS, concat, deriveKeys, fromB64, mac, nonce, sha256, toB64, verify } from './wire.js';

/** How long each step may take on a busy machine, in milliseconds. */
const LIMITS = Object.freeze({ hello: 8_000, request: 30_000, transfer: 120_000 });

/** After this long without word from the usual port, the others are asked as well. */
const PATIENCE_MS = 700;

/** So long a proof is good for questions; the answers prove themselves. */
const RECENT_MS = 10_000;

/** Before its proof an answer comes from a stranger: no more than this is read of it. */
const STRANGERS_BYTES = 16 * 1024;

/** Where an answer to a signed request carries its proof. */
const PROOF = 'X-Photoveil-Proof';

/** A protected copy is about as large as its original, but a PNG may grow. */
const RESULT_BYTES = 512 * 1024 * 1024;

/** No answer in JSON comes near this, and no refusal near that. */
const JSON_BYTES = 8 * 1024 * 1024;
const REFUSAL_BYTES = 64 * 1024;

/** A little below what the daemon allows a client, so that many photos wait here and are not refused there. */
const pace = new Pace(36, 140);

/**
 * A bare POST. Network trouble and our own time limit become `absent` and `timeout`; the caller's abort passes.
 * @param {number} port @param {string} verb @param {Uint8Array<ArrayBuffer>} body
 * @param {{headers?: Record<string, string>, limit: number, signal?: AbortSignal | undefined}} options
 */
async function post(port, verb, body, { headers = {}, limit, signal }) {
  const timer = limit < Infinity ? AbortSignal.timeout(limit) : new AbortController().signal;
  try {
    return await fetch(`http://127.0.0.1:${port}/v1/${verb}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Photoveil': '1', ...headers },
      body,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
      signal: signal ? AbortSignal.any([signal, timer]) : timer,
    });
  } catch (error) {
    if (signal?.aborted) throw new DaemonError('cancelled');
    throw new DaemonError(timer.aborted ? 'timeout' : 'absent', { reason: String(error) });
  }
}

/**
 * The body of an answer, which has not proved anything yet: never more than `most` bytes of it.
 * @param {Response} response @param {number} most @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readAtMost(response, most) {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(0);
  const announced = Number(response.headers.get('Content-Length') ?? 0);
  // Written where it will stay: a large file is not held twice.
  let bytes = new Uint8Array(Math.min(announced || STRANGERS_BYTES, most));
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return size === bytes.length ? bytes : bytes.slice(0, size);
    if (size + value.length > most) {
      await reader.cancel();
      throw new DaemonError('impostor');
    }
    if (size + value.length > bytes.length) bytes = grown(bytes, Math.min(2 * (size + value.length), most));
    bytes.set(value, size);
    size += value.length;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes @param {number} length */
function grown(bytes, length) {
  const larger = new Uint8Array(length);
  larger.set(bytes);
  return larger;
}

/** @param {Uint8Array} bytes @returns {Record<string, unknown>} */
function asObject(bytes) {
  /** @type {unknown} */
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new DaemonError('impostor');
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * Ask a port something before any session, as pairing and session do.
 * @param {number} port @param {string} verb @param {object} question @param {AbortSignal} [signal]
 * @returns {Promise<{status: number, answer: Record<string, unknown>}>} answer is empty unless status is 2xx
 */
export async function ask(port, verb, question, signal) {
  await pace.take('hello', signal);
  const response = await post(port, verb, concat(JSON.stringify(question)), { limit: LIMITS.hello, signal });
  if (!response.ok) {
    await response.body?.cancel();
    return { status: response.status, answer: {} };
  }
  try {
    return { status: response.status, answer: asObject(await readAtMost(response, STRANGERS_BYTES)) };
  } catch {
    throw new DaemonError('impostor');
  }
}

/** @typedef {{status: number, type: string, bytes: Uint8Array<ArrayBuffer>, digest: string}} Answer */
/** @typedef {{meta?: object, limit?: number, most?: number, signal?: AbortSignal | undefined}} Options */

/** One proved, short-lived conversation with the daemon, in which every answer is proved as well. */
export class Session {
  #count = 0;

  /** @param {number} port @param {string} id @param {import('./wire.js').Keys} keys */
  constructor(port, id, keys) {
    this.port = port;
    this.id = id;
    this.keys = keys;
  }

  /**
   * A signed request. Anything but success is thrown as what the user can be told.
   * @param {string} verb @param {Uint8Array<ArrayBuffer>} bytes @param {string} type @param {string} digest of the bytes
   * @param {Options} options
   */
  async #send(verb, bytes, type, digest, { meta, limit = LIMITS.request, signal }) {
    await pace.take('signed', signal);
    const n = String(++this.#count);
    const metaText = meta ? toB64(concat(JSON.stringify(meta))) : '';
    const proof = await mac(this.keys, `photoveil/1 request${verb}.${n}.${digest}.${metaText}`);
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Photoveil ${this.id}.${n}.${digest}.${proof}`, 'Content-Type': type };
    if (metaText) headers['X-Photoveil-Meta'] = metaText;
    return { response: await post(this.port, verb, bytes, { headers, limit, signal }), n };
  }

  /**
   * Whether the other side proves these to be the status and the body of its answer.
   * @param {Response} response @param {string} about verb and number of the request @param {string} digest of the body
   */
  async #check(response, about, digest) {
    const proof = response.headers.get(PROOF);
    if (!proof) throw unproved(response.status);
    if (await verify(this.keys, proof, `photoveil/1 answer${about}.${response.status}.${digest}`)) return;
    throw new DaemonError('impostor');
  }

  /** @param {Response} response @param {string} about @param {number} most @returns {Promise<Answer>} */
  async #read(response, about, most) {
    const { status, headers } = response;
    if (!headers.has(PROOF)) {
      await response.body?.cancel();
      throw unproved(status);
    }
    const bytes = await readWhole(() => readAtMost(response, response.ok ? most : REFUSAL_BYTES));
    const digest = await sha256(bytes);
    await this.#check(response, about, digest);
    if (!response.ok) throw refusal(status, bytes);
    return { status, type: headers.get('Content-Type') ?? '', bytes, digest };
  }

  /** @param {string} verb @param {object} body @param {Options} [options] @returns {Promise<Answer>} */
  async request(verb, body, options = {}) {
    const bytes = concat(JSON.stringify(body));
    const { response, n } = await this.#send(verb, bytes, 'application/json', await sha256(bytes), options);
    return this.#read(response, `${verb}.${n}`, options.most ?? JSON_BYTES);
  }

  /** As `request`, for answers in JSON. @param {string} verb @param {object} body @param {Options} [options] */
  async json(verb, body, options) {
    return provedObject(await this.request(verb, body, options));
  }

  /** @param {Uint8Array<ArrayBuffer>} photo @param {string} digest @param {PhotoMeta} meta */
  async protect(photo, digest, meta) {
    const { response, n } = await this.#send('protect', photo, 'application/octet-stream', digest, { meta, limit: LIMITS.transfer });
    return provedObject(await this.#read(response, `protect.${n}`, JSON_BYTES));
  }

  /**
   * A picture without its mark, behind what there is to say of it.
   * @param {Uint8Array<ArrayBuffer>} photo @param {string} digest @param {object} meta
   */
  async unseal(photo, digest, meta) {
    const { response, n } = await this.#send('tools/unseal', photo, 'application/octet-stream', digest, { meta, limit: LIMITS.transfer });
    return this.#read(response, `tools/unseal.${n}`, RESULT_BYTES);
  }

  /**
   * What happens from now on, without an end. Its beginning is proved, with no body; what follows are hints.
   * @param {AbortSignal} signal @returns {Promise<ReadableStream<Uint8Array>>}
   */
  async events(signal) {
    const bytes = concat('{}');
    const { response, n } = await this.#send('events', bytes, 'application/json', await sha256(bytes), { limit: Infinity, signal });
    if (!response.ok) await this.#read(response, `events.${n}`, REFUSAL_BYTES);
    await this.#check(response, `events.${n}`, await sha256(new Uint8Array(0)));
    const { body, headers } = response;
    if (!body || !headers.get('Content-Type')?.startsWith('text/event-stream')) throw new DaemonError('odd-answer');
    return body;
  }

  /** The protected file. @param {string} job @param {number} size as it was announced @param {AbortSignal} signal */
  async result(job, size, signal) {
    if (!(size > 0 && size <= RESULT_BYTES)) throw new DaemonError('odd-answer');
    return this.request('result', { job }, { limit: LIMITS.transfer, most: size, signal });
  }
}

/** @param {Answer} answer */
function provedObject({ bytes }) {
  try {
    return asObject(bytes);
  } catch {
    throw new DaemonError('odd-answer');
  }
}

/**
 * An answer that proves nothing is believed nothing. 401 is how a daemon says that it does not know the session (any more),
 * 404 that it is too old for the verb; in neither case it could prove anything, and what is done about it is harmless.
 * @param {number} status
 */
function unproved(status) {
  if (status === 401) return new DaemonError('stopped');
  if (status === 404) return new DaemonError('outdated');
  return new DaemonError('impostor');
}

/**
 * A connection that breaks while an answer is read is as much a loss of the daemon as one that is refused.
 * @template T @param {() => Promise<T>} read @returns {Promise<T>}
 */
async function readWhole(read) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    throw new DaemonError('absent', { reason: String(error) });
  }
}

/** What a proved refusal says. @param {number} status @param {Uint8Array<ArrayBuffer>} bytes */
function refusal(status, bytes) {
  const words = wordsIn(bytes);
  if (status === 429) return new DaemonError('busy');
  if (!words) return status === 401 ? new DaemonError('stopped') : new DaemonError('odd-answer', { reason: `HTTP ${status}` });
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 500) : '');
  return new DaemonError('daemon', {
    title: text(words['title']), reason: text(words['reason']), remedy: text(words['remedy']), daemon: text(words['code']),
  });
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Record<string, unknown> | undefined} */
function wordsIn(bytes) {
  try {
    const { error } = asObject(bytes);
    return typeof error === 'object' && error !== null ? /** @type {Record<string, unknown>} */ (error) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Find the daemon and have it prove that it knows our key: on the port where it did so last, or, when there is no prompt
 * proof, on any of the others. What goes wrong on the others says nothing: another program or another user's Photoveil
 * may be there.
 * @param {import('./keys.js').Pairing} pairing @returns {Promise<Session>}
 */
export async function openSession(pairing) {
  const first = hello(pairing.port, pairing);
  const isPrompt = await Promise.race([first.then(() => true, () => false), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  if (isPrompt) return first;
  const others = PORTS.filter((port) => port !== pairing.port).map((port) => hello(port, pairing));
  const session = await Promise.any([first, ...others]).catch(() => first);
  if (session.port !== pairing.port) await save({ ...pairing, port: session.port });
  return session;
}

/** @type {{session: Promise<Session>, client: string, at: number} | undefined} */
let recent;

/**
 * A session for a question: one that was proved moments ago, if there is one, as many questions come in a row. Never for a
 * photo, which wants a fresh proof. @param {import('./keys.js').Pairing} pairing @returns {Promise<Session>}
 */
export function recentSession(pairing) {
  if (recent?.client === pairing.client && Date.now() - recent.at < RECENT_MS) return recent.session;
  const session = openSession(pairing);
  recent = { session, client: pairing.client, at: Date.now() };
  return session;
}

/** After anything that went wrong the next question begins with a proof. */
export function forgetRecent() {
  recent = undefined;
}

/** @param {number} port @param {import('./keys.js').Pairing} pairing */
async function hello(port, pairing) {
  const nc = nonce();
  const { status, answer } = await ask(port, 'session', { client: pairing.client, nc: toB64(nc) });
  if (status === 403) throw new DaemonError('revoked');
  if (status === 429) throw new DaemonError('busy');
  if (status === 503) throw new DaemonError('locked');
  const { session, proof } = answer;
  const ns = fromB64(answer['ns']);
  const wellFormed = typeof session === 'string' && /^[0-9a-f]{16}$/.test(session) && ns.length === 32;
  if (!wellFormed) throw new DaemonError('impostor');
  const proved = await verify(pairing.keys, proof, 'photoveil/1 session daemon', nc, ns, session, String(port));
  if (!proved) throw new DaemonError('impostor');
  return new Session(port, session, await deriveKeys(pairing.keys, concat(nc, ns), 'photoveil/1 session key'));
}
