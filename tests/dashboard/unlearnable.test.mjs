/**
 * Photos made unlearnable, in a real Chromium against the stand-in: the words are copied, and the choice reaches the daemon.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { NO_CHROMIUM } from '../browser/support/world.mjs';
import { unlearnable } from './support/unlearnable.mjs';
import { Visit, go, settle } from './support/visit.mjs';

const options = { skip: NO_CHROMIUM };

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_CHROMIUM) visit = await Visit.begin();
});

after(() => visit?.end());

test('the photo’s page shows the words, and copies them', options, async () => {
  await visit.renew();
  const page = await visit.open({});
  await page.evaluate(() => {
    navigator.clipboard.writeText = async (text) => void (document.body.dataset['copied'] = text);
  });
  await go(page, 'photo/job13');
  await settle(page);
  assert.equal(await page.$eval('.words-to-paste', ({ textContent }) => textContent), unlearnable().words);
  assert.match(await page.$eval('main', ({ textContent }) => textContent ?? ''), /20% of the lesson is left to Qwen2.5-VL-3B-Instruct/);
  await page.click('[data-act="copy-words"]');
  await page.waitForFunction((words) => document.body.dataset['copied'] === words, {}, unlearnable().words);
  assert.deepEqual(visit.complaints, []);
});

test('photos handed over are made unlearnable only where a model is named and the user says so', options, async () => {
  await visit.renew();
  const page = await visit.open({});
  await go(page, '');
  await settle(page);
  const row = '.drop .switch-row';
  assert.equal(await page.$eval(row, (box) => box.checkVisibility()), false);
  const [model] = visit.daemon.settings.filter(({ name }) => name === 'unlearnable_model');
  Object.assign(model ?? {}, { value: '/home/anna/models/Qwen2.5-VL-3B-Instruct' });
  await go(page, 'history');
  await go(page, '');
  await page.waitForFunction((found) => document.querySelector(found)?.checkVisibility(), {}, row);
  await page.click(`${row} input`);
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector('.drop-zone input'));
  await input.uploadFile(`${visit.pictures}/0.before.webp`);
  await page.waitForSelector('.upload .pill.good');
  assert.equal(visit.daemon.asked.findLast(({ verb }) => verb === 'protect')?.body.method, 'unlearnable');
  assert.deepEqual(visit.complaints, []);
});

test('a folder’s photos can be made unlearnable', options, async () => {
  await visit.renew();
  const page = await visit.open({});
  await go(page, 'folders');
  await settle(page);
  await page.click('[data-act="edit"]');
  const [method] = await page.$$('dialog select:has(> option[value="unlearnable"])');
  await method?.select('unlearnable');
  await page.click('dialog button[type="submit"]');
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  assert.equal(visit.daemon.asked.findLast(({ verb }) => verb === 'folders/change')?.body.method, 'unlearnable');
});
