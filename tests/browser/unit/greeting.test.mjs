/**
 * The first word of a pairing: all ports are asked at once, only who knows the code is believed, and nobody is sent anything from
 * which the code could be told.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { findByCode } from '../../../extension/background/greeting.js';
import { PORTS, concat, fromB64, importKeys, mac, nonce, toB64 } from '../../../extension/background/wire.js';

const CODE = '0123456789ABCDEF';
const ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const CLIENT = '00112233445566ff';

/** @typedef {{nc: string, name: string, proof: string}} Question */

/** Something to wait for. */
function gate() {
  let open = () => undefined;
  const passed = new Promise((resolve) => (open = () => void resolve(undefined)));
  return { open: () => open(), passed };
}

/** How a port answers; undefined: the connection is refused. @type {Map<number, (question: Question) => Promise<Response>>} */
let programs;
/** What each port was asked, and whether it was told that nobody waits for it. @type {Map<number, {question: Question, signal: AbortSignal}>} */
let asked;
/** Once all ports were asked. */
let allAsked = gate();

const realFetch = globalThis.fetch;

beforeEach(() => {
  [programs, asked, allAsked] = [new Map(), new Map(), gate()];
  globalThis.fetch = mock.fn(async (/** @type {any} */ url, /** @type {any} */ { body, signal }) => {
    const port = Number(new URL(url).port);
    assert.equal(new URL(url).pathname, '/v1/pair/begin');
    const question = JSON.parse(new TextDecoder().decode(body));
    asked.set(port, { question, signal });
    if (asked.size === PORTS.length) allAsked.open();
    const answer = programs.get(port);
    if (!answer) throw new TypeError('refused');
    return Promise.race([answer(question), new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))]);
  });
});
afterEach(() => {
  globalThis.fetch = realFetch;
});

/** @param {number} status @param {object} [answer] */
const response = (status, answer) => new Response(answer ? JSON.stringify(answer) : null, { status });

/** The daemon that shows this code. @param {string} code @returns {(question: Question) => Promise<Response>} */
const daemon = (code) => async ({ nc, proof }) => {
  const secret = await importKeys(concat(code));
  const theirs = fromB64(nc);
  if (proof !== (await mac(secret, 'photoveil/1 pair client', theirs, ORIGIN))) return response(403);
  const ns = nonce();
  return response(200, { client: CLIENT, ns: toB64(ns), proof: await mac(secret, 'photoveil/1 pair daemon', theirs, ns, CLIENT) });
};

/** Takes the question and never answers. @type {(question: Question) => Promise<Response>} */
const silence = () => new Promise(() => undefined);

const find = () => findByCode(CODE, 'Firefox on Linux', ORIGIN);

/** @param {number} index */
const port = (index) => PORTS[index] ?? assert.fail();

test('a daemon behind programs that say nothing is found without waiting for them', async () => {
  for (const index of [0, 1, 2]) programs.set(port(index), silence);
  programs.set(port(4), async (question) => {
    await allAsked.passed;
    return daemon(CODE)(question);
  });
  const found = await find();
  assert.ok(typeof found === 'object');
  assert.deepEqual([found.port, found.client, found.confirmed], [port(4), CLIENT, false]);
  assert.deepEqual([...asked.keys()].sort(), [...PORTS], 'all were asked before one had answered');
  for (const index of [0, 1, 2]) assert.equal(asked.get(port(index))?.signal.aborted, true, 'and are no longer waited for');
});

test('each is sent a proof of its own, and nothing from which the code could be told', async () => {
  await find();
  const questions = [...asked.values()].map(({ question }) => question);
  for (const question of questions) {
    assert.deepEqual(Object.keys(question).sort(), ['name', 'nc', 'proof']);
    assert.equal(JSON.stringify(question).includes(CODE), false);
  }
  assert.equal(new Set(questions.map(({ nc }) => nc)).size, PORTS.length);
  assert.equal(new Set(questions.map(({ proof }) => proof)).size, PORTS.length);
});

test('who is first and proves nothing is not believed; the daemon that comes later is', async () => {
  const gone = gate();
  programs.set(port(0), async () => {
    gone.open();
    return response(200, { client: CLIENT, ns: 'A'.repeat(43), proof: 'B'.repeat(43) });
  });
  programs.set(port(1), async () => response(200, { client: '../../etc', ns: '', proof: '' }));
  programs.set(port(2), daemon('ZZZZZZZZZZZZZZZZ'));
  programs.set(port(3), async (question) => {
    await gone.passed;
    return daemon(CODE)(question);
  });
  const found = await find();
  assert.equal(typeof found === 'object' && found.port, port(3));
});

/** @type {Array<[string, Array<() => Promise<Response>>]>} */
const REFUSALS = [
  ['absent', []],
  ['not-open', [async () => response(404)]],
  ['impostor', [async () => response(404), async () => new Response('<html>hello</html>')]],
  ['wrong-code', [async () => response(200, { words: 'none' }), async () => response(403), async () => response(404)]],
];
for (const [reason, answers] of REFUSALS) {
  test(`nobody knows the code: ${reason}`, async () => {
    for (const [index, answer] of answers.entries()) programs.set(port(index), answer);
    assert.equal(await find(), reason);
  });
}
