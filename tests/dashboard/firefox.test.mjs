/**
 * Every page in a real Firefox against the stand-in.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startFirefox } from '../browser/support/firefox.mjs';
import { until } from '../browser/support/flows.mjs';
import { NO_FIREFOX } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { Visit, go } from './support/visit.mjs';

const STEPS = ['welcome/photos', 'welcome/browser', 'welcome/strength', 'welcome/models', 'welcome/ready'];
const PAGES = ['', 'history', 'photo/job3', 'personas', 'folders', 'browsers', 'vault', 'models', 'settings', 'limits', ...STEPS];
const options = { skip: NO_FIREFOX };

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_FIREFOX) visit = await Visit.begin(startFirefox({ extension: false }).then(({ browser }) => browser));
});
after(() => visit?.end());

test('every page, and the stream of events', options, async () => {
  const page = await visit.browser.newPage();
  page.on('pageerror', (error) => visit.complaints.push(String(error)));
  await page.goto(visit.daemon.link());
  await page.waitForSelector('main h1');
  for (const to of PAGES) {
    await go(page, to);
    if (to.startsWith('photo')) await page.waitForSelector('.compare-stage');
    assert.deepEqual(await inspect(page), [], to);
  }
  await until(() => visit.daemon.streams.size === 1, 'the stream of events');
  visit.daemon.paused = { paused: true, until: null };
  visit.daemon.tell('pause', visit.daemon.paused);
  await until(() => page.$eval('#now', (now) => /Paused/.test(now.textContent ?? '')), 'the pause');
  assert.deepEqual(visit.complaints, []);
});
