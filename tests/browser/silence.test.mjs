/**
 * The extension's own pages are never blank: where the background does not answer, where it was ended with a question in its
 * hands, where it cannot keep the key, where something is wrong with the daemon, and where the browser gives no words; nor is the
 * card on pages. In real browsers, against a stand-in for the daemon.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';

import { STRANGERS, Stranger } from './drills/strangers.mjs';
import { IS_BRIEF, ROOT } from './support/browsers.mjs';
import { startFirefox } from './support/firefox.mjs';
import { cardSays, openOwnPage, pick, until } from './support/flows.mjs';
import { comeToRest, faintWords, wideParts } from './support/reading.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, endBackground, makePhotos, removeFolderOf } from './support/world.mjs';

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page */
const shown = async (page) => String(await page.evaluate('document.body.innerText'));

/** @param {Page} page @param {RegExp} words */
async function shows(page, words) {
  let said = '';
  await until(async () => words.test((said = await shown(page))), String(words)).catch((error) => {
    throw new Error(`${error.message}; it shows “${said}”`);
  });
}

/** Ask how things stand, without looking whether there is a button for it. @param {Page} page */
const askAgain = (page) => page.evaluate('document.getElementById("try-again").click()');

/** What a page of the extension is told in each trouble, and what it says helps. @type {Record<string, RegExp>} */
const REMEDIES = {
  'absent': /Start Photoveil: choose it in your menu/,
  'impostor': /finds a free port by itself.*photoveil doctor/,
  'locked': /Unlock your keyring/,
  'timeout': /Give it a moment/,
  'busy': /Wait a moment/,
  'outdated': /install the new package over the old one/,
  'odd-answer': /Update Photoveil and this extension/,
  'forbidden': /Allow it again.*Allow$/s,
  'stopped': /Start Photoveil again if need be/,
  'daemon': /Make room\./,
};

/** In light and dark, to be looked at; with what cannot be read or is cut off. @param {Page} page @param {string} name */
async function inspect(page, name) {
  const folder = path.join(ROOT, 'build', 'screens');
  await mkdir(folder, { recursive: true });
  for (const value of ['light', 'dark']) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    await page.evaluate(comeToRest);
    assert.deepEqual(await page.evaluate(faintWords), [], `${name}, ${value}`);
    const body = await page.$('body');
    if (!IS_BRIEF) await body?.screenshot({ path: path.join(folder, `trouble-${name}-${value}.png`) });
  }
  assert.deepEqual(await page.evaluate(wideParts), [], name);
}

/** Have the extension's own script in a page know no words. @param {Page} page */
async function takeWords(page) {
  const session = await page.createCDPSession();
  /** @type {number[]} */
  const own = [];
  session.on('Runtime.executionContextCreated', ({ context }) => {
    if (context.origin.startsWith('chrome-extension:')) own.push(context.id);
  });
  await session.send('Runtime.enable');
  await until(() => own.length > 0, 'the content script');
  const [contextId = 0] = own;
  await session.send('Runtime.evaluate', { contextId, expression: 'chrome.i18n.getMessage = () => ""' });
  await session.detach();
}

