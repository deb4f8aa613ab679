/**
 * What a test file needs: a site, a browser with the extension, photos, and a place for its figures.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { PATIENCE_MS, ROOT, extensionOrigin, findBrowser, startChromium } from './browsers.mjs';
import { addSite, until } from './flows.mjs';
import { endFirefoxBackground, startFirefox } from './firefox.mjs';
import { Site } from './site.mjs';

const run = promisify(execFile);

export const NO_CHROMIUM = findBrowser('chromium') ? false : 'Chromium is not installed';
export const NO_FIREFOX = findBrowser('firefox') ? false : 'Firefox is not installed';

/** Real photos as JPEG files, in a folder of their own. @param {number} width @returns {Promise<string[]>} */
export async function makePhotos(width) {
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-photos-'));
  const script = path.join(ROOT, 'tests', 'browser', 'support', 'photos.py');
  // Made once for all that want this width, whoever comes first.
  const kept = path.join(ROOT, 'build', 'photos', `${width}-${Math.round((await stat(script)).mtimeMs)}`);
  if (!existsSync(kept)) {
    const fresh = `${kept}.${process.pid}`;
    await run(path.join(ROOT, '.venv', 'bin', 'python'), [script, fresh, String(width)]);
    await rename(fresh, kept).catch(() => rm(fresh, { recursive: true, force: true }));
  }
  const names = (await readdir(kept)).sort();
  await Promise.all(names.map((name) => copyFile(path.join(kept, name), path.join(folder, name))));
  return names.map((name) => path.join(folder, name));
}

/** A site, and a browser with the extension watching it. */
export class World {
  /** @type {Array<() => unknown>} */
  #endings = [];
  site = new Site();
  /** @type {import('puppeteer-core').Browser | undefined} */
  #browser;
  extension = '';

  /** @param {{chromium?: boolean, firefox?: boolean}} [options] a Chromium unless told otherwise */
  static async create({ firefox = false, chromium = !firefox } = {}) {
    const world = new World();
    await world.site.start();
    world.endsWith(() => world.site.stop());
    if (chromium || firefox) await world.#startBrowser(firefox);
    return world;
  }

  /** @param {boolean} isFirefox */
  async #startBrowser(isFirefox) {
    if (isFirefox) {
      ({ browser: this.#browser, extension: this.extension } = await startFirefox());
    } else {
      this.#browser = await startChromium();
      this.extension = extensionOrigin(this.#browser);
    }
    this.endsWith(() => this.browser.close());
    await addSite(this.browser, this.extension, this.site.origin);
  }

  get browser() {
    if (!this.#browser) throw new Error('this world has no browser');
    return this.#browser;
  }

  /** @param {() => unknown} ending */
  endsWith(ending) {
    this.#endings.unshift(ending);
  }

  async end() {
    for (const ending of this.#endings) await ending();
  }

  /** @param {string} name */
  async open(name) {
    const page = await this.browser.newPage();
    await page.goto(`${this.site.origin}/${name}`);
    await page.bringToFront();
    return page;
  }
}

/** End the extension's background as the browser does to save memory. @param {import('puppeteer-core').Browser} browser */
export async function endBackground(browser) {
  if ((await browser.version()).startsWith('firefox')) {
    await endFirefoxBackground(browser);
    return;
  }
  const worker = await browser.waitForTarget((target) => target.type() === 'service_worker', { timeout: PATIENCE_MS });
  const session = await browser.target().createCDPSession();
  await session.send('Target.closeTarget', { targetId: Reflect.get(worker, '_targetId') });
}

/** Files made for a test, gone with it. @param {Record<string, string | Buffer>} contents @returns {Promise<Record<string, string>>} */
export async function makeFiles(contents) {
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-files-'));
  /** @type {Record<string, string>} */
  const paths = {};
  for (const [name, content] of Object.entries(contents)) {
    paths[name] = path.join(folder, name);
    await writeFile(paths[name], content);
  }
  return paths;
}

/** @param {string[]} files */
export async function removeFolderOf(files) {
  if (files[0]) await rm(path.dirname(files[0]), { recursive: true, force: true });
}

/** Put figures into build/results/browser.json. @param {string} section @param {object} figures */
export function record(section, figures) {
  return rewrite(path.join(ROOT, 'build', 'results', 'browser.json'), (old = '{}') => (
    `${JSON.stringify({ ...JSON.parse(old), [section]: figures }, undefined, 2)}\n`));
}

/**
 * Write a file anew, from what is in it. Suites run side by side: one at a time does, and nobody reads half of it.
 * @param {string} file @param {(old?: string) => string} work
 */
export async function rewrite(file, work) {
  await mkdir(path.dirname(file), { recursive: true });
  const lock = `${file}.lock`;
  // One that somebody left behind is waited for in vain and then passed over.
  await until(() => mkdir(lock).then(() => true, () => false), 'the lock', 10_000).catch(() => undefined);
  try {
    const old = await readFile(file, 'utf8').catch(() => undefined);
    await writeFile(`${file}.${process.pid}`, work(old));
    await rename(`${file}.${process.pid}`, file);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}
