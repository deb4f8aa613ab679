/**
 * Drops, pastes and the clipboard in both browsers: what a page gets of them, by every way it may look.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';

import { ChromiumUser } from './matrix/chromium.mjs';
import { CAN_DROP, FirefoxUser } from './matrix/firefox.mjs';
import { madeOf, picture } from './matrix/samples.mjs';
import { NO_SCREEN } from './matrix/screen.mjs';
import { PATIENCE_MS } from './support/browsers.mjs';
import { inChrome } from './support/firefox.mjs';
import { cardSays, cardText, pressCard, until } from './support/flows.mjs';
import { Site, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, makeFiles, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = PATIENCE_MS;
const JPEG = '\xff\xd8\xff\xe0\0\x10JFIF';
const WORDS = { plain: 'words', html: '<b onclick="x()">words</b><script>x()</script>' };
const NOTES = 'plain words';

/**
 * @typedef {{type: string, isTrusted: boolean, clientX: number, clientY: number, types: string[], text: string, html: string,
 *   items: string[]}} Seen
 */

/** @param {string} name */
const photo = (name) => Buffer.from(`${JPEG} the original of ${name} ${Math.random()}`, 'latin1');

/**
 * @param {'chromium' | 'firefox'} browser @param {typeof ChromiumUser | typeof FirefoxUser} Kind @param {string | false} skip
 */