for (const [name, skip] of /** @type {const} */ ([['chromium', NO_CHROMIUM], ['firefox', NO_FIREFOX]])) {
  describe(name, { skip }, () => {
    /** What Firefox gives no hand on, and does not do. */
    const inChromium = { skip: name === 'firefox' };
    /** @type {World} */
    let world;
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    let extension = '';
    /** @type {StandIn} */
    let standIn;

    before(async () => {
      standIn = await new StandIn().start();
      world = await World.create({ chromium: name === 'chromium' });
      world.endsWith(() => standIn.stop());
      if (name === 'chromium') {
        [browser, extension] = [world.browser, world.extension];
      } else {
        ({ browser, extension } = await startFirefox());
        world.endsWith(() => browser.close());
      }
    });
    after(() => world?.end());
    beforeEach(() => Object.assign(standIn, { requests: [], mute: undefined, bare: {} }));

    /** Give the daemon's code to a page. @param {Page} page */
    async function pair(page) {
      await page.evaluate(`document.getElementById('code').value = '${standIn.openPairing()}'`);
      await page.evaluate('document.getElementById("connect").click()');
    }

    test('a browser that knows no words: ours are shown, and the daemon is told a name', inChromium, async () => {
      const page = await browser.newPage();
      await page.evaluateOnNewDocument('if (globalThis.chrome?.i18n) chrome.i18n.getMessage = () => ""');
      await page.goto(`${extension}/ui/options.html`);
      await shows(page, /Needs you.*Welcome to Photoveil.*Connect a browser/s);
      await page.goto(`${extension}/ui/popup.html`);
      await shows(page, /Needs you.*Connect a browser/s);
      await page.type('#code', standIn.openPairing());
      await page.keyboard.press('Enter');
      await shows(page, /Connected.*Version 0.0.0/s);
      const { body } = standIn.requests.find(({ verb }) => verb === 'pair/begin') ?? {};
      assert.match(body.name, /^Chromium on Linux$/);
      await page.evaluate('chrome.runtime.sendMessage({ kind: "forget" })');
      await page.close();
    });

    test('words of our own are those of the browser', async () => {
      const page = await openOwnPage(browser, `${extension}/ui/options.html`);
      const [ours, theirs] = /** @type {[object, object]} */ (JSON.parse(String(await page.evaluate(`(async () => {
        const { filled, candidates } = await import('../background/words.js');
        const language = candidates(chrome.i18n.getMessage('language'))[0];
        const own = await (await fetch(chrome.runtime.getURL('_locales/' + language + '/messages.json'))).json();
        const values = ['one', '2 $1 $$', '3'];
        return JSON.stringify([filled(own.working_many, values) && own, chrome.i18n.getMessage].map((words) => (
          Object.fromEntries(Object.keys(own).map((key) => [key, words === own ? filled(own[key], values) : words(key, values)])))));
      })()`))));
      assert.ok(Object.keys(ours).length > 150);
      assert.deepEqual(ours, theirs);
      await page.close();
    });

    test('a background that answers nothing: it is said, and what comes later is shown', async () => {
      for (const file of ['popup', 'options']) {
        const page = await openOwnPage(browser, `${extension}/ui/${file}.html`);
        await shows(page, /Connect to Photoveil/);
        await page.evaluate(`
          globalThis.real = chrome.runtime.sendMessage.bind(chrome.runtime);
          chrome.runtime.sendMessage = () => new Promise(() => undefined);
        `);
        await askAgain(page);
        await shows(page, /Needs you.*No answer yet.*asks again by itself.*close the browser and open it again/s);
        await page.evaluate('chrome.runtime.sendMessage = () => Promise.reject(new Error("nobody is there"))');
        await askAgain(page);
        await page.evaluate('chrome.runtime.sendMessage = real');
        await shows(page, /Connect to Photoveil/);
        assert.doesNotMatch(await shown(page), /No answer yet/);
        await page.close();
      }
    });

    test('every trouble has its own words, on both pages', inChromium, async () => {
      for (const file of ['popup', 'options']) {
        const page = await openOwnPage(browser, `${extension}/ui/${file}.html`);
        await shows(page, /Connect to Photoveil/);
        await page.setViewport({ width: file === 'popup' ? 360 : 720, height: 600 });
        /** @type {Set<string>} */
        const said = new Set();
        for (const [code, remedy] of Object.entries(REMEDIES)) {
          const words = code === 'daemon' ? { title: 'The disk is full', reason: 'There is no room.', remedy: 'Make room.' } : {};
          const state = JSON.stringify({ state: 'failed', failure: { code, ...words } });
          await page.evaluate(`chrome.runtime.sendMessage = async ({ kind }) => (kind === 'state' ? ${state} : undefined)`);
          await askAgain(page);
          const told = () => page.$eval('#trouble', (part) => /** @type {HTMLElement} */ (part).innerText.trim());
          await until(async () => remedy.test(await told()), code);
          said.add(await told());
          await inspect(page, `${file}-${code}`);
        }
        assert.equal(said.size, Object.keys(REMEDIES).length);
        await page.close();
      }
    });

    test('a code on its way: it is shown that Photoveil is looked for', async () => {
      standIn.mute = 'pair/begin';
      const page = await openOwnPage(browser, `${extension}/ui/options.html`);
      await shows(page, /Connect to Photoveil/);
      await pair(page);
      await until(() => page.evaluate('document.getElementById("pair-asking").innerText === "Looking for Photoveil…"'), 'the word');
      await until(() => standIn.requests.some(({ verb }) => verb === 'pair/begin'), 'the question');
      if (name === 'chromium') await inspect(page, 'options-pairing');
      await page.close();
    });

    test('where the browser has no words for a page, its card has those that the background brings', inChromium, async () => {
      const photos = await makePhotos(256);
      const page = await world.open('upload.html');
      await takeWords(page);
      await pick(page, photos.slice(0, 1));
      await cardSays(page, /not connected yet.*do not know each other.*connect them\. Then press Retry\. Retry Use the original this time/);
      await page.close();
      await removeFolderOf(photos);
    });

    test('a background that ends with the question in its hands is asked again', async () => {
      const options = await openOwnPage(browser, `${extension}/ui/options.html`);
      await shows(options, /Connect to Photoveil/);
      await pair(options);
      await shows(options, /connected to Photoveil on this computer/);
      await options.close();
      for (const file of ['popup', 'options']) {
        Object.assign(standIn, { requests: [], mute: 'status' });
        const page = await openOwnPage(browser, `${extension}/ui/${file}.html`);
        await until(() => standIn.requests.some(({ verb }) => verb === 'status'), 'the question to the daemon');
        assert.match(await shown(page), /Looking for Photoveil/);
        standIn.mute = undefined;
        await endBackground(browser);
        await shows(page, /Connected/);
        await page.close();
      }
    });

    test('trouble is told with its remedy, and what becomes of it is noticed without a press', async () => {
      standIn.bare = { session: 503 };
      const page = await openOwnPage(browser, `${extension}/ui/popup.html`);
      await page.bringToFront();
      await shows(page, /Needs you.*cannot reach its keys.*Unlock your keyring.*Checked again by itself/s);
      standIn.bare = { status: 404 };
      await shows(page, /too old for this extension.*Update Photoveil/s);
      const port = Number(standIn.port);
      await standIn.stop();
      await shows(page, /Not running.*Photoveil is not running.*Start Photoveil: choose it in your menu/s);
      const stranger = await new Stranger(STRANGERS['well-formed lies'] ?? assert.fail()).start(port);
      await shows(page, /That was not Photoveil.*finds a free port by itself/s);
      await stranger.stop();
      const { clients } = standIn;
      standIn = new StandIn();
      standIn.clients = clients;
      await standIn.start([port]);
      await shows(page, /Connected.*Ready for your photos/s);
      standIn.clients = new Map();
      standIn.hangUp();
      await shows(page, /no longer connected.*does not know this browser.*Connect a browser/s);
      if (name === 'chromium') await inspect(page, 'popup-revoked');
      await page.close();
    });

    test('a key that cannot be kept is told', inChromium, async () => {
      const target = await browser.waitForTarget((one) => one.type() === 'service_worker');
      const worker = await target.worker();
      await worker?.evaluate('IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); }');
      const page = await openOwnPage(browser, `${extension}/ui/options.html`);
      await page.evaluate('chrome.runtime.sendMessage({ kind: "forget" })');
      await page.reload();
      await page.waitForSelector('#pairing:not([hidden])');
      await page.type('#code', standIn.openPairing());
      await page.keyboard.press('Enter');
      await shows(page, /could not keep the key/);
      await page.close();
    });

    test('after an update of the extension the card of an old page says so, though the browser gives it no words', inChromium, async () => {
      const photos = await makePhotos(256);
      const page = await world.open('upload.html');
      const own = await openOwnPage(browser, `${extension}/ui/options.html`);
      await own.evaluate('void setTimeout(() => chrome.runtime.reload())').catch(() => undefined);
      await until(() => own.isClosed(), 'the old extension to be gone');
      await page.bringToFront();
      await pick(page, photos.slice(0, 1));
      await cardSays(page, /Photoveil was updated This page still runs the old version.*Reload the page.*Retry Use the original this time/);
      await page.close();
      await removeFolderOf(photos);
    });
  });
}
