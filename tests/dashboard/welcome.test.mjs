/**
 * The first run: every step seen at every width and in both schemes, gone through by mouse and by keyboard, left and come back to.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import path from 'node:path';

import { until } from '../browser/support/flows.mjs';
import { NO_CHROMIUM } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { LOOKS, Visit, go, pressOn, shoot } from './support/visit.mjs';

const options = { skip: NO_CHROMIUM };
const STEPS = ['photos', 'browser', 'strength', 'models', 'ready'];
const CAMERA = '/home/anna/Pictures/Camera';

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_CHROMIUM) visit = await Visit.begin();
});
beforeEach(() =>
  visit?.renew((daemon) => {
    daemon.empty();
    daemon.welcomeDone = false;
  }),
);
afterEach(() => assert.deepEqual(visit?.complaints ?? [], []));
after(() => visit?.end());

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {string} [selector] */
const textOf = (page, selector = 'main') => page.$eval(selector, (node) => /** @type {HTMLElement} */ (node).innerText).catch(() => '');

/** @param {Page} page @param {RegExp} words @param {string} [selector] */
const says = (page, words, selector) => until(async () => words.test(await textOf(page, selector)), String(words));

/** @param {Page} page @param {string} act */
const press = (page, act) => pressOn(page, `[data-act="${act}"]`);

/** @param {Page} page @param {string} step */
const at = (page, step) => page.waitForSelector(`[data-step="${step}"]`);

/** @param {string} verb */
const asked = (verb) => visit.daemon.asked.filter((one) => one.verb === verb).map(({ body }) => body);

/** @param {Page} page */
async function tryPhoto(page) {
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector('#choose-trial'));
  await input.uploadFile(path.join(visit.pictures, '0.before.webp'));
  await page.waitForSelector('.trial .compare-stage');
}

/** A browser comes, and is the right one. @param {Page} page */
async function pairNow(page) {
  await press(page, 'code');
  await says(page, /Type this code there:/, '.pairing-here');
  visit.daemon.pairing.state = 'confirm';
  await press(page, 'accept');
  const browser = { client: 'aa', kind: /** @type {const} */ ('browser'), name: 'Chromium on Linux', origin: 'chrome-extension://a' };
  visit.daemon.paired.push({ ...browser, created: new Date().toISOString(), last_used: null });
  visit.daemon.tell('clients');
  await page.waitForSelector('.connected-browser');
}

for (const { width, scheme } of LOOKS) {
  test(`every step, ${width} pixels, ${scheme}`, options, async () => {
    const page = await visit.open({ width, scheme, to: 'welcome' });
    const look = async (/** @type {string} */ name) => {
      await shoot(page, `welcome-${name}-${width}-${scheme}`);
      assert.deepEqual(await inspect(page), [], name);
    };
    await at(page, 'photos');
    await page.click(`[data-folder="${CAMERA}"]`);
    await look('1-photos');
    await go(page, 'welcome/browser');
    await press(page, 'code');
    await says(page, /Type this code there:/, '.pairing-here');
    await look('2-browser');
    await page.click('.segments input[value="firefox"]');
    await says(page, /Load Temporary Add-on/, '.welcome');
    await look('2-firefox');
    visit.daemon.pairing.state = 'confirm';
    await says(page, /Is this your browser\?/, '.pairing-here');
    await look('2-question');
    await go(page, 'welcome/strength');
    await look('3-strength');
    await tryPhoto(page);
    await look('3-tried');
    await go(page, 'welcome/models');
    await says(page, /Best for this computer/);
    await look('4-models');
    await press(page, 'pull');
    await says(page, /Fetching “standard”/, '.fetching');
    await look('4-fetching');
    await go(page, 'welcome/ready');
    await look('5-ready');
    await press(page, 'finish');
    await page.waitForSelector('.welcome-done');
    await look('6-done');
    await page.close();
  });
}

