/**
 * The site of the matrix: builds a page for every cell, and records every byte that any of them sends.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

import { ROOT } from '../support/browsers.mjs';
import { filesOf, sha256 } from '../support/site.mjs';
import { innerPage, outerPage, scriptOf } from './page.mjs';

/** @typedef {import('./types.js').Received} Received */
/** @typedef {{path: string, cell: string, body: Buffer, files: Received[]}} Post */

const LIBRARIES = [path.join(ROOT, 'build', 'libraries'), path.join(ROOT, 'tests', 'browser', 'libraries')];
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8' };
const OPEN = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': '*' };
const EXPOSED = { 'Access-Control-Expose-Headers': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
/** A page that is nothing but an input. */
const INPUT = '<!doctype html><title>input</title><input type="file" style="position: fixed; inset: 0; width: 100%; height: 100%">';
/** One that takes what is dropped or pasted. */
const FIELD = '<!doctype html><title>field</title><textarea style="position: fixed; inset: 0; width: 100%; height: 100%"></textarea>'
  + '<script>for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());</script>';
/** The cell a post belongs to, where its address does not say. */
const ANY = '';

/** Files written into a text as data URLs. @param {Buffer} body @returns {Received[]} */
function embedded(body) {
  const text = body.toString('latin1').replaceAll('\\/', '/');
  return [...text.matchAll(/data:[\w.+/-]*(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/]+=*)/g)].map(([, data = '']) => {
    const bytes = Buffer.from(data, 'base64');
    return { name: '', bytes, sha256: sha256(bytes), named: false };
  });
}

/** @param {Buffer} body @param {http.IncomingHttpHeaders} headers @returns {Received[]} */
function filesIn(body, headers) {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('multipart/')) {
    const found = filesOf(body, type).filter(({ name, bytes }) => name || bytes.length > 0);
    return found.map((file) => ({ ...file, name: decoded(file.name), named: true }));
  }
  const found = embedded(body);
  if (found.length > 0 || body.length === 0 || /^(application\/json|text\/(html|plain)|application\/x-www)/.test(type)) return found;
  return [{ name: '', bytes: body, sha256: sha256(body), named: false }];
}

/** @param {Buffer} bytes */
function readable(bytes) {
  return bytes.toString('latin1').replace(/[^ -~]/g, '.');
}

/** Browsers escape quotes in names and send the rest as UTF-8. @param {string} name */
function decoded(name) {
  return name.replaceAll('%22', '"');
}

export class MatrixSite {
  /** @type {Post[]} */
  posts = [];
  /** What pages said. @type {Map<string, Array<Record<string, unknown>>>} */
  said = new Map();
  /** Cells whose page is ready to be used. @type {Set<string>} */
  ready = new Set();
  /** The cell that posts without an address belong to. */
  current = ANY;
  origin = '';
  /** Another origin on the same host. */
  elsewhere = '';
  verbose = false;
  #resumable = new Map();
  #servers = [0, 1].map(() => http.createServer((request, response) => void this.#answer(request, response)));

