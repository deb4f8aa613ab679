/**
 * The background in real browsers, against a stand-in for the daemon: what holds for a site, a pause, the last photos, two
 * photos in work, one job for the same photo twice, answers that prove nothing, and a background that was ended.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, describe, test } from 'node:test';

import { PATIENCE_MS } from './support/browsers.mjs';
import { startFirefox } from './support/firefox.mjs';
import { addSite, cardSays, openOwnPage, pair, pick, until } from './support/flows.mjs';
import { sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, endBackground, makePhotos, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = PATIENCE_MS;

/** @type {string[]} */
let photos = [];
before(async () => {
  photos = await makePhotos(256);
});
after(() => removeFolderOf(photos));

/** What the page gets for an original. @param {Buffer} original */
const veiled = (original) => Buffer.concat([Buffer.from('\xff\xd8\xffveiled', 'latin1'), createHash('sha256').update(original).digest()]);

for (const [name, skip] of /** @type {const} */ ([['chromium', NO_CHROMIUM], ['firefox', NO_FIREFOX]])) {
  describe(name, { skip }, () => {
    /** @type {World} */
    let world;
    /** @type {import('puppeteer-core').Browser} */
    let browser;
    let extension = '';
    /** @type {import('puppeteer-core').Page} */
    let own;
    /** @type {import('puppeteer-core').Page} */
    let page;
    /** @type {StandIn} */
    let standIn;
    let host = '';

    /** Ask the background as the extension's own pages do. @param {object} request @returns {Promise<any>} */
    const ask = async (request) => JSON.parse(String(await own.evaluate(
      `chrome.runtime.sendMessage(${JSON.stringify(request)}).then((answer) => JSON.stringify(answer ?? null))`,
    )));
    /** What lies in storage. @param {'local' | 'session'} area @param {string} key @returns {Promise<any>} */
    const stored = async (area, key) => JSON.parse(String(await own.evaluate(
      `chrome.storage.${area}.get('${key}').then((found) => JSON.stringify(found['${key}'] ?? null))`,
    )));
    const badge = () => own.evaluate('chrome.action.getBadgeText({})');
    const count = (/** @type {string} */ verb) => standIn.requests.filter((request) => request.verb === verb).length;

    before(async () => {
      standIn = await new StandIn().start();
      world = await World.create({ chromium: name === 'chromium' });
      world.endsWith(() => standIn.stop());
      if (name === 'chromium') {
        [browser, extension] = [world.browser, world.extension];
      } else {
        ({ browser, extension } = await startFirefox());
        world.endsWith(() => browser.close());
        await addSite(browser, extension, world.site.origin);
      }
      host = new URL(String(world.site.origin)).hostname;
      await pair(browser, extension, standIn.openPairing());
      own = await openOwnPage(browser, `${extension}/ui/options.html`);
      page = await browser.newPage();
      await page.goto(`${world.site.origin}/upload.html`);
    });
    after(() => world?.end());
    beforeEach(async () => {
      world.site.forget();
      Object.assign(standIn, { requests: [], workMs: 50, fate: 'done', sites: {}, lie: undefined, remembers: false });
      standIn.known.clear();
      await page.goto(`${world.site.origin}/upload.html`);
    });

    test('what holds for a site is the daemon\'s word, and what is switched without it is told later', async () => {
      standIn.sites = { [host]: { protect: true, persona: 'anna', strength: null, method: null }, 'example.org': { protect: false } };
      const choices = await ask({ kind: 'choices', host });
      assert.deepEqual([choices.site, choices.protect, choices.isTold], [host, true, true]);
      assert.deepEqual(choices.daemon.site, { persona: 'anna', strength: null, method: null, slider: null });
      assert.deepEqual(choices.daemon.current, { persona: 'me', strength: 'balanced', method: 'antithetical', slider: 50 });
      assert.equal(choices.daemon.strengths.length, 4);
      assert.deepEqual([await stored('local', 'off'), await stored('local', 'on')], [['example.org'], [host]]);
      assert.equal((await ask({ kind: 'choices', host: 'www.example.org' })).protect, false);

      assert.deepEqual(await ask({ kind: 'choose', host, strength: 'strong', persona: null, protect: false }), { ok: true });
      assert.deepEqual(standIn.sites[host], { protect: false, persona: null, strength: 'strong', method: null, slider: null });
      assert.deepEqual([await stored('local', 'off'), await stored('local', 'pending')], [[host, 'example.org'], {}]);

      await standIn.stop();
      assert.deepEqual(await ask({ kind: 'choose', host, protect: true }), { ok: true });
      assert.deepEqual(await stored('local', 'pending'), { [host]: true });
      const alone = await ask({ kind: 'choices', host });
      assert.deepEqual(alone, { site: host, protect: true, isTold: false });
      const refused = await ask({ kind: 'choose', host, strength: 'film' });
      assert.deepEqual([refused.ok, refused.failure.code], [false, 'absent']);
      await standIn.start();
      await ask({ kind: 'state' });
      assert.deepEqual([standIn.sites[host], await stored('local', 'pending')], [
        { protect: true, persona: null, strength: 'strong', method: null, slider: null }, {},
      ]);
    });

    test('a switch that is turned at the daemon holds here from the next page on', async () => {
      await ask({ kind: 'choose', host, protect: false });
      standIn.sites = { [host]: { protect: true } };
      await until(async () => {
        await page.reload();
        return !(await stored('local', 'off')).includes(host);
      }, 'the extension to hear of it');
      await pick(page, photos.slice(0, 1));
      await until(() => world.site.files.length === 1, 'the copy', LIMIT_MS);
      assert.equal(world.site.files[0]?.sha256, sha256(veiled(await readFile(String(photos[0])))));
    });

    test('a pause has an end, and shows on the button', async () => {
      const { pausedUntil } = await ask({ kind: 'pause', minutes: 10 });
      assert.ok(Math.abs(pausedUntil - Date.now() - 600_000) < 30_000);
      assert.equal(await badge(), 'II');
      assert.deepEqual(await own.evaluate('chrome.alarms.getAll().then((all) => all.map(({ scheduledTime }) => scheduledTime))'), [pausedUntil]);
      assert.deepEqual(await ask({ kind: 'pause', minutes: null }), { pausedUntil: Number.MAX_SAFE_INTEGER });
      assert.deepEqual(await own.evaluate('chrome.alarms.getAll()'), []);
      assert.deepEqual(await ask({ kind: 'pause', minutes: 0 }), { pausedUntil: 0 });
      assert.equal(await badge(), '');
      // The alarm of a pause that ends at once.
      const request = JSON.stringify({ kind: 'pause', minutes: 0.05 });
      assert.equal(await own.evaluate(`chrome.runtime.sendMessage(${request}).then(() => chrome.action.getBadgeText({}))`), 'II');
      await until(async () => (await badge()) === '', 'the pause to end', LIMIT_MS);
    });

    test('two photos are in work at once, and one that is known comes back before them', async () => {
      standIn.workMs = Infinity;
      const originals = await Promise.all(photos.slice(0, 5).map((file) => readFile(file)));
      standIn.known.set(sha256(/** @type {Buffer} */ (originals[4])), veiled(/** @type {Buffer} */ (originals[4])));
      await pick(page, photos.slice(0, 5));
      await until(() => count('protect') === 2, 'two photos to be sent', LIMIT_MS);
      await until(() => count('result') === 1, 'the known one', LIMIT_MS);
      assert.equal(count('protect'), 2, 'the daemon takes two of a browser');
      standIn.finish();
      await until(() => world.site.files.length === 5, 'all', LIMIT_MS);
      assert.deepEqual(world.site.files.map((file) => file.sha256), originals.map((original) => sha256(veiled(original))));
      assert.equal(count('protect'), 4);
    });

    test('the same photo twice is sent once', async () => {
      standIn.workMs = Infinity;
      const other = await browser.newPage();
      await other.goto(`${world.site.origin}/upload.html`);
      await pick(other, photos.slice(5, 6));
      await until(() => count('protect') === 1, 'the first', LIMIT_MS);
      await page.bringToFront();
      await pick(page, photos.slice(5, 6));
      await cardSays(page, /Protecting/);
      // The background hears the page before it hears this question.
      await ask({ kind: 'recent' });
      standIn.finish();
      await until(() => world.site.files.length === 2, 'both', LIMIT_MS);
      assert.equal(count('protect'), 1);
      assert.equal(world.site.files[0]?.sha256, world.site.files[1]?.sha256);
      await other.close();
    });

    test('the last photos are remembered, in memory alone', async () => {
      await pick(page, photos.slice(6, 8));
      await until(() => world.site.files.length === 2, 'both', LIMIT_MS);
      const { recent } = /** @type {any} */ (await until(async () => {
        const told = await ask({ kind: 'recent' });
        const names = told.recent.slice(0, 2).map((/** @type {any} */ one) => one.name).sort();
        return String(names) === String(photos.slice(6, 8).map((file) => file.split('/').at(-1))) ? told : undefined;
      }, 'both to be noted'));
      assert.deepEqual(recent.slice(0, 2).map((/** @type {any} */ one) => [one.outcome, one.site]), [['protected', host], ['protected', host]]);
      const local = String(await own.evaluate('chrome.storage.local.get().then((all) => JSON.stringify(all))'));
      assert.equal(local.includes(String(photos[6]?.split('/').at(-1))), false, 'no name in what lies on the disk');
    });

    for (const verb of ['lookup', 'protect', 'job', 'result']) {
      test(`an answer to “${verb}” that is not proved is not believed`, async () => {
        for (const how of /** @type {const} */ (['none', 'wrong', 'other body'])) {
          standIn.lie = { verb, how };
          standIn.requests = [];
          await page.goto(`${world.site.origin}/upload.html`);
          await pick(page, photos.slice(8, 9));
          await until(async () => (await ask({ kind: 'recent' })).recent[0]?.failure?.code === 'impostor', `${how}: the refusal`, LIMIT_MS);
          assert.equal(world.site.files.length, 0);
          await own.evaluate('chrome.storage.session.remove("recent")');
          if (verb === 'lookup') assert.equal(count('protect'), 0, 'and the photo is not sent');
        }
      });
    }

    test('a stream that does not prove its beginning is not heard, and nothing depends on it', async () => {
      standIn.lie = { verb: 'events', how: 'wrong' };
      standIn.workMs = 1_000;
      await pick(page, photos.slice(9, 10));
      await until(() => world.site.files.length === 1, 'the copy', LIMIT_MS);
    });

    test('a background that was ended finds its job again', async () => {
      Object.assign(standIn, { workMs: Infinity, remembers: true });
      // Photos whose answers were not believed are still to be asked for.
      await own.evaluate('chrome.storage.session.remove("jobs")');
      await pick(page, photos.slice(0, 1));
      await until(() => count('protect') === 1, 'the photo to be sent', LIMIT_MS);
      await until(async () => Object.keys((await stored('session', 'jobs')) ?? {}).length === 1, 'its job to be noted');
      await endBackground(browser);
      standIn.finish();
      await until(() => world.site.files.length === 1, 'the copy', LIMIT_MS);
      assert.equal(count('protect'), 1, `it was not sent again: ${standIn.requests.map(({ verb }) => verb).join()}`);
      await until(async () => Object.keys(await stored('session', 'jobs')).length === 0, 'its job to be done with');
    });
  });
}
