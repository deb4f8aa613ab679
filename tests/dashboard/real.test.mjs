/**
 * The dashboard with the real daemon: photos dropped, folders watched, an original given back; then every page, looked at.
 */
import assert from 'node:assert/strict';
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../browser/support/flows.mjs';
import { NO_CHROMIUM, removeFolderOf } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { Real } from './support/real.mjs';
import { LOOKS, Visit, go, shoot } from './support/visit.mjs';

const PAGES = ['', 'history', 'photo', 'personas', 'folders', 'browsers', 'vault', 'models', 'settings', 'limits'];
const options = { skip: NO_CHROMIUM };

/** @type {Visit} */
let visit;
/** @type {Real} */
let real;

before(async () => {
  if (!NO_CHROMIUM) [visit, real] = await Promise.all([Visit.begin(), Real.begin()]);
});
after(async () => {
  await visit?.end();
  await real?.end();
  await removeFolderOf(real?.photos ?? []);
});

/** @param {import('puppeteer-core').Page} page @param {RegExp} words */
async function says(page, words) {
  const text = () => page.$eval('main', (main) => main.innerText).catch(() => '');
  await until(async () => words.test(await text()), String(words));
}

test('signed in by the daemon’s own link: photos through the page, the folders and the vault', options, async () => {
  await real.ask('settings/change', { changes: { when_busy: 'work', on_battery: 'work' } });
  const page = await visit.open({ link: await real.link() });
  assert.equal(await page.evaluate(() => window.location.hash), '#/');
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.$('#choose-photos'));
  await input.uploadFile(...real.photos.slice(0, 2));
  await real.watch('Camera', real.photos.slice(2, 4), {});
  await real.watch('To post', real.photos.slice(4, 5), { output: 'in-place' });
  await real.calm(5);
  await until(async () => (await page.$$eval('.upload .pill.good', (pills) => pills.length)) === 2, 'both uploads');
  await page.evaluate(() => document.querySelectorAll('.upload details').forEach((details) => details.setAttribute('open', '')));
  await page.waitForSelector('.upload .compare-stage');
  assert.match(
    await page.$eval('.uploads', (list) => /** @type {HTMLElement} */ (list).innerText),
    /To an encoder it was not made against, \d+% of strangers/,
  );
  await shoot(page, 'real-uploads-1280-light');
  await go(page, 'vault');
  await says(page, new RegExp(path.basename(String(real.photos[4]))));
  const folder = path.join(real.daemon.home, 'To post');
  const [name = ''] = (await readdir(folder)).filter((file) => !file.startsWith('.'));
  const original = await readFile(String(real.photos[4]));
  assert.ok(!original.equals(await readFile(path.join(folder, name))), 'the copy is in place');
  await page.click('[data-act="restore"]');
  await until(async () => original.equals(await readFile(path.join(folder, name))), 'the original to be back');
  assert.deepEqual(visit.complaints, []);
});

for (const { width, scheme } of LOOKS) {
  test(`every page, ${width} pixels, ${scheme}`, options, async () => {
    const page = await visit.open({ width, scheme, link: await real.link() });
    for (const to of PAGES) {
      await go(page, to === 'photo' ? `photo/${(await real.ask('history', { states: ['done'], limit: 1 })).jobs[0].job}` : to);
      if (to === 'photo') await page.waitForSelector('.compare-stage');
      await shoot(page, `real-${to || 'overview'}-${width}-${scheme}`);
      assert.deepEqual(await inspect(page), [], to);
    }
    assert.deepEqual(visit.complaints, []);
    await page.close();
  });
}

test('what is changed in the file shows on the page, and what is changed on the page in the file', options, async () => {
  const page = await visit.open({ link: await real.link(), to: 'settings' });
  await page.click('input[value="strong"]');
  const file = /** @type {string} */ (await page.$eval('main .path code', (code) => code.textContent));
  await until(async () => /^strength = "strong"$/m.test(await readFile(file, 'utf8')), 'the file');
  await real.ask('settings/change', { changes: { strength: 'film' } });
  await until(() => page.$eval('input[value="film"]', (input) => /** @type {HTMLInputElement} */ (input).checked), 'the page');
  await rm(file, { force: true });
});

test('when the daemon is started anew, the page says how to come back', options, async () => {
  const page = await visit.open({ link: await real.link() });
  await real.daemon.kill();
  await until(() => page.$eval('#banner', (banner) => /not running/.test(banner.textContent ?? '')), 'the banner');
  await real.daemon.start();
  await says(page, /Open the dashboard from Photoveil/);
  await page.goto(await real.link());
  await says(page, /All is calm|waits?\.|attention/);
});