  async start() {
    [this.origin = '', this.elsewhere = ''] = await Promise.all(this.#servers.map(async (server) => {
      await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
      const address = server.address();
      return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    }));
    return this;
  }

  async stop() {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** @param {string} cell */
  filesOf(cell) {
    return this.posts.filter((post) => post.cell === cell).flatMap(({ files }) => files);
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const url = new URL(request.url ?? '/', this.origin);
    const cell = url.searchParams.get('cell') ?? this.current;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (this.verbose) console.error(`  ${request.method} ${request.url} ${body.length} ${readable(body.subarray(0, 200))}`);
    if (request.method === 'GET') return this.#serve(url, cell, response);
    if (request.method === 'OPTIONS' || request.method === 'HEAD') return this.#tusState(request, response, url);
    if (url.pathname === '/said') {
      this.said.set(cell, [...(this.said.get(cell) ?? []), JSON.parse(body.toString())]);
    }
    if (url.pathname.startsWith('/tus/')) return this.#tus(request, response, url, cell, body);
    const files = filesIn(body, request.headers);
    this.posts.push({ path: url.pathname, cell, body, files });
    response.writeHead(200, { ...OPEN, ...EXPOSED, 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ success: true, url: '/uploaded/1', files: files.map(({ name }) => ({ name, url: '/uploaded/1' })) }));
  }

  /** @param {URL} url @param {string} cell @param {http.ServerResponse} response */
  async #serve(url, cell, response) {
    if (url.pathname === '/ready') this.ready.add(cell);
    const [status, type, content, headers = {}] = await this.#contentOf(url);
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store', ...OPEN, ...EXPOSED, ...headers });
    response.end(content);
  }

  /** @param {URL} url @returns {Promise<[number, string, string | Buffer, Record<string, string>?]>} */
  async #contentOf(url) {
    const { pathname, search } = url;
    if (pathname === '/matrix/page') {
      const { html, headers } = outerPage(search, this);
      return [200, TYPES['.html'], html, headers];
    }
    if (pathname === '/matrix/inner') return [200, TYPES['.html'], innerPage(search, this)];
    if (pathname === '/matrix/script.js') return [200, TYPES['.js'], scriptOf(search, this)];
    if (pathname === '/nothing') return [204, 'text/plain', ''];
    if (pathname === '/input') return [200, TYPES['.html'], INPUT];
    if (pathname === '/field') return [200, TYPES['.html'], FIELD];
    if (pathname === '/blank') return [200, TYPES['.html'], '<!doctype html><title>blank</title>'];
    if (pathname.startsWith('/libraries/')) return this.#libraryFile(pathname);
    return [pathname === '/ready' ? 200 : 404, 'text/plain', ''];
  }

  /** @param {string} pathname @returns {Promise<[number, string, string | Buffer]>} */
  async #libraryFile(pathname) {
    const wanted = pathname.slice('/libraries/'.length);
    const relative = wanted.endsWith('/') ? `${wanted}index.html` : wanted;
    for (const folder of LIBRARIES) {
      const file = path.join(folder, relative);
      const content = file.startsWith(folder) ? await readFile(file).catch(() => undefined) : undefined;
      if (content) return [200, /** @type {Record<string, string>} */ (TYPES)[path.extname(file)] ?? 'application/octet-stream', content];
    }
    return [404, 'text/plain', 'not here'];
  }

  /** The least of tus that its client needs. @param {http.IncomingMessage} request @param {http.ServerResponse} response @param {URL} url */
  #tusState(request, response, url) {
    const upload = this.#resumable.get(url.pathname);
    const state = upload ? { 'Upload-Offset': String(upload.bytes.length), 'Upload-Length': String(upload.length) } : {};
    response.writeHead(request.method === 'HEAD' && !upload ? 404 : 204, { ...OPEN, ...EXPOSED, 'Tus-Resumable': '1.0.0', ...state });
    response.end();
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response @param {URL} url @param {string} cell @param {Buffer} body */
  #tus(request, response, url, cell, body) {
    const headers = { ...OPEN, ...EXPOSED, 'Tus-Resumable': '1.0.0' };
    /** @type {Post} */
    const post = { path: url.pathname, cell, body, files: [] };
    this.posts.push(post);
    if (request.method === 'POST') {
      const place = `/tus/${this.#resumable.size + 1}`;
      const name = /filename ([^,]+)/.exec(String(request.headers['upload-metadata'] ?? ''))?.[1];
      const length = Number(request.headers['upload-length']);
      this.#resumable.set(place, { name: name ? Buffer.from(name, 'base64').toString() : '', length, bytes: Buffer.alloc(0) });
      response.writeHead(201, { ...headers, Location: `${place}?cell=${cell}` });
      response.end();
      return;
    }
    const upload = this.#resumable.get(url.pathname);
    if (!upload) {
      response.writeHead(404, headers);
      response.end();
      return;
    }
    upload.bytes = Buffer.concat([upload.bytes, body]);
    const { name, bytes, length } = upload;
    if (bytes.length === length) post.files = [{ name, bytes, sha256: sha256(bytes), named: Boolean(name) }];
    response.writeHead(204, { ...headers, 'Upload-Offset': String(upload.bytes.length) });
    response.end();
  }
}
