/**
 * A site that attacks: serves each attempt's page and keeps every byte that reaches it.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGES = path.join(path.dirname(fileURLToPath(import.meta.url)), 'pages');

/** @param {string} attempt @returns {Promise<string>} */
async function pageOf(attempt) {
  const [helpers, script] = await Promise.all(['helpers', attempt].map((name) => readFile(path.join(PAGES, `${name}.js`), 'utf8')));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${attempt}</title><script>${helpers}</script><script>${script}</script></head>
<body>
<form id="form" action="/upload" method="post" enctype="multipart/form-data">
<input id="photos" name="photo" type="file" multiple>
</form>
<input id="other" type="file">
<textarea id="words"></textarea>
<button id="decoy" type="button">Continue</button>
<script>
for (const id of ['photos', 'other']) hostile.uploadFrom(document.getElementById(id));
</script>
</body></html>`;
}

export class HostileSite {
  /** @type {Array<{path: string, body: Buffer}>} */
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

  /** Every byte received so far. */
  get bytes() {
    return Buffer.concat(this.posts.map(({ body }) => body));
  }

  /** What attempts told in words. */
  get words() {
    return this.posts.filter(({ path: at }) => at === '/loot').map(({ body }) => body.toString());
  }

  /** What the page uploads as any page would. */
  get uploads() {
    return this.posts.filter(({ path: at }) => at === '/upload');
  }

  forget() {
    this.posts = [];
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/never') return;
    if (request.method === 'POST') {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      this.posts.push({ path: pathname, body: Buffer.concat(chunks) });
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<p id="received">received</p>');
      return;
    }
    const page = await pageOf(path.basename(pathname)).catch(() => undefined);
    response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(page ?? 'not here');
  }
}
