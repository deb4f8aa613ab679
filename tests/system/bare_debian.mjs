/**
 * What a user does in the browser after Photoveil was installed: the first-run page, then a photo on a site. Nobody loads an
 * extension: the package has put it into the system's browsers.
 *
 *   node bare_debian.mjs chromium|firefox OPENED PHOTO OUT
 *
 * OPENED is the file to which the desktop's browser command appends each address that it is to open; the next one is taken. Chromium
 * goes through all steps there; Firefox, whose profile is older than Photoveil, is connected alone. Writes pictures into OUT and
 * prints one line of JSON.
 */
import { copyFile, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { extensionOrigin, startChromium } from '../browser/support/browsers.mjs';
import { startFirefox } from '../browser/support/firefox.mjs';
import { addSite, pick, until } from '../browser/support/flows.mjs';
import { Site, containsRunOf, sha256 } from '../browser/support/site.mjs';

const START_MS = 1_800_000;
const WORK_MS = 400_000;

/** Firefox's own: folders of the profile, of the user, of the application and of the system. A driver leaves the last out. */
const ALL_SCOPES = 15;

const [name = '', opened = '', photo = '', out = ''] = process.argv.slice(2);
const { browser, extension } = await (name === 'firefox' ? firefox() : chromium());
const site = await new Site().start();
try {
  const { length } = await addresses();
  console.log(JSON.stringify({ ready: true }));
  const url = String(await until(async () => (await addresses())[length], 'a page to be opened', START_MS));
  const page = await browser.newPage();
  await page.goto(url);
  const shown = await (name === 'firefox' ? connectLater(page) : firstRun(page));
  console.log(JSON.stringify({ extension, shown, ...(await upload()) }));
} finally {
  await browser.close();
  await site.stop();
}

async function addresses() {
  return (await readFile(opened, 'utf8').catch(() => '')).split('\n').filter(Boolean);
}

async function chromium() {
  const started = await startChromium({ provided: true, env: process.env });
  return { browser: started, extension: extensionOrigin(started) };
}

/** It was used before, when there was no Photoveil in its folders. */
async function firefox() {
  const profile = await mkdtemp(path.join(tmpdir(), 'firefox-'));
  const before = await startFirefox({ extension: false, env: process.env, profile });
  await before.browser.close();
  return startFirefox({ extension: false, env: process.env, profile, prefs: { 'extensions.enabledScopes': ALL_SCOPES } });
}

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {string} act */
async function press(page, act) {
  await (await page.waitForSelector(`[data-act="${act}"]`, { visible: true }))?.click();
}

/** @param {Page} page @param {string} step */
function at(page, step) {
  return page.waitForSelector(`[data-step="${step}"]`);
}

/** @param {Page} page @param {string} step */
function shoot(page, step) {
  return page.screenshot({ path: path.join(out, `first-run-${name}-${step}.png`) });
}

/** All five steps; answers what was asked about the browser. @param {Page} page */
async function firstRun(page) {
  await at(page, 'photos');
  await shoot(page, 'photos');
  await press(page, 'next');
  const shown = await connect(page);
  await press(page, 'next');
  await at(page, 'strength');
  await press(page, 'next');
  await at(page, 'models');
  await press(page, 'next');
  await at(page, 'ready');
  await shoot(page, 'ready');
  await press(page, 'finish');
  await page.waitForSelector('.welcome-done');
  return shown;
}

/** A second browser, some other day. @param {Page} page */
async function connectLater(page) {
  await page.waitForSelector('main h1');
  await page.evaluate("location.hash = '#/welcome/browser'");
  return connect(page);
}

/** The extension is there and asks; one press. @param {Page} page */
async function connect(page) {
  await at(page, 'browser');
  await page.waitForSelector('.pairing-here [data-act="accept"]', { visible: true });
  const shown = await page.$eval('.pairing-here', (node) => /** @type {HTMLElement} */ (node).innerText);
  await shoot(page, 'asks');
  await press(page, 'accept');
  await until(async () => (await connected(page)).some((one) => one.toLowerCase().startsWith(name)), 'it to be connected');
  await shoot(page, 'connected');
  return shown;
}

/** Browsers, as the daemon calls them. @param {Page} page */
function connected(page) {
  return page.$$eval('.connected-browser .item-name', (all) => all.map((one) => one.textContent ?? ''));
}

/** One photo, as a site gets it. */
async function upload() {
  await addSite(browser, extension, String(site.origin));
  const page = await browser.newPage();
  await page.goto(`${site.origin}/upload.html`);
  await page.bringToFront();
  const picked = path.join(out, `picked-${name}.jpg`);
  await copyFile(photo, picked);
  await pick(page, [picked]);
  await until(() => site.files.length > 0, 'the upload', WORK_MS);
  await shoot(page, 'upload');
  const original = await readFile(photo);
  const [file] = site.files;
  return { received: file?.sha256, size: file?.bytes.length, original: sha256(original), leaked: containsRunOf(original, site.bytes) };
}
