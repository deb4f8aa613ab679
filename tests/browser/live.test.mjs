/**
 * The daemon tells by itself how far it is: the card and the popup hear it, questions are few, and nothing depends on it.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { IS_BRIEF, PATIENCE_MS, ROOT } from './support/browsers.mjs';
import { Daemon } from './support/daemon.mjs';
import { cardSays, openOwnPage, pair, pick, until } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, World, makePhotos, record, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = 200_000;
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {string[]} */
let photos = [];

before(async () => {
  if (NO_CHROMIUM) return;
  [world, photos] = await Promise.all([World.create(), makePhotos(256)]);
  world.endsWith(() => removeFolderOf(photos));
});
after(() => world?.end());

/** What the background asks of 127.0.0.1, seen by the browser itself, and whether it has an answer to the end. */
async function watchBackground() {
  // It may have gone to rest: a page of its own wakes it.
  const own = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  const target = await world.browser.waitForTarget((one) => one.type() === 'service_worker', { timeout: PATIENCE_MS });
  const session = await target.createCDPSession();
  await own.close();
  /** @type {Map<string, {verb: string, isOver: boolean}>} */
  const requests = new Map();
  const over = (/** @type {{requestId: string}} */ { requestId }) => {
    const request = requests.get(requestId);
    if (request) request.isOver = true;
  };
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    requests.set(requestId, { verb: request.url.split('/v1/')[1] ?? '', isOver: false });
  });
  session.on('Network.loadingFinished', over);
  session.on('Network.loadingFailed', over);
  await session.send('Network.enable');
  const of = (/** @type {string} */ verb) => [...requests.values()].filter((request) => request.verb === verb);
  return { of, forget: () => requests.clear(), end: () => session.detach() };
}

/** @param {import('puppeteer-core').Page} popup @param {string} id */
const wordsOf = (popup, id) => popup.$eval(`#${id}`, (node) => /** @type {HTMLElement} */ (node).innerText);

/** @param {import('puppeteer-core').Page} popup @param {string} id @param {RegExp} words @param {number} [limit] */
const says = (popup, id, words, limit) => until(async () => words.test(await wordsOf(popup, id)), `#${id} ${words}`, limit);

/**
 * Note all that the popup says and shows from now on, however briefly.
 * @param {import('puppeteer-core').Page} popup @returns {Promise<() => Promise<{words: string[], progress: number[]}>>}
 */
async function watchPopup(popup) {
  await popup.evaluate(`(() => {
    const [text, bar] = ['now-text', 'now-progress'].map((id) => document.getElementById(id));
    window.noted = { words: [], progress: [] };
    const note = () => {
      if (!noted.words.includes(text.innerText)) noted.words.push(text.innerText);
      if (!bar.hidden && bar.value && !noted.progress.includes(bar.value)) noted.progress.push(bar.value);
    };
    const all = { attributes: true, childList: true, characterData: true, subtree: true };
    for (const part of [text, bar]) new MutationObserver(note).observe(part, all);
  })()`);
  return async () => JSON.parse(String(await popup.evaluate('JSON.stringify(noted)')));
}

/** The popup over the site's page, as tall as it would be. */
async function openPopup() {
  const page = await world.open('upload.html');
  const popup = await openOwnPage(world.browser, `${world.extension}/ui/popup.html`);
  await page.bringToFront();
  await popup.reload();
  await until(() => popup.evaluate('!document.getElementById("connected").hidden'), 'the connection');
  return { page, popup };
}

/** @param {import('puppeteer-core').Page} popup @param {string} name */
async function shoot(popup, name) {
  if (IS_BRIEF) return;
  const folder = path.join(ROOT, 'build', 'results', 'screenshots');
  await mkdir(folder, { recursive: true });
  await popup.bringToFront();
  for (const value of ['light', 'dark']) {
    await popup.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    const body = await popup.$('body');
    await body?.screenshot({ path: path.join(folder, `popup-${name}-${value}.png`) });
  }
}

