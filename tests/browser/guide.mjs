/**
 * The pictures of docs/guide.md: a household begins to use Photoveil, with the real daemon, a real Chromium and real photos.
 *
 *   node tests/browser/guide.mjs [--out DIRECTORY] [--only NAME,NAME]
 *
 * Writes guide-NAME.png, by default into docs/images. It needs the daemon's ports (47610 to 47614); `python tests/alone.py` in
 * front of it gives it ports of its own. Takes some minutes: photos are really protected.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { Real } from '../dashboard/support/real.mjs';
import { go, settle } from '../dashboard/support/visit.mjs';
import { ROOT, startChromium } from './support/browsers.mjs';
import { Daemon } from './support/daemon.mjs';
import { cardSays, openOwnPage, pick, until } from './support/flows.mjs';
import { World, makePhotos, removeFolderOf } from './support/world.mjs';

/** Whose computer it is. Shown on some pictures, so no random name. */
const HOME = '/tmp/anna';
const PORTRAIT = path.join(ROOT, 'lab', 'photos', 'eileen_collins.jpg');
/** Names a person gives to photos, for the samples of scikit-image. */
const NAMES = { astronaut: 'portrait', chelsea: 'cat', coffee: 'breakfast', motorcycle_left: 'motorbike', rocket: 'launch' };
/** Protecting a photo takes seconds, on a machine that does much else minutes. */
const LIMIT_MS = 400_000;

/** @typedef {import('puppeteer-core').Page} Page */

/** Everything that is open, and the pictures taken of it. */
class Household {

  /**
   * @param {World} world a browser with the extension @param {import('puppeteer-core').Browser} desk one
   *   without it, for the dashboard
   * @param {Real} real @param {string} out @param {Set<string>} only no names: all pictures
   */
  constructor(world, desk, real, out, only) {
    this.world = world;
    this.desk = desk;
    this.real = real;
    this.out = out;
    this.only = only;
  }

  /** @param {string} out @param {Set<string>} only */
  static async begin(out, only) {
    const daemon = new Daemon(path.join(HOME, '.photoveil'));
    daemon.profile = 'default';
    Object.assign(daemon.env, { HOME });
    const samples = await makePhotos(900);
    const world = await World.create();
    const desk = await startChromium({ extension: false });
    world.endsWith(() => desk.close());
    world.endsWith(() => daemon.stop());
    await daemon.start().catch(async (error) => {
      await world.end();
      throw error;
    });
    const house = new Household(world, desk, new Real(daemon, samples), out, only);
    await house.#putPhotos(samples);
    await house.real.ask('settings/change', { changes: { when_busy: 'work', on_battery: 'work' } });
    return house;
  }

  /** @param {string[]} samples */
  async #putPhotos(samples) {
    const pictures = path.join(HOME, 'Pictures');
    await mkdir(pictures);
    for (const [name, theirs] of Object.entries(NAMES)) {
      const sample = samples.find((file) => path.basename(file, '.jpg') === name);
      await copyFile(theirs === 'portrait' ? PORTRAIT : String(sample), this.photo(theirs));
    }
    await removeFolderOf(samples);
  }

  /** @param {string} name */
  photo(name) {
    return path.join(HOME, 'Pictures', `${name}.jpg`);
  }

  /** @param {string} name @param {object} [size] */
  async dashboard(name = '', size = { width: 1100, height: 760 }) {
    const page = await this.desk.newPage();
    page.setDefaultTimeout(LIMIT_MS);
    await page.setViewport(/** @type {import('puppeteer-core').Viewport} */ (size));
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
    await page.goto(await this.real.link());
    await page.waitForSelector('main h1');
    if (name) await go(page, name);
    return page;
  }

  /**
   * @param {Page} page @param {string} name
   * @param {number} [height] of the window; without one, as it is; 0: as long as the page
   */
  async shoot(page, name, height) {
    if (this.only.size > 0 && !this.only.has(name)) return;
    await page.bringToFront();
    if (height !== undefined) await page.setViewport({ width: page.viewport()?.width ?? 1100, height: height || 640 });
    await settle(page);
    const isDrawn = () => page.$$eval('img', (pictures) => pictures.every((one) => one.complete && one.naturalWidth > 0));
    await until(isDrawn, 'the pictures', LIMIT_MS);
    const file = /** @type {`${string}.png`} */ (path.join(this.out, `guide-${name}.png`));
    await page.screenshot({ path: file, fullPage: height === 0 });
    console.log(`guide-${name}.png`);
  }

  /** What the dashboard showed when something went wrong. */
  async tell() {
    const page = (await this.desk.pages()).at(-1);
    const words = await page?.$eval('body', (body) => body.innerText);
    console.error(`The dashboard says: ${words}`);
  }

  end() {
    return this.world.end();
  }
}

