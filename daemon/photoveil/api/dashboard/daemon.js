/**
 * Talking to the daemon that served this page: signing in, sessions that it has to prove itself in, signed requests.
 * See docs/protocol.md. The client's key lives in this tab's sessionStorage and nowhere else.
 */
/** @import { Trouble } from './types.js' */

import { concat, deriveKeys, fromB64, importKeys, mac, nonce, sha256, toB64, verify } from './wire.js';

const STORED = 'photoveil.client';
const PORT = location.port || '80';

/** How long each step may take on a busy machine, in milliseconds. */
const LIMITS = Object.freeze({ hello: 8_000, request: 40_000, transfer: 180_000 });

/** Where an answer to a signed request carries its proof. */
const PROOF = 'X-Photoveil-Proof';

/** A session lasts 15 minutes at the daemon; a new one is opened before. */
const SESSION_MS = 12 * 60_000;

/** How often a request that came too fast is tried again, and how long to wait before each. */
const PATIENCE_MS = [300, 900, 2_500];

/** @typedef {{id: string, keys: import('./wire.js').Keys, count: number, since: number}} Session */
/** @typedef {{meta?: object, limit?: number, signal?: AbortSignal | undefined}} Options */

/** A failure as the user is told it. `kind`: the daemon is `gone`, does not `know` us, was `cancelled`, or `refused`. */
export class DaemonError extends Error {
  /** @param {'gone' | 'unknown' | 'cancelled' | 'refused'} kind @param {Partial<Trouble>} [words] */
  constructor(kind, words = {}) {
    super(words.title ?? kind);
    this.kind = kind;
    /** @type {Trouble} */
    this.trouble = { code: kind, title: '', reason: '', remedy: '', ...words };
  }
}

const gone = () =>
  new DaemonError('gone', {
    title: 'Photoveil is not running',
    reason: 'It does not answer on this computer.',
    remedy: 'Start Photoveil; this page comes back by itself.',
  });

const impostor = () =>
  new DaemonError('gone', {
    title: 'That was not Photoveil',
    reason: 'Another program answers where Photoveil should be, and could not prove who it is.',
    remedy: 'Start Photoveil again, and open this page from its menu.',
  });

/** @param {unknown} error @returns {Trouble} whatever was thrown, as words */
export function troubleOf(error) {
  if (error instanceof DaemonError) return error.trouble;
  return { code: 'unforeseen', title: 'Something went wrong', reason: String(error), remedy: 'Reload the page and try again.' };
}

export class Daemon {
  /** @type {{client: string, keys: Promise<import('./wire.js').Keys>} | undefined} */
  #known;
  /** @type {Promise<Session> | undefined} */
  #session;
  /** Called when the daemon no longer knows this page. @type {() => void} */
  onForgotten = () => {};

  constructor() {
    const stored = recall();
    if (stored) this.#remember(stored.client, stored.key);
  }

  get signedIn() {
    return this.#known !== undefined;
  }

  /** Our id among the clients. */
  get client() {
    return this.#known?.client;
  }

