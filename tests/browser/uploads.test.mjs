/**
 * The promise, in a real Chromium with the real daemon: the site gets protected copies and not one byte of an original.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { IS_BRIEF } from './support/browsers.mjs';
import { COMMAND, Daemon } from './support/daemon.mjs';
import { cardSays, cardText, openOwnPage, pair, pick, until } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { NO_CHROMIUM, World, makeFiles, makePhotos, record, removeFolderOf } from './support/world.mjs';

const run = promisify(execFile);
/** In the second round all are known already, as in any further one. */
const ROUNDS = IS_BRIEF ? 3 : 10;
/** Each takes the daemon seconds of a processor, whichever it is. */
const TRIED = IS_BRIEF ? [0, 1, 3, 7] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const WIDTH = 320;
const LIMIT_MS = 300_000;
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {Daemon} */
let daemon;
/** @type {string[]} */
let photos = [];

before(async () => {
  if (NO_CHROMIUM) return;
  [world, daemon, photos] = await Promise.all([World.create(), Daemon.create().then((made) => made.start()), makePhotos(WIDTH)]);
  world.endsWith(() => daemon.stop());
  world.endsWith(() => removeFolderOf(photos));
  const pairing = await daemon.openPairing();
  await pair(world.browser, world.extension, pairing.code);
  assert.equal(await pairing.done, 0);
});

after(() => world?.end());

/** The hashes of all protected copies the daemon keeps, read from its disk and not through the extension. */
async function protectedCopies() {
  const folder = path.join(daemon.home, daemon.profile, 'cache', 'delivered');
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => readFile(path.join(entry.parentPath, entry.name)));
  return new Set((await Promise.all(files)).map(sha256));
}

test(`${ROUNDS * TRIED.length} uploads of ${TRIED.length} real photos: 0 original bytes reach the server`, options, async () => {
  const tried = TRIED.map((index) => String(photos[index]));
  const originals = await Promise.all(photos.map((file) => readFile(file)));
  const page = await world.open('upload.html');
  /** @type {number[][]} */
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push([]);
    for (const photo of tried) {
      const expected = world.site.files.length + 1;
      const start = performance.now();
      await pick(page, [photo]);
      await arrival(page, expected);
      times[round]?.push(performance.now() - start);
    }
  }

  const received = world.site.files;
  const originalHashes = new Set(originals.map(sha256));
  const copies = await protectedCopies();
  const everything = world.site.bytes;
  const seen = {
    uploads: received.length,
    originals_by_hash: received.filter((file) => originalHashes.has(file.sha256)).length,
    originals_by_bytes: originals.filter((original) => containsRunOf(original, everything)).length,
    identical_to_the_daemons_copy: received.filter((file) => copies.has(file.sha256)).length,
    different_copies: new Set(received.map((file) => file.sha256)).size,
    first_round_ms: median(times[0] ?? []),
    later_rounds_ms: median(times.slice(1).flat()),
    protected_by_the_daemon: (await daemon.status())?.counts.protected_total,
  };
  await record('uploads', seen);

  assert.equal(seen.uploads, ROUNDS * tried.length);
  assert.equal(seen.originals_by_hash, 0);
  assert.equal(seen.originals_by_bytes, 0);
  assert.equal(seen.identical_to_the_daemons_copy, seen.uploads);
  assert.equal(seen.different_copies, tried.length, 'a photo uploaded again is the same copy, from the lookup');
  assert.equal(seen.protected_by_the_daemon, tried.length, 'and nothing was done for it');
  for (const [index, file] of received.entries()) {
    assert.equal(file.name, path.basename(tried[index % tried.length] ?? ''));
    assert.equal(file.type, 'image/jpeg');
  }
  const events = Number(await page.evaluate('window.seen.length'));
  assert.equal(events, 2 * seen.uploads, 'the page hears of each pick once: one input, one change');
  await page.close();
});

/**
 * Wait for the site's next file; a card that asks for the user means it will not come.
 * @param {import('puppeteer-core').Page} page @param {number} count
 */
async function arrival(page, count) {
  let next = Date.now() + 1_000;
  await until(async () => {
    if (Date.now() > next) {
      next = Date.now() + 1_000;
      const said = await cardText(page);
      assert.doesNotMatch(said, /Retry/);
    }
    return world.site.files.length >= count;
  }, `upload ${count}`, LIMIT_MS);
}

/** @param {number[]} values */
function median(values) {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN);
}

