/**
 * A stand-in for the daemon, written from docs/protocol.md alone: for what the real one cannot be made to do on
 * purpose (be slow, lie, stall) and as a second reading of the protocol. It "protects" by appending a mark.
 */
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {{status: number, json?: object, file?: Buffer, listener?: string}} Reply */

export const PORTS = [47610, 47611, 47612, 47613, 47614];

const STATUS = {
  version: '0.0.0',
  api: 1,
  model_set: 'stand-in',
  device: 'cpu',
  worker: 'ready',
  jobs: { queued: 0, running: 0 },
  paused: false,
  until: null,
};
const HEARTBEAT_MS = 10_000;
const OFFER = {
  personas: [{ name: 'anna', colour: 'green' }, { name: 'me', colour: 'blue' }],
  strengths: ['subtle', 'balanced', 'strong', 'film'].map((name) => ({ name, title: name, note: `as ${name} as it gets` })),
  methods: ['antithetical', 'assistant'].map((name) => ({ name, title: name, note: name })),
  current: { persona: 'me', strength: 'balanced', method: 'antithetical', slider: 50 },
};
const PLAIN = { protect: true, persona: null, strength: null, method: null, slider: null };
const DAMAGED = { code: 'truncated', title: 'This photo is damaged', reason: 'Its last part is missing.', remedy: 'Export it again.' };

/** @param {string | Buffer} key @param {Array<string | Buffer>} parts */
export function mac(key, ...parts) {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('base64url');
}

