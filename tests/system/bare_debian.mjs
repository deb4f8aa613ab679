/**
 * What a user does in the browser after Photoveil was installed: the first-run page, then a photo on a site.
 *
 *   node bare_debian.mjs OPENED EXTENSION PHOTO OUT
 *
 * OPENED is the file to which the desktop's browser command appends each address that it is to open; EXTENSION the folder to load
 * unpacked. Writes pictures into OUT and prints one line of JSON.
 */
import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';

import { extensionOrigin, startChromium } from '../browser/support/browsers.mjs';
import { addSite, pair, pick, until } from '../browser/support/flows.mjs';
import { Site, containsRunOf, sha256 } from '../browser/support/site.mjs';

const START_MS = 1_800_000;
const WORK_MS = 400_000;

const [opened = '', folder = '', photo = '', out = ''] = process.argv.slice(2);
const browser = await startChromium({ extension: folder, env: process.env });
const site = await new Site().start();
try {
  const extension = await extensionOrigin(browser);
  console.log(JSON.stringify({ ready: true }));
  const url = String(await until(async () => (await readFile(opened, 'utf8').catch(() => '')).split('\n')[0], 'a page to be opened', START_MS));
  const told = await firstRun(url, extension);
  console.log(JSON.stringify({ ...told, ...(await upload(extension)) }));
} finally {
  await browser.close();
  await site.stop();
}

/** All five steps. @param {string} url @param {string} extension */
async function firstRun(url, extension) {
  const page = await browser.newPage();
  await page.goto(url);
  const press = async (/** @type {string} */ act) => (await page.waitForSelector(`[data-act="${act}"]`, { visible: true }))?.click();
  const at = (/** @type {string} */ step) => page.waitForSelector(`[data-step="${step}"]`, { timeout: 60_000 });
  const shoot = (/** @type {string} */ name) => page.screenshot({ path: path.join(out, `first-run-${name}.png`) });
  await at('photos');
  await shoot('photos');
  await press('next');
  await at('browser');
  const shown = await page.$$eval('.copyable code', (codes) => codes.map((code) => code.textContent ?? ''));
  await press('code');
  const label = await page.waitForSelector('.code').then((code) => code?.evaluate((node) => node.getAttribute('aria-label')));
  // In a window, a page behind another one draws nothing, so the popup's own word does not count: the first-run page's does.
  void pair(browser, extension, String(label).replace(/^Code:|[\s,]/g, ''), 60_000).catch(() => undefined);
  await until(() => page.$('[data-act="accept"]'), 'the question', 60_000);
  await page.bringToFront();
  await press('accept');
  await page.waitForSelector('.connected-browser', { timeout: 60_000 });
  await shoot('browser');
  await press('next');
  await at('strength');
  await press('next');
  await at('models');
  await press('next');
  await at('ready');
  await shoot('ready');
  await press('finish');
  await page.waitForSelector('.welcome-done', { timeout: 60_000 });
  return { shown };
}

/** One photo, as a site gets it. @param {string} extension */
async function upload(extension) {
  await addSite(browser, extension, String(site.origin));
  const page = await browser.newPage();
  await page.goto(`${site.origin}/upload.html`);
  await page.bringToFront();
  const picked = path.join(out, 'picked.jpg');
  await copyFile(photo, picked);
  await pick(page, [picked]);
  await until(() => site.files.length > 0, 'the upload', WORK_MS);
  await page.screenshot({ path: path.join(out, 'first-run-upload.png') });
  const original = await readFile(photo);
  const [file] = site.files;
  return { received: file?.sha256, size: file?.bytes.length, original: sha256(original), leaked: containsRunOf(original, site.bytes) };
}
