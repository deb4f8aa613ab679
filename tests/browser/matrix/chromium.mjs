/**
 * A user in Chromium, through the debugging protocol: trusted clicks and keys, the browser's own drag, dialogs answered.
 */
import { stat } from 'node:fs/promises';

import { extensionOrigin, startChromium } from '../support/browsers.mjs';
import { addSite, pair, until } from '../support/flows.mjs';
import { Screen } from './screen.mjs';

/** @typedef {import('./types.js').Spot} Spot */
/** @typedef {import('./types.js').Words} Words */
/** @typedef {import('./types.js').User} User */
/** @typedef {{origins: string[], standIn?: import('../support/standin.mjs').StandIn}} World */

/** Puts files into an input whose dialog was opened. @typedef {(files: string[]) => Promise<unknown>} Answer */

const DIALOG_MS = 4_000;
/** The button “Allow” in the window. */
const ALLOW = { x: 648, y: 214 };
const PERMISSIONS = /** @type {const} */ (['clipboard-read', 'clipboard-write', 'clipboard-sanitized-write']);

/** @implements {User} */
export class ChromiumUser {
  browser = /** @type {const} */ ('chromium');
  patience = 15;
  /** Who waits for a dialog. @type {((answer: Answer) => void) | undefined} */
  #answer;

  /**
   * @param {import('puppeteer-core').Browser} host @param {import('puppeteer-core').Page} page
   * @param {import('puppeteer-core').CDPSession} session @param {import('puppeteer-core').Page} desk where things are copied
   */
  constructor(host, page, session, desk) {
    this.host = host;
    this.page = page;
    this.session = session;
    this.desk = desk;
  }

  /** @param {World} world without a daemon: without the extension */
  static start(world) {
    return this.open(world);
  }

  /** @param {World} world @param {NodeJS.ProcessEnv} [env] */
  static async open({ origins, standIn }, env) {
    const host = await startChromium({ extension: Boolean(standIn), isolated: origins, ...(env ? { env } : {}) });
    if (standIn) {
      const extension = extensionOrigin(host);
      await addSite(host, extension, origins[0] ?? '');
      await pair(host, extension, standIn.openPairing());
    }
    for (const origin of origins) await host.defaultBrowserContext().overridePermissions(origin, [...PERMISSIONS]);
    const desk = await host.newPage();
    await desk.goto(`${origins[0]}/blank`);
    const page = await host.newPage();
    const session = await page.createCDPSession();
    for (const its of [session, await desk.createCDPSession()]) await its.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await page.bringToFront();
    const user = new this(host, page, session, desk);
    // In a window the dialogs themselves are used.
    if (!env) await user.#answerDialogs(session);
    return user;
  }

  /** Here, and in frames that have a process of their own. @param {import('puppeteer-core').CDPSession} session */
  async #answerDialogs(session) {
    session.on('Page.fileChooserOpened', ({ backendNodeId = 0 }) => {
      this.#answer?.((files) => session.send('DOM.setFileInputFiles', { files, backendNodeId }));
    });
    session.on('sessionattached', (child) => void this.#answerDialogs(child).catch(() => undefined));
    await session.send('Page.enable');
    await session.send('DOM.enable');
    await session.send('Page.setInterceptFileChooserDialog', { enabled: true });
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: true });
  }

  /** @param {Spot} at */
  click({ x, y }) {
    return this.page.mouse.click(x, y);
  }

  /** @param {Spot} at @param {string[]} paths */
  async choose(at, paths) {
    /** @type {Promise<Answer>} */
    const opened = new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('no file dialog opened')), this.patience * DIALOG_MS);
      this.#answer = (answer) => {
        clearTimeout(limit);
        resolve(answer);
      };
    });
    const [answer] = await Promise.all([opened, this.click(at)]);
    await answer(paths);
  }

  /** @param {Spot} at @param {string} path @param {() => Promise<unknown>} [isDone] @returns {Promise<void>} */
  async chooseInPicker(at, path, isDone) {
    throw new Error(`needs a window: ${path} at ${at.x}${isDone ? ', until it is done' : ''}`);
  }

  /** @param {Spot} at @param {string[]} paths @param {Words} [words] */
  async drop({ x, y }, paths, words) {
    const items = words ? [{ mimeType: 'text/plain', data: words.plain }, { mimeType: 'text/html', data: words.html }] : [];
    const data = { items, files: paths, dragOperationsMask: 1 };
    for (const type of /** @type {const} */ (['dragEnter', 'dragOver', 'drop'])) {
      await this.session.send('Input.dispatchDragEvent', { type, x, y, data });
    }
  }

  /** @param {Buffer} picture @param {Words} [words] */
  async copy(picture, words) {
    await this.desk.evaluate(async (base64, texts) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      /** @type {Record<string, Blob>} */
      const forms = { 'image/png': blob };
      if (texts) {
        forms['text/plain'] = new Blob([texts.plain], { type: 'text/plain' });
        forms['text/html'] = new Blob([texts.html], { type: 'text/html' });
      }
      await navigator.clipboard.write([new globalThis.ClipboardItem(forms)]);
    }, picture.toString('base64'), words ?? null);
  }

  /** @param {Spot} at */
  async paste(at) {
    await this.click(at);
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('v', { commands: ['Paste'] });
    await this.page.keyboard.up('Control');
  }

  stop() {
    return this.host.close();
  }
}

/** The same in a window, for the dialogs that Chromium shows only there. */
export class WindowedChromiumUser extends ChromiumUser {
  /** @type {Screen | undefined} */
  #screen;

  /** @param {World} world */
  static async start(world) {
    const screen = await Screen.start();
    const user = /** @type {WindowedChromiumUser} */ (await super.open(world, screen.env));
    user.#screen = screen;
    return user;
  }

  /**
   * @param {Spot} at @param {string} path @param {() => Promise<unknown>} [isDone] whether the page has got it, where it tells
   * @override
   */
  async chooseInPicker(at, path, isDone = async () => true) {
    const screen = /** @type {Screen} */ (this.#screen);
    await this.click(at);
    await screen.answerDialog(/^(Select|Open) .*/, path);
    if (!(await stat(path)).isDirectory()) return;
    // Chromium asks once more, in a bubble that comes when it does and takes no press in its first half second.
    await until(async () => {
      await screen.act('mousemove', ALLOW.x, ALLOW.y, 'sleep', 0.9, 'click', 1);
      return until(isDone, 'the folder', 1_000).catch(() => false);
    }, 'the folder to be allowed');
  }

  async stop() {
    await super.stop();
    await this.#screen?.stop();
  }
}