function suite(browser, Kind, skip) {
  const site = new Site();
  const standIn = new StandIn();
  /** @type {ChromiumUser | FirefoxUser} */
  let user;
  /** @type {Record<string, string>} */
  let files = {};
  /** @type {Record<string, Buffer>} */
  const originals = {};

  before(async () => {
    if (skip) return;
    for (const name of ['a.jpg', 'b.jpg', 'inner.jpg', 'deep.jpg']) originals[name] = photo(name);
    files = await makeFiles({ ...originals, 'notes.txt': NOTES, 'clip.mp4': '\0\0\0\x18ftypmp42' });
    files['album'] = path.join(path.dirname(String(files['a.jpg'])), 'album');
    await mkdir(path.join(files['album'], 'sub'), { recursive: true });
    await writeFile(path.join(files['album'], 'inner.jpg'), originals['inner.jpg'] ?? '');
    await writeFile(path.join(files['album'], 'sub', 'deep.jpg'), originals['deep.jpg'] ?? '');
    await site.start();
    await standIn.start();
    user = await Kind.start({ origins: [site.origin], standIn });
  });

  after(async () => {
    if (skip) return;
    await user?.stop();
    await standIn.stop();
    await site.stop();
    await removeFolderOf(Object.values(files));
  });

  beforeEach(async () => {
    if (skip) return;
    standIn.fate = 'done';
    await user.page.goto(`${site.origin}/transfers.html`);
    // After leaving the page before: it may have been sending something to the last.
    site.forget();
    await user.page.bringToFront();
  });

  /** @param {string} selector */
  async function middle(selector) {
    const rect = await user.page.$eval(selector, (node) => {
      const { x, y, width, height } = node.getBoundingClientRect();
      return { x, y, width, height };
    });
    return { x: Math.round(rect.x + rect.width / 2), y: Math.round(rect.y + rect.height / 2) };
  }

  /** @param {string} selector @param {string[]} names */
  async function drop(selector, names) {
    await user.drop(await middle(selector), names.map((name) => String(files[name])));
  }

  /** @param {string} selector */
  async function paste(selector) {
    await user.paste(await middle(selector));
  }

  /** Drag something within the page. @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
  async function dragInside(from, to) {
    if (user instanceof ChromiumUser) {
      const { mouse } = user.page;
      await mouse.move(from.x, from.y);
      await mouse.down();
      await mouse.move(from.x - 20, from.y + 10, { steps: 3 });
      await mouse.move(to.x, to.y, { steps: 3 });
      await mouse.up();
      return;
    }
    const [left, top] = /** @type {[number, number]} */ (await user.page.evaluate('[window.mozInnerScreenX, window.mozInnerScreenY]'));
    const [x, y] = [Math.round(left + to.x), Math.round(top + to.y)];
    await user.screen.act('mousemove', left + from.x, top + from.y, 'mousedown', 1, 'sleep', 0.1, 'mousemove', left + from.x - 15, top + from.y + 10);
    const { host, screen } = user;
    // The drag begins with one of the movements, and the page has its say; a movement too early goes nowhere.
    let step = 0;
    await until(async () => {
      await screen.act('mousemove', x + (++step % 3), y, 'sleep', 0.1);
      return inChrome(host, CAN_DROP);
    }, 'the drag to be accepted');
    await screen.act('mousemove', x, y, 'sleep', 0.1, 'mouseup', 1);
  }

  /** @returns {Promise<Seen[]>} */
  const seen = async () => JSON.parse(String(await user.page.evaluate('JSON.stringify(window.seen)')));

  /** What arrived, by the names the page gave: 'protected', what the original of another one is, or the bytes as they are. @param {number} count */
  async function arrived(count) {
    try {
      await until(() => site.files.length >= count, `${count} files`, LIMIT_MS);
    } catch (error) {
      const failures = await user.page.evaluate('JSON.stringify([window.seen, window.failures])');
      throw new Error(`${error}; the page: ${failures}; the card: “${await cardText(user.page)}”`, { cause: error });
    }
    return site.files.map(({ name, bytes }) => [name, madeOf(bytes) ?? bytes.toString('latin1')]);
  }

  /** @param {string} name @param {string} [at] */
  const safe = (name, at = name) => [at, sha256(originals[name] ?? Buffer.alloc(0))];

  const WAYS = browser === 'chromium' ? ['files', 'items', 'entries', 'handles'] : ['files', 'items', 'entries'];
  for (const way of WAYS) {
    test(`a drop read by its ${way}: photos protected, the rest unchanged, in order, once`, { skip }, async () => {
      await drop(`#${way}`, ['a.jpg', 'notes.txt', 'b.jpg']);
      const root = way === 'entries' || way === 'handles' ? '/' : '';
      const expected = [safe('a.jpg', `${root}a.jpg`), [`${root}notes.txt`, NOTES], safe('b.jpg', `${root}b.jpg`)];
      assert.deepEqual(await arrived(3), expected);
      const events = await seen();
      assert.equal(events.filter(({ type }) => type === 'drop').length, 1);
      const event = events.find(({ type }) => type === 'drop') ?? assert.fail();
      const spot = await middle(`#${way}`);
      assert.ok(Math.abs(event.clientX - spot.x) <= 2 && Math.abs(event.clientY - spot.y) <= 2, `at ${event.clientX}, ${event.clientY}`);
      assert.ok(event.types.includes('Files'));
      assert.deepEqual(event.items.filter((item) => item.startsWith('file')), ['file image/jpeg', 'file text/plain', 'file image/jpeg']);
    });
  }

  for (const way of WAYS.slice(2)) {
    test(`a dropped folder read by its ${way}: every photo in it is protected`, { skip }, async () => {
      await drop(`#${way}`, ['a.jpg', 'album']);
      const expected = [safe('a.jpg', '/a.jpg'), safe('inner.jpg', '/album/inner.jpg'), safe('deep.jpg', '/album/sub/deep.jpg')];
      assert.deepEqual((await arrived(3)).sort(), expected.sort());
    });
  }

  for (const place of ['x-open', 'x-closed', '#frame', '#several', '#single']) {
    test(`a drop on ${place}`, { skip }, async () => {
      await drop(place, ['a.jpg']);
      assert.deepEqual(await arrived(1), [safe('a.jpg')]);
    });
  }

  test('a dropped video passes at once, and the user is told', { skip }, async () => {
    await drop('#files', ['clip.mp4']);
    await arrived(1);
    await cardSays(user.page, /Videos cannot be protected/);
    assert.equal((await seen()).find(({ type }) => type === 'drop')?.isTrusted, true, 'the very drop the user made');
  });

  test('a drop that is given up: nothing arrives, and to the page the drag has left', { skip }, async () => {
    standIn.fate = 'stall';
    await drop('#files', ['a.jpg', 'notes.txt']);
    await cardSays(user.page, /Protecting/, LIMIT_MS);
    await pressCard(user.page, /^×$/);
    await until(async () => (await seen()).some(({ type }) => type === 'dragleave'), 'a dragleave');
    assert.equal(site.posts.length, 0);
  });

  for (const place of ['#files', 'x-closed']) {
    test(`a picture pasted into ${place}`, { skip }, async () => {
      await user.copy(picture());
      await paste(place);
      const [[name, original = ''] = []] = await arrived(1);
      assert.match(String(name), /^image\.(png|jpg)$/);
      assert.match(original, /^[0-9a-f]{64}$/, 'protected');
    });
  }

  test('words and a picture pasted: the page gets both', { skip }, async () => {
    await user.copy(picture(), WORDS);
    await paste('#files');
    const [[, original = ''] = []] = await arrived(1);
    assert.match(original, /^[0-9a-f]{64}$/, 'protected');
    const event = (await seen()).find(({ type }) => type === 'paste') ?? assert.fail();
    assert.equal(event.text, WORDS.plain);
    assert.match(event.html, /<b/);
  });

  test('a picture pasted into text that no script looks after is put there, and can be undone', { skip }, async () => {
    await user.copy(picture());
    await paste('#bare');
    const html = () => user.page.$eval('#bare', (node) => node.getHTML());
    const got = String(await until(async () => /src="data:image\/[a-z]+;base64,([^"]*)"/.exec(await html())?.[1], 'the picture', LIMIT_MS));
    assert.ok(madeOf(Buffer.from(got, 'base64')), 'the protected one');
    await user.page.keyboard.down('Control');
    await user.page.keyboard.press('z');
    await user.page.keyboard.up('Control');
    await until(async () => !(await html()).includes('<img'), 'the picture to be gone');
    assert.match(await html(), /bare/);
  });

  test('a photo dropped on text that no script looks after is put there', { skip }, async () => {
    await drop('#bare', ['a.jpg']);
    const html = () => user.page.$eval('#bare', (node) => node.getHTML());
    const got = String(await until(async () => /src="data:image\/[a-z]+;base64,([^"]*)"/.exec(await html())?.[1], 'the picture', LIMIT_MS));
    assert.deepEqual(['', madeOf(Buffer.from(got, 'base64'))], safe('a.jpg', ''));
  });

  test("a picture of the page dragged about in the page is the page's: its drop passes at once", { skip }, async () => {
    const show = `(async () => {
      const image = new Image();
      image.id = 'own';
      image.style.cssText = 'position: absolute; left: 600px; top: 40px; width: 80px; height: 60px';
      image.src = 'data:image/png;base64,${picture().toString('base64')}';
      document.body.append(image);
      await image.decode();
      addEventListener('drop', (event) => { window.ownDrop = { isTrusted: event.isTrusted, types: [...event.dataTransfer.types] }; });
    })()`;
    await user.page.evaluate(show);
    await dragInside(await middle('#own'), await middle('#files'));
    const said = await until(() => user.page.evaluate('JSON.stringify(window.ownDrop)'), 'the drop', LIMIT_MS);
    const { isTrusted, types } = JSON.parse(String(said));
    assert.ok(isTrusted && types.includes('text/html'));
    assert.equal(await cardText(user.page), '');
  });

  test('words and a picture pasted where no script looks: words into a field, harmless markup into rich text', { skip }, async () => {
    await user.copy(picture(), WORDS);
    await paste('#words');
    await until(() => user.page.$eval('#words', (node) => /** @type {HTMLTextAreaElement} */ (node).value === 'words'), 'the words', LIMIT_MS);
    await paste('#bare');
    const html = () => user.page.$eval('#bare', (node) => node.getHTML());
    await until(async () => (await html()).includes('<b'), 'markup', LIMIT_MS);
    assert.match(await html(), /<b>words<\/b>/);
    assert.doesNotMatch(await html(), /onclick|script/);
    assert.equal(site.posts.length, 0);
  });

  test('a paste that is given up keeps its words', { skip }, async () => {
    standIn.fate = 'stall';
    await user.copy(picture(), WORDS);
    await paste('#words');
    await cardSays(user.page, /Protecting/, LIMIT_MS);
    await pressCard(user.page, /^×$/);
    await until(() => user.page.$eval('#words', (node) => /** @type {HTMLTextAreaElement} */ (node).value === 'words'), 'the words');
  });

  test('the clipboard read by the page: the picture protected, words at once', { skip }, async () => {
    await user.copy(picture(), WORDS);
    await user.click(await middle('#words'));
    const read = `(async () => {
      const [item] = await navigator.clipboard.read();
      const words = await (await item.getType('text/plain')).text();
      const made = await item.getType('image/png');
      const bytes = new Uint8Array(await made.arrayBuffer());
      return JSON.stringify({ words, type: made.type, isFile: made instanceof File, bytes: Array.from(bytes) });
    })()`;
    const { words, type, isFile, bytes } = JSON.parse(String(await user.page.evaluate(read)));
    assert.deepEqual({ words, type, isFile }, { words: WORDS.plain, type: 'image/png', isFile: false });
    assert.ok(madeOf(Buffer.from(bytes)), 'protected');
  });

  test("files in the page's own storage are the page's: no hold, no daemon", { skip }, async () => {
    const before_ = standIn.requests.length;
    const kept = `(async () => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle('own.jpg', { create: true });
      const stream = await handle.createWritable();
      await stream.write(Uint8Array.from([0xff, 0xd8, 0xff, 7]));
      await stream.close();
      const names = [];
      for await (const [name, found] of root) names.push(name + (await found.isSameEntry(handle)));
      return JSON.stringify([names, Array.from(new Uint8Array(await (await handle.getFile()).arrayBuffer()))]);
    })()`;
    assert.deepEqual(JSON.parse(String(await user.page.evaluate(kept))), [['own.jpgtrue'], [0xff, 0xd8, 0xff, 7]]);
    assert.equal(standIn.requests.length, before_);
  });

  test('what is wrapped looks like the native', { skip }, async () => {
    const looks = `JSON.stringify([
      [DataTransferItem.prototype, 'webkitGetAsEntry'], [FileSystemFileHandle.prototype, 'getFile'], [ClipboardItem.prototype, 'getType'],
    ].map(([owner, name]) => {
      const source = String(owner[name]).replace(/\\s+/g, ' ');
      return [owner[name].name, owner[name].length, source === 'function ' + name + '() { [native code] }'];
    }))`;
    const expected = [['webkitGetAsEntry', 0, true], ['getFile', 0, true], ['getType', 1, true]];
    assert.deepEqual(JSON.parse(String(await user.page.evaluate(looks))), expected);
    assert.equal(await user.page.evaluate('typeof photoveilPage + typeof photoveil'), 'undefinedundefined');
  });
}

describe('Chromium', () => suite('chromium', ChromiumUser, NO_CHROMIUM));
describe('Firefox', () => suite('firefox', FirefoxUser, NO_FIREFOX || NO_SCREEN || false));