/** @param {Buffer} bytes */
function sha256Of(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What a request said in JSON. @param {http.IncomingMessage} request @param {Buffer} body */
function heard(request, body) {
  const meta = request.headers['x-photoveil-meta'];
  return {
    body: request.headers['content-type'] === 'application/json' ? JSON.parse(body.toString()) : undefined,
    meta: meta ? JSON.parse(Buffer.from(String(meta), 'base64url').toString()) : undefined,
  };
}

/** @param {string | Buffer} key @param {Buffer} salt @param {string} info */
function derive(key, salt, info) {
  return Buffer.from(hkdfSync('sha256', key, salt, info, 32));
}

/** Bind the first free port of the protocol's five, or the given one. @param {http.Server} server @param {number[]} [ports] */
export async function listen(server, ports = PORTS) {
  for (const port of ports) {
    const bound = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (bound) return port;
  }
  throw new Error('no port of the protocol is free');
}

export class StandIn {
  /** @type {{code: string} | undefined} */
  pairing;
  /** @type {Map<string, {origin: string, key: Buffer}>} */
  clients = new Map();
  /** @type {Map<string, {client: string, key: Buffer}>} */
  sessions = new Map();
  /** Jobs and when they are over. @type {Map<string, {file: Buffer, until: number}>} */
  jobs = new Map();
  /** Who waits for `finish`. @type {Array<() => void>} */
  #held = [];
  /** @type {Array<{verb: string, bytes: number, body: any, meta: any}>} JSON bodies and what came with photos */
  requests = [];
  /** Who listens to `events`. @type {Map<http.ServerResponse, string>} */
  listeners = new Map();
  /** An older daemon has no such verb. */
  hasEvents = true;
  /** The user's wishes by site. @type {Record<string, object>} */
  sites = {};
  /** Photos that were protected in a watched folder before: the copy by the original's SHA-256. @type {Map<string, Buffer>} */
  known = new Map();
  /** Whether it knows again what it protected itself, as the real one does. */
  remembers = false;
  /**
   * How the answers to a verb are proved wrongly, as by another program that took the port over.
   * @type {{verb: string, how: 'none' | 'wrong' | 'other body'} | undefined}
   */
  lie;
  /** Bare refusals: the status by the verb, as from a daemon that is too old for it, or cannot prove anything. @type {Record<string, number>} */
  bare = {};
  /** What is asked by this verb is heard and gets no answer. @type {string | undefined} */
  mute;
  /** How long a job takes: with `Infinity` until `finish`. */
  workMs = 50;
  /** What becomes of a job. */
  /** @type {'done' | 'failed' | 'unchanged' | 'stall'} */
  fate = 'done';
  #server = http.createServer((request, response) => void this.#answer(request, response));

  /** @param {number[]} [ports] */
  async start(ports) {
    this.port = await listen(this.#server, ports);
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  openPairing() {
    const code = Array.from(randomBytes(16), (byte) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[byte % 32]).join('');
    this.pairing = { code };
    return code.toLowerCase().replace(/(.{4})(?=.)/g, '$1-');
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const verb = (request.url ?? '').replace('/v1/', '');
    const words = heard(request, body);
    this.requests.push({ verb, bytes: body.length, ...words });
    await this.#whenItAnswers(verb, words.body);
    const refusal = this.bare[verb];
    if (refusal) {
      response.writeHead(refusal).end();
      return;
    }
    const { status, json, file, listener } = this.#route(verb, request, body);
    const answer = Buffer.from(file ?? (json ? JSON.stringify(json) : ''));
    const proof = this.#proof(verb, request, status, listener ? Buffer.alloc(0) : answer);
    if (listener) {
      this.#listen(response, listener, proof);
      return;
    }
    const kept = this.lie?.verb === verb && this.lie.how === 'other body' ? Buffer.concat([answer, Buffer.from(' ')]) : answer;
    const type = file ? 'image/jpeg' : 'application/json';
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', 'Content-Length': kept.length, ...proof });
    response.end(kept);
  }

  /**
   * The header that proves an answer to a signed request; none where nobody signed anything.
   * @param {string} verb @param {http.IncomingMessage} request @param {number} status @param {Buffer} answer
   * @returns {Record<string, string>}
   */
  #proof(verb, request, status, answer) {
    const [id = '', n] = (request.headers.authorization ?? '').replace('Photoveil ', '').split('.');
    const key = this.sessions.get(id)?.key;
    const lie = this.lie?.verb === verb ? this.lie.how : undefined;
    if (!key || status === 401 || lie === 'none') return {};
    const digest = sha256Of(answer);
    return { 'X-Photoveil-Proof': mac(lie === 'wrong' ? randomBytes(32) : key, `photoveil/1 answer${verb}.${n}.${status}.${digest}`) };
  }

  /** End the jobs that last until then. */
  finish() {
    this.workMs = 0;
    for (const job of this.jobs.values()) job.until = Math.min(job.until, Date.now());
    for (const go of this.#held.splice(0)) go();
  }

  /** The end of a job. @param {string} job @returns {Promise<unknown>} */
  #over(job) {
    const left = (this.jobs.get(job)?.until ?? 0) - Date.now();
    if (left === Infinity) return new Promise((resolve) => void this.#held.push(() => resolve(undefined)));
    return sleep(Math.max(left + 1, 0), undefined, { ref: false });
  }

  /** @param {string} verb @param {any} question */
  async #whenItAnswers(verb, question) {
    if (verb === this.mute) await new Promise(() => undefined);
    if (verb === 'job') await this.#nextChange(question);
  }

  /** A client may wait for it. @param {{job: string, wait_ms?: number}} question */
  async #nextChange({ job, wait_ms: most = 0 }) {
    const over = this.fate === 'stall' ? [] : [this.#over(job)];
    if (most > 0) await Promise.race([sleep(most, undefined, { ref: false }), ...over]);
  }

  /** @param {http.ServerResponse} response @param {string} client @param {Record<string, string>} proof */
  #listen(response, client, proof) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', ...proof });
    response.write(': listening\n\n');
    const beat = setInterval(() => response.write(': still here\n\n'), HEARTBEAT_MS);
    this.listeners.set(response, client);
    response.once('close', () => {
      clearInterval(beat);
      this.listeners.delete(response);
    });
  }

  /** Tell those who listen; what names a client only that one. @param {string} kind @param {Record<string, unknown>} facts */
  tell(kind, facts) {
    for (const [response, client] of this.listeners) {
      if ((facts['client'] ?? client) === client) response.write(`event: ${kind}\ndata: ${JSON.stringify(facts)}\n\n`);
    }
  }

  /** Break every stream, as a network would. */
  hangUp() {
    for (const response of this.listeners.keys()) response.destroy();
  }

  /** @param {string} verb @param {http.IncomingMessage} request @param {Buffer} body @returns {Reply} */
  #route(verb, request, body) {
    const origin = request.headers.origin ?? '';
    if (request.method !== 'POST' || request.headers['x-photoveil'] !== '1') return { status: 400 };
    if (!/^(chrome|moz)-extension:\/\/[A-Za-z0-9-]{1,64}$/.test(origin)) return { status: 403 };
    if (verb === 'pair/begin') return this.#pairBegin(JSON.parse(body.toString()), origin);
    if (verb === 'pair/finish') return { status: 200, json: { state: 'paired' } };
    if (verb === 'session') return this.#session(JSON.parse(body.toString()), origin);
    const client = this.#authenticated(verb, request, body);
    if (!client) return { status: 401 };
    if (verb === 'events') return this.hasEvents ? { status: 200, listener: client } : { status: 404 };
    return this.#work(verb, body, client);
  }

  /** @param {{nc: string, proof: string}} question @param {string} origin */
  #pairBegin({ nc, proof }, origin) {
    if (!this.pairing) return { status: 404 };
    const { code } = this.pairing;
    const theirs = Buffer.from(nc, 'base64url');
    if (proof !== mac(code, 'photoveil/1 pair client', theirs, origin)) return { status: 403 };
    const ns = randomBytes(32);
    const client = randomBytes(8).toString('hex');
    this.clients.set(client, { origin, key: derive(code, Buffer.concat([theirs, ns]), 'photoveil/1 pair key') });
    return { status: 200, json: { client, ns: ns.toString('base64url'), proof: mac(code, 'photoveil/1 pair daemon', theirs, ns, client) } };
  }

  /** @param {{client: string, nc: string}} question @param {string} origin */
  #session({ client, nc }, origin) {
    const known = this.clients.get(client);
    if (!known || known.origin !== origin) return { status: 403 };
    const theirs = Buffer.from(nc, 'base64url');
    const ns = randomBytes(32);
    const session = randomBytes(8).toString('hex');
    this.sessions.set(session, { client, key: derive(known.key, Buffer.concat([theirs, ns]), 'photoveil/1 session key') });
    const proof = mac(known.key, 'photoveil/1 session daemon', theirs, ns, session, String(this.port));
    return { status: 200, json: { session, ns: ns.toString('base64url'), proof } };
  }

  /**
   * The client whose request this is.
   * @param {string} verb @param {http.IncomingMessage} request @param {Buffer} body @returns {string | undefined}
   */
  #authenticated(verb, request, body) {
    const [id, n, digest, proof] = (request.headers.authorization ?? '').replace('Photoveil ', '').split('.');
    const session = this.sessions.get(id ?? '');
    const meta = String(request.headers['x-photoveil-meta'] ?? '');
    if (!session || digest !== sha256Of(body)) return undefined;
    return proof === mac(session.key, `photoveil/1 request${verb}.${n}.${digest}.${meta}`) ? session.client : undefined;
  }

  /** @param {string} verb @param {Buffer} body @param {string} client @returns {Reply} */
  #work(verb, body, client) {
    if (verb === 'protect') {
      const job = randomBytes(8).toString('hex');
      const file = Buffer.concat([Buffer.from('\xff\xd8\xffveiled', 'latin1'), createHash('sha256').update(body).digest()]);
      this.jobs.set(job, { file, until: Date.now() + this.workMs });
      if (this.remembers && this.fate === 'done') void this.#over(job).then(() => this.known.set(sha256Of(body), file));
      void this.#tellOf(job, client);
      return { status: 202, json: { job, state: 'queued' } };
    }
    const question = JSON.parse(body.toString());
    if (verb === 'status') return { status: 200, json: STATUS };
    if (verb === 'choices') return { status: 200, json: OFFER };
    if (verb === 'sites' || verb === 'sites/choose') return this.#wish(question);
    if (verb === 'lookup') return { status: 200, json: this.#lookUp(question) };
    if (verb === 'prewarm') return { status: 200, json: { worker: 'ready' } };
    const job = this.jobs.get(question.job);
    if (!job) return { status: 404, json: { error: { code: 'no-such-job', title: 'No such job', reason: '', remedy: '' } } };
    const { file } = job;
    if (verb === 'result') return { status: 200, file };
    return { status: 200, json: { job: question.job, ...this.#jobState(job, file) } };
  }

  /** @param {{host?: string}} wishes @returns {Reply} */
  #wish({ host, ...wishes }) {
    if (host) this.sites[host] = { ...PLAIN, ...this.sites[host], ...wishes };
    return { status: 200, json: { sites: this.sites } };
  }

  /** @param {{sha256: string}} question */
  #lookUp({ sha256 }) {
    const file = this.known.get(sha256);
    if (!file) return { state: 'unknown' };
    const job = randomBytes(8).toString('hex');
    this.jobs.set(job, { file, until: 0 });
    return { state: 'original', job };
  }

  /** Say where a job is until its end. @param {string} job @param {string} client */
  async #tellOf(job, client) {
    const tell = () => {
      const { file, until } = this.jobs.get(job) ?? { file: Buffer.alloc(0), until: 0 };
      const { state, stage, progress } = this.#jobState({ until }, file);
      this.tell('job', { job, client, kind: 'upload', state, stage, progress });
    };
    tell();
    if (this.fate === 'stall') return;
    await this.#over(job);
    tell();
  }

  /** @param {{until: number}} job @param {Buffer} file */
  #jobState(job, file) {
    if (this.fate === 'stall' || Date.now() < job.until) return { state: 'running', stage: 'protecting', progress: 0.4 };
    if (this.fate === 'failed') return { state: 'failed', stage: '', progress: 1, error: DAMAGED };
    if (this.fate === 'unchanged') return { state: 'unchanged', stage: '', progress: 1, why: 'animation', reason: 'It moves.' };
    const sha256 = sha256Of(file);
    const result = { sha256, bytes: file.length, format: 'JPEG', name: 'x.jpg', type: 'image/jpeg', width: 1, height: 1 };
    return { state: 'done', stage: '', progress: 1, result };
  }
}
