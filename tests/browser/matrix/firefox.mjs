/**
 * A user in Firefox: trusted clicks and keys, files dragged with the mouse from another window, a real clipboard. Only
 * the file dialog is a stand-in, put in its place inside Firefox, which then goes the way of a user's choice.
 */
import { stat } from 'node:fs/promises';

import { inChrome, startFirefox } from '../support/firefox.mjs';
import { addSite, pair, until } from '../support/flows.mjs';
import { Screen } from './screen.mjs';

/** @typedef {import('./types.js').Spot} Spot */
/** @typedef {import('./types.js').Words} Words */

/** Reading the clipboard asks with a menu that tests cannot press in time; keys need the focus no window manager gives. */
const PREFS = { 'dom.events.testing.asyncClipboard': true, 'focusmanager.testmode': true };

const DIALOG_MS = 4_000;
const ACCEPTED_MS = 2_000;
const NO_DIALOG_MS = 500;

/** Registers a file dialog that takes its answers from a list. */
export const FILE_DIALOG = `(() => {
  const state = (globalThis.photoveilDialog = { answers: [], opened: 0 });
  const fileAt = (path) => {
    const file = Cc['@mozilla.org/file/local;1'].createInstance(Ci.nsIFile);
    file.initWithPath(path);
    return file;
  };
  class Dialog {
    QueryInterface = ChromeUtils.generateQI(['nsIFilePicker']);
    defaultString = ''; defaultExtension = ''; filterIndex = 0; displayDirectory = null; displaySpecialDirectory = '';
    addToRecentDocs = false; okButtonLabel = ''; capture = 0;
    init() {}
    appendFilters() {}
    appendFilter() {}
    appendRawFilter() {}
    isModeSupported() { return Promise.resolve(true); }
    open(callback) {
      state.opened++;
      this.chosen = (state.answers.shift() ?? []).map(fileAt);
      const answer = this.chosen.length ? Ci.nsIFilePicker.returnOK : Ci.nsIFilePicker.returnCancel;
      Services.tm.dispatchToMainThread(() => callback.done(answer));
    }
    get file() { return this.chosen[0]; }
    get fileURL() { return Services.io.newFileURI(this.chosen[0]); }
    get files() {
      const left = [...this.chosen];
      return {
        QueryInterface: ChromeUtils.generateQI(['nsISimpleEnumerator']),
        hasMoreElements: () => left.length > 0,
        getNext: () => left.shift(),
        [Symbol.iterator]: () => left[Symbol.iterator](),
      };
    }
  }
  const factory = { createInstance: (iid) => new Dialog().QueryInterface(iid), QueryInterface: ChromeUtils.generateQI(['nsIFactory']) };
  const registrar = Components.manager.QueryInterface(Ci.nsIComponentRegistrar);
  registrar.registerFactory(Services.uuid.generateUUID(), '', '@mozilla.org/filepicker;1', factory);
})()`;

/** @param {string} base64 @param {Words} [words] */
function copying(base64, words) {
  const texts = words ? { 'text/plain': words.plain, 'text/html': words.html } : {};
  return `(() => {
    const transfer = Cc['@mozilla.org/widget/transferable;1'].createInstance(Ci.nsITransferable);
    transfer.init(null);
    const put = (type, value) => { transfer.addDataFlavor(type); transfer.setTransferData(type, value); };
    const bytes = Uint8Array.from(atob('${base64}'), (char) => char.charCodeAt(0));
    const tools = Cc['@mozilla.org/image/tools;1'].getService(Ci.imgITools);
    put('image/png', tools.decodeImageFromArrayBuffer(bytes.buffer, 'image/png'));
    for (const [type, text] of Object.entries(${JSON.stringify(texts)})) {
      const value = Cc['@mozilla.org/supports-string;1'].createInstance(Ci.nsISupportsString);
      value.data = text;
      put(type, value);
    }
    Services.clipboard.setData(transfer, null, Services.clipboard.kGlobalClipboard);
  })()`;
}

