/**
 * From an installation where nothing has happened yet to the first protected photo on a site: the first-run page, the real daemon
 * and the real extension, in one Chromium.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { ROOT, extensionOrigin, startChromium } from '../browser/support/browsers.mjs';
import { COMMAND, Daemon } from '../browser/support/daemon.mjs';
import { addSite, openOwnPage, pair, pick, until } from '../browser/support/flows.mjs';
import { Site, containsRunOf, sha256 } from '../browser/support/site.mjs';
import { NO_CHROMIUM, makePhotos, removeFolderOf } from '../browser/support/world.mjs';
import { Attention } from './support/attention.mjs';
import { Real } from './support/real.mjs';
import { pressOn, shoot } from './support/visit.mjs';

const LIMIT_MS = 300_000;
/**
 * Of attention by the two counts; it shall not become more. The aim is 120: reached where a package has put the extension into the
 * browser, not where it is loaded by hand.
 */
const MOST = { provided: { least: 100, most: 108 }, byHand: { least: 160, most: 190 } };
const options = { skip: NO_CHROMIUM };
const run = promisify(execFile);

/** With the extension loaded by hand, and with a package's copy in it. @type {Record<'byHand' | 'provided', import('puppeteer-core').Browser>} */
let browsers;
const site = new Site();
/** @type {Real} */
let real;
/** Where the daemon finds the extension, and the package's copy until it is put there. */
let places = '';
let copy = '';

before(async () => {
  if (NO_CHROMIUM) return;
  const [daemon, photos] = await Promise.all([Daemon.create(), makePhotos(320), site.start()]);
  places = path.join(daemon.home, 'extension');
  copy = path.join(daemon.home, 'package');
  await mkdir(path.join(daemon.home, 'Pictures'));
  await mkdir(places);
  await symlink(path.join(ROOT, 'extension'), path.join(places, 'chromium'));
  await copyFile(String(photos[1]), path.join(daemon.home, 'Pictures', 'one.jpg'));
  await run(String(COMMAND[0]), [path.join(ROOT, 'installers', 'extension', 'build.py'), '--system', '--out', copy]);
  const program = path.join(daemon.home, 'browser-host');
  await writeFile(program, `#!/bin/sh\nexec ${COMMAND.join(' ')} browser-host --profile ${daemon.profile} "$@"\n`, { mode: 0o755 });
  daemon.env = { ...daemon.env, HOME: daemon.home, PHOTOVEIL_EXTENSION: places };
  process.env['PHOTOVEIL_HOME'] = daemon.home; // the browser's, and so that of the program it starts
  const [byHand, provided] = await Promise.all([startChromium(), startChromium({ extension: path.join(copy, 'chromium'), program }), daemon.start()]);
  browsers = { byHand, provided };
  real = new Real(daemon, photos);
});
after(async () => {
  await Promise.all(Object.values(browsers ?? {}).map((browser) => browser.close()));
  await site.stop();
  await real?.end();
  await removeFolderOf(real?.photos ?? []);
});

/** What the page of extensions and the system's dialogs show of themselves, as far as one has to find it. */
const OF_THE_BROWSER = 'Developer mode\nLoad unpacked\nSelect';
const OF_THE_DIALOG = 'Open';

/** @typedef {import('puppeteer-core').Page} Page */

/** @param {Page} page @param {string} act */
const press = (page, act) => pressOn(page, `[data-act="${act}"]`);
/** @param {Page} page @param {string} step */
const at = (page, step) => page.waitForSelector(`[data-step="${step}"]`);

