/**
 * When things go wrong nothing is sent, the page stays usable, and the user is told what to do.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Daemon } from './support/daemon.mjs';
import { cardSays, cardText, pair, pick, pressCard, pressCardByScript, until } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { StandIn, listen } from './support/standin.mjs';
import { NO_CHROMIUM, World, makeFiles, makePhotos, record, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = 120_000;
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {string[]} */
let photos = [];
/** @type {Record<string, string>} */
let files = {};
/** What the drills showed, for the record. @type {Record<string, string>} */
const told = {};

before(async () => {
  if (NO_CHROMIUM) return;
  [world, photos, files] = await Promise.all([World.create(), makePhotos(336), makeFiles({ 'notes.txt': 'plain words' })]);
  world.endsWith(() => removeFolderOf(photos));
  world.endsWith(() => removeFolderOf(Object.values(files)));
});

after(async () => {
  await world?.end();
  if (world) await record('failures', { drills: Object.keys(told).length, told });
});

/** The page as a user still needs it. @param {import('puppeteer-core').Page} page */
async function assertUsable(page) {
  const count = world.site.files.length;
  await page.type('#words', 'still here');
  assert.match(await page.$eval('#words', (field) => /** @type {HTMLTextAreaElement} */ (field).value), /still here$/);
  await pick(page, [String(files['notes.txt'])], '#other');
  await until(() => world.site.files.length === count + 1, 'the text file');
  assert.equal(world.site.files.at(-1)?.name, 'notes.txt');
}

/** Nothing of a photo came to the site, and the input is empty. @param {import('puppeteer-core').Page} page */
async function assertNothingSent(page) {
  assert.deepEqual(world.site.files.filter(({ name }) => name !== 'notes.txt'), []);
  assert.equal(await page.$eval('#photos', (input) => /** @type {HTMLInputElement} */ (input).files?.length), 0);
  assert.deepEqual(await page.evaluate('window.seen.filter(({ names }) => !names.includes("notes.txt"))'), []);
}

/**
 * A drill: pick a photo, expect the card to say something, the page to be usable and nothing sent.
 * @param {string} name @param {RegExp} words @param {string} photo
 */
async function drill(name, words, photo) {
  world.site.forget();
  const page = await world.open('upload.html');
  await pick(page, [photo]);
  told[name] = await cardSays(page, words, 30_000);
  await assertNothingSent(page);
  await assertUsable(page);
  await assertNothingSent(page);
  return page;
}

test('not paired yet', options, async () => {
  await (await drill('unpaired', /not connected yet.*Retry.*Use the original this time/, String(photos[0]))).close();
});

test('the daemon is killed in the middle of a photo', options, async () => {
  const daemon = await (await Daemon.create()).start();
  try {
    const pairing = await daemon.openPairing();
    await pair(world.browser, world.extension, pairing.code);
    world.site.forget();
    const photo = String(photos[1]);
    const page = await world.open('upload.html');
    await pick(page, [photo]);
    await until(async () => (await daemon.status())?.queue.running > 0, 'the daemon to be at work', LIMIT_MS);
    await daemon.kill();
    told['killed'] = await cardSays(page, /stopped while protecting.*Retry.*Use the original this time/, 30_000);
    await assertNothingSent(page);
    await assertUsable(page);

    await pressCardByScript(page, /Use the original/);
    await sleep(500);
    await assertNothingSent(page);

    await daemon.start();
    await pressCard(page, /Retry/);
    await cardSays(page, /Photo protected/, LIMIT_MS);
    await until(() => world.site.files.length === 2, 'the protected copy');
    const original = await readFile(photo);
    assert.notEqual(world.site.files[1]?.sha256, sha256(original));
    assert.equal(containsRunOf(original, world.site.bytes), false);
    await page.close();

    await daemon.kill();
    const absent = await drill('absent', /is not running.*Start Photoveil/, String(photos[2]));
    await pressCard(absent, /Use the original this time/);
    await until(() => world.site.files.length === 2, 'the original, as asked');
    assert.equal(world.site.files[1]?.sha256, sha256(await readFile(String(photos[2]))));
    await cardSays(absent, /Original sent this time/);
    await absent.close();
  } finally {
    await daemon.stop();
  }
});

