/**
 * The extension's own pages are never blank: where the background does not answer, where it was ended with a question in its
 * hands, where it cannot keep the key, and where the browser gives no words. In real browsers, against a stand-in for the daemon.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';

import { startFirefox } from './support/firefox.mjs';
import { openOwnPage, until } from './support/flows.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, endBackground } from './support/world.mjs';

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
    beforeEach(() => Object.assign(standIn, { requests: [], mute: undefined }));

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
  });
}
