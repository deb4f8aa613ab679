/**
 * A stand-in for the daemon, as the dashboard sees it: for what the real one cannot be made to show on purpose (months of
 * use, a missing drive, a slow photo, being gone). Written from docs/protocol.md; speaks sessions and signed requests.
 */
import { createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ago } from './data.mjs';
import { Household } from './household.mjs';

export const PAGES = fileURLToPath(new URL('../../../daemon/photoveil/api/dashboard/', import.meta.url));

/** @type {Record<string, string>} */
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.md': 'text/markdown' };

/** As the daemon's api/pages.py sends it. */
export const POLICY = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'",
  "form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
].join('; ');

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** @param {string | Buffer} key @param {Array<string | Buffer>} parts */
function mac(key, ...parts) {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest('base64url');
}

/** @import { Answer } from './household.mjs' */
/** @typedef {(status: number, body: Buffer) => Record<string, string>} Prove makes the header that proves an answer */

export class StandIn extends Household {
  #server = http.createServer((request, response) => void this.#answer(request, response));
  #codes = new Set();
  /** Verbs whose answers are proved wrongly, as by another program on the port. @type {Set<string>} */
  lies = new Set();

  async start(port = 0) {
    await new Promise((resolve) => this.#server.listen(port, '127.0.0.1', () => resolve(undefined)));
    this.port = /** @type {import('node:net').AddressInfo} */ (this.#server.address()).port;
    return this;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  link() {
    const code = randomBytes(16).toString('base64url');
    this.#codes.add(code);
    return `${this.origin}/#once=${code}`;
  }

  /** Forget everyone, as a restart does. */
  forget() {
    for (const client of this.clients.keys()) this.signOut(client);
    for (const stream of this.streams) stream.destroy();
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.method === 'GET') return this.#page(request.url ?? '', response);
    const verb = (request.url ?? '').replace('/v1/', '');
    if (!this.#isFromHere(request)) return send(response, { status: 403 });
    if (verb === 'dashboard/open') return send(response, this.#open(JSON.parse(String(body))));
    if (verb === 'session') return send(response, this.#session(JSON.parse(String(body))));
    if (!this.#authenticated(verb, request, body)) return send(response, { status: 401 });
    const prove = this.#prover(verb, request);
    if (verb === 'events') return this.#stream(response, prove(200, Buffer.alloc(0)));
    const error = this.failing.get(verb);
    if (error) return send(response, { status: 400, json: { error } }, prove);
    send(response, await this.#work(verb, body, request), prove);
  }

  /** @param {string} verb @param {http.IncomingMessage} request @returns {Prove} */
  #prover(verb, { headers }) {
    const [id = '', n] = (headers.authorization ?? '').replace('Photoveil ', '').split('.');
    const key = this.lies.has(verb) ? randomBytes(32) : this.sessions.get(id)?.key;
    return (status, body) => {
      const digest = createHash('sha256').update(body).digest('hex');
      return { 'X-Photoveil-Proof': mac(key ?? '', `photoveil/1 answer${verb}.${n}.${status}.${digest}`) };
    };
  }

  /** @param {string} url @param {http.ServerResponse} response */
  async #page(url, response) {
    const name = url === '/' ? 'index.html' : url.replace(/^\/app\//, '');
    const type = TYPES[path.extname(name)];
    const file = type && !name.includes('..') ? await readFile(path.join(PAGES, name)).catch(() => undefined) : undefined;
    if (!file) return send(response, { status: 404 });
    response.writeHead(200, { ...HEADERS, 'Content-Type': `${type}; charset=utf-8`, 'Content-Security-Policy': POLICY });
    response.end(file);
  }

  /** @param {{code: string}} question @returns {Answer} */
  #open({ code }) {
    if (!this.#codes.delete(code)) return { status: 403 };
    const [client, key] = [randomBytes(8).toString('hex'), randomBytes(32)];
    this.clients.set(client, key);
    const name = 'This computer’s dashboard';
    this.paired.push({ client, kind: 'dashboard', name, origin: this.origin, created: ago(0), last_used: ago(0) });
    return { json: { client, key: key.toString('base64url') } };
  }

  /** @param {{client: string, nc: string}} question @returns {Answer} */
  #session({ client, nc }) {
    const key = this.clients.get(client);
    if (!key) return { status: 403 };
    const [theirs, ns, session] = [Buffer.from(nc, 'base64url'), randomBytes(32), randomBytes(8).toString('hex')];
    const own = Buffer.from(hkdfSync('sha256', key, Buffer.concat([theirs, ns]), 'photoveil/1 session key', 32));
    this.sessions.set(session, { client, key: own, seen: new Set() });
    return {
      json: {
        session,
        ns: ns.toString('base64url'),
        proof: mac(key, 'photoveil/1 session daemon', theirs, ns, session, String(this.port)),
      },
    };
  }

  /** @param {string} verb @param {http.IncomingMessage} request @param {Buffer} body */
  #authenticated(verb, request, body) {
    const [id = '', n = '', digest, proof] = (request.headers.authorization ?? '').replace('Photoveil ', '').split('.');
    const session = this.sessions.get(id);
    if (!session || session.seen.has(n) || digest !== createHash('sha256').update(body).digest('hex')) return false;
    session.seen.add(n);
    return proof === mac(session.key, `photoveil/1 request${verb}.${n}.${digest}.${request.headers['x-photoveil-meta'] ?? ''}`);
  }

  /** @param {http.IncomingMessage} request */
  #isFromHere({ headers }) {
    return headers.origin === this.origin && headers['x-photoveil'] === '1' && headers.host === `127.0.0.1:${this.port}`;
  }

  /** @param {http.ServerResponse} response @param {Record<string, string>} proof */
  #stream(response, proof) {
    response.writeHead(200, { ...HEADERS, ...proof, 'Content-Type': 'text/event-stream' });
    response.write(': here\n\n');
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  /** @param {string} verb @param {Buffer} body @param {http.IncomingMessage} request @returns {Promise<Answer>} */
  async #work(verb, body, request) {
    if (verb === 'protect') {
      const meta = JSON.parse(String(Buffer.from(String(request.headers['x-photoveil-meta']), 'base64url')));
      this.asked.push({ verb, body: meta });
      return this.protect(meta.name);
    }
    const question = JSON.parse(String(body));
    this.asked.push({ verb, body: question });
    const answer = this.verbs[verb];
    return answer ? answer(question) : { status: 404 };
  }
}

/** @param {http.ServerResponse} response @param {Answer} answer @param {Prove} [prove] */
function send(response, { status = 200, json, file, type }, prove = () => ({})) {
  const body = Buffer.from(file ?? (json === undefined ? '' : JSON.stringify(json)));
  response.writeHead(status, { ...HEADERS, ...prove(status, body), 'Content-Type': file ? String(type) : 'application/json' });
  response.end(body);
}