/** Presses "Upload" in the question whether a whole folder is meant; false while it is not there. */
const AGREE = `(() => {
  const box = Services.wm.getMostRecentWindow('navigator:browser').gBrowser;
  const [dialog] = box.getTabDialogBox(box.selectedBrowser).getTabDialogManager()._dialogs;
  const ours = dialog?._frame.contentDocument?.querySelector('dialog');
  // Its buttons are there when it has loaded.
  const button = ours?._buttons && ours.getButton('accept');
  if (!button || button.disabled) return false;
  button.click();
  return true;
})()`;

/** Whether the page has said that it would take what hovers over it. */
export const CAN_DROP = `(() => {
  const service = Cc['@mozilla.org/widget/dragservice;1'].getService(Ci.nsIDragService);
  return Boolean(service.getCurrentSession(Services.wm.getMostRecentWindow('navigator:browser'))?.canDrop);
})()`;

/** @typedef {import('./types.js').User} User */

/** @implements {User} */
export class FirefoxUser {
  browser = /** @type {const} */ ('firefox');
  patience = 15;

  /** @param {import('puppeteer-core').Browser} host @param {import('puppeteer-core').Page} page @param {Screen} screen */
  constructor(host, page, screen) {
    this.host = host;
    this.page = page;
    this.screen = screen;
  }

  /** @param {{origins: string[], standIn?: import('../support/standin.mjs').StandIn}} world without a daemon: without the extension */
  static async start({ origins, standIn }) {
    const screen = await Screen.start();
    const { browser, extension } = await startFirefox({ extension: Boolean(standIn), env: screen.env, prefs: PREFS });
    if (standIn) {
      await addSite(browser, extension, origins[0] ?? '');
      await pair(browser, extension, standIn.openPairing());
    }
    await inChrome(browser, FILE_DIALOG);
    return new FirefoxUser(browser, await browser.newPage(), screen);
  }

  /** @param {Spot} at */
  click({ x, y }) {
    return this.page.mouse.click(x, y);
  }

  /** @param {Spot} at @param {string[]} paths */
  async choose(at, paths) {
    if (!(await this.#answerDialog(at, paths, this.patience * DIALOG_MS))) throw new Error('no file dialog opened');
  }

  /** Firefox has no pickers; what falls back to an input opens a dialog all the same. @param {Spot} at @param {string} path */
  async chooseInPicker(at, path) {
    await this.#answerDialog(at, [path], NO_DIALOG_MS);
  }

  /** Click, and choose these if a dialog opens. @param {Spot} at @param {string[]} paths @param {number} limit */
  async #answerDialog(at, paths, limit) {
    const before = await inChrome(this.host, `photoveilDialog.answers = [${JSON.stringify(paths)}]; photoveilDialog.opened`);
    await this.click(at);
    const isOpen = async () => (await inChrome(this.host, 'photoveilDialog.opened')) > before;
    const opened = await until(isOpen, 'a file dialog', limit).catch(() => false);
    const [first] = paths;
    if (opened && first && (await stat(first)).isDirectory()) await until(() => inChrome(this.host, AGREE), 'the question whether a folder is meant');
    return opened;
  }

  /** @param {Spot} at @param {string[]} paths */
  async drop({ x, y }, paths) {
    const [left, top] = /** @type {[number, number]} */ (await this.page.evaluate('[window.mozInnerScreenX, window.mozInnerScreenY]'));
    await this.screen.drag(paths, Math.round(left + x), Math.round(top + y), () => inChrome(this.host, CAN_DROP), this.patience * ACCEPTED_MS);
  }

  /** @param {Buffer} picture @param {Words} [words] */
  async copy(picture, words) {
    await inChrome(this.host, copying(picture.toString('base64'), words));
  }

  /** @param {Spot} at */
  async paste(at) {
    await this.click(at);
    await this.page.keyboard.down('Control');
    await this.page.keyboard.press('v');
    await this.page.keyboard.up('Control');
  }

  async stop() {
    await this.host.close();
    await this.screen.stop();
  }
}