test('with a stand-in: slow, failing, refusing, cancelled, superseded, removed', options, async (t) => {
  const standIn = await new StandIn().start();
  try {
    await forget();
    await pair(world.browser, world.extension, standIn.openPairing());

    await t.test('a slow daemon is waited for, and can be cancelled', async () => {
      world.site.forget();
      standIn.workMs = 60_000;
      const page = await world.open('upload.html');
      await pick(page, [String(photos[3])]);
      told['slow'] = await cardSays(page, /Protecting your photo/);
      await assertUsable(page);
      await pressCard(page, /×/);
      await until(async () => (await cardText(page)) === '', 'the card to go');
      await until(() => standIn.requests.some(({ verb }) => verb === 'cancel'), 'the daemon to hear of it');
      await assertNothingSent(page);
      await page.close();
    });

    await t.test('a second pick takes the place of the first', async () => {
      world.site.forget();
      standIn.workMs = 1_500;
      const page = await world.open('upload.html');
      await pick(page, [String(photos[4])]);
      await cardSays(page, /Protecting/);
      await pick(page, [String(photos[5])]);
      await cardSays(page, /Photo protected/);
      await sleep(1_000);
      assert.deepEqual(world.site.files.map(({ name }) => name), [photos[5]?.split('/').at(-1)]);
      await page.close();
    });

    await t.test('the browser ends the background in the middle: the photo is sent again', async () => {
      world.site.forget();
      standIn.workMs = 1_500;
      standIn.requests = [];
      const page = await world.open('upload.html');
      await pick(page, [String(photos[9])]);
      await cardSays(page, /Protecting/);
      await until(() => standIn.requests.some(({ verb }) => verb === 'protect'), 'the photo to be on its way');
      await endBackground();
      await cardSays(page, /Photo protected/, 30_000);
      await until(() => world.site.files.length === 1, 'the copy');
      assert.notEqual(world.site.files[0]?.sha256, sha256(await readFile(String(photos[9]))));
      await page.close();
    });

    await t.test('switched off for this site in the popup, and on again', async () => {
      world.site.forget();
      standIn.workMs = 0;
      const page = await world.open('upload.html');
      const popup = await world.browser.newPage();
      await popup.goto(`${world.extension}/ui/popup.html`);
      await page.bringToFront();
      await popup.reload();
      await until(() => popup.evaluate('document.getElementById("site-on").checked'), 'the switch');
      for (const isOn of [false, true]) {
        await popup.evaluate('document.getElementById("site-on").click()');
        const words = `document.getElementById("site-text").textContent.startsWith("${isOn ? 'Photos' : 'Off'}")`;
        await until(() => popup.evaluate(words), 'the popup to say so');
        const count = world.site.files.length;
        const photo = String(photos[isOn ? 4 : 5]);
        await pick(page, [photo]);
        await until(() => world.site.files.length > count, 'the file');
        const isOriginal = world.site.files.at(-1)?.sha256 === sha256(await readFile(photo));
        assert.equal(isOriginal, !isOn);
      }
      await popup.close();
      await page.close();
    });

    await t.test('an input taken out of the page meanwhile gets its copy all the same', async () => {
      world.site.forget();
      standIn.workMs = 800;
      const page = await world.open('upload.html');
      await pick(page, [String(photos[4])]);
      await page.$eval('#photos', (input) => input.remove());
      await cardSays(page, /Photo protected/);
      await until(() => world.site.files.length === 1, 'the copy');
      assert.notEqual(world.site.files[0]?.sha256, sha256(await readFile(String(photos[4]))));
      await page.close();
    });

    await t.test('a photo the daemon cannot protect: its own words', async () => {
      standIn.workMs = 0;
      standIn.fate = 'failed';
      await (await drill('failed', /This photo is damaged Its last part is missing.*Export it again/, String(photos[6]))).close();
    });

    await t.test('an animation passes unchanged and the user is told', async () => {
      world.site.forget();
      standIn.fate = 'unchanged';
      const page = await world.open('upload.html');
      await pick(page, [String(photos[6])]);
      told['animation'] = await cardSays(page, /Sent unchanged Animations cannot be protected/);
      await until(() => world.site.files.length === 1, 'the file');
      await page.close();
    });

    await t.test('this browser was revoked', async () => {
      standIn.clients.clear();
      await (await drill('revoked', /no longer connected/, String(photos[7]))).close();
    });
  } finally {
    await standIn.stop();
  }
});

test('a stranger on the daemon\'s port is sent no photo', options, async (t) => {
  const standIn = await new StandIn().start();
  const port = Number(standIn.port);
  await forget();
  await pair(world.browser, world.extension, standIn.openPairing());
  await standIn.stop();

  /** @type {Record<string, (response: http.ServerResponse) => void>} */
  const strangers = {
    'garbage': (response) => response.end('\u0000<html>hello</html>'),
    'endless': (response) => void flood(response),
    'well-formed lies': (response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ session: '0123456789abcdef', ns: 'A'.repeat(43), proof: 'B'.repeat(43), state: 'original', job: '1' }));
    },
    'silence': () => undefined,
  };
  /** @type {Record<string, RegExp>} */
  const expected = { 'silence': /takes too long/ };
  for (const [name, answer] of Object.entries(strangers)) {
    await t.test(name, async () => {
      /** @type {Buffer[]} */
      const heard = [];
      const server = http.createServer(async (request, response) => {
        heard.push(Buffer.from(JSON.stringify([request.url, request.headers])));
        for await (const chunk of request) heard.push(chunk);
        answer(response);
      });
      await listen(server, [port]);
      try {
        await (await drill(`stranger: ${name}`, expected[name] ?? /was not Photoveil/, String(photos[8]))).close();
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      const all = Buffer.concat(heard);
      const original = await readFile(String(photos[8]));
      assert.ok(all.length > 0, 'the stranger was asked to prove itself');
      assert.ok(all.length < 16_384, `and was sent little: ${all.length} bytes`);
      assert.equal(containsRunOf(original, all), false);
      assert.equal(all.includes(sha256(original)), false, 'not even the hash');
    });
  }
});

/** @param {http.ServerResponse} response */
async function flood(response) {
  while (!response.destroyed && !response.writableEnded) {
    if (!response.write(Buffer.alloc(65_536, '['))) {
      await Promise.race([new Promise((resolve) => response.once('drain', resolve)), new Promise((resolve) => response.once('close', resolve))]);
    }
  }
}

/** End the background as the browser itself does to save memory. */
async function endBackground() {
  const page = await world.browser.newPage();
  await page.goto(`${world.extension}/ui/options.html`);
  const session = await page.createCDPSession();
  await session.send('ServiceWorker.enable');
  await session.send('ServiceWorker.stopAllWorkers');
  await page.close();
}

async function forget() {
  const page = await world.browser.newPage();
  await page.goto(`${world.extension}/ui/options.html`);
  await page.click('#forget');
  await page.waitForFunction('document.getElementById("forgotten").textContent !== ""');
  await page.close();
}
