/**
 * What a user does, through the extension's real pages and the page's real card.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {() => Promise<unknown> | unknown} probe @param {string} what @param {number} [limit] */
export async function until(probe, what, limit = 10_000) {
  const end = Date.now() + limit;
  let last;
  while (Date.now() < end) {
    last = await probe();
    if (last) return last;
    await sleep(40);
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
  await page.goto(url, { timeout: 1_000 }).catch(() => undefined);
  const isThere = 'document.readyState === "complete" && location.protocol === "moz-extension:"';
  await until(() => page.evaluate(isThere).catch(() => false), url);
  return page;
}

/** Add a site on the options page. @param {import('puppeteer-core').Browser} browser @param {string} origin @param {string} site */
export async function addSite(browser, origin, site) {
  const page = await openOwnPage(browser, `${origin}/ui/options.html`);
  await page.type('#address', site);
  await page.click('#add-form button');
  await page.waitForSelector('#added li', { timeout: 5_000 });
  await page.close();
}

/**
 * Pair in the popup page.
 * @param {import('puppeteer-core').Browser} browser @param {string} origin @param {string} code
 * @param {number} [limit]
 */
export async function pair(browser, origin, code, limit = 20_000) {
  const page = await openOwnPage(browser, `${origin}/ui/popup.html`);
  await page.waitForSelector('#pairing:not([hidden])', { timeout: 10_000 });
  await page.type('#code', code);
  await page.click('#connect');
  try {
    await page.waitForSelector('#connected:not([hidden])', { timeout: limit });
  } catch {
    const said = await page.$eval('main', (main) => /** @type {HTMLElement} */ (main).innerText);
    throw new Error(`pairing did not succeed; the popup says: ${said}`);
  } finally {
    await page.close();
  }
}

/**
 * The card in its closed shadow root, seen through the debugging protocol as no page can.
 * @param {import('puppeteer-core').Page} page
 */
async function cardNodes(page) {
  const session = await page.createCDPSession();
  const { root } = await session.send('DOM.getDocument', { depth: -1, pierce: true });
  /** @type {Array<import('puppeteer-core').Protocol.DOM.Node>} */
  const roots = [];
  /** @param {import('puppeteer-core').Protocol.DOM.Node} node */
  const walk = (node) => {
    for (const shadow of node.shadowRoots ?? []) if (shadow.shadowRootType === 'closed') roots.push(shadow);
    for (const child of [...(node.children ?? []), ...(node.contentDocument ? [node.contentDocument] : [])]) walk(child);
  };
  walk(root);
  return { session, roots };
}

/** @param {import('puppeteer-core').Protocol.DOM.Node} node @returns {string} */
function textOf(node) {
  if (node.nodeName === 'STYLE' || node.nodeName === 'svg') return '';
  if (node.nodeType === 3) return node.nodeValue;
  const hidden = node.attributes?.includes('hidden') ?? false;
  return hidden ? '' : (node.children ?? []).map(textOf).filter(Boolean).join(' ');
}

/** What the card says; '' when there is none. @param {import('puppeteer-core').Page} page */
export async function cardText(page) {
  const { session, roots } = await cardNodes(page);
  await session.detach();
  return roots.map(textOf).join(' ').replace(/\s+/g, ' ').trim();
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

/** @param {import('puppeteer-core').Protocol.DOM.Node[]} roots @param {RegExp} label */
function findButton(roots, label) {
  /** @type {import('puppeteer-core').Protocol.DOM.Node | undefined} */
  let button;
  /** @param {import('puppeteer-core').Protocol.DOM.Node} node */
  const walk = (node) => {
    if (node.nodeName === 'BUTTON' && label.test(textOf(node))) button = node;
    (node.children ?? []).forEach(walk);
  };
  roots.forEach(walk);
  if (!button) throw new Error(`the card has no button ${label}`);
  return button;
}

/** Press a button of the card with the mouse. @param {import('puppeteer-core').Page} page @param {RegExp} label */
export async function pressCard(page, label) {
  const { session, roots } = await cardNodes(page);
  const { model } = await session.send('DOM.getBoxModel', { nodeId: findButton(roots, label).nodeId });
  const [x1 = 0, y1 = 0, , , x3 = 0, y3 = 0] = model.content;
  await session.detach();
  await page.mouse.click((x1 + x3) / 2, (y1 + y3) / 2);
}

/**
 * Press it as a script would that had got hold of it: the browser does not vouch for this.
 * @param {import('puppeteer-core').Page} page @param {RegExp} label
 */
export async function pressCardByScript(page, label) {
  const { session, roots } = await cardNodes(page);
  const { object } = await session.send('DOM.resolveNode', { nodeId: findButton(roots, label).nodeId });
  const functionDeclaration = 'function () { this.click(); this.dispatchEvent(new MouseEvent("click", { bubbles: true })); }';
  await session.send('Runtime.callFunctionOn', { objectId: object.objectId ?? '', functionDeclaration });
  await session.detach();
}

/**
 * Pick files as a user does in the browser's own dialog.
 * @param {import('puppeteer-core').Page} page @param {string[]} files @param {string} [selector]
 */
export async function pick(page, files, selector = '#photos') {
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.waitForSelector(selector));
  await input.uploadFile(...files);
}
