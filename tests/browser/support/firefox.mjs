/**
 * Firefox with the extension exactly as it ships, through WebDriver BiDi.
 */
import puppeteer from 'puppeteer-core';

import { EXTENSION, findBrowser } from './browsers.mjs';

/** Fixed, so that the tests know the address of the extension's pages. */
const UUID = '6f1d3a52-7c55-4d7e-9f0e-3f3b8a0c9d11';

export async function startFirefox() {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: findBrowser('firefox'),
    args: ['--remote-allow-system-access'],
    extraPrefsFirefox: { 'extensions.webextensions.uuids': JSON.stringify({ 'extension@photoveil.app': UUID }) },
  });
  await browser.installExtension(EXTENSION);
  return { browser, extension: `moz-extension://${UUID}` };
}
