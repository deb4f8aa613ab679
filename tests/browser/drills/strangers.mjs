/**
 * Other processes on the daemon's port: they know the protocol and nothing of the keys.
 */
import http from 'node:http';

import { sha256 } from '../support/site.mjs';
import { listen } from '../support/standin.mjs';

/** @typedef {(verb: string, response: http.ServerResponse) => void} Answer */

/** @param {http.ServerResponse} response @param {object} answer */
function sendJson(response, answer) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer));
}

/** @param {http.ServerResponse} response */
async function flood(response) {
  while (!response.destroyed && !response.writableEnded) {
    if (!response.write(Buffer.alloc(65_536, '['))) {
      await Promise.race([new Promise((resolve) => response.once('drain', resolve)), new Promise((resolve) => response.once('close', resolve))]);
    }
  }
}

/** How they answer whoever asks for a session. @type {Record<string, Answer>} */
export const STRANGERS = {
  'garbage': (_, response) => response.end('\u0000<html>hello</html>'),
  'endless': (_, response) => void flood(response),
  'well-formed lies': (_, response) => {
    sendJson(response, { session: '0123456789abcdef', ns: 'A'.repeat(43), proof: 'B'.repeat(43), state: 'original', job: '1' });
  },
  'redirect': (_, response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/v1/session' }).end(),
  'silence': () => undefined,
};

/** What a thief would like the page to get instead of the protected copy. */
export const FORGED = Buffer.concat([Buffer.from('\xff\xd8\xff', 'latin1'), Buffer.alloc(2_000, 'somebody else')]);

/** Takes the port over in the middle of a conversation, and says what the daemon would have said. @type {Answer} */
export function thief(verb, response) {
  const result = { sha256: sha256(FORGED), bytes: FORGED.length, format: 'JPEG', name: 'x.jpg', type: 'image/jpeg', width: 1, height: 1 };
  if (verb === 'result') {
    response.setHeader('Content-Type', 'image/jpeg');
    response.end(FORGED);
  } else sendJson(response, { job: '0'.repeat(16), state: 'done', stage: '', progress: 1, result });
}

/** A process on the daemon's port that keeps all it hears. */
export class Stranger {
  /** @type {Buffer[]} */
  #heard = [];
  /** @type {string[]} */
  verbs = [];

  /** @param {Answer} answer */
  constructor(answer) {
    this.server = http.createServer(async (request, response) => {
      const verb = (request.url ?? '').replace('/v1/', '');
      this.verbs.push(verb);
      this.#heard.push(Buffer.from(JSON.stringify([request.url, request.headers])));
      for await (const chunk of request) this.#heard.push(chunk);
      answer(verb, response);
    });
  }

  /** @param {number} port */
  async start(port) {
    await listen(this.server, [port]);
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  get heard() {
    return Buffer.concat(this.#heard);
  }
}