test('five steps, and the first photo on a site is protected; how much attention that takes', options, async () => {
  const { daemon, photos } = real;
  await real.ask('settings/change', { changes: { when_busy: 'work', on_battery: 'work' } });
  assert.equal((await real.ask('overview')).welcome_done, false);
  const attention = { byHand: new Attention(), provided: new Attention() };
  /** @type {string[]} */
  const complaints = [];
  const first = await begin('byHand', attention.byHand, complaints);
  await connectByHand(first, attention.byHand);
  await first.close();
  for (const { client, kind } of (await real.ask('clients')).clients) if (kind === 'browser') await real.ask('clients/revoke', { client });

  await sleepsUntilConnected(browsers.provided);
  await symlink(copy, path.join(places, 'system'));
  const page = await begin('provided', attention.provided, complaints);
  await connectProvided(page, attention.provided);
  await theOtherSteps(page, Object.values(attention));
  await tellAttention(attention);
  assert.equal((await real.ask('overview')).welcome_done, true);
  const entry = await readFile(path.join(String(daemon.env['XDG_CONFIG_HOME']), 'autostart', `photoveil-${daemon.profile}.desktop`), 'utf8');
  assert.match(entry, new RegExp(`^Exec=.*PHOTOVEIL_HOME=${daemon.home}.* run --login --profile ${daemon.profile}$`, 'm'));
  const made = path.join(daemon.home, 'Pictures', 'Protected', 'one.jpg');
  const protectedCopy = await until(() => readFile(made).catch(() => undefined), 'the folder’s photo', LIMIT_MS);
  assert.ok(protectedCopy instanceof Buffer && sha256(protectedCopy) !== sha256(await readFile(String(photos[1]))));
  assert.deepEqual(complaints, []);

  const received = await upload(browsers.provided);
  const original = await readFile(String(photos[0]));
  assert.equal(containsRunOf(original, received.bytes), false, 'not one byte of the original');
  assert.notEqual(received.sha256, sha256(original));
});

/** The first step. @param {'byHand' | 'provided'} which @param {Attention} attention @param {string[]} complaints */
async function begin(which, attention, complaints) {
  const page = await browsers[which].newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.setViewport({ width: 1280, height: 900 });
  const { url } = await real.ask('dashboard/link', { place: 'welcome' });
  await page.goto(url);
  await at(page, 'photos');
  await attention.reads(page);
  await page.click(`[data-folder="${path.join(real.daemon.home, 'Pictures')}"]`);
  await press(page, 'next');
  attention.decides(); // the sites
  attention.decides(); // the folder
  attention.presses(2);
  attention.done('what to protect');
  await at(page, 'browser');
  return page;
}

/** @param {Page} page @param {Attention} attention */
async function connectByHand(page, attention) {
  const browser = browsers.byHand;
  const extension = extensionOrigin(browser);
  await attention.reads(page);
  attention.readsText(OF_THE_BROWSER);
  attention.presses(1); // copies the address
  attention.types(5); // Ctrl T, Ctrl V, Enter
  attention.presses(4); // Developer mode; back to this tab; copies the folder; to the page of extensions again
  attention.presses(1); // Load unpacked
  attention.types(4); // Ctrl L, Ctrl V into the dialog for a folder
  attention.presses(1); // Select; the extension opens its page, which asks for a code
  const asks = await openOwnPage(browser, `${extension}/ui/options.html`);
  await asks.waitForSelector('#pairing:not([hidden])');
  await attention.reads(asks);
  await asks.close();
  await page.bringToFront();
  attention.done('the extension');
  const told = await page.$$eval('.copyable code', (codes) => codes.map((code) => code.textContent ?? ''));
  await readFile(path.join(String(told[1]), 'manifest.json'));
  await press(page, 'code');
  await page.waitForSelector('.code');
  await attention.reads(page);
  attention.presses(5); // back to this tab; shows the code; copies it; to the extension's page; into its field
  attention.types(3); // Ctrl V, Enter
  const label = await page.waitForSelector('.code').then((code) => code?.evaluate((node) => node.getAttribute('aria-label')));
  const connecting = pair(browser, extension, String(label).replace(/^Code:|[\s,]/g, ''));
  // The popup has the screen; the page in the background draws nothing, but hears of the browser all the same.
  await until(() => page.$('[data-act="accept"]'), 'the question');
  const waits = await openOwnPage(browser, `${extension}/ui/options.html`);
  await waits.waitForSelector('#waiting:not([hidden])');
  await attention.reads(waits);
  await waits.close();
  await attention.reads(page);
  attention.decides(); // whether it is this browser
  attention.presses(2); // back to this tab; yes
  await page.$eval('[data-act="accept"]', (button) => /** @type {HTMLElement} */ (button).click());
  await connecting;
  await page.bringToFront();
  await page.waitForSelector('.connected-browser');
  await shoot(page, 'real-welcome-browser-1280-light');
  await attention.reads(page);
  await press(page, 'next');
  attention.presses(1);
  attention.done('connecting it');
}

