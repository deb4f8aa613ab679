/**
 * The extension's own pages as a user meets them: what they show is so, what is chosen there holds, and everybody can
 * read and reach it. Pictures of all states go to build/screens.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { IS_BRIEF, PATIENCE_MS, ROOT } from './support/browsers.mjs';
import { cardSays, openOwnPage, pair, pick, pressCard, until, useOriginal } from './support/flows.mjs';
import { comeToRest, faintWords, namelessControls, wideParts } from './support/reading.mjs';
import { sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, makePhotos, removeFolderOf } from './support/world.mjs';

const SCREENS = path.join(ROOT, 'build', 'screens');
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {StandIn} */
let standIn;
/** @type {string[]} */
let photos = [];

before(async () => {
  if (NO_CHROMIUM) return;
  await mkdir(SCREENS, { recursive: true });
  [world, photos] = await Promise.all([World.create(), makePhotos(256)]);
  world.endsWith(() => removeFolderOf(photos));
  standIn = await new StandIn().start();
  world.endsWith(() => standIn.stop());
});
after(() => world?.end());

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {string} id */
const wordsOf = (page, id) => page.$eval(`#${id}`, (node) => /** @type {HTMLElement} */ (node).innerText);

/** @param {Page} page @param {string} id @param {RegExp} words */
async function says(page, id, words) {
  let said = '';
  await until(async () => words.test((said = await wordsOf(page, id))), `#${id} ${words}`).catch((error) => {
    throw new Error(`${error.message}; it says “${said}”`);
  });
}

/** @param {Page} page @param {string} id */
const isShown = (page, id) => page.$eval(`#${id}`, (node) => /** @type {HTMLElement} */ (node).checkVisibility());

/** @param {Page} page */
const storedAway = async (page) => Reflect.get(Object(await page.evaluate('chrome.storage.local.get()')), 'away');

/** @param {Page} page @param {string} selector */
const isChecked = (page, selector) => page.$eval(selector, (box) => /** @type {HTMLInputElement} */ (box).checked);

/** Press with the mouse, once it is shown; a tab in the background cannot be pressed. @param {Page} page @param {string} selector */
async function press(page, selector) {
  await page.bringToFront();
  await (await page.waitForSelector(selector, { visible: true, timeout: PATIENCE_MS }))?.click();
}

/** The popup over a page of the site. @param {Page} page @param {World} [place] */
async function openPopup(page, place = world) {
  const popup = await openOwnPage(place.browser, `${place.extension}/ui/popup.html`);
  await page.bringToFront();
  // Firefox sends no word of its extensions' pages: a reload from outside would wait for it in vain.
  await popup.evaluate('document.body.id = "old"; location.reload()').catch(() => undefined);
  const isTold = 'document.getElementById("popup")?.querySelector("#pill")?.matches(".good, .bad")';
  await until(() => popup.evaluate(isTold).catch(() => false), 'the state of the connection');
  return popup;
}

/** Whoever opens it finds it readable in both themes; with a picture of each. @param {Page} page @param {string} name */
async function inspect(page, name) {
  await page.bringToFront();
  // Firefox's protocol knows no way to ask for a theme.
  const themes = world.browser === page.browser() ? ['light', 'dark'] : ['as it is'];
  for (const value of themes) {
    if (themes.length > 1) await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    await page.evaluate(comeToRest);
    assert.deepEqual(await page.evaluate(faintWords), [], `${name}, ${value}: contrast`);
    if (!IS_BRIEF) await page.screenshot({ path: path.join(SCREENS, `${name}-${value.replaceAll(' ', '-')}.png`), fullPage: true });
  }
  assert.deepEqual(await page.evaluate(wideParts), [], `${name}: cut off`);
  assert.deepEqual(await page.evaluate(namelessControls), [], `${name}: controls without a name`);
}

test('the first run: what to do, and the connection', options, async () => {
  const page = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await says(page, 'welcome', /Welcome to Photoveil/);
  assert.ok(await isShown(page, 'pairing'));
  await inspect(page, 'first-run');

  await page.type('#code', '00000000000000zz');
  assert.equal(await page.$eval('#code', (input) => /** @type {HTMLInputElement} */ (input).value), '0000-0000-0000-00ZZ', 'in groups, as shown');
  await page.keyboard.press('Enter');
  await says(page, 'pair-error', /shows no code at the moment/);
  standIn.openPairing();
  await page.waitForSelector('#connect:enabled');
  await page.keyboard.press('Enter');
  await says(page, 'pair-error', /not the code/);
  await inspect(page, 'wrong-code');

  await page.$eval('#code', (input) => (/** @type {HTMLInputElement} */ (input).value = ''));
  await page.type('#code', standIn.openPairing());
  await page.waitForSelector('#connect:enabled');
  await page.keyboard.press('Enter');
  await until(() => isShown(page, 'connected'), 'the connection');
  assert.equal(await isShown(page, 'welcome'), false);
  await says(page, 'connection', /connected to Photoveil on this computer/);
  await page.close();
});

