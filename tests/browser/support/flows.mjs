/**
 * What a user does, through the extension's real pages and the page's real card.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { PATIENCE_MS } from './browsers.mjs';
import { closedRoots, findButton, textOf } from './card.mjs';

/** @param {() => Promise<unknown> | unknown} probe @param {string} what @param {number} [limit] */
export async function until(probe, what, limit = PATIENCE_MS) {
  const start = Date.now();
  for (let waited = 0; waited < limit; waited = Date.now() - start) {
    const found = await probe();
    if (found) return found;
    // What takes long is worth fewer looks: each costs time that it needs itself.
    await sleep(Math.min(40 + waited / 20, 150));
  }
  throw new Error(`waited ${limit} ms in vain for ${what}`);
}

/**
 * Open one of the extension's own pages.
 * @param {import('puppeteer-core').Browser} browser @param {string} url
 */
export async function openOwnPage(browser, url) {
  const page = await browser.newPage();
  if (url.startsWith('chrome-extension:')) {
    await page.goto(url);
    return page;
  }
  // Firefox loads its extensions' pages but sends no word of it.
  const context = Reflect.get(page.mainFrame(), '_id');
  await Reflect.get(browser, 'connection').send('browsingContext.navigate', { context, url, wait: 'none' });
  const isThere = 'document.readyState === "complete" && location.protocol === "moz-extension:"';
  await until(() => page.evaluate(isThere).catch(() => false), url);
  return page;
}

/** Add a site on the options page. @param {import('puppeteer-core').Browser} browser @param {string} origin @param {string} site */
export async function addSite(browser, origin, site) {
  const page = await openOwnPage(browser, `${origin}/ui/options.html`);
  // With the state of the connection parts of the page come and go.
  await page.waitForSelector('#pill.good, #pill.bad');
  if (await page.$eval('#add-form', (form) => form.checkVisibility())) {
    await page.type('#address', site);
    // Nor would a press with the mouse be sure to meet the button.
    await page.keyboard.press('Enter');
    await page.waitForSelector('#added li');
  } else {
    // Before the two know each other there is nothing to press: what the page would do.
    await page.evaluate(`(async () => {
      const { added = [] } = await chrome.storage.local.get('added');
      await chrome.storage.local.set({ added: [...added, ${JSON.stringify(site)}] });
      const answer = await chrome.runtime.sendMessage({ kind: 'sync-sites' });
      if (answer?.ok !== true) throw new Error(JSON.stringify(answer));
    })()`);
  }
  await page.close();
}

/**
 * Pair in the popup page.
 * @param {import('puppeteer-core').Browser} browser @param {string} origin @param {string} code
 * @param {number} [limit]
 */
export async function pair(browser, origin, code, limit = PATIENCE_MS) {
  const page = await openOwnPage(browser, `${origin}/ui/popup.html`);
  await page.waitForSelector('#pairing:not([hidden])');
  await page.type('#code', code);
  await page.waitForSelector('#connect:enabled');
  await page.keyboard.press('Enter');
  try {
    await page.waitForSelector('#connected:not([hidden])', { timeout: limit });
  } catch (error) {
    const said = await page.$eval('body', (body) => body.innerText);
    throw new Error(`pairing did not succeed; the popup says: ${said}`, { cause: error });
  } finally {
    await page.close();
  }
}

/** What the card says; '' when there is none. @param {import('puppeteer-core').Page} page */
export async function cardText(page) {
  return (await closedRoots(page)).map(textOf).join(' ').replace(/\s+/g, ' ').trim();
}

/** Wait until the card says something. @param {import('puppeteer-core').Page} page @param {RegExp} words @param {number} [limit] */
export async function cardSays(page, words, limit) {
  let said = '';
  try {
    await until(async () => words.test((said = await cardText(page))), `a card saying ${words}`, limit);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}; it says: “${said}”`, { cause: error });
  }
  return said;
}

/** Press a button of the card with the mouse. @param {import('puppeteer-core').Page} page @param {RegExp} label */
export async function pressCard(page, label) {
  const { id, place } = await findButton(page, label);
  await place.press(id);
}

/**
 * Press "Use the original this time", in time again: a press counts only once the card could be seen for a while.
 * @param {import('puppeteer-core').Page} page
 */
export async function useOriginal(page) {
  const label = /Use .*originals? this time/;
  for (let tries = 40; ; tries--) {
    await pressCard(page, label);
    const isDone = await until(async () => !label.test(await cardText(page)), 'the original to be used', 1_500).catch(() => false);
    if (isDone) return;
    if (tries === 0) throw new Error(`“Use the original this time” was pressed in vain; the card says “${await cardText(page)}”`);
  }
}

/**
 * Press it as a script would that had got hold of it: the browser does not vouch for this.
 * @param {import('puppeteer-core').Page} page @param {RegExp} label
 */
export async function pressCardByScript(page, label) {
  const { id, place } = await findButton(page, label);
  await place.pressByScript(id);
}

/**
 * Pick files as a user does in the browser's own dialog.
 * @param {import('puppeteer-core').Page} page @param {string[]} files @param {string} [selector]
 */
export async function pick(page, files, selector = '#photos') {
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector(selector));
  await input.uploadFile(...files);
}
