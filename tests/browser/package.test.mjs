/**
 * The packages as users install them, in real browsers: they load, connect, and protect an upload.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { ROOT, extensionOrigin, startChromium } from './support/browsers.mjs';
import { startFirefox } from './support/firefox.mjs';
import { addSite, cardSays, openOwnPage, pair, pick, until } from './support/flows.mjs';
import { Site, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, makePhotos, removeFolderOf } from './support/world.mjs';

const run = promisify(execFile);
const PYTHON = path.join(ROOT, '.venv', 'bin', 'python');

let folder = '';
/** @type {string[]} */
let photos = [];
const site = new Site();
/** @type {StandIn} */
let standIn;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'photoveil-packages-'));
  await run(PYTHON, [path.join(ROOT, 'installers', 'extension', 'build.py'), '--out', folder]);
  [photos, standIn] = await Promise.all([makePhotos(200), new StandIn().start(), site.start()]);
});
after(async () => {
  await Promise.all([standIn?.stop(), site.stop(), removeFolderOf(photos), rm(folder, { recursive: true, force: true })]);
});

/** @param {string} ending */
async function packageNamed(ending) {
  const name = (await readdir(folder)).find((one) => one.endsWith(ending));
  return path.join(folder, String(name));
}

/** @param {import('puppeteer-core').Browser} browser @param {string} extension */
async function protects(browser, extension) {
  site.forget();
  await addSite(browser, extension, site.origin);
  await pair(browser, extension, standIn.openPairing());
  const page = await browser.newPage();
  await page.goto(`${site.origin}/upload.html`);
  await page.bringToFront();
  await pick(page, photos.slice(0, 1));
  await cardSays(page, /Photo protected/);
  await until(() => site.files.length === 1, 'the copy');
  assert.notEqual(site.files[0]?.sha256, sha256(await readFile(String(photos[0]))));
  const options = await openOwnPage(browser, `${extension}/ui/options.html`);
  await until(() => options.evaluate('document.querySelectorAll("#listed li").length > 30'), 'the list of sites');
}

test('the package for Chromium', { skip: NO_CHROMIUM }, async () => {
  const unpacked = path.join(folder, 'chromium');
  await run(PYTHON, ['-m', 'zipfile', '-e', await packageNamed('.zip'), unpacked]);
  const browser = await startChromium({ extension: unpacked });
  try {
    await protects(browser, extensionOrigin(browser));
  } finally {
    await browser.close();
  }
});

test('the package for Firefox', { skip: NO_FIREFOX }, async () => {
  const { browser, extension } = await startFirefox({ extension: await packageNamed('.xpi') });
  try {
    await protects(browser, extension);
  } finally {
    await browser.close();
  }
});
