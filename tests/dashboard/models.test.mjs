/**
 * Model sets on the dashboard: offered once, fetched with live progress, in force without a reload, checked and removed.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { until } from '../browser/support/flows.mjs';
import { NO_CHROMIUM } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { FETCHING } from './support/household.mjs';
import { LOOKS, Visit, go, pressOn as press, shoot } from './support/visit.mjs';

const options = { skip: NO_CHROMIUM };
const GB = 1024 ** 3;
const AWAY = {
  code: 'models_unreachable',
  title: 'The hub did not answer',
  reason: 'mirror.example.org closed the connection.',
  remedy: 'Check the network; what has arrived is kept.',
};

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_CHROMIUM) visit = await Visit.begin();
});
beforeEach(() => visit?.renew());
afterEach(() => assert.deepEqual(visit?.complaints ?? [], []));
after(() => visit?.end());

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {string} [selector] */
const textOf = (page, selector = 'main') => page.$eval(selector, (node) => /** @type {HTMLElement} */ (node).innerText).catch(() => '');

/** @param {Page} page @param {RegExp} words @param {string} [selector] */
const says = (page, words, selector) => until(async () => words.test(await textOf(page, selector)), String(words));

/** @param {Page} page @param {string} selector */
const isShown = (page, selector) => page.$eval(selector, (node) => node.checkVisibility()).catch(() => false);

/** @param {string} verb */
const asked = (verb) => visit.daemon.asked.filter((one) => one.verb === verb).map(({ body }) => body);

test('offered on the overview, fetched with live progress, then in force', options, async () => {
  const page = await visit.open();
  await says(page, /standard is the best for this computer[\s\S]*2\.4 GB once[\s\S]*about 6 seconds/, '.offer');
  await says(page, /The starter model set is for trying Photoveil out, not for trusting it/);
  await press(page, '.offer [data-act="pull"]');
  await says(page, /Fetching “standard”/, '.fetching');
  assert.deepEqual(asked('models/pull'), [{ model_set: 'standard' }]);
  await until(async () => !(await isShown(page, '.offer')), 'the offer to go');
  const progress = { ...FETCHING, bytes_total: 2 * GB };
  visit.daemon.fetch({ ...progress, bytes_done: GB / 2, files_done: 1 });
  await says(page, /25 %: 512 MB of 2\.0 GB, file 2 of 4/, '.fetching');
  assert.equal(await page.$eval('.fetching progress', (bar) => /** @type {HTMLProgressElement} */ (bar).value), 0.25);
  await page.focus('.fetching [data-act="cancel"]');
  visit.daemon.fetch({ ...progress, bytes_done: GB, files_done: 2 });
  await says(page, /50 %/, '.fetching');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-act')), 'cancel', 'the button stays where it is');
  visit.daemon.fetch(null);
  visit.daemon.install('standard');
  await until(async () => !(await isShown(page, '.fetching')), 'the end of it');
  await until(async () => !/starter model set/.test(await textOf(page)), 'the note about starters to go');
});

test('not now is not asked again', options, async () => {
  const page = await visit.open();
  await press(page, '.offer [data-act="decline"]');
  await until(async () => !(await isShown(page, '.offer')), 'the offer to go');
  assert.deepEqual(asked('models/decline'), [{ model_set: 'standard' }]);
  await go(page, 'models');
  assert.equal(await isShown(page, '.offer'), false);
  await press(page, '[data-key="standard"] [data-act="pull"]');
  await says(page, /Fetching “standard”/, '.fetching');
});

test('giving up, and failures with their remedy', options, async () => {
  const page = await visit.open({ to: 'models' });
  await press(page, '[data-key="strong"] [data-act="pull"]');
  await says(page, /Asking where it is|0 %/, '.fetching');
  await until(
    () => page.$eval('[data-key="standard"] [data-act="pull"]', (button) => /** @type {HTMLButtonElement} */ (button).disabled),
    'the others to wait for it: one goes after the other',
  );
  visit.daemon.fetch({ ...FETCHING, model_set: 'strong', state: 'waiting', error: AWAY, again: new Date(Date.now() + 3e5).toISOString() });
  await says(page, /could not be fetched[\s\S]*closed the connection[\s\S]*What to do: Check the network[\s\S]*tried again by itself/, '.fetching');
  assert.deepEqual(await inspect(page), []);
  await shoot(page, 'models-trouble-1280-light');
  await press(page, '.fetching [data-act="again"]');
  await says(page, /Fetching “strong”/, '.fetching');
  await press(page, '.fetching [data-act="cancel"]');
  await until(async () => !(await isShown(page, '.fetching')), 'the end of it');
  assert.equal(asked('models/cancel').length, 1);
});

