/**
 * Talking to the daemon: finding it, having it prove itself, and signed requests. See docs/protocol.md.
 * Nothing about a photo, not even its hash, is sent before a session's proof has been checked.
 */

import { save } from './keys.js';
import { PORTS, concat, deriveKeys, fromB64, mac, nonce, sha256, toB64, verify } from './wire.js';

/** How long each step may take on a busy machine, in milliseconds. */
const LIMITS = Object.freeze({ hello: 8_000, request: 30_000, transfer: 120_000 });

/** After this long without word from the usual port, the others are asked as well. */
const PATIENCE_MS = 700;

/** Before its proof an answer comes from a stranger: no more than this is read of it. */
const STRANGERS_BYTES = 16 * 1024;

/** A failure on its way to the user; its code or its words say which. */
export class DaemonError extends Error {
  /** @param {FailureCode} code @param {Omit<Failure, 'code'>} [words] */
  constructor(code, words) {
    super(words?.title ?? code);
    /** @type {Failure} */
    this.failure = { ...words, code };
  }
}

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
 * JSON from somebody who has not proved anything yet.
 * @param {Response} response @returns {Promise<Record<string, unknown>>}
 */
async function strangersJson(response) {
  const reader = response.body?.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    bytes = concat(bytes, new Uint8Array(value));
    if (bytes.length > STRANGERS_BYTES) {
      await reader?.cancel();
      throw new DaemonError('impostor');
    }
  }
  return asObject(bytes);
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
 * @param {number} port @param {string} verb @param {object} question
 * @returns {Promise<{status: number, answer: Record<string, unknown>}>} answer is empty unless status is 2xx
 */
export async function ask(port, verb, question) {
  const response = await post(port, verb, concat(JSON.stringify(question)), { limit: LIMITS.hello });
  if (!response.ok) {
    await response.body?.cancel();
    return { status: response.status, answer: {} };
  }
  try {
    return { status: response.status, answer: await strangersJson(response) };
  } catch {
    throw new DaemonError('impostor');
  }
}

/** One proved, short-lived conversation with the daemon. */
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
   * @param {string} verb @param {object | Uint8Array<ArrayBuffer>} body bytes are sent as a photo
   * @param {{meta?: object, limit?: number, signal?: AbortSignal | undefined}} [options]
   */
  async request(verb, body, { meta, limit = LIMITS.request, signal } = {}) {
    const isPhoto = body instanceof Uint8Array;
    const bytes = isPhoto ? body : concat(JSON.stringify(body));
    const digest = await sha256(bytes);
    const n = String(++this.#count);
    const metaText = meta ? toB64(concat(JSON.stringify(meta))) : '';
    const proof = await mac(this.keys, `photoveil/1 request${verb}.${n}.${digest}.${metaText}`);
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Photoveil ${this.id}.${n}.${digest}.${proof}` };
    if (isPhoto) headers['Content-Type'] = 'application/octet-stream';
    if (metaText) headers['X-Photoveil-Meta'] = metaText;
    const response = await post(this.port, verb, bytes, { headers, limit, signal });
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** As `request`, for answers in JSON. @param {string} verb @param {object} body @param {object} [options] */
  async json(verb, body, options) {
    return readWhole(async () => asObject(new Uint8Array(await (await this.request(verb, body, options)).arrayBuffer())));
  }

  /** @param {Uint8Array<ArrayBuffer>} photo @param {PhotoMeta} meta @param {AbortSignal} signal */
  async protect(photo, meta, signal) {
    const response = await this.request('protect', photo, { meta, limit: LIMITS.transfer, signal });
    return readWhole(async () => asObject(new Uint8Array(await response.arrayBuffer())));
  }

  /** What happens from now on, without an end. @param {AbortSignal} signal @returns {Promise<ReadableStream<Uint8Array>>} */
  async events(signal) {
    const { body, headers } = await this.request('events', {}, { limit: Infinity, signal });
    if (!body || !headers.get('Content-Type')?.startsWith('text/event-stream')) throw new DaemonError('odd-answer');
    return body;
  }

  /** The protected file. @param {string} job @param {AbortSignal} signal */
  async result(job, signal) {
    const response = await this.request('result', { job }, { limit: LIMITS.transfer, signal });
    return readWhole(async () => ({ type: response.headers.get('Content-Type') ?? '', bytes: new Uint8Array(await response.arrayBuffer()) }));
  }
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
    if (error instanceof SyntaxError) throw new DaemonError('odd-answer');
    throw new DaemonError('absent', { reason: String(error) });
  }
}

/** @param {Response} response */
async function refusal(response) {
  if (response.status === 429) return new DaemonError('busy');
  const words = await response.json().then((body) => body?.error, () => undefined);
  if (words && typeof words === 'object') {
    const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 500) : '');
    return new DaemonError('daemon', { title: text(words.title), reason: text(words.reason), remedy: text(words.remedy) });
  }
  if (response.status === 413) return new DaemonError('too-large');
  if (response.status === 403) return new DaemonError('revoked');
  if (response.status === 401) return new DaemonError('stopped');
  return new DaemonError('odd-answer', { reason: `HTTP ${response.status}` });
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
