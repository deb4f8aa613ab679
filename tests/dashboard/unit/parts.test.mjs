/**
 * Parts that need no browser: the stream of events, the little Markdown, the difference of two pictures, hosts as typed.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { difference } from '../../../daemon/photoveil/api/dashboard/difference.js';
import { hostOf } from '../../../daemon/photoveil/api/dashboard/hosts.js';
import { blocks, spans } from '../../../daemon/photoveil/api/dashboard/markdown.js';
import { splitter } from '../../../daemon/photoveil/api/dashboard/stream.js';

const ROOT = new URL('../../../', import.meta.url);

test('events come whole, however the stream is cut', () => {
  const blocksSent = [
    ': listening',
    'event: job\ndata: {"job":"a","progress":0.5}',
    ': still here',
    'event: pause\r\ndata: {"paused":\r\ndata: true}\r',
    'event: odd\ndata: {broken',
    'event: queue\ndata: 7',
  ];
  const text = blocksSent.map((block) => `${block}\n\n`).join('');
  for (const step of [1, 2, 3, 7, 1000]) {
    /** @type {object[]} */
    const found = [];
    const split = splitter((event) => found.push(event));
    for (let i = 0; i < text.length; i += step) split(text.slice(i, i + step));
    assert.deepEqual(
      found,
      [
        { kind: 'job', facts: { job: 'a', progress: 0.5 } },
        { kind: 'pause', facts: { paused: true } },
      ],
      `cut every ${step}`,
    );
  }
});

test('the dashboard’s limits are those of the documentation', async () => {
  const [own, docs] = await Promise.all(
    ['daemon/photoveil/api/dashboard/limits.md', 'docs/limits.md'].map((name) => readFile(new URL(name, ROOT))),
  );
  assert.ok(own && docs && own.equals(docs), 'copy docs/limits.md to daemon/photoveil/api/dashboard/limits.md');
});

test('nothing of the limits is lost on the way to the page', async () => {
  const text = await readFile(new URL('docs/limits.md', ROOT), 'utf8');
  const shown = blocks(text)
    .flatMap((block) => (block.kind === 'list' ? block.items : [block.text]))
    .map(flat)
    .join(' ');
  assert.deepEqual(wordsOf(shown), wordsOf(text.replace(/\]\([^)]*\)/g, '')));
});

/** @param {string} text @returns {string} */
function flat(text) {
  return spans(text)
    .map((span) => (span.kind === 'strong' || span.kind === 'em' ? flat(span.text) : span.text))
    .join('');
}

/** @param {string} text */
function wordsOf(text) {
  return text.match(/[\p{L}\p{N}%]+/gu);
}

test('Markdown of every kind in use', () => {
  const found = blocks('# One\ntext that\ngoes on\n\n- a\n  more\n- **b** `c`\n\n## Two\nend');
  assert.deepEqual(found, [
    { kind: 'heading', level: 1, text: 'One' },
    { kind: 'paragraph', text: 'text that goes on' },
    { kind: 'list', items: ['a more', '**b** `c`'] },
    { kind: 'heading', level: 2, text: 'Two' },
    { kind: 'paragraph', text: 'end' },
  ]);
  assert.deepEqual(
    spans('a **b** `<i>` [c](http://evil) *d* <script>').map(({ kind, text }) => `${kind}:${text}`),
    ['text:a ', 'strong:b', 'text: ', 'code:<i>', 'text: ', 'link:c', 'text: ', 'em:d', 'text: <script>'],
  );
});

test('the difference is ten times as large around grey, and never transparent', () => {
  const shown = difference(Uint8ClampedArray.of(100, 100, 100, 255, 0, 255, 9, 0), Uint8ClampedArray.of(100, 103, 80, 255, 255, 0, 9, 0));
  assert.deepEqual([...shown], [128, 158, 0, 255, 255, 0, 128, 255]);
});

test('a site is understood however it is typed', () => {
  const typed = ['example.com', ' https://Www.Example.com/path?q#h ', 'münchen.de', 'localhost:8080', '', 'a b', 'http://'];
  assert.deepEqual(typed.map(hostOf), ['example.com', 'www.example.com', 'xn--mnchen-3ya.de', 'localhost', '', '', '']);
});
