/**
 * Sealed photos on a page, shown clean by a press in the popup and as posted by the next: the user sees them, the page does not.
 */
/* global createImageBitmap, document, OffscreenCanvas */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { IS_BRIEF, ROOT } from './support/browsers.mjs';
import { closedRoots } from './support/card.mjs';
import { COMMAND, Daemon } from './support/daemon.mjs';
import { openOwnPage, pair, until } from './support/flows.mjs';
import { comeToRest, faintWords, namelessControls, wideParts } from './support/reading.mjs';
import { NO_CHROMIUM, NO_FIREFOX, World, makePhotos, removeFolderOf } from './support/world.mjs';

const run = promisify(execFile);
const SCREENS = path.join(ROOT, 'build', 'screens');
const LIMIT_MS = 300_000;
const options = { skip: NO_CHROMIUM };

/** @type {World} */
let world;
/** @type {Daemon} */
let daemon;
/** Pictures by their path. @type {Map<string, Buffer>} */
const pictures = new Map();
let port = 0;

/** A sealed copy, made with the command line of one profile. @param {string} photo @param {string} profile @param {string} folder */
async function seal(photo, profile, folder) {
  const [program = '', ...rest] = COMMAND;
  await run(program, [...rest, 'seal', photo, '-o', folder, '--text', '© Anna', '--size', 'large', '--profile', profile], { env: daemon.env });
  const [name = ''] = await readdir(folder);
  return readFile(path.join(folder, name));
}