test('from nothing to protected photos, and only then what was ticked is begun', options, async () => {
  visit.daemon.updates.url = 'https://example.org/releases.json';
  const page = await visit.open({ to: 'welcome' });
  await page.click('.chips input');
  await until(() => asked('sites/change').length === 1, 'the site');
  assert.deepEqual(asked('sites/change'), [{ host: 'instagram.com', protect: false }]);
  await page.click(`[data-folder="${CAMERA}"]`);
  await press(page, 'next');
  await at(page, 'browser');
  await pairNow(page);
  await says(page, /Chromium on Linux\s+Connected/, '.connected');
  await until(() => page.evaluate(() => document.activeElement?.getAttribute('data-act') === 'next'), 'the way on to have the focus');
  await press(page, 'next');
  await at(page, 'strength');
  await tryPhoto(page);
  await page.click('.trial .aside summary');
  await says(page, /To an encoder it was not made against, 9% of strangers/, '.trial');
  await page.click('.choice-cards input[value="strong"]');
  await until(() => asked('settings/change').length === 1, 'the strength');
  assert.deepEqual(asked('settings/change'), [{ changes: { strength: 'strong' } }]);
  await until(() => visit.daemon.jobs.length === 2, 'the photo to be tried at that strength');
  await press(page, 'next');
  await at(page, 'models');
  await press(page, 'pull');
  await until(() => asked('models/pull').length === 1, 'the download');
  await press(page, 'next');
  await at(page, 'ready');
  await says(page, /1 folder with photos; new: Camera\s[\s\S]*1 browser connected[\s\S]*Strength “strong”[\s\S]*“standard” is being fetched/);
  visit.daemon.fetch(null);
  visit.daemon.install('standard');
  await says(page, /Strength “strong”[\s\S]*Model set “standard”/);
  assert.deepEqual(asked('folders/add'), [], 'nothing is begun before');
  await page.click('[data-act="updates"]');
  await press(page, 'finish');
  await page.waitForSelector('.welcome-done');
  assert.deepEqual(asked('folders/add'), [{ path: CAMERA }]);
  assert.deepEqual(asked('autostart/change'), [{ on: true }]);
  assert.deepEqual(asked('settings/change').at(-1), { changes: { update_check: true } });
  assert.equal(asked('welcome/done').length, 1);
  await page.click('.welcome-done a.main');
  await says(page, /Overview/);
  assert.equal(await page.$eval('.setup', (card) => card.checkVisibility()), false);
});

test('what a package put into the browser asks by itself', options, async () => {
  visit.daemon.places.extension.provided = ['chromium'];
  visit.daemon.pairing.state = 'expired';
  const page = await visit.open({ to: 'welcome/browser' });
  await says(page, /Looking for it here/, '.pairing-here');
  assert.equal(await page.$eval('details.aside', (aside) => /** @type {HTMLDetailsElement} */ (aside).open), false, 'by hand is the other way');
  await shoot(page, 'welcome-2-looking-1280-light');
  assert.deepEqual(await inspect(page), []);
  await says(page, /It does not answer here/, '.pairing-here');
  await says(page, /closed and opened again[\s\S]*Load unpacked[\s\S]*Show the code/, 'details.aside');
  const come = (/** @type {string} */ state) => {
    visit.daemon.pairing = { ...visit.daemon.pairing, state, shown: false };
    visit.daemon.tell('clients');
  };
  come('confirm');
  await says(page, /Already in your browser\. Connect it\?\s+Chromium on Linux/, '.pairing-here');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('data-act')), null, 'a key pressed at this moment says nothing');
  await shoot(page, 'welcome-2-provided-1280-light');
  assert.deepEqual(await inspect(page), []);
  // Thought about for too long: the extension hears of the page again, and asks again.
  visit.daemon.failing.set('pairing/confirm', { code: 'no_pairing', title: 'There is no browser to confirm', reason: '', remedy: '' });
  await press(page, 'accept');
  await says(page, /The time is up/, '.pairing-here');
  visit.daemon.failing.delete('pairing/confirm');
  const heard = page.evaluate(() => new Promise((resolve) => addEventListener('photoveil-connect', () => resolve(true), { once: true })));
  await page.$$eval('.pairing-here button', (buttons) => buttons.find((one) => one.textContent === 'Try again')?.click());
  assert.equal(await heard, true);
  await says(page, /Looking for it here/, '.pairing-here');
  come('confirm');
  await press(page, 'accept');
  const browser = { client: 'aa', kind: /** @type {const} */ ('browser'), name: 'Chromium on Linux', origin: 'chrome-extension://a' };
  visit.daemon.paired.push({ ...browser, created: new Date().toISOString(), last_used: null });
  visit.daemon.tell('clients');
  await says(page, /Chromium on Linux\s+Connected/, '.connected');
  assert.equal(await page.$('.pairing-here:not(details *)').then((node) => node?.isVisible()), false, 'the list says it');
});

test('by keyboard alone', options, async () => {
  const page = await visit.open({ to: 'welcome' });
  /** @param {string} selector */
  const tabTo = async (selector) => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    throw new Error(`no way by Tab to ${selector}`);
  };
  await tabTo(`[data-folder="${CAMERA}"]`);
  await page.keyboard.press('Space');
  for (const step of STEPS.slice(1)) {
    await tabTo('[data-act="next"]');
    await page.keyboard.press('Enter');
    await at(page, step);
    await until(() => page.evaluate(() => document.activeElement?.tagName === 'H1'), 'those who cannot see it to hear where they are');
  }
  await tabTo('[data-act="autostart"]');
  await page.keyboard.press('Space');
  await tabTo('[data-act="finish"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.welcome-done');
  assert.deepEqual(asked('folders/add'), [{ path: CAMERA }]);
  assert.deepEqual(asked('autostart/change'), [], 'it was off and stays off');
});

