/**
 * Visiting the dashboard with a real browser.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { IS_BRIEF, PATIENCE_MS, ROOT, startChromium } from '../../browser/support/browsers.mjs';
import { StandIn } from './standin.mjs';

const run = promisify(execFile);

export const SHOTS = path.join(ROOT, 'build', 'results', 'dashboard');
export const SIZES = [1280, 360];
export const SCHEMES = /** @type {const} */ (['light', 'dark']);
/** What is looked at in a certain state: everything, or each width and each scheme once. */
export const LOOKS = SIZES.flatMap((width, index) => SCHEMES.map((scheme, place) => ({ width, scheme, isFirst: index === place })))
  .filter(({ isFirst }) => isFirst || !IS_BRIEF);

/** Pictures before and after, in a folder of their own. */
export async function makePictures() {
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-pictures-'));
  await run(path.join(ROOT, '.venv', 'bin', 'python'), [path.join(ROOT, 'tests', 'dashboard', 'support', 'pictures.py'), folder]);
  return folder;
}

/** A browser and a stand-in, gone together. */
export class Visit {
  /** What the pages complained about: errors, and refusals by the policy. @type {string[]} */
  complaints = [];

  /** @param {import('puppeteer-core').Browser} browser @param {StandIn} daemon @param {string} pictures */
  constructor(browser, daemon, pictures) {
    this.browser = browser;
    this.daemon = daemon;
    this.pictures = pictures;
  }

  /** @param {Promise<import('puppeteer-core').Browser>} [starting] */
  static async begin(starting = startChromium({ extension: false })) {
    const [pictures, browser] = await Promise.all([makePictures(), starting]);
    return new Visit(browser, await new StandIn(pictures).start(), pictures);
  }

  /** The same browser and a daemon that knows nothing of the one before. @param {(daemon: StandIn) => void} [prepare] */
  async renew(prepare = () => {}) {
    for (const page of await this.browser.pages()) if (page.url().startsWith('http')) await page.close();
    await this.daemon.stop();
    this.daemon = new StandIn(this.pictures);
    prepare(this.daemon);
    await this.daemon.start();
    this.complaints = [];
  }

  async end() {
    await this.browser.close();
    await this.daemon.stop();
    await rm(this.pictures, { recursive: true, force: true });
  }

  /**
   * Open the dashboard, signed in, in a tab of its own.
   * @param {{width?: number, scheme?: 'light' | 'dark', to?: string, link?: string}} [options]
   */
  async open({ width = 1280, scheme = 'light', to = '', link = this.daemon.link() } = {}) {
    const page = await this.browser.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) this.complaints.push(message.text());
    });
    await page.setViewport({ width, height: width > 600 ? 900 : 740 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.goto(link);
    await page.waitForSelector('main h1');
    if (to) await go(page, to);
    return page;
  }
}

/** Go to another page of the dashboard and wait until it is there. @param {import('puppeteer-core').Page} page @param {string} to */
export async function go(page, to) {
  await page.evaluate(() => document.querySelector('main h1')?.remove());
  await page.evaluate((hash) => {
    if (window.location.hash === hash) window.dispatchEvent(new HashChangeEvent('hashchange'));
    else window.location.hash = hash;
  }, `#/${to}`);
  await page.waitForSelector('main h1');
}

/** Until all pictures were seen once and are drawn, and nothing moves. @param {import('puppeteer-core').Page} page */
export async function settle(page) {
  await page.evaluate(async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 700) {
      window.scrollTo(0, y);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    window.scrollTo(0, 0);
  });
  await page.waitForNetworkIdle({ idleTime: 150, timeout: 5_000, concurrency: 1 }).catch(() => undefined);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(undefined)))));
}

/**
 * Press what lies there, once it has come to rest: a page that hears news may grow above it.
 * @param {import('puppeteer-core').Page} page @param {string} selector
 */
export function pressOn(page, selector) {
  return page.locator(selector).setTimeout(PATIENCE_MS).click();
}

/** @param {import('puppeteer-core').Page} page @param {string} name @param {boolean} [whole] */
export async function shoot(page, name, whole = true) {
  await settle(page);
  if (IS_BRIEF) return;
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: /** @type {`${string}.png`} */ (path.join(SHOTS, `${name}.png`)), fullPage: whole });
}