/** A code from the dashboard, typed into the extension, confirmed on the dashboard. @param {Household} house */
async function connect(house) {
  const page = await house.dashboard('browsers');
  await page.$$eval('main button', (buttons) => /** @type {HTMLElement | undefined} */ (
    [...buttons].find((one) => /Connect a browser/.test(one.textContent ?? '')))?.click());
  const code = await page.waitForSelector('dialog .code').then((node) => node?.evaluate((box) => box.textContent ?? ''));
  await house.shoot(page, 'code');
  const extension = await openOwnPage(house.world.browser, `${house.world.extension}/ui/options.html`);
  await extension.setViewport({ width: 900, height: 620 });
  await extension.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await extension.waitForSelector('#pairing:not([hidden])');
  await extension.type('#code', String(code));
  await house.shoot(extension, 'connect');
  await extension.bringToFront();
  await extension.click('#connect');
  await page.bringToFront();
  await page.waitForSelector('dialog .question');
  await house.shoot(page, 'confirm');
  await page.keyboard.press('Enter'); // The button has the focus.
  await page.waitForSelector('.pairing-end.paired');
  await extension.bringToFront();
  await until(() => extension.$eval('#connected', (part) => /** @type {HTMLElement} */ (part).checkVisibility()), 'the connection', LIMIT_MS);
  await extension.close();
  await page.close();
}

