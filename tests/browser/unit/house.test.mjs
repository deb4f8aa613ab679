/**
 * The house keeps together: every file that is named exists, and no part reaches for more than it may.
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
const sources = (await readdir(EXTENSION, { recursive: true })).filter((name) => /\.(js|html)$/.test(name));

test('every file the manifest names exists', async () => {
  const named = JSON.stringify(manifest).match(/"[a-z]+\/[a-z0-9-]+\.(?:js|html|png)"/g) ?? [];
  assert.ok(named.length > 8);
  for (const name of named) await access(path.join(EXTENSION, JSON.parse(name)));
});

test('only the background talks to the daemon', async () => {
  for (const name of sources.filter((file) => !file.startsWith('background'))) {
    assert.doesNotMatch(await read(name), /\bfetch\(|XMLHttpRequest|WebSocket|indexedDB/, name);
  }
});

test('it asks for no more than it needs', () => {
  assert.deepEqual(manifest.permissions, ['storage', 'scripting', 'activeTab', 'alarms']);
  // Our scripts can be started by hand in a site's odd frames only with access of that kind; it adds no site.
  assert.deepEqual(manifest.host_permissions, ['http://127.0.0.1/*', ...manifest.content_scripts[0].matches]);
  const [page, content, ...others] = manifest.content_scripts;
  assert.deepEqual(others, []);
  assert.deepEqual(page.matches, content.matches, 'both worlds on the same sites');
  for (const pattern of content.matches) assert.match(pattern, /^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+\/\*$/);
  assert.equal('web_accessible_resources' in manifest, false, 'pages cannot tell that it is there');
  assert.equal('externally_connectable' in manifest, false);
});
