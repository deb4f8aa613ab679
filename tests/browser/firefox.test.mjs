/**
 * The same extension in a real Firefox: pairing and a protected upload. What goes wrong is drilled in failures.test.mjs.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { cardSays, pair, pick, pressCard, until, useOriginal } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_FIREFOX, World, makePhotos, record, removeFolderOf } from './support/world.mjs';

/** @type {World} */
let world;
/** @type {string[]} */
let photos = [];

before(async () => {
  if (NO_FIREFOX) return;
  [world, photos] = await Promise.all([World.create({ firefox: true }), makePhotos(320)]);
  world.endsWith(() => removeFolderOf(photos));
});
after(() => world?.end());

test('Firefox: “use original” counts beside a popover of the page, once that is gone and the card was seen', { skip: NO_FIREFOX }, async () => {
  const page = await world.open('upload.html');
  await page.evaluate(`{
    const toast = document.createElement('div');
    toast.popover = 'manual';
    toast.textContent = 'You have mail';
    toast.id = 'toast';
    document.body.append(toast);
    toast.showPopover();
  }`);
  await pick(page, photos.slice(3, 4));
  await cardSays(page, /not connected yet/);
  const isOpen = () => page.evaluate('document.getElementById("toast").matches(":popover-open")');
  await pressCard(page, /Use the original/);
  await cardSays(page, /That press did not count.*press again/);
  assert.deepEqual([await isOpen(), world.site.files.length], [false, 0]);
  await useOriginal(page);
  await until(() => world.site.files.length === 1, 'the original, as asked');
  await page.close();
  world.site.forget();
});

test('Firefox: paired, an upload is protected', { skip: NO_FIREFOX }, async () => {
  const standIn = await new StandIn().start();
  standIn.workMs = 1_200;
  world.endsWith(() => standIn.stop());
  await pair(world.browser, world.extension, standIn.openPairing());

  const page = await world.open('upload.html');
  await pick(page, photos.slice(0, 3));
  await until(() => world.site.files.length === 3, 'three files');
  const originals = await Promise.all(photos.map((file) => readFile(file)));
  const originalHashes = new Set(originals.map(sha256));
  const seen = {
    uploads: world.site.files.length,
    originals_by_hash: world.site.files.filter((file) => originalHashes.has(file.sha256)).length,
    originals_by_bytes: originals.filter((original) => containsRunOf(original, world.site.bytes)).length,
  };
  assert.deepEqual(seen, { uploads: 3, originals_by_hash: 0, originals_by_bytes: 0 });
  assert.deepEqual(world.site.files.map(({ name }) => name), photos.slice(0, 3).map((file) => file.split('/').at(-1)));
  const events = JSON.parse(String(await page.evaluate('JSON.stringify(window.seen)')));
  assert.equal(events.length, 2);
  const count = (/** @type {string} */ verb) => standIn.requests.filter((request) => request.verb === verb).length;
  assert.equal(count('events'), 1, 'one stream for the whole pick');
  // Two for each photo; another only where the stream came late.
  assert.ok(count('job') <= 12, `${count('job')} questions about three photos`);
  const sites = standIn.requests.flatMap(({ verb, body, meta }) => (/lookup|protect/.test(verb) ? [(meta ?? body).site] : []));
  assert.deepEqual(sites, Array.from({ length: 6 }, () => new URL(String(world.site.origin)).hostname));
  await until(() => standIn.listeners.size === 0, 'the stream to be closed');
  await record('firefox', seen);
});
