/**
 * From an installation where nothing has happened yet to the first protected photo on a site: the first-run page, the real daemon
 * and the real extension, in one Chromium.
 */
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { extensionOrigin, startChromium } from '../browser/support/browsers.mjs';
import { Daemon } from '../browser/support/daemon.mjs';
import { addSite, pair, pick, until } from '../browser/support/flows.mjs';
import { Site, containsRunOf, sha256 } from '../browser/support/site.mjs';
import { NO_CHROMIUM, makePhotos, removeFolderOf } from '../browser/support/world.mjs';
import { Real } from './support/real.mjs';
import { shoot } from './support/visit.mjs';

const LIMIT_MS = 180_000;
const options = { skip: NO_CHROMIUM };

/** @type {import('puppeteer-core').Browser} */
let browser;
const site = new Site();
/** @type {Real} */
let real;

before(async () => {
  if (NO_CHROMIUM) return;
  const [started, daemon, photos] = await Promise.all([startChromium(), Daemon.create(), makePhotos(320), site.start()]);
  browser = started;
  daemon.env = { ...daemon.env, HOME: daemon.home };
  await mkdir(path.join(daemon.home, 'Pictures'));
  await copyFile(String(photos[1]), path.join(daemon.home, 'Pictures', 'one.jpg'));
  await daemon.start();
  real = new Real(daemon, photos);
});
after(async () => {
  await browser?.close();
  await site.stop();
  await real?.end();
  await removeFolderOf(real?.photos ?? []);
});

test('five steps, and the first photo on a site is protected', options, async () => {
  const { daemon, photos } = real;
  await real.ask('settings/change', { changes: { when_busy: 'work', on_battery: 'work' } });
  assert.equal((await real.ask('overview')).welcome_done, false);
  const extension = await extensionOrigin(browser);
  const page = await browser.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  const { url } = await real.ask('dashboard/link', { place: 'welcome' });
  await page.goto(url);
  const press = async (/** @type {string} */ act) => (await page.waitForSelector(`[data-act="${act}"]`, { visible: true }))?.click();
  const at = (/** @type {string} */ step) => page.waitForSelector(`[data-step="${step}"]`);

  await at('photos');
  await page.click(`[data-folder="${path.join(daemon.home, 'Pictures')}"]`);
  await press('next');

  await at('browser');
  const told = await page.$$eval('.copyable code', (codes) => codes.map((code) => code.textContent ?? ''));
  await readFile(path.join(String(told[1]), 'manifest.json'));
  await press('code');
  const label = await page.waitForSelector('.code').then((code) => code?.evaluate((node) => node.getAttribute('aria-label')));
  const connecting = pair(browser, extension, String(label).replace(/^Code:|[\s,]/g, ''), 30_000);
  // The popup has the screen; the page in the background draws nothing, but hears of the browser all the same.
  await until(() => page.$('[data-act="accept"]'), 'the question');
  await page.$eval('[data-act="accept"]', (button) => /** @type {HTMLElement} */ (button).click());
  await connecting;
  await page.bringToFront();
  await page.waitForSelector('.connected-browser');
  await shoot(page, 'real-welcome-browser-1280-light');
  await press('next');

  await at('strength');
  await pick(page, [String(photos[0])], '#choose-trial');
  await page.waitForSelector('.trial .compare-stage', { timeout: LIMIT_MS });
  await shoot(page, 'real-welcome-strength-1280-light');
  await press('next');

  await at('models');
  await page.waitForSelector('.choice-cards input[value="starter"]');
  await shoot(page, 'real-welcome-models-1280-light');
  await press('next');

  await at('ready');
  await shoot(page, 'real-welcome-ready-1280-light');
  await press('finish');
  await page.waitForSelector('.welcome-done');
  assert.equal((await real.ask('overview')).welcome_done, true);
  const entry = await readFile(path.join(String(daemon.env['XDG_CONFIG_HOME']), 'autostart', `photoveil-${daemon.profile}.desktop`), 'utf8');
  assert.match(entry, new RegExp(`^Exec=.*PHOTOVEIL_HOME=${daemon.home}.* run --login --profile ${daemon.profile}$`, 'm'));
  const copy = path.join(daemon.home, 'Pictures', 'Protected', 'one.jpg');
  const protectedCopy = await until(() => readFile(copy).catch(() => undefined), 'the folder’s photo', LIMIT_MS);
  assert.ok(protectedCopy instanceof Buffer && sha256(protectedCopy) !== sha256(await readFile(String(photos[1]))));
  assert.deepEqual(complaints, []);

  await addSite(browser, extension, site.origin);
  const upload = await browser.newPage();
  await upload.goto(`${site.origin}/upload.html`);
  await upload.bringToFront();
  await pick(upload, [String(photos[0])]);
  await until(() => site.files.length === 1, 'the upload', LIMIT_MS);
  const original = await readFile(String(photos[0]));
  assert.equal(containsRunOf(original, site.bytes), false, 'not one byte of the original');
  assert.notEqual(site.files[0]?.sha256, sha256(original));
});