test('several files at once keep their order and names; what is no photo passes unchanged at its place', options, async () => {
  world.site.forget();
  const text = await makeFiles({ 'notes.txt': 'plain words', 'drawing.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>', 'odd': 'no type at all' });
  world.endsWith(() => removeFolderOf(Object.values(text)));
  const files = [photos[3], text['notes.txt'], photos[0], text['drawing.svg'], photos[7], text['odd']].map(String);
  const page = await world.open('upload.html');
  await pick(page, files);
  await cardSays(page, /3 photos protected/, LIMIT_MS);
  await until(() => world.site.files.length === files.length, 'all files');
  const originals = await Promise.all(files.map((file) => readFile(file)));
  assert.deepEqual(world.site.files.map(({ name }) => name), files.map((file) => path.basename(file)));
  const unchanged = world.site.files.map((file, index) => originals[index]?.equals(file.bytes));
  assert.deepEqual(unchanged, [false, true, false, true, false, true]);
  await page.close();
});

test("Photoveil's own output is recognised, passed unchanged, and the user is told", options, async () => {
  const [copy] = world.site.files.filter((file) => file.type === 'image/jpeg');
  assert.ok(copy);
  const { 'again.jpg': again = '' } = await makeFiles({ 'again.jpg': copy.bytes });
  world.endsWith(() => removeFolderOf([again]));
  world.site.forget();
  const page = await world.open('upload.html');
  await pick(page, [again]);
  await cardSays(page, /Sent unchanged Already protected/, LIMIT_MS);
  await until(() => world.site.files.length === 1, 'the file');
  assert.equal(world.site.files[0]?.sha256, copy.sha256);
  await page.close();
});

test('a form sent while its photo is still being protected waits for it', options, async () => {
  world.site.forget();
  const [fresh = ''] = await makePhotos(WIDTH + 16);
  world.endsWith(() => removeFolderOf([fresh]));
  const page = await world.open('form.html');
  await page.type('#words', 'hello');
  await pick(page, [fresh]);
  await page.click('#send');
  await cardSays(page, /Protecting/);
  assert.equal(world.site.posts.length, 0, 'nothing is sent while the photo is held');
  await page.waitForSelector('#received', { timeout: LIMIT_MS });
  assert.equal(world.site.posts.length, 1);
  const { body, files } = world.site.posts[0] ?? assert.fail();
  assert.ok((await protectedCopies()).has(files[0]?.sha256 ?? ''));
  assert.match(body.toString('latin1'), /name="how"\r\n\r\nbutton/, 'the button that was pressed counts');
  assert.match(body.toString('latin1'), /name="words"\r\n\r\nhello/);
  await page.close();
});

/**
 * What our own script in a page answers.
 * @param {import('puppeteer-core').Page} page @param {string} expression
 */
async function asOurScript(page, expression) {
  const session = await page.createCDPSession();
  /** @type {Promise<number>} */
  const ours = new Promise((resolve) => {
    session.on('Runtime.executionContextCreated', ({ context }) => context.origin === world.extension && resolve(context.id));
  });
  await session.send('Runtime.enable');
  const { result } = await session.send('Runtime.evaluate', { expression, contextId: await ours, awaitPromise: true });
  await session.detach();
  return result.value;
}

test("the daemon's own dashboard is no site, though the one on its address is watched", options, async () => {
  const [fresh = ''] = await makePhotos(WIDTH + 32);
  world.endsWith(() => removeFolderOf([fresh]));
  const [program = '', ...rest] = COMMAND;
  const { stdout } = await run(program, [...rest, 'dashboard', '--print', '--profile', daemon.profile], { env: daemon.env });
  const page = await world.browser.newPage();
  await page.goto(stdout.trim());
  await page.waitForSelector('#choose-photos');
  await until(async () => (await asOurScript(page, 'photoveil.site.enabled')) === false, 'the proof that this is the dashboard');
  await pick(page, [fresh], '#choose-photos');
  await page.waitForSelector('.uploads .pill.good', { timeout: LIMIT_MS });
  assert.equal(await cardText(page), '', 'it was the daemon that protected it, and nobody held it before');

  const list = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await list.waitForSelector('#pill.good');
  await list.type('#address', `http://127.0.0.1:${daemon.port}`);
  await list.keyboard.press('Enter');
  await until(async () => /enter an address/.test(await list.$eval('#add-error', (box) => box.textContent ?? '')), 'a refusal');
  await list.close();
  await page.close();
  const site = await world.open('upload.html');
  assert.equal(await asOurScript(site, 'photoveil.background.isDashboard()'), false, 'elsewhere on this address nothing has changed');
  await site.close();
});
