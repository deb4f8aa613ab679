/**
 * Seals and exposure on the dashboard, with the real daemon: a mark is seen before it is saved, comes off again, and only for
 * those it is meant for; what a photo gives away is told before and after.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../browser/support/flows.mjs';
import { NO_CHROMIUM, makePhotos, removeFolderOf } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { Real } from './support/real.mjs';
import { LOOKS, Visit, go, shoot } from './support/visit.mjs';

const LIMIT_MS = 300_000;
const options = { skip: NO_CHROMIUM };

/** @type {Visit} */
let visit;
/** @type {Real} */
let real;
/** @type {string[]} */
let photos = [];
let saved = '';

before(async () => {
  if (NO_CHROMIUM) return;
  [visit, real, photos, saved] = await Promise.all([
    Visit.begin(),
    Real.begin(),
    makePhotos(960),
    mkdtemp(path.join(tmpdir(), 'photoveil-saved-')),
  ]);
});
after(async () => {
  await visit?.end();
  await real?.end();
  await removeFolderOf(real?.photos ?? []);
  await removeFolderOf(photos);
  if (saved) await rm(saved, { recursive: true, force: true });
});

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {RegExp} words */
const says = (page, words) =>
  until(
    () =>
      page
        .$eval('main', (main) => main.innerText)
        .then(
          (text) => words.test(text),
          () => false,
        ),
    String(words),
    LIMIT_MS,
  );

/** @param {Page} page @param {string} selector @param {string} file */
async function choose(page, selector, file) {
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector(selector));
  await input.uploadFile(file);
}

/** @param {Page} page @param {string} act */
const press = (page, act) => page.$eval(`[data-act="${act}"]`, (node) => /** @type {HTMLElement} */ (node).click());

/** The next file that the page gives to its user. @param {Page} page @param {string} act */
async function download(page, act) {
  const known = new Set(await readdir(saved));
  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: saved });
  await press(page, act);
  const fresh = async () => (await readdir(saved)).find((name) => !known.has(name) && !name.endsWith('.crdownload'));
  const name = /** @type {string} */ (await until(fresh, 'the saved file'));
  await session.detach();
  return path.join(saved, name);
}

/** Look at it in both schemes and on a phone. @param {Page} page @param {string} name */
async function look(page, name) {
  for (const { width, scheme } of LOOKS) {
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await shoot(page, `${name}-${width}-${scheme}`);
    assert.deepEqual(await inspect(page), [], `${name}, ${width}, ${scheme}`);
  }
  await page.setViewport({ width: 1280, height: 900 });
}

test('a mark goes on as it is seen, and comes off for those it is meant for', options, async () => {
  const page = await visit.open({ link: await real.link(), to: 'seal' });
  await says(page, /No key yet/);
  await press(page, 'create');
  await page.type('dialog input', 'Family');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.rows [data-key="Family"]');
  await choose(page, '#choose-sealed', String(photos[0]));
  await says(page, /The mark has no text yet/);
  await page.click('.seal-wishes input[type="checkbox"][value="Family"]');
  await page.type('.seal-wishes input[type="text"]', '© Anna Berg');
  await says(page, /One mark; you and Family can take it off/);
  await page.waitForSelector('.rows [data-key="me"]');
  await page.waitForSelector('.seal-stage img[alt$="with its mark"]');
  await look(page, 'seal');
  // Busy it may be but for a moment.
  await page.evaluate(() => {
    const note = () => document.querySelector('.seal-stage.is-busy') && (document.body.dataset['wasBusy'] = 'yes');
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
  });
  await page.select('.seal-wishes .field:nth-child(2) select', 'large');
  await page.waitForFunction(() => document.body.dataset['wasBusy'] === 'yes');
  await until(async () => (await page.$('.seal-stage.is-busy')) === null, 'the new mark', LIMIT_MS);
  const sealed = await download(page, 'save');
  assert.match(path.basename(sealed), / sealed\.jpg$/);
  assert.notDeepEqual(await readFile(sealed), await readFile(String(photos[0])));
  await press(page, 'other');
  await page.click('input[name="seal-mode"][value="unseal"] + span');
  await choose(page, '#choose-sealed', sealed);
  await says(page, /Opened with the key me/);
  await page.waitForSelector('.seal-stage img[alt$="without its mark"]');
  await look(page, 'unsealed');
  assert.match(path.basename(await download(page, 'save')), / clean\.jpg$/);
  await press(page, 'other');
  await choose(page, '#choose-sealed', String(photos[1]));
  await says(page, /No seal was found/);
  assert.deepEqual(visit.complaints, []);
  await page.close();
});

test('a key is shared as a code and as a file, and revoked', options, async () => {
  const page = await visit.open({ link: await real.link(), to: 'seal' });
  await page.waitForSelector('.rows [data-key="Family"]');
  await page.$eval('[data-key="Family"] [data-act="share"]', (node) => /** @type {HTMLElement} */ (node).click());
  const code = await page.waitForSelector('dialog .seal-code').then((node) => node?.evaluate((box) => box.textContent));
  assert.match(String(code), /^PV1(-[0-9A-Z]{1,5})+$/);
  assert.equal((await real.ask('seal/keys/share', { name: 'Family' })).code, code);
  await look(page, 'seal-share');
  await page.keyboard.press('Escape');
  await press(page, 'import');
  await page.type('dialog input[type="text"]', 'PV1-12345');
  await page.keyboard.press('Enter');
  await until(() => page.$eval('dialog .field-error', (box) => /not a seal key/.test(box.textContent ?? '')), 'the refusal');
  await page.keyboard.press('Escape');
  await page.$eval('[data-key="Family"] [data-act="revoke"]', (node) => /** @type {HTMLElement} */ (node).click());
  await page.waitForSelector('dialog .danger').then((node) => node?.click());
  await says(page, /Opens older photos only/);
  const { keys } = await real.ask('seal/keys');
  assert.equal(keys.find((/** @type {{name: string}} */ { name }) => name === 'Family').revoked, true);
  assert.deepEqual(visit.complaints, []);
  await page.close();
});

test('what a photo gives away, dropped and on its own page', options, async () => {
  const page = await visit.open({ link: await real.link(), to: 'exposure' });
  await choose(page, '#choose-exposed', String(photos[0]));
  await page.waitForSelector('.exposure-kind', { timeout: LIMIT_MS });
  assert.equal((await page.$$('.exposure-kind')).length, 7);
  await says(page, /Not protected yet/);
  await look(page, 'exposure');
  await go(page, '');
  await choose(page, '#choose-photos', String(photos[0]));
  await page.waitForSelector('.upload .pill.good', { timeout: 2 * LIMIT_MS });
  const { jobs } = await real.ask('history', { limit: 1 });
  await go(page, `photo/${jobs[0].job}`);
  await page.waitForSelector('[data-act="expose"]');
  await press(page, 'expose');
  await page.waitForSelector('.exposure-kind', { timeout: LIMIT_MS });
  assert.equal((await page.$$('.exposure-side')).length, 14);
  await says(page, /Read off the original: .* Off the protected copy: /);
  await look(page, 'exposure-photo');
  assert.deepEqual(visit.complaints, []);
  await page.close();
});
