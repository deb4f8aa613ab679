/**
 * One browser in a failure drill: its site, its page as the user needs it, and what must be true whatever went wrong.
 */
import assert from 'node:assert/strict';

import { FILE_DIALOG } from '../matrix/firefox.mjs';
import { PATIENCE_MS } from '../support/browsers.mjs';
import { inChrome } from '../support/firefox.mjs';
import { cardSays, openOwnPage, pair, pick, until } from '../support/flows.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, endBackground } from '../support/world.mjs';

/** @typedef {import('puppeteer-core').Page} Page */

/** A card that a busy machine is slow to show is still a card. */
const CARD_MS = PATIENCE_MS;

export class Place {
  /** What the cards said, by drill. @type {Record<string, string>} */
  told = {};

  /** @param {'Chromium' | 'Firefox'} name @param {World} world @param {string} note a text file that anybody may have */
  constructor(name, world, note) {
    this.name = name;
    this.world = world;
    this.note = note;
  }

  /** All browsers of this machine, each with a site of its own. @param {string} note @returns {Promise<Place[]>} */
  static async all(note) {
    /** @type {Array<Promise<Place>>} */
    const starting = [];
    if (!NO_CHROMIUM) starting.push(World.create().then((world) => new Place('Chromium', world, note)));
    if (!NO_FIREFOX) starting.push(World.create({ firefox: true }).then((world) => new Place('Firefox', world, note)));
    return Promise.all(starting);
  }

  get site() {
    return this.world.site;
  }

  get photos() {
    return this.site.files.filter(({ name }) => name !== 'notes.txt');
  }

  get notes() {
    return this.site.files.filter(({ name }) => name === 'notes.txt');
  }

  /** Forget the daemon it knew, and get to know another. @param {string} code */
  async pairAnew(code) {
    await this.forget();
    await pair(this.world.browser, this.world.extension, code);
  }

  async forget() {
    const page = await openOwnPage(this.world.browser, `${this.world.extension}/ui/options.html`);
    await page.$eval('#forget', (button) => /** @type {HTMLElement} */ (button).click());
    await page.waitForFunction('document.getElementById("forgotten").textContent !== ""');
    await page.close();
  }

  /** A fresh page, with a photo picked in it. @param {string} photo */
  async openAndPick(photo) {
    this.site.forget();
    const page = await this.world.open('upload.html');
    await pick(page, [photo]);
    return page;
  }

  /**
   * A drill: pick a photo, expect the card to say something, the page to be usable and nothing sent.
   * @param {string} drill @param {RegExp} words @param {string} photo
   */
  async drill(drill, words, photo) {
    const page = await this.openAndPick(photo);
    this.told[drill] = await cardSays(page, words, CARD_MS);
    await this.assertHarmless(page);
    return page;
  }

  /**
   * The page works, and nothing of a photo got out. The text file that the page sends in between comes after whatever it
   * might have sent before.
   * @param {Page} page
   */
  async assertHarmless(page) {
    await this.assertNothingSent(page);
    await this.assertUsable(page);
    await this.assertNothingSent(page);
  }

  /** The page as a user still needs it. @param {Page} page */
  async assertUsable(page) {
    const count = this.notes.length;
    await page.type('#words', 'still here');
    assert.match(await page.$eval('#words', (field) => /** @type {HTMLTextAreaElement} */ (field).value), /still here$/);
    // The same file once more would be no change.
    await page.$eval('#other', (input) => void (/** @type {HTMLInputElement} */ (input).value = ''));
    await pick(page, [this.note], '#other');
    await until(() => this.notes.length > count, 'the text file', CARD_MS);
  }

  /** Nothing of a photo came to the site, and the input is empty. @param {Page} page */
  async assertNothingSent(page) {
    assert.deepEqual(this.photos, []);
    assert.equal(await page.$eval('#photos', (input) => /** @type {HTMLInputElement} */ (input).files?.length), 0);
    assert.equal(await page.evaluate('window.seen.filter(({ names }) => !names.includes("notes.txt")).length'), 0);
  }

  /**
   * Choose in the file dialog that opens on a press, whichever frame and input it is for.
   * @param {Page} page @param {() => Promise<unknown>} press @param {string[]} files
   */
  async choose(page, press, files) {
    if (this.name === 'Firefox') {
      const { browser } = this.world;
      if (!(await inChrome(browser, 'Boolean(globalThis.photoveilDialog)'))) await inChrome(browser, FILE_DIALOG);
      await inChrome(browser, `void photoveilDialog.answers.push(${JSON.stringify(files)})`);
      await press();
      await until(() => inChrome(browser, 'photoveilDialog.answers.length === 0'), 'a file dialog');
      return;
    }
    const session = await page.createCDPSession();
    await session.send('DOM.enable');
    await session.send('Page.enable');
    await session.send('Page.setInterceptFileChooserDialog', { enabled: true });
    /** @type {number | undefined} */
    let backendNodeId;
    session.once('Page.fileChooserOpened', (dialog) => (backendNodeId = dialog.backendNodeId));
    await press();
    await until(() => backendNodeId !== undefined, 'a file dialog');
    await session.send('DOM.setFileInputFiles', { files, backendNodeId: Number(backendNodeId) });
    await session.detach();
  }

  /** End the background as the browser itself does to save memory. */
  endBackground() {
    return endBackground(this.world.browser);
  }
}
