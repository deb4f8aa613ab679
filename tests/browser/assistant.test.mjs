/**
 * A site of an AI assistant, in a real Chromium with the real daemon: private things are hidden on what it gets, the popup's
 * slider says how far, and where nothing was found the user is told so.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

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

test('where nothing is found, the card says that nothing was hidden', options, async () => {
  const page = await world.open('upload.html');
  const original = await readFile(photo('chelsea.jpg'));
  const sent = await send(page, photo('chelsea.jpg'));
  await cardSays(page, /Nothing was hidden.*No face and no code was found/s);
  assert.notEqual(sent.sha256, sha256(original));
  await page.close();
});
