/**
 * "The site": serves pages and records every file that reaches it, byte for byte.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGES = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'pages');

/** @typedef {{field: string, name: string, type: string, bytes: Buffer, sha256: string}} Received */

/** @param {Buffer} bytes */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The file parts of a multipart body. @param {Buffer} body @param {string} contentType @returns {Received[]} */
export function filesOf(body, contentType) {
  const boundary = /boundary=(?:"([^"]+)"|([^;]+))/.exec(contentType)?.slice(1).find(Boolean);
  if (!boundary) return [];
  const mark = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  const files = [];
  let at = whole.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    const next = whole.indexOf(mark, start);
    if (next < 0) break;
    const headEnd = whole.indexOf('\r\n\r\n', start);
    const head = whole.subarray(start, headEnd).toString('utf8');
    const name = /filename="([^"]*)"/.exec(head)?.[1];
    if (name !== undefined) {
      const bytes = Buffer.from(whole.subarray(headEnd + 4, next));
      const field = /name="([^"]*)"/.exec(head)?.[1] ?? '';
      const type = /Content-Type: (.*)/i.exec(head)?.[1]?.trim() ?? '';
      files.push({ field, name, type, bytes, sha256: sha256(bytes) });
    }
    at = next;
  }
  return files;
}

/** Runs this long, taken this far apart, do not turn up by chance. */
const RUN_BYTES = 64;
const RUN_STEP = 997;

/**
 * Whether any long run of an original's image data is found anywhere in what was sent. JPEG headers and standard
 * Huffman tables are the same in every file, so only runs from the compressed data (after the last SOS) count.
 * @param {Buffer} original @param {Buffer} sent
 */
export function containsRunOf(original, sent) {
  const scan = original[0] === 0xff && original[1] === 0xd8 ? original.lastIndexOf(Buffer.from([0xff, 0xda])) + 16 : 0;
  for (let at = scan; at + RUN_BYTES <= original.length; at += RUN_STEP) {
    if (sent.includes(original.subarray(at, at + RUN_BYTES))) return true;
  }
  return false;
}

export class Site {
  /** @type {Array<{path: string, body: Buffer, files: Received[]}>} */
  posts = [];
  origin = '';
  #server = http.createServer((request, response) => void this.#answer(request, response));

  async start() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const address = this.#server.address();
    this.origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** Every file received so far, in order. */
  get files() {
    return this.posts.flatMap(({ files }) => files);
  }

  /** Every byte received so far. */
  get bytes() {
    return Buffer.concat(this.posts.map(({ body }) => body));
  }

  forget() {
    this.posts = [];
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (request.method === 'POST') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const files = filesOf(body, request.headers['content-type'] ?? '');
      this.posts.push({ path: pathname, body, files });
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><title>received</title><p id="received">${files.length}</p>`);
      return;
    }
    const page = await readFile(path.join(PAGES, path.basename(pathname))).catch(() => undefined);
    response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(page ?? 'not here');
  }
}
