/**
 * Inputs of every kind, through the browser's own file dialog, on a page that looks at them whenever it can: it sees
 * protected copies and nothing else.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { Place } from './drills/place.mjs';
import { PATIENCE_MS } from './support/browsers.mjs';
import { pair, until } from './support/flows.mjs';
import { containsRunOf } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, makePhotos, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = PATIENCE_MS;

const WAYS = [
  'attached', 'hidden', 'detached', 'onchange', 'picker', 'dispatched', 'removed', 'wrapped', 'open', 'closed', 'nested', 'detached root',
  'declarative', 'label', 'about:blank frame', "another frame's input", 'moved to a frame',
];

for (const name of /** @type {const} */ (['Chromium', 'Firefox'])) {
  const skip = name === 'Chromium' ? NO_CHROMIUM : NO_FIREFOX;
  test(`${name}: a page that looks at its inputs all the time sees protected copies only`, { skip }, async (context) => {
    const photos = await makePhotos(160);
    const world = await World.create({ firefox: name === 'Firefox' });
    try {
      world.endsWith(() => removeFolderOf(photos));
      const standIn = await new StandIn().start();
      world.endsWith(() => standIn.stop());
      await pair(world.browser, world.extension, standIn.openPairing());
      const place = new Place(name, world, '');
      const page = await world.open('inputs.html');
      for (const way of WAYS) await context.test(way, () => check(place, page, way, photos.slice(0, 2)));
      standIn.workMs = Infinity;
      await context.test('chosen twice', () => checkTwice(place, page, photos.slice(2, 4), standIn));
      standIn.workMs = 50;
      // In Firefox the stand-in for the file dialog gives a folder only to a press on the input itself: see the matrix.
      if (name === 'Chromium') await context.test('a picked folder', () => checkFolder(place, page, photos));
    } finally {
      await world.end();
    }
  });
}

/** @param {import('puppeteer-core').Page} page @param {string} way */
function prepare(page, way) {
  return page.evaluate((chosen) => Reflect.get(globalThis, 'prepare')(chosen), way);
}

/** @param {import('./support/site.mjs').Site} site @param {string[]} photos */
async function assertNoOriginal(site, photos) {
  const originals = await Promise.all(photos.map((file) => readFile(file)));
  assert.equal(originals.filter((original) => containsRunOf(original, site.bytes)).length, 0, 'an original arrived');
}

/** @param {Place} place @param {import('puppeteer-core').Page} page @param {string} way @param {string[]} photos */
async function check(place, page, way, photos) {
  const { site } = place;
  site.forget();
  await prepare(page, way);
  await place.choose(page, () => page.click('#go'), photos);
  await until(() => site.files.length >= photos.length, `${photos.length} files`, LIMIT_MS);
  assert.deepEqual(site.files.map((file) => file.name), photos.map((file) => path.basename(file)));
  await assertNoOriginal(site, photos);
  const heard = /** @type {string[]} */ (await page.evaluate(() => Reflect.get(globalThis, 'heard')));
  if (heard.length > 0) assert.deepEqual(heard.filter((word) => word !== 'onchange'), [`input ${photos.length}`, `change ${photos.length}`]);
}

/**
 * A second choice while the first is in work: the page hears of both, one after the other.
 * @param {Place} place @param {import('puppeteer-core').Page} page @param {string[]} photos @param {StandIn} standIn
 */
async function checkTwice(place, page, photos, standIn) {
  const { site } = place;
  site.forget();
  const before = standIn.jobs.size;
  await prepare(page, 'the same');
  for (const photo of photos) await place.choose(page, () => page.click('#go'), [photo]);
  await until(() => standIn.jobs.size > before, 'the first to be in work');
  assert.equal(site.posts.length, 0, 'both are in work');
  standIn.finish();
  await until(() => site.files.length >= 2, 'both files', LIMIT_MS);
  assert.deepEqual(site.files.map((file) => file.name), photos.map((file) => path.basename(file)));
  assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, 'heard')), ['input 1', 'change 1', 'input 1', 'change 1']);
  await assertNoOriginal(site, photos);
}

/**
 * The paths in the folder stay: where the page asks, in what it sends and in a form's own upload.
 * @param {Place} place @param {import('puppeteer-core').Page} page @param {string[]} photos
 */
async function checkFolder(place, page, photos) {
  const { site } = place;
  site.forget();
  const folder = path.dirname(String(photos[0]));
  const paths = photos.map((file) => `${path.basename(folder)}/${path.basename(file)}`).sort();
  await prepare(page, 'folder');
  await place.choose(page, () => page.click('#go'), [folder]);
  await until(() => site.posts.length >= 2, 'the files by script and by form', LIMIT_MS);
  await assertNoOriginal(site, photos);
  assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, 'paths')), paths);
  for (const post of site.posts) assert.deepEqual(post.files.map((file) => file.name).sort(), paths, post.path);
}