/** A page of another program on this machine with these pictures. @returns {Promise<http.Server>} */
async function serve() {
  const server = http.createServer((request, response) => {
    const picture = pictures.get(request.url ?? '');
    const host = request.url === '/elsewhere' ? `http://localhost:${port}` : '';
    const images = ['mine', 'theirs', 'plain'].map((name) => `<img id="${name}" src="${host}/${name}.jpg" alt="">`).join('\n');
    const style = 'img { width: 300px; height: 400px; object-fit: cover; padding: 4px; border: 3px solid teal; border-radius: 20px }';
    response.writeHead(200, { 'Content-Type': picture ? 'image/jpeg' : 'text/html; charset=utf-8' });
    response.end(picture ?? `<!doctype html><title>Posts</title><style>${style} div { position: relative; top: 20px }</style><div>${images}</div>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  return server;
}

before(async () => {
  if (NO_CHROMIUM) return;
  await mkdir(SCREENS, { recursive: true });
  daemon = await Daemon.create();
  const [photos, folder] = await Promise.all([makePhotos(960), mkdtemp(path.join(tmpdir(), 'photoveil-sealed-'))]);
  const [first = '', second = ''] = photos;
  pictures.set('/clean.jpg', await readFile(first));
  pictures.set('/plain.jpg', await readFile(second));
  pictures.set('/mine.jpg', await seal(first, daemon.profile, path.join(folder, 'mine')));
  pictures.set('/theirs.jpg', await seal(first, 'somebody-else', path.join(folder, 'theirs')));
  await removeFolderOf(photos);
  await rm(folder, { recursive: true });
  world = await World.create();
  const [server] = await Promise.all([serve(), daemon.start()]);
  world.endsWith(() => daemon.stop());
  world.endsWith(() => {
    server.closeAllConnections();
    server.close();
  });
  await pair(world.browser, world.extension, (await daemon.openPairing()).code);
});
after(() => world?.end());

/** @typedef {import('puppeteer-core').Page} Page */

/** A page with its popup over it. @param {string} name @param {World} [place] */
async function openPopup(name, place = world) {
  const page = await place.browser.newPage();
  await page.goto(`http://127.0.0.1:${port}/${name}`);
  const popup = await openOwnPage(place.browser, `${place.extension}/ui/popup.html`);
  await page.bringToFront();
  await until(() => page.evaluate('document.visibilityState === "visible"'), 'the page to be in front');
  // Firefox sends no word of its extensions' pages: a reload from outside would wait for it in vain.
  await popup.evaluate('document.body.id = "old"; location.reload()').catch(() => undefined);
  const isOffered = 'document.getElementById("popup")?.querySelector("#sealed")?.hidden === false';
  await until(() => popup.evaluate(isOffered).catch(() => false), 'the offer to show sealed photos', LIMIT_MS);
  await says(popup, /without their mark/);
  return { page, popup };
}

/** @param {Page} popup @param {RegExp} words */
async function says(popup, words) {
  let said = '';
  const isSaid = async () => words.test((said = await popup.$eval('#sealed', (box) => /** @type {HTMLElement} */ (box).innerText)));
  await until(isSaid, String(words), LIMIT_MS).catch((error) => {
    throw new Error(`${error.message}; it says “${said}”`);
  });
}

/** Without bringing the popup's own tab to the front: a real popup lies over the page. @param {Page} popup */
const press = (popup) => popup.$eval('#sealed-act', (button) => /** @type {HTMLElement} */ (button).click());

/** What the user sees of a picture. @param {Page} page @param {string} id */
async function seen(page, id) {
  const box = await (await page.$(`#${id}`))?.boundingBox();
  assert.ok(box);
  return page.screenshot({ clip: { x: box.x + 12, y: box.y + 12, width: box.width - 24, height: box.height - 24 }, encoding: 'base64' });
}

/** How many pixels of two screenshots differ clearly, as a share. @param {string} one @param {string} other */
async function difference(one, other) {
  const page = await world.browser.newPage();
  try {
    return await page.evaluate(async (first, second) => {
      const pixelsOf = async (/** @type {string} */ png) => {
        const picture = await createImageBitmap(new Blob([Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0))]));
        const context = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
        context?.drawImage(picture, 0, 0);
        return context?.getImageData(0, 0, picture.width, picture.height).data ?? new Uint8ClampedArray();
      };
      const [a, b] = await Promise.all([pixelsOf(first), pixelsOf(second)]);
      return a.reduce((sum, value, i) => sum + (Math.abs(value - (b[i] ?? 0)) > 24 ? 1 : 0), 0) / a.length;
    }, one, other);
  } finally {
    await page.close();
  }
}

/** How many pictures are covered. @param {Page} page */
const covers = async (page) => JSON.stringify(await closedRoots(page)).match(/"canvas"/gi)?.length ?? 0;

/**
 * Press, look, press again. @param {World} place @param {(page: Page, popup: Page) => Promise<void>} [look] while they are shown
 */
async function showAndHide(place, look = async () => {}) {
  const { page, popup } = await openPopup('', place);
  const swap = async (/** @type {string} */ src) => {
    await page.evaluate(async (address) => {
      const image = /** @type {HTMLImageElement} */ (document.querySelector('#mine'));
      image.src = address;
      await image.decode();
    }, src);
    return seen(page, 'mine');
  };
  const clean = await swap('/clean.jpg');
  const posted = await swap('/mine.jpg');
  const marked = await difference(posted, clean);
  assert.ok(marked > 0.02, `the mark is seen: ${marked}`);

  await press(popup);
  await says(popup, /One sealed photo is shown clean\. Sealed for someone else: 1\./);
  assert.equal(await covers(page), 1);
  await page.bringToFront();
  const left = await difference(await seen(page, 'mine'), clean);
  assert.ok(left < marked / 5, `${left} of the pixels still differ, ${marked} did`);
  const readable = await page.evaluate(() => ({
    canvases: document.querySelectorAll('canvas').length,
    roots: [...document.querySelectorAll('*')].filter(({ shadowRoot }) => shadowRoot).length,
    source: /** @type {HTMLImageElement} */ (document.querySelector('#mine')).src,
  }));
  assert.deepEqual(readable, { canvases: 0, roots: 0, source: `http://127.0.0.1:${port}/mine.jpg` });
  await look(page, popup);

  await press(popup);
  await says(popup, /Show my sealed photos/);
  assert.equal(await covers(page), 0);
  assert.equal(await difference(await seen(page, 'mine'), posted), 0);
  await Promise.all([page.close(), popup.close()]);
}

test('one press shows them clean, the next as posted, and the page reads nothing', options, () => (
  showAndHide(world, async (page, popup) => {
    for (const value of ['light', 'dark']) {
      await popup.bringToFront();
      await popup.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
      await popup.evaluate(comeToRest);
      assert.deepEqual(await popup.evaluate(faintWords), [], value);
      if (!IS_BRIEF) await (await popup.$('body'))?.screenshot({ path: path.join(SCREENS, `sealed-popup-${value}.png`) });
    }
    assert.deepEqual([...(await popup.evaluate(wideParts)), ...(await popup.evaluate(namelessControls))], []);
    await page.bringToFront();
    if (!IS_BRIEF) await page.screenshot({ path: path.join(SCREENS, 'sealed-page.png') });
  })));

test('the same in Firefox', { skip: NO_CHROMIUM || NO_FIREFOX }, async () => {
  const fox = await World.create({ firefox: true });
  try {
    await pair(fox.browser, fox.extension, (await daemon.openPairing()).code);
    await showAndHide(fox);
  } finally {
    await fox.end();
  }
});

test('a picture that changes or goes takes its cover with it', options, async () => {
  const { page, popup } = await openPopup('');
  await press(popup);
  await says(popup, /shown clean/);
  await page.bringToFront();
  await page.$eval('#mine', (image) => Object.assign(image, { src: '/plain.jpg' }));
  await until(async () => (await covers(page)) === 0, 'the cover to go');
  await Promise.all([page.close(), popup.close()]);
});

test('where Photoveil may not read the pictures, it says where they lie and asks', options, async () => {
  const { page, popup } = await openPopup('elsewhere');
  await press(popup);
  await says(popup, /The pictures lie at localhost\. .*Allow and show/s);
  assert.equal(await covers(page), 0);
  await Promise.all([page.close(), popup.close()]);
});