  /** @param {string} client @param {string} key */
  #remember(client, key) {
    this.#known = { client, keys: importKeys(fromB64(key)) };
    this.#session = undefined;
  }

  forget() {
    this.#known = undefined;
    this.#session = undefined;
    sessionStorage.removeItem(STORED);
  }

  /** Trade the one-time code of the address for a key. @param {string} code @returns {Promise<boolean>} */
  async signIn(code) {
    const response = await post('dashboard/open', concat(JSON.stringify({ code })), { limit: LIMITS.hello });
    if (!response.ok) return false;
    const { client, key } = await response.json();
    if (typeof client !== 'string' || fromB64(key).length !== 32) return false;
    sessionStorage.setItem(STORED, JSON.stringify({ client, key }));
    this.#remember(client, key);
    return true;
  }

  /** @returns {Promise<Session>} */
  #open() {
    if (!this.#known) return Promise.reject(new DaemonError('unknown', { title: 'You are not signed in' }));
    const opening = hello(this.#known.client, this.#known.keys);
    this.#session = opening;
    opening.catch(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    return opening;
  }

  /** @param {boolean} fresh @returns {Promise<Session>} */
  async #current(fresh) {
    const session = fresh ? undefined : await this.#session;
    return session && Date.now() - session.since < SESSION_MS ? session : this.#open();
  }

  /**
   * A signed request. Anything but success is thrown as what the user can be told.
   * @param {string} verb @param {object | Uint8Array<ArrayBuffer>} [body] bytes are sent as a photo, in a session of their own
   * @param {Options} [options] @returns {Promise<Response>}
   */
  async request(verb, body = {}, options = {}) {
    try {
      return await this.#patiently(verb, body, options);
    } catch (error) {
      if (error instanceof DaemonError && error.kind === 'unknown' && this.#known) {
        this.forget();
        this.onForgotten();
      }
      throw error;
    }
  }

  /** @param {string} verb @param {object | Uint8Array<ArrayBuffer>} body @param {Options} options */
  async #patiently(verb, body, options) {
    let fresh = body instanceof Uint8Array;
    for (let round = 0; ; round++) {
      const session = await this.#current(fresh);
      const response = await this.#once(session, verb, body, options);
      if (response.ok) return response;
      const wait = PATIENCE_MS[round];
      if (wait === undefined) throw await refusal(response);
      if (response.status === 401) fresh = true;
      else if (response.status === 429) await pause(wait, options.signal);
      else throw await refusal(response);
    }
  }

  /** @param {Session} session @param {string} verb @param {object | Uint8Array<ArrayBuffer>} body @param {Options} options */
  async #once(session, verb, body, { meta, limit = LIMITS.request, signal }) {
    const isPhoto = body instanceof Uint8Array;
    const bytes = isPhoto ? body : concat(JSON.stringify(body));
    const digest = await sha256(bytes);
    const n = String(++session.count);
    const metaText = meta ? toB64(concat(JSON.stringify(meta))) : '';
    const proof = await mac(session.keys, `photoveil/1 request${verb}.${n}.${digest}.${metaText}`);
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Photoveil ${session.id}.${n}.${digest}.${proof}` };
    if (isPhoto) headers['Content-Type'] = 'application/octet-stream';
    if (metaText) headers['X-Photoveil-Meta'] = metaText;
    try {
      const response = await post(verb, bytes, { headers, limit: isPhoto ? LIMITS.transfer : limit, signal });
      return await proved(response, session.keys, verb, n);
    } catch (error) {
      // After any broken connection another program may hold the port: prove it anew.
      if (error instanceof DaemonError && error.kind === 'gone') this.#session = undefined;
      throw error;
    }
  }

  /** As `request`, for answers in JSON. @param {string} verb @param {object} [body] @param {Options} [options] @returns {Promise<any>} */
  async ask(verb, body, options) {
    const response = await this.request(verb, body, options);
    return response.json().catch(() => Promise.reject(gone()));
  }

  /** As `request`, for answers that are files. @param {string} verb @param {object} body @param {Options} [options] */
  async file(verb, body, options) {
    const response = await this.request(verb, body, { limit: LIMITS.transfer, ...options });
    return response.blob().catch(() => Promise.reject(gone()));
  }
}

/**
 * The answer, once it has proved that it is the daemon's: a stream by its beginning, everything else whole. A daemon that does
 * not know the session (401) or the verb (404) can prove nothing; of neither more than the status is believed.
 * @param {Response} response @param {import('./wire.js').Keys} keys @param {string} verb @param {string} n
 */
async function proved(response, keys, verb, n) {
  const { status, headers } = response;
  const proof = headers.get(PROOF);
  if (!proof && (status === 401 || status === 404)) return new Response(null, { status });
  const isStream = response.ok && verb === 'events';
  const bytes = isStream ? new ArrayBuffer(0) : await response.arrayBuffer().catch(() => Promise.reject(gone()));
  if (!(await verify(keys, proof, `photoveil/1 answer${verb}.${n}.${status}.${await sha256(bytes)}`))) throw impostor();
  return isStream ? response : new Response(bytes, { status, headers });
}

/** @returns {{client: string, key: string} | undefined} */
function recall() {
  try {
    const { client, key } = JSON.parse(sessionStorage.getItem(STORED) ?? '');
    return typeof client === 'string' && typeof key === 'string' ? { client, key } : undefined;
  } catch {
    return undefined;
  }
}

/** @param {number} ms @param {AbortSignal | undefined} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(new DaemonError('cancelled'));
      },
      { once: true },
    );
  });
}

/**
 * A bare POST to where this page came from.
 * @param {string} verb @param {Uint8Array<ArrayBuffer>} body
 * @param {{headers?: Record<string, string>, limit: number, signal?: AbortSignal | undefined}} options a limit of 0 is none
 */
async function post(verb, body, { headers = {}, limit, signal }) {
  const signals = [signal, limit ? AbortSignal.timeout(limit) : undefined].filter((one) => one !== undefined);
  try {
    return await fetch(`/v1/${verb}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Photoveil': '1', ...headers },
      body,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.any(signals),
    });
  } catch {
    throw signal?.aborted ? new DaemonError('cancelled') : gone();
  }
}

/**
 * Have the daemon prove that it knows our key.
 * @param {string} client @param {Promise<import('./wire.js').Keys>} known @returns {Promise<Session>}
 */
async function hello(client, known) {
  const [nc, keys] = [nonce(), await known];
  const response = await post('session', concat(JSON.stringify({ client, nc: toB64(nc) })), { limit: LIMITS.hello });
  if (response.status === 403) throw new DaemonError('unknown', { title: 'You are signed out' });
  if (!response.ok) throw gone();
  const { session, ns, proof } = await response.json().catch(() => ({}));
  const theirs = fromB64(ns);
  const wellFormed = typeof session === 'string' && /^[0-9a-f]{16}$/.test(session) && theirs.length === 32;
  const isOurs = wellFormed && (await verify(keys, proof, 'photoveil/1 session daemon', nc, theirs, session, PORT));
  if (!isOurs) throw gone();
  return { id: session, keys: await deriveKeys(keys, concat(nc, theirs), 'photoveil/1 session key'), count: 0, since: Date.now() };
}

/** @type {Record<number, Partial<Trouble>>} */
const BARE = {
  401: { title: 'Photoveil did not accept this page', reason: 'It may have been started anew.', remedy: 'Reload the page.' },
  413: { title: 'This photo is too large', reason: 'Photoveil takes files of up to 100 MB.', remedy: 'Save it smaller and try again.' },
  429: { title: 'Photoveil is busy', reason: 'Too many requests came at once.', remedy: 'Wait a moment and try again.' },
};

/** @param {Response} response @returns {Promise<DaemonError>} */
async function refusal(response) {
  const words = await response.json().then(
    (body) => body?.error,
    () => undefined,
  );
  if (words && typeof words === 'object') {
    const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 1000) : '');
    return new DaemonError('refused', {
      code: text(words.code),
      title: text(words.title),
      reason: text(words.reason),
      remedy: text(words.remedy),
    });
  }
  const bare = BARE[response.status] ?? { title: 'Photoveil could not do that', reason: `It answered with status ${response.status}.` };
  return new DaemonError('refused', { code: String(response.status), ...bare });
}
