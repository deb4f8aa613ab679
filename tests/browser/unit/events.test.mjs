/**
 * The daemon's event stream: the same events however the network cuts it, and nothing from what is no such stream.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventParser } from '../../../extension/background/events.js';

const encoder = new TextEncoder();
const ROUNDS = 300;

/** A small generator of its own, so that a failure can be had again from its seed. @param {number} seed */
function random(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** @param {Array<string | Uint8Array>} chunks */
function parse(...chunks) {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk));
}

/** Events, and one way to write them. @param {(below: number) => number} draw */
function written(draw) {
  const pick = (/** @type {string[]} */ list) => String(list[draw(list.length)]);
  const events = [];
  let text = draw(2) ? ': listening\n\n' : '';
  const line = pick(['\n', '\r\n', '\r']);
  for (let count = draw(8); count > 0; count--) {
    const facts = { job: String(draw(1e9)), stage: pick(['', 'prüfen: 1 von 2', '🖼️ ⠿', 'a\\nb', ' ']), progress: draw(1000) / 1000 };
    const kind = pick(['job', 'queue', 'pause', 'resync']);
    events.push({ kind, facts });
    const space = pick(['', ' ']);
    text += draw(3) ? '' : `: still here${line}${line}`;
    text += `event:${space}${kind}${line}`;
    const [head, ...tail] = JSON.stringify(facts).split(/(?=,"progress")/);
    text += `data:${space}${head}${line}${tail.map((part) => `data:${space}${part}${line}`).join('')}${line}`;
  }
  return { events, bytes: encoder.encode(`${text}: end\n\n`) };
}

test(`${ROUNDS} streams, cut anywhere`, () => {
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const draw = random(seed);
    const { events, bytes } = written(draw);
    const chunks = [];
    for (let at = 0; at < bytes.length;) {
      const size = draw(3) ? 1 + draw(40) : draw(2);
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    assert.deepEqual(parse(...chunks), events, `seed ${seed}`);
  }
});

test('every single cut of one stream', () => {
  const bytes = encoder.encode(': listening\r\n\r\nevent: job\r\ndata: {"stage":"Größe 🖼️"}\r\n\r\nevent: pause\ndata: {}\n\n');
  const expected = [{ kind: 'job', facts: { stage: 'Größe 🖼️' } }, { kind: 'pause', facts: {} }];
  for (let at = 0; at <= bytes.length; at++) assert.deepEqual(parse(bytes.subarray(0, at), bytes.subarray(at)), expected, `cut at ${at}`);
});

test('an event is told as soon as it is whole, and not before', () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push(encoder.encode('event: queue\ndata: {"queued":1}\n')), []);
  assert.deepEqual(parser.push(encoder.encode('\n')), [{ kind: 'queue', facts: { queued: 1 } }]);
});

test('what the daemon does not send today is passed over', () => {
  assert.deepEqual(parse('id: 7\nretry: 10\nnews\nevent: x\n\ndata: {}\n\n'), [{ kind: 'message', facts: {} }]);
});

for (const junk of ['data: {"a":\n\n', 'data: 7\n\n', 'data: null\n\n', 'data: []\n\n', new Uint8Array([0xff, 0xfe, 0x0a])]) {
  test(`no such stream: ${String(junk).trim()}`, () => assert.throws(() => parse(junk)));
}

test('an endless event is not collected', () => {
  for (const piece of ['x'.repeat(5_000), `data: ${'x'.repeat(5_000)}\n`]) {
    assert.throws(() => parse(...Array.from({ length: 20 }, () => piece)), RangeError);
  }
});
