/**
 * What a test file needs: a site, a browser with the extension, photos, and a place for its figures.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { ROOT, extensionOrigin, findBrowser, startChromium } from './browsers.mjs';
import { addSite, until } from './flows.mjs';
import { startFirefox } from './firefox.mjs';
import { Site } from './site.mjs';

const run = promisify(execFile);

export const NO_CHROMIUM = findBrowser('chromium') ? false : 'Chromium is not installed';
export const NO_FIREFOX = findBrowser('firefox') ? false : 'Firefox is not installed';

/** Real photos as JPEG files. @param {number} width @returns {Promise<string[]>} */
export async function makePhotos(width) {
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-photos-'));
  const script = path.join(ROOT, 'tests', 'browser', 'support', 'photos.py');
  await run(path.join(ROOT, '.venv', 'bin', 'python'), [script, folder, String(width)]);
  return (await readdir(folder)).sort().map((name) => path.join(folder, name));
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
      this.extension = await extensionOrigin(this.#browser);
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
export async function record(section, figures) {
  const file = path.join(ROOT, 'build', 'results', 'browser.json');
  await mkdir(path.dirname(file), { recursive: true });
  // Suites run side by side. A lock that somebody left behind is waited for in vain and then passed over.
  const lock = `${file}.lock`;
  await until(() => mkdir(lock).then(() => true, () => false), 'the figures').catch(() => undefined);
  const old = await readFile(file, 'utf8').then(JSON.parse, () => ({}));
  await writeFile(file, `${JSON.stringify({ ...old, [section]: figures }, undefined, 2)}\n`);
  await rm(lock, { recursive: true, force: true });
}