test('left and come back to: nothing is lost, and nobody is pressed', options, async () => {
  const page = await visit.open({ to: 'welcome' });
  await page.click(`[data-folder="${CAMERA}"]`);
  await go(page, 'welcome/models');
  await page.reload();
  await at(page, 'models');
  await go(page, 'welcome/photos');
  assert.equal(await page.$eval(`[data-folder="${CAMERA}"]`, (box) => /** @type {HTMLInputElement} */ (box).checked), true);
  await press(page, 'skip');
  await says(page, /Finish setting up/, '.setup');
  assert.deepEqual(await inspect(page), []);
  await shoot(page, 'overview-setup-1280-light');
  await press(page, 'welcome');
  await at(page, 'photos');
  await go(page, '');
  await press(page, 'welcome-done');
  await until(() => page.$eval('.setup', (card) => !card.checkVisibility()), 'the card to go');
  assert.equal(asked('welcome/done').length, 1);
  assert.deepEqual(asked('folders/add'), []);
});

test('what cannot be done is told, and the rest is done', options, async () => {
  const trouble = { code: 'settings', title: 'This folder cannot be watched', reason: 'It lies within another.', remedy: 'Choose another.' };
  const page = await visit.open({ to: 'welcome' });
  await page.click(`[data-folder="${CAMERA}"]`);
  visit.daemon.failing.set('folders/add', trouble);
  await go(page, 'welcome/ready');
  await press(page, 'finish');
  await says(page, /Camera: This folder cannot be watched[\s\S]*It lies within another[\s\S]*Choose another/);
  assert.equal(asked('welcome/done').length, 0);
  assert.deepEqual(await inspect(page), []);
  visit.daemon.failing.delete('folders/add');
  await press(page, 'finish');
  await page.waitForSelector('.welcome-done');
  assert.deepEqual(asked('folders/add'), [{ path: CAMERA }]);
});

test('a photo dropped anywhere is tried; another one takes its place', options, async () => {
  const page = await visit.open({ to: 'welcome' });
  await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 48);
    canvas.getContext('2d')?.fillRect(0, 0, 64, 48);
    const carried = new DataTransfer();
    carried.items.add(new File([await canvas.convertToBlob()], 'dropped.png', { type: 'image/png' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));
  });
  await at(page, 'strength');
  await page.waitForSelector('.trial .compare-stage');
  assert.equal(visit.daemon.jobs[0]?.name, 'dropped.png');
  await tryPhoto(page);
  await until(() => visit.daemon.jobs[0]?.name === '0.before.webp', 'the other photo');
});

test('without small pictures the photo itself is compared', options, async () => {
  visit.daemon.failing.set('preview', { code: 'no_preview', title: 'No preview', reason: '', remedy: '' });
  const page = await visit.open({ to: 'welcome/strength' });
  await tryPhoto(page);
});

test('without the extension, without folders: the page says what to do', options, async () => {
  visit.daemon.places = { folders: [], extension: { chromium: null, firefox: null, provided: [] } };
  const page = await visit.open({ width: 360, to: 'welcome' });
  assert.deepEqual(await inspect(page), []);
  await press(page, 'another');
  await says(page, /Add a folder/, 'dialog');
  await page.keyboard.press('Escape');
  await go(page, 'welcome/browser');
  await says(page, /does not lie on this computer/);
  assert.deepEqual(await inspect(page), []);
  await go(page, 'welcome/ready');
  await says(page, /No folder; you can add some at any time[\s\S]*No browser yet/);
});

test('names are text and nothing else', options, async () => {
  const evil = '<img src=x onerror="document.title=1"><b>x</b>';
  visit.daemon.places = { folders: [`/home/${evil}`], extension: { chromium: `/opt/${evil}`, firefox: `/opt/${evil}.xpi`, provided: [] } };
  const page = await visit.open({ to: 'welcome' });
  for (const step of STEPS) {
    await go(page, `welcome/${step}`);
    assert.equal(await page.$$eval('main b, main img[src="x"]', (nodes) => nodes.length), 0, step);
  }
});

test('the settings: at login, and newer versions', options, async () => {
  visit.daemon.autostart = { ...visit.daemon.autostart, state: 'broken', problem: '/opt/old/photoveil is not there any more.' };
  visit.daemon.updates.url = 'https://example.org/releases.json';
  const page = await visit.open({ to: 'settings' });
  await says(page, /does not work at present: \/opt\/old\/photoveil is not there any more/);
  assert.deepEqual(await inspect(page), []);
  await page.click('[data-act="autostart"]');
  await page.waitForFunction(() => !/does not work at present/.test(document.body.innerText));
  await page.click('[data-act="autostart"]');
  await until(() => asked('autostart/change').length === 2, 'both switches');
  assert.deepEqual(asked('autostart/change'), [{ on: false }, { on: true }]);
  await press(page, 'check-updates');
  await says(page, /Photoveil 0\.4\.0 is there\. You have 0\.3\.0: example\.org\/photoveil\/0\.4\.0/);
  await go(page, '');
  await says(page, /Photoveil 0\.4\.0 is there/);
  assert.deepEqual(await inspect(page), []);
});
