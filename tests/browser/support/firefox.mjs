/**
 * Firefox with the extension exactly as it ships, through WebDriver BiDi.
 */
import puppeteer from 'puppeteer-core';

import { EXTENSION, PATIENCE_MS, findBrowser, patient } from './browsers.mjs';

/** Fixed, so that the tests know the address of the extension's pages. */
const UUID = '6f1d3a52-7c55-4d7e-9f0e-3f3b8a0c9d11';

/**
 * @param {{extension?: boolean | string, env?: NodeJS.ProcessEnv, prefs?: Record<string, unknown>, profile?: string}} [options] the
 *   extension of the working tree, that of another folder or package, or none; with `env`: in a window on that screen; `profile`: a
 *   folder that stays, instead of one that ends with it
 */
export async function startFirefox({ extension = true, env, prefs = {}, profile } = {}) {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: findBrowser('firefox'),
    headless: !env,
    timeout: PATIENCE_MS,
    ...(env ? { env } : {}),
    ...(profile ? { userDataDir: profile } : {}),
    args: ['--remote-allow-system-access'],
    extraPrefsFirefox: {
      'extensions.webextensions.uuids': JSON.stringify({ 'extension@photoveil.app': UUID }),
      // No processes for pages that nobody opens.
      'dom.ipc.processPrelaunch.enabled': false,
      ...prefs,
    },
  });
  if (extension) await browser.installExtension(extension === true ? EXTENSION : extension);
  return { browser: patient(browser), extension: `moz-extension://${UUID}` };
}

/**
 * Run a script in Firefox's own process, with every right Firefox has; a promise is awaited.
 * @param {import('puppeteer-core').Browser} browser @param {string} expression @returns {Promise<any>} what BiDi tells of its value
 */
export async function inChrome(browser, expression) {
  const connection = Reflect.get(browser, 'connection');
  const tree = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const { result } = await connection.send('script.evaluate', {
    expression, awaitPromise: true, target: { context: tree.result.contexts[0].context },
  });
  if (result.type !== 'success') throw new Error(`in Firefox's own process: ${result.exceptionDetails?.text}`);
  return result.result?.value;
}

/** End the background as Firefox itself does to save memory. @param {import('puppeteer-core').Browser} browser */
export function endFirefoxBackground(browser) {
  return inChrome(browser, `(async () => {
    const { ExtensionParent } = ChromeUtils.importESModule('resource://gre/modules/ExtensionParent.sys.mjs');
    await ExtensionParent.GlobalManager.extensionMap.get('extension@photoveil.app').terminateBackground();
  })()`);
}