/** A photo picked on a page. @param {Household} house */
async function upload(house) {
  const page = await house.world.open('upload.html');
  await page.setViewport({ width: 1000, height: 430 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await pick(page, [house.photo('launch')]);
  await cardSays(page, /rotecting|Waiting|Loading|ready/).catch(() => undefined);
  await house.shoot(page, 'holding');
  await until(() => house.world.site.files.length === 1, 'the copy', LIMIT_MS);
  await cardSays(page, /rotected/, LIMIT_MS);
  await house.shoot(page, 'protected');
  await popup(house, page, 'popup');
  await page.close();
}

/** Two steps of the page that the first start opens. @param {Household} house */
async function welcome(house) {
  const page = await house.dashboard('welcome/photos', { width: 1000, height: 820 });
  await page.waitForSelector('[data-step="photos"]');
  await house.shoot(page, 'welcome', 0);
  await go(page, 'welcome/strength');
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector('#choose-trial'));
  await input.uploadFile(house.photo('portrait'));
  await until(async () => (await page.$('.compare-stage')) !== null, 'before and after', LIMIT_MS);
  await house.shoot(page, 'welcome-strength', 0);
  await house.real.ask('welcome/done');
  await page.close();
}

/** The popup over a page. @param {Household} house @param {Page} page @param {string} name */
async function popup(house, page, name) {
  const shown = await openOwnPage(house.world.browser, `${house.world.extension}/ui/popup.html`);
  await shown.setViewport({ width: 360, height: 640 });
  await shown.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await page.bringToFront();
  await shown.evaluate('document.body.id = "old"; location.reload()').catch(() => undefined);
  const isTold = 'document.getElementById("popup")?.querySelector("#pill")?.matches(".good, .bad")';
  await until(() => shown.evaluate(isTold).catch(() => false), 'the state of the connection', LIMIT_MS);
  await house.shoot(shown, name, 0);
  await shown.close();
}

/** What the dashboard shows of photos dropped and folders watched. @param {Household} house */
async function photos(house) {
  const { real } = house;
  const folder = path.join(HOME, 'Pictures', 'Camera');
  const post = path.join(HOME, 'Pictures', 'To post');
  for (const [place, names] of /** @type {const} */ ([[folder, ['cat', 'breakfast']], [post, ['motorbike']]])) {
    await mkdir(place);
    for (const name of names) await copyFile(house.photo(name), path.join(place, `${name}.jpg`));
  }
  await real.ask('folders/add', { path: folder });
  await real.ask('folders/add', { path: post, output: 'in-place' });
  const isDone = async () => {
    const { jobs } = await real.ask('history', { states: ['done'], limit: 10 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return jobs.length >= 5;
  };
  await until(isDone, 'the photos in the folders', LIMIT_MS);
  const page = await house.dashboard();
  await until(async () => (await page.$$('.tile')).length >= 5, 'the newest photos', LIMIT_MS);
  // That there is no keyring on this computer is known, and not what the picture is about.
  await page.$$eval('[data-act="dismiss"]', (buttons) => buttons.forEach((one) => /** @type {HTMLElement} */ (one).click()));
  await until(async () => (await page.$('.notice')) === null, 'calm', LIMIT_MS);
  await page.$$eval('.tile', (tiles) => tiles.forEach((one) => one.scrollIntoView()));
  await until(async () => (await page.$$('.tile img')).length >= 5, 'their pictures', LIMIT_MS);
  await house.shoot(page, 'overview', 0);
  const { jobs } = await real.ask('history', { states: ['done'], limit: 10 });
  const portrait = jobs.find((/** @type {{name: string}} */ { name }) => name === 'portrait.jpg');
  await go(page, `photo/${portrait.job}`);
  await page.waitForSelector('.compare-stage');
  await house.shoot(page, 'photo', 1290);
  for (const name of ['folders', 'vault', 'personas', 'models']) {
    await go(page, name);
    await house.shoot(page, name, name === 'models' ? 1250 : 0);
  }
  await page.close();
}

/** A mark put on. @param {Household} house */
async function seal(house) {
  const page = await house.dashboard('seal');
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector('#choose-sealed'));
  await input.uploadFile(house.photo('cat'));
  await page.waitForSelector('.seal-wishes input[type="text"]');
  await page.type('.seal-wishes input[type="text"]', '© Anna Berg');
  await page.waitForSelector('.seal-stage img[alt$="with its mark"]');
  await until(async () => (await page.$('.seal-stage.is-busy')) === null, 'the mark', LIMIT_MS);
  await house.shoot(page, 'seal', 1210);
  await page.close();
}

/** What is hidden from an AI assistant. @param {Household} house */
async function assistant(house) {
  const host = new URL(house.world.site.origin).hostname;
  await house.real.ask('sites/change', { host, protect: true, method: 'assistant' });
  const page = await house.world.open('upload.html');
  await pick(page, [house.photo('portrait')]);
  await until(() => house.world.site.files.length === 2, 'the copy for the assistant', LIMIT_MS);
  await popup(house, page, 'slider');
  const { jobs } = await house.real.ask('history', { states: ['done'], limit: 1 });
  const board = await house.dashboard(`photo/${jobs[0].job}`);
  await board.waitForSelector('.compare-stage');
  await house.shoot(board, 'assistant', 1230);
  await board.close();
  await page.close();
  await house.real.ask('sites/remove', { host });
}

/** Nobody answers: the page gets nothing, the user is asked. @param {Household} house */
async function away(house) {
  const page = await house.world.open('upload.html');
  await page.setViewport({ width: 1000, height: 430 });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
  await house.real.daemon.kill();
  await pick(page, [house.photo('cat')]);
  await cardSays(page, /Use the original this time/, LIMIT_MS);
  await house.shoot(page, 'held');
  await page.close();
}

const { values } = parseArgs({ options: { out: { type: 'string' }, only: { type: 'string', default: '' } } });
const out = path.resolve(values.out ?? path.join(ROOT, 'docs', 'images'));
await mkdir(out, { recursive: true });
await mkdir(HOME); // Fails, and rightly, where somebody lives there.
/** @type {Household | undefined} */
let house;
try {
  house = await Household.begin(out, new Set(values.only.split(',').filter(Boolean)));
  for (const scene of [welcome, connect, upload, photos, seal, assistant, away]) await scene(house);
} catch (error) {
  await house?.tell();
  throw error;
} finally {
  await house?.end();
  await rm(HOME, { recursive: true, force: true, maxRetries: 5 });
}