test('strength and persona for a site are what the daemon is told, and what it says is shown', options, async () => {
  const host = new URL(world.site.origin).hostname;
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  await until(() => isShown(popup, 'site-choices'), 'the choices');
  await says(popup, 'site-name', new RegExp(host.replaceAll('.', '\\.')));
  const shown = () => popup.$$eval('#site-choices select', (lists) => (
    lists.map((list) => /** @type {HTMLSelectElement} */ (list).selectedOptions[0]?.text)));
  assert.deepEqual(await shown(), ['As usual (Balanced)', 'As usual (me)']);
  await popup.select('#strength', 'strong');
  await until(() => standIn.sites[host], 'the daemon to hear of it');
  await says(popup, 'strength-note', /visible to a trained eye/);
  await popup.select('#persona', 'anna');
  await until(() => Reflect.get(standIn.sites[host] ?? {}, 'persona') === 'anna', 'the daemon to hear of the persona');
  assert.deepEqual(standIn.sites[host], { protect: true, persona: 'anna', strength: 'strong', method: null, slider: null });

  standIn.sites[host] = { ...standIn.sites[host], strength: 'film', method: 'unlearnable' };
  await popup.reload();
  await says(popup, 'site-text', /made unlearnable here/);
  await until(async () => (await shown())[0] === 'Film', 'what was chosen in the dashboard');
  await popup.select('#strength', '');
  await until(() => Reflect.get(standIn.sites[host] ?? {}, 'strength') === null, 'the usual strength again');
  standIn.sites[host] = { ...standIn.sites[host], method: null };
  await Promise.all([popup.close(), page.close()]);
});

test('on the site of an AI assistant a slider stands in the strength’s place', options, async () => {
  const host = new URL(world.site.origin).hostname;
  const { [host]: usual = {}, ...others } = standIn.sites;
  standIn.sites[host] = { protect: true, persona: null, strength: null, method: 'assistant', slider: null };
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  await says(popup, 'site-text', /Private things on photos are hidden here/);
  await until(() => isShown(popup, 'slider'), 'the slider');
  for (const id of ['strength', 'persona']) assert.equal(await isShown(popup, id), false, id);
  const place = () => popup.$eval('#slider', (slider) => /** @type {HTMLInputElement} */ (slider).value);
  assert.equal(await place(), '50', 'as in the settings');
  await says(popup, 'slider-note', /the rest stays as useful as can be/);
  await popup.bringToFront();
  await popup.focus('#slider');
  await popup.keyboard.press('End');
  await until(() => Reflect.get(standIn.sites[host] ?? {}, 'slider') === 100, 'the daemon to hear of it');
  await says(popup, 'slider-note', /Hidden as well as can be/);
  await inspect(popup, 'assistant');
  await press(popup, '#slider-usual');
  await until(() => Reflect.get(standIn.sites[host] ?? {}, 'slider') === null, 'the usual place again');
  await until(async () => (await place()) === '50', 'the usual place to be shown');
  standIn.sites = Object.keys(usual).length > 0 ? { ...others, [host]: usual } : others;
  await Promise.all([popup.close(), page.close()]);
});

test('the switch: off, photos go out as they are and the popup says so; on, they are protected', options, async () => {
  const host = new URL(world.site.origin).hostname;
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  await says(popup, 'site-text', /Photos are protected here/);
  await press(popup, '#site-switch');
  await until(() => Reflect.get(standIn.sites[host] ?? {}, 'protect') === false, 'the daemon to hear of it');
  await page.bringToFront();
  await says(popup, 'site-text', /Off: photos go out unchanged/);
  await until(async () => !(await isShown(popup, 'site-choices')), 'nothing left to choose');
  world.site.forget();
  await until(async () => {
    if (world.site.files.length === 0) await pick(page, photos.slice(0, 1));
    return world.site.files.length > 0;
  }, 'the file');
  assert.equal(world.site.files.at(-1)?.sha256, sha256(await readFile(String(photos[0]))), 'as the user wants it');
  await press(popup, '#site-switch');
  await page.bringToFront();
  await says(popup, 'site-text', /Photos are protected here/);
  assert.equal(Reflect.get(standIn.sites[host] ?? {}, 'protect'), true);
  await popup.close();
  await page.close();
});