test('what is here is used, checked and removed', options, async () => {
  visit.daemon.install('standard');
  const page = await visit.open({ to: 'models' });
  await says(page, /standard\s+Real encoders/);
  await press(page, '[data-key="standard"] [data-act="verify"]');
  await says(page, /All files are as they were recorded/, '[data-key="standard"]');
  await press(page, '[data-key="standard"] [data-act="use"]');
  await says(page, /by you/);
  assert.deepEqual(asked('settings/change'), [{ changes: { model_set: 'standard' } }]);
  await press(page, '[data-act="auto"]');
  await says(page, /by itself: the best one here/);
  await press(page, '[data-key="standard"] [data-act="remove"]');
  await says(page, /Remove “Standard”\?/, 'dialog');
  await press(page, 'dialog .danger');
  await says(page, /starter\s+For trying, not for trusting/);
  assert.deepEqual(asked('models/remove'), [{ model_set: 'standard' }]);
});

test('damaged files are told with their remedy', options, async () => {
  visit.daemon.install('standard');
  const set = visit.daemon.models.model_sets[1];
  const finding = { file: 'clip-b32.safetensors', problem: 'changed', reason: 'it is not the file that was fetched', remedy: 'Fetch it again.' };
  if (set) set.checked = [finding];
  const page = await visit.open({ to: 'models' });
  await says(page, /clip-b32\.safetensors: It is not the file that was fetched\. Fetch it again\./, '[data-key="standard"]');
  await press(page, '[data-key="standard"] [data-act="pull"]');
  await says(page, /Fetching “standard”/, '.fetching');
});

test('the machine: measured, being measured, too slow', options, async () => {
  visit.daemon.models.machine = null;
  const page = await visit.open({ to: 'models' });
  await says(page, /is measured as soon as it has nothing else to do/);
  await press(page, '[data-act="measure"]');
  await says(page, /is being measured/);
  const machine = { device: 'cuda', device_name: 'A100', precision: 'bfloat16', date: new Date().toISOString() };
  Object.assign(visit.daemon.models, { measuring: false, machine });
  visit.daemon.tell('models');
  await says(page, /A100, computing in bfloat16; measured just now/);
  await says(page, /about 74 seconds for a photo, which is longer than you want to wait/, '[data-key="strong"]');
});

test('offline, nothing can be fetched', options, async () => {
  Object.assign(visit.daemon.models, { offline: true, offer: null });
  const page = await visit.open({ to: 'models' });
  await says(page, /nowhere: the setting “Stay offline” is on/);
  assert.equal(
    await page.$eval('[data-key="standard"] [data-act="pull"]', (button) => /** @type {HTMLButtonElement} */ (button).disabled),
    true,
  );
});

for (const { width, scheme } of LOOKS) {
  test(`at work, ${width} pixels, ${scheme}`, options, async () => {
    visit.daemon.models.offer = null;
    visit.daemon.fetch({ ...FETCHING, bytes_total: 2.4 * GB, bytes_done: 0.8 * GB, files_done: 1 });
    const page = await visit.open({ width, scheme, to: 'models' });
    await says(page, /33 %/, '.fetching');
    await page.$$eval('.encoders', (all) => all.slice(1, 2).forEach((one) => one.setAttribute('open', '')));
    await shoot(page, `models-fetching-${width}-${scheme}`);
    assert.deepEqual(await inspect(page), []);
    visit.daemon.models.offer = { model_set: 'standard', bytes: 2.4 * GB, seconds: 6.2 };
    visit.daemon.tell('models');
    await go(page, '');
    await says(page, /33 %/, '.fetching');
    await says(page, /Not now/, '.offer');
    await shoot(page, `overview-offer-${width}-${scheme}`);
    assert.deepEqual(await inspect(page), []);
    await page.close();
  });
}