/** Before anybody has connected it, a package's copy is as if it were not there. @param {import('puppeteer-core').Browser} browser */
async function sleepsUntilConnected(browser) {
  const { sha256: sum } = await upload(browser);
  assert.equal(sum, sha256(await readFile(String(real.photos[0]))), 'nobody has asked for it yet');
}

/** It asks by itself; what is shown before it did is read as well. @param {Page} page @param {Attention} attention */
async function connectProvided(page, attention) {
  attention.readsText('Looking for it here…');
  await page.waitForSelector('[data-act="accept"]', { visible: true });
  await shoot(page, 'real-welcome-provided-1280-light');
  assert.equal(await page.$('.code'), null, 'no code is shown');
  await attention.reads(page);
  attention.decides(); // whether to connect it
  await press(page, 'accept');
  await page.waitForSelector('.connected-browser');
  await attention.reads(page);
  await press(page, 'next');
  attention.presses(2);
  attention.done('connecting it');
}

/** @param {Page} page @param {Attention[]} counts */
async function theOtherSteps(page, counts) {
  const reads = async () => {
    for (const attention of counts) await attention.reads(page);
  };
  const each = (/** @type {(attention: Attention) => void} */ act) => counts.forEach(act);
  await at(page, 'strength');
  await reads();
  each((attention) => attention.readsText(OF_THE_DIALOG));
  each((attention) => attention.decides()); // which photo
  each((attention) => attention.presses(3)); // choose a file; a photo in the dialog; Open
  await pick(page, [String(real.photos[0])], '#choose-trial');
  // A single question to the browser ends after 180 s, however long it is told to wait.
  await until(() => page.$('.trial .compare-stage'), 'the photo to be tried', LIMIT_MS);
  await shoot(page, 'real-welcome-strength-1280-light');
  await reads();
  each((attention) => attention.drags());
  each((attention) => attention.decides()); // whether that is the right strength
  await press(page, 'next');
  each((attention) => attention.presses(1));
  each((attention) => attention.done('strength, on a photo'));

  await at(page, 'models');
  await page.waitForSelector('.choice-cards input[value="starter"]');
  await shoot(page, 'real-welcome-models-1280-light');
  await reads();
  await press(page, 'next');
  each((attention) => attention.decides()); // which
  each((attention) => attention.presses(3)); // a set; Download; on
  each((attention) => attention.done('model set'));

  await at(page, 'ready');
  await shoot(page, 'real-welcome-ready-1280-light');
  await reads();
  await press(page, 'finish');
  each((attention) => attention.decides()); // whether all is as it should be
  each((attention) => attention.presses(1));
  await page.waitForSelector('.welcome-done');
  await reads();
  each((attention) => attention.done('the beginning'));
}

/** One photo, as a site gets it. @param {import('puppeteer-core').Browser} browser */
async function upload(browser) {
  const count = site.files.length;
  await addSite(browser, extensionOrigin(browser), site.origin);
  const page = await browser.newPage();
  await page.goto(`${site.origin}/upload.html`);
  await page.bringToFront();
  await pick(page, [String(real.photos[0])]);
  await until(() => site.files.length === count + 1, 'the upload', LIMIT_MS);
  await page.close();
  const file = site.files[count];
  assert.ok(file);
  return file;
}

/** Written down, and no more than docs/developers.md says. @param {Record<'byHand' | 'provided', Attention>} attention */
async function tellAttention({ byHand, provided }) {
  const told = { provided: { ...provided.sums, steps: provided.steps }, byHand: { ...byHand.sums, steps: byHand.steps } };
  await mkdir(path.join(ROOT, 'build', 'results'), { recursive: true });
  await writeFile(path.join(ROOT, 'build', 'results', 'attention.json'), `${JSON.stringify(told, null, 1)}\n`);
  for (const [name, { least, most }] of /** @type {const} */ ([['provided', provided.sums], ['byHand', byHand.sums]])) {
    assert.ok(least <= MOST[name].least && most <= MOST[name].most, `so much attention, ${name}: ${least} to ${most} seconds`);
  }
}