test('a pause: said loudly, ended by a press or by the clock, with the keyboard alone', options, async () => {
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  await popup.bringToFront();
  await popup.focus('button[data-minutes="always"]');
  await popup.keyboard.press('Enter');
  await says(popup, 'paused', /Protection is paused\s+Photos you upload go out unchanged, on every site/);
  assert.equal(await isShown(popup, 'pause'), false);
  assert.equal(await popup.evaluate('document.activeElement.dataset.minutes'), '0', 'the next press resumes');
  await page.bringToFront();
  await popup.reload();
  await says(popup, 'site-text', /Paused: photos go out unchanged/);
  await inspect(popup, 'paused-always');
  world.site.forget();
  await page.bringToFront();
  await pick(page, photos.slice(0, 1));
  await until(() => world.site.files.length === 1, 'the original');

  await popup.bringToFront();
  await popup.focus('#paused button');
  await popup.keyboard.press('Space');
  await until(() => isShown(popup, 'pause'), 'the end of the pause');
  await page.bringToFront();
  await popup.reload();
  await says(popup, 'site-text', /Photos are protected here/);
  await popup.bringToFront();
  await press(popup, 'button[data-minutes="10"]');
  await says(popup, 'paused-title', /Protection is paused until .*\d/);
  await inspect(popup, 'paused');
  // The clock ends it: the popup shows it without being asked.
  await popup.evaluate('chrome.storage.local.set({ pausedUntil: Date.now() + 400 })');
  await until(() => isShown(popup, 'pause'), 'the end by the clock');
  await popup.close();
  await page.close();
});

test('the last photos with what became of them, and the originals that were used', options, async () => {
  const page = await world.open('upload.html');
  await page.bringToFront();
  const names = photos.map((file) => path.basename(file));
  const send = async (/** @type {number} */ index, /** @type {StandIn['fate']} */ fate, /** @type {RegExp} */ words) => {
    standIn.fate = fate;
    world.site.forget();
    await pick(page, photos.slice(index, index + 1));
    await cardSays(page, words);
  };
  await send(1, 'done', /Photo protected/);
  await until(() => world.site.files.length === 1, 'the copy');
  await send(2, 'unchanged', /Sent unchanged/);
  await until(() => world.site.files.length === 1, 'the animation');
  await send(3, 'failed', /This photo is damaged/);
  let popup = await openPopup(page);
  await until(() => popup.$eval('#recent li', (item, name) => item.textContent?.includes(name), String(names[3])).catch(() => false), 'it');
  await press(popup, '#more summary');
  const told = await popup.$$eval('#recent li', (items) => (
    items.slice(0, 3).map((item) => /** @type {HTMLElement} */ (item).innerText.replace(/\s+/g, ' '))));
  assert.match(String(told[0]), new RegExp(`${names[3]} .*Not sent · 127\\.0\\.0\\.1 This photo is damaged It is kept nowhere\\. Pick it again`));
  assert.match(String(told[1]), new RegExp(`${names[2]} .*Sent unchanged · 127\\.0\\.0\\.1 Animations cannot`));
  assert.match(String(told[2]), new RegExp(`${names[1]} .*Protected`));
  assert.equal(await isShown(popup, 'originals'), false, 'none was used');
  await popup.close();

  await page.bringToFront();
  await useOriginal(page);
  await until(() => world.site.files.length === 1, 'the original');
  popup = await openPopup(page);
  await says(popup, 'originals-title', /Originals used: 1/);
  await press(popup, '#originals summary');
  await says(popup, 'originals-list', /127\.0\.0\.1\s+Photos: 1 · \d/);
  await press(popup, '#more summary');
  await inspect(popup, 'connected');
  standIn.fate = 'done';
  await popup.close();
  await page.close();
});

test('options: a built-in site is switched off and on; no original is offered where that is wished', options, async () => {
  const page = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await until(() => isShown(page, 'connected'), 'the connection');
  await inspect(page, 'options');
  const flickr = 'input[data-host="flickr.com"]';
  await page.focus(flickr);
  await page.keyboard.press('Space');
  await until(() => Reflect.get(standIn.sites['flickr.com'] ?? {}, 'protect') === false, 'the daemon to hear of it');
  await page.reload();
  await until(async () => !(await isChecked(page, flickr)), 'the switch to be off');
  await press(page, `label:has(${flickr})`);
  await until(() => Reflect.get(standIn.sites['flickr.com'] ?? {}, 'protect') === true, 'the daemon to hear of that too');

  await press(page, 'input[name="away"][value="block"]');
  await until(async () => (await storedAway(page)) === 'block', 'the wish to be kept');
  const upload = await world.open('upload.html');
  standIn.fate = 'failed';
  await pick(upload, photos.slice(4, 5));
  const said = await cardSays(upload, /This photo is damaged.*Retry/);
  assert.doesNotMatch(said, /original/i);
  await page.bringToFront();
  await press(page, 'input[name="away"][value="ask"]');
  await until(async () => (await storedAway(page)) === 'ask', 'the other wish to be kept');
  await upload.bringToFront();
  await pressCard(upload, /Retry/);
  await cardSays(upload, /Use the original this time/);
  standIn.fate = 'done';

  // Twice as large on a small screen: everything still fits beside each other or below.
  await page.setViewport({ width: 320, height: 640, deviceScaleFactor: 2 });
  await inspect(page, 'options-narrow');
  await upload.close();
  await page.close();
});

