/**
 * Every page in a real Chromium against the stand-in: whole, readable, quiet, at every width and in both schemes.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { NO_CHROMIUM } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { SCHEMES, SIZES, Visit, go, settle, shoot } from './support/visit.mjs';

const PAGES = [
  ...['', 'history', 'photo/job3', 'photo/job4', 'photo/job5', 'photo/job13', 'personas', 'seal', 'exposure', 'folders', 'browsers', 'vault'],
  ...['models', 'settings', 'limits'],
];
const options = { skip: NO_CHROMIUM };

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_CHROMIUM) visit = await Visit.begin();
});

after(() => visit?.end());

/**
 * What is wrong with which page.
 * @param {import('puppeteer-core').Page} page @param {string[]} pages @param {(to: string) => Promise<void>} [seen] called on each
 * @returns {Promise<Record<string, string[]>>}
 */
async function complaintsOf(page, pages, seen = () => settle(page)) {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const to of pages) {
    await go(page, to);
    if (to === 'photo/job3') await page.waitForSelector('.compare-stage');
    await seen(to);
    const wrong = await inspect(page);
    if (wrong.length) found[to] = wrong;
  }
  return found;
}

for (const width of SIZES) {
  for (const scheme of SCHEMES) {
    test(`months of use, ${width} pixels, ${scheme}`, options, async () => {
      await visit.renew();
      const page = await visit.open({ width, scheme });
      const shown = (/** @type {string} */ to) => shoot(page, `${to.replace('/', '-') || 'overview'}-${width}-${scheme}`);
      assert.deepEqual(await complaintsOf(page, PAGES, shown), {});
      assert.deepEqual(visit.complaints, []);
    });
  }
}

test('the first day: every empty page says what to do', options, async () => {
  await visit.renew((daemon) => daemon.empty());
  const page = await visit.open({ width: 360 });
  assert.deepEqual(
    await complaintsOf(
      page,
      PAGES.filter((name) => !name.startsWith('photo')),
    ),
    {},
  );
  for (const to of ['', 'history', 'seal', 'folders', 'browsers', 'vault']) {
    await go(page, to);
    assert.ok(await page.$eval('.empty', (box) => box.checkVisibility() && box.textContent.length > 30), to);
    await shoot(page, `empty-${to || 'overview'}-360-light`);
  }
});

test('at 200 % zoom and at 320 pixels nothing is cut off', options, async () => {
  await visit.renew();
  const page = await visit.open({ width: 320 });
  assert.deepEqual(await complaintsOf(page, PAGES), {});
  await page.setViewport({ width: 640, height: 450, deviceScaleFactor: 2 });
  assert.deepEqual(await complaintsOf(page, PAGES), {});
});

test('names are text and nothing else', options, async () => {
  const evil = '<img src=x onerror="document.title=1"><b>x</b>.jpg';
  await visit.renew((daemon) => {
    for (const job of daemon.jobs) job.name = evil;
    for (const folder of daemon.folders) Object.assign(folder, { path: `/home/${evil}`, copies: evil });
    for (const item of daemon.items) Object.assign(item, { name: evil, path: evil });
    for (const client of daemon.paired) client.name = evil;
    daemon.sites = { [evil]: { protect: true, persona: null, strength: null, method: null, slider: null } };
  });
  const page = await visit.open();
  for (const to of PAGES) {
    await go(page, to);
    await settle(page);
    assert.equal(await page.$$eval('main b, main img[src="x"]', (nodes) => nodes.length), 0, to);
  }
  assert.deepEqual(visit.complaints, []);
});

test('without motion where the user wants none', options, async () => {
  await visit.renew();
  const page = await visit.open();
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  await go(page, 'history');
  const moving = await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length);
  assert.equal(moving, 0);
});

test('the checks themselves find what they look for', options, async () => {
  await visit.renew();
  const page = await visit.open({ to: 'limits' });
  assert.deepEqual(await inspect(page), []);
  await page.evaluate(() => {
    const made = (/** @type {string} */ tag, /** @type {object} */ properties = {}) =>
      Object.assign(document.createElement(tag), properties);
    const pale = made('p', { textContent: 'pale' });
    pale.style.color = '#aaa';
    const wide = made('div', { textContent: 'wide' });
    wide.style.width = '3000px';
    document
      .querySelector('main')
      ?.append(made('button'), made('input'), made('img'), made('h4', { textContent: 'deep' }), made('p', { id: 'nav' }), pale, wide);
  });
  const found = (await inspect(page)).join('\n');
  for (const words of ['<button', '<input', '<img', 'level is left out', 'twice: nav', 'a style', 'wider', '“pale”'])
    assert.match(found, new RegExp(words));
});
