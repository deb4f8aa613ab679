/**
 * The house keeps together: every string exists, every file that is named exists, and no part reaches for more than it may.
 */
import assert from 'node:assert/strict';
import { access, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const EXTENSION = fileURLToPath(new URL('../../../extension/', import.meta.url));

/** @param {string} name */
const read = (name) => readFile(path.join(EXTENSION, name), 'utf8');
const manifest = JSON.parse(await read('manifest.json'));
const messages = JSON.parse(await read('_locales/en/messages.json'));
const sources = (await readdir(EXTENSION, { recursive: true })).filter((name) => /\.(js|html)$/.test(name));

test('every file the manifest names exists', async () => {
  const named = JSON.stringify(manifest).match(/"[a-z]+\/[a-z0-9-]+\.(?:js|html|png)"/g) ?? [];
  assert.ok(named.length > 8);
  for (const name of named) await access(path.join(EXTENSION, JSON.parse(name)));
});

test('every string that is used exists, and every string is used', async () => {
  const all = (await Promise.all([...sources, 'manifest.json'].map(read))).join('\n');
  /** @type {Set<string>} */
  const used = new Set();
  for (const [, name] of all.matchAll(/(?:text|getMessage)\(\s*'([a-z0-9_]+)'/g)) used.add(String(name));
  for (const [, name] of all.matchAll(/data-i18n(?:-label)?="([a-z0-9_]+)"/g)) used.add(String(name));
  for (const [, name] of all.matchAll(/__MSG_([a-z0-9_]+)__/g)) used.add(String(name));
  assert.deepEqual([...used].filter((name) => !(name in messages)), [], 'used but missing');
  const built = /^(failure|pairing|unchanged)_/;
  const quoted = new Set([...all.matchAll(/'([a-z0-9_]+)'/g)].map(([, name]) => name));
  assert.deepEqual(Object.keys(messages).filter((name) => !used.has(name) && !built.test(name) && !quoted.has(name)), [], 'unused');
});

test('every failure has a title, a reason and a remedy', async () => {
  const [, union = ''] = /type FailureCode =([^;]+);/.exec(await read('types.d.ts')) ?? [];
  const codes = [...union.matchAll(/'([a-z-]+)'/g)].map(([, code]) => String(code).replaceAll('-', '_'));
  assert.ok(codes.length > 10);
  const keys = codes.flatMap((code) => ['title', 'reason', 'remedy'].map((part) => `failure_${code}_${part}`));
  assert.deepEqual(keys.filter((key) => !messages[key]), []);
});

test('only the background talks to the daemon', async () => {
  for (const name of sources.filter((file) => !file.startsWith('background'))) {
    assert.doesNotMatch(await read(name), /\bfetch\(|XMLHttpRequest|WebSocket|indexedDB/, name);
  }
});

test('it asks for no more than it needs', () => {
  assert.deepEqual(manifest.permissions, ['storage', 'scripting', 'activeTab']);
  assert.deepEqual(manifest.host_permissions, ['http://127.0.0.1/*']);
  assert.equal(manifest.content_scripts.length, 1);
  for (const pattern of manifest.content_scripts[0].matches) assert.match(pattern, /^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+\/\*$/);
  assert.equal('web_accessible_resources' in manifest, false, 'pages cannot tell that it is there');
  assert.equal('externally_connectable' in manifest, false);
});