test('with the real daemon: one stream, two questions, and the page gets the protected copy', options, async () => {
  const daemon = await (await Daemon.create()).start();
  try {
    const asked = await watchBackground();
    await pair(world.browser, world.extension, (await daemon.openPairing()).code);
    const { page, popup } = await openPopup();
    await says(popup, 'now-text', /Ready for your photos/);
    // The popup of the pairing had one as well, which may have ended meanwhile.
    const open = () => asked.of('events').filter(({ isOver }) => !isOver);
    await until(() => open().length === 1, 'the stream');
    const streams = asked.of('events').length;
    const seenInPopup = await watchPopup(popup);
    const photo = String(photos[0]);
    await pick(page, [photo]);
    await cardSays(page, /Photo protected/, LIMIT_MS);
    await until(() => world.site.files.length === 1, 'the copy');
    const original = await readFile(photo);
    assert.notEqual(world.site.files[0]?.sha256, sha256(original));
    assert.equal(containsRunOf(original, world.site.bytes), false);
    await says(popup, 'now-text', /Ready for your photos/);
    const seen = await seenInPopup();
    assert.match(seen.words.join('|'), /Protecting a photo/);

    const questions = asked.of('job').length;
    // One at the start, one at the end; more only where the daemon says nothing for 20 s or the stream came late.
    assert.ok(questions <= 4, `${questions} questions about one photo`);
    assert.ok(seen.progress.length >= 3, `progress was seen at ${seen.progress}`);
    assert.deepEqual([asked.of('events').length, open().length], [streams, 1], 'card and popup share one stream');
    await record('live', { photos: 1, questions, streams: open().length, progress_steps_seen: seen.progress.length });

    await popup.close();
    await until(() => open().length === 0, 'the stream to be closed when nobody needs it');
    asked.forget();
    await pick(page, [photo]);
    await until(() => world.site.files.length === 2, 'the copy, known from before');
    assert.equal(world.site.files[1]?.sha256, world.site.files[0]?.sha256);
    assert.deepEqual([asked.of('events').length, asked.of('job').length], [0, 1], 'what is done already is not listened for');
    await asked.end();
    await page.close();
  } finally {
    await daemon.stop();
  }
});

test('the popup shows what happens, and where the user has wishes', options, async () => {
  const standIn = await new StandIn().start();
  try {
    await forget();
    await pair(world.browser, world.extension, standIn.openPairing());
    const host = new URL(String(world.site.origin)).hostname;
    standIn.sites = { [host]: { protect: true, persona: 'anna', strength: 'strong', method: null } };
    const { page, popup } = await openPopup();
    const chosen = () => popup.evaluate('[document.getElementById("persona").value, document.getElementById("strength").value].join()');
    await until(async () => (await chosen()) === 'anna,strong', 'what was chosen for the site');
    await until(() => standIn.listeners.size === 1, 'the stream');
    await shoot(popup, 'idle');

    standIn.tell('queue', { queued: 12, running: 2, waiting: 12 });
    await says(popup, 'now-text', /^Protecting 2 photos…$/);
    await says(popup, 'now-waiting', /^12 waiting$/);
    const [client = ''] = standIn.clients.keys();
    standIn.tell('job', { job: 'a', client, kind: 'upload', state: 'running', stage: '', progress: 0.6 });
    await until(() => popup.$eval('#now-progress', (bar) => /** @type {HTMLProgressElement} */ (bar).value === 0.6), 'the bar');
    const soon = new Date(Date.now() + 3_600_000);
    soon.setMinutes(59, 0, 0);
    standIn.tell('pause', { paused: true, until: soon.toISOString() });
    await says(popup, 'now-paused', /paused until .*59.* upload are protected all the same/);
    await shoot(popup, 'working');
    standIn.tell('pause', { paused: true, until: null });
    await says(popup, 'now-paused', /is paused\. Photos you upload/);
    standIn.tell('pause', { paused: false, until: null });
    await until(() => popup.evaluate('document.getElementById("now-paused").hidden'), 'the pause to end');

    standIn.hangUp();
    await until(() => popup.evaluate('document.getElementById("now-progress").hidden'), 'the bar to go');
    await until(() => standIn.listeners.size === 1, 'the stream to come back');
    await standIn.stop();
    await says(popup, 'trouble-title', /not running/);
    await popup.close();
    await page.close();
  } finally {
    await standIn.stop();
  }
});

test('the stream breaks in the middle, or there is none: the photo is protected all the same', options, async () => {
  const standIn = await new StandIn().start();
  try {
    await forget();
    await pair(world.browser, world.extension, standIn.openPairing());
    const page = await world.open('upload.html');
    for (const [index, hasEvents] of [true, false].entries()) {
      standIn.workMs = hasEvents ? Infinity : 2_500;
      standIn.requests = [];
      world.site.forget();
      await pick(page, photos.slice(index, index + 1));
      if (hasEvents) {
        await until(() => standIn.requests.some(({ verb }) => verb === 'job') && standIn.listeners.size === 1, 'the stream');
        standIn.hasEvents = false;
        standIn.hangUp();
        standIn.finish();
      }
      await until(() => world.site.files.length === 1, 'the copy');
      assert.notEqual(world.site.files[0]?.sha256, sha256(await readFile(String(photos[index]))));
      assert.ok(standIn.requests.filter(({ verb }) => verb === 'job').length <= 5);
    }
    await page.close();
  } finally {
    await standIn.stop();
  }
});

async function forget() {
  const page = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await page.$eval('#forget', (button) => /** @type {HTMLElement} */ (button).click());
  await page.waitForFunction('document.getElementById("forgotten").textContent !== ""');
  await page.close();
}