test('everything in the popup is reached by the keyboard, in the order in which it is read', options, async () => {
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  await until(() => isShown(popup, 'site-choices'), 'the choices');
  await popup.bringToFront();
  await popup.evaluate('document.body.focus()');
  /** @type {string[]} */
  const reached = [];
  for (let step = 0; step < 12; step++) {
    await popup.keyboard.press('Tab');
    const name = 'document.activeElement.id || document.activeElement.dataset.minutes || document.activeElement.firstChild?.id';
    const at = String(await popup.evaluate(name));
    if (at === 'popup' || reached.includes(at)) break;
    reached.push(at);
    const outline = await popup.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    assert.equal(outline, 'solid', `${at} shows that it has the focus`);
  }
  const expected = ['site-on', 'strength', 'persona', 'sealed-act', '10', '60', 'always'];
  assert.deepEqual(reached.slice(0, expected.length), expected);
  assert.ok(reached.includes('open-options'));
  await popup.close();
  await page.close();
});

test('without the daemon: why, what to do, and the switch still works', options, async () => {
  const host = new URL(world.site.origin).hostname;
  const page = await world.open('upload.html');
  const { port } = standIn;
  await standIn.stop();
  const popup = await openPopup(page);
  await says(popup, 'trouble', /Photoveil is not running.*photoveil run.*Checked again by itself/s);
  await says(popup, 'pill', /Not running/);
  await press(popup, '#site-switch');
  await page.bringToFront();
  await says(popup, 'site-text', /Off: photos go out unchanged/);
  await says(popup, 'site-untold', /will hear of this switch/);
  await inspect(popup, 'absent');
  await press(popup, '#site-switch');
  await page.bringToFront();
  await says(popup, 'site-text', /Photos are protected here/);

  const again = new StandIn();
  for (const [client, known] of standIn.clients) again.clients.set(client, known);
  again.sites = standIn.sites;
  standIn = await again.start(port ? [port] : undefined);
  world.endsWith(() => again.stop());
  await popup.bringToFront();
  await until(() => isShown(popup, 'connected'), 'the connection, without a press');
  await until(async () => !(await isShown(popup, 'site-untold')), 'the daemon to be told');
  assert.equal(Reflect.get(standIn.sites[host] ?? { protect: true }, 'protect'), true);
  await popup.close();
  await page.close();
});

test('forgotten: the popup begins anew', options, async () => {
  const settings = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await press(settings, '#forget');
  await says(settings, 'forgotten', /Photos will wait until you connect again/);
  await settings.close();
  const page = await world.open('upload.html');
  const popup = await openPopup(page);
  assert.ok(await isShown(popup, 'pairing'));
  assert.equal(await isShown(popup, 'recent'), false);
  await inspect(popup, 'unpaired');
  await popup.close();
  await page.close();
  await pair(world.browser, world.extension, standIn.openPairing());
});

test('Firefox: the same popup and options', { skip: NO_FIREFOX }, async () => {
  const place = await World.create({ firefox: true });
  try {
    const host = new URL(place.site.origin).hostname;
    standIn.sites = {};
    await pair(place.browser, place.extension, standIn.openPairing());
    const page = await place.open('upload.html');
    const popup = await openPopup(page, place);
    await until(() => isShown(popup, 'site-choices'), 'the choices');
    await popup.bringToFront();
    await popup.select('#strength', 'film');
    await until(() => Reflect.get(standIn.sites[host] ?? {}, 'strength') === 'film', 'the daemon to hear of it');
    await press(popup, 'button[data-minutes="60"]');
    await says(popup, 'paused-title', /Protection is paused until .*\d/);
    await inspect(popup, 'firefox-paused');
    await press(popup, '#paused button');
    await until(() => isShown(popup, 'pause'), 'the end of the pause');
    await page.bringToFront();
    await pick(page, photos.slice(5, 6));
    await cardSays(page, /Photo protected/);
    const settings = await openOwnPage(place.browser, `${place.extension}/ui/options.html`);
    await until(() => isShown(settings, 'connected'), 'the connection');
    await press(settings, 'label:has(input[data-host="vsco.co"])');
    await until(() => Reflect.get(standIn.sites['vsco.co'] ?? {}, 'protect') === false, 'the daemon to hear of that too');
    await inspect(settings, 'firefox-options');
  } finally {
    await place.end();
  }
});
