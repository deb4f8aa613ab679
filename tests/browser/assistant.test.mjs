/**
 * A site of an AI assistant, in a real Chromium with the real daemon: private things are hidden on what it gets, the popup's
 * slider says how far, what is chosen on the photo's page of the dashboard is hidden instead, and where nothing was found the
 * user is told so.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { alike, hideInstead } from '../dashboard/support/drawing.mjs';
import { Real } from '../dashboard/support/real.mjs';
import { COMMAND, Daemon } from './support/daemon.mjs';
import { cardSays, openOwnPage, pair, pick, until } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { NO_CHROMIUM, World, makePhotos, removeFolderOf } from './support/world.mjs';

const run = promisify(execFile);
/** The encoders may share the processor with other programs. */
const LIMIT_MS = 240_000;
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {Daemon} */
let daemon;
/** @type {string[]} */
let photos = [];

/** @param {string[]} words */
async function photoveil(...words) {
  const [program = '', ...rest] = COMMAND;
  return run(program, [...rest, ...words, '--profile', daemon.profile, '--json'], { env: daemon.env }).then(({ stdout }) => JSON.parse(stdout));
}

before(async () => {
  if (NO_CHROMIUM) return;
  [world, daemon, photos] = await Promise.all([World.create(), Daemon.create().then((made) => made.start()), makePhotos(512)]);
  world.endsWith(() => daemon.stop());
  world.endsWith(() => removeFolderOf(photos));
  const pairing = await daemon.openPairing();
  await pair(world.browser, world.extension, pairing.code);
  assert.equal(await pairing.done, 0);
  await photoveil('sites', 'set', '127.0.0.1', '--method', 'assistant');
});
after(() => world?.end());

/** @param {string} name */
const photo = (name) => String(photos.find((file) => path.basename(file) === name));

/** @param {import('puppeteer-core').Page} page @param {string} file */
async function send(page, file) {
  const expected = world.site.files.length + 1;
  await page.bringToFront();
  await pick(page, [file]);
  await until(() => world.site.files.length === expected, `the copy of ${path.basename(file)}`, LIMIT_MS);
  return /** @type {{sha256: string, bytes: Buffer}} */ (/** @type {unknown} */ (world.site.files.at(-1)));
}

test('a portrait arrives with its face hidden, and with another slider in another way', options, async () => {
  const portrait = photo('astronaut.jpg');
  const original = await readFile(portrait);
  const page = await world.open('upload.html');
  const first = await send(page, portrait);
  assert.notEqual(first.sha256, sha256(original));
  const popup = await openOwnPage(world.browser, `${world.extension}/ui/popup.html`);
  await until(() => popup.$eval('#recent-list', (list) => /Hidden places: 1/.test(/** @type {HTMLElement} */ (list).innerText)), 'what was hidden');
  await page.bringToFront();
  await popup.reload();
  await until(() => popup.$eval('#slider', (slider) => /** @type {HTMLElement} */ (slider).checkVisibility()), 'the slider');
  await popup.bringToFront();
  await popup.focus('#slider');
  await popup.keyboard.press('End');
  await until(async () => (await photoveil('sites', 'list'))['127.0.0.1']?.slider === 100, 'the daemon to hear of the slider');
  const second = await send(page, portrait);
  assert.notEqual(second.sha256, first.sha256);
  assert.equal((await send(page, portrait)).sha256, second.sha256, 'made once');
  assert.equal(containsRunOf(original, world.site.bytes), false);
  await popup.close();
  await page.close();
});

test('a place that is drawn on the photo’s page is hidden on what the site gets, and a face that is left is not', options, async () => {
  const [portrait, owner] = [photo('astronaut.jpg'), new Real(daemon, photos)];
  const original = await readFile(portrait);
  const site = await world.open('upload.html');
  const asFound = await send(site, portrait);
  const { jobs: [{ job, report }] } = await owner.ask('history', { states: ['done'], limit: 1 });
  const [face] = report.assistant.regions;
  const drawn = [0.1, 0.6, 0.4, 0.9];

  const page = await world.browser.newPage();
  await page.goto(await owner.link());
  await page.evaluate(`location.hash = '#/photo/${job}'`);
  await hideInstead(page, drawn);
  await page.close();

  const asChosen = await send(site, portrait);
  const { jobs: [{ report: { assistant, delivered } }] } = await owner.ask('history', { states: ['done'], limit: 1 });
  assert.equal(delivered.sha256, asChosen.sha256);
  assert.deepEqual([assistant.chosen, assistant.left[0].box], [true, face.box]);
  const kinds = [assistant.regions, assistant.left].map((found) => found.map((/** @type {{kind: string}} */ { kind }) => kind));
  assert.deepEqual(kinds, [['chosen'], ['face']]);
  // On the very bytes that the site has.
  const first = await alike(world.browser, original, asFound.bytes, [face.box, drawn]);
  const second = await alike(world.browser, original, asChosen.bytes, [face.box, drawn]);
  assert.ok(first[0] < 0.5 && first[1] > 0.5, `found: the face is hidden, the rest is not (${first})`);
  assert.ok(second[0] > 0.5 && second[1] < 0.5, `chosen: the face is left, the place is hidden (${second})`);
  await site.close();
});

test('where nothing is found, the card says that nothing was hidden', options, async () => {
  const page = await world.open('upload.html');
  const original = await readFile(photo('chelsea.jpg'));
  const sent = await send(page, photo('chelsea.jpg'));
  await cardSays(page, /Nothing was hidden.*No face and no code was found/s);
  assert.notEqual(sent.sha256, sha256(original));
  await page.close();
});
