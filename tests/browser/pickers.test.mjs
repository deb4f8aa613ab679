/**
 * The file dialogs of the File System Access API, which Chromium shows only in a window: what their handles give a page.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { WindowedChromiumUser } from './matrix/chromium.mjs';
import { madeOf } from './matrix/samples.mjs';
import { NO_SCREEN } from './matrix/screen.mjs';
import { PATIENCE_MS } from './support/browsers.mjs';
import { cardSays, pressCard, until } from './support/flows.mjs';
import { Site, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, makeFiles, removeFolderOf } from './support/world.mjs';

const skip = NO_CHROMIUM || NO_SCREEN || false;
const LIMIT_MS = PATIENCE_MS;
const NOTES = 'plain words';
const photo = () => Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), randomBytes(200)]);
const site = new Site();
const standIn = new StandIn();
/** @type {WindowedChromiumUser} */
let user;
/** @type {Record<string, string>} */
let files = {};
const original = photo();

before(async () => {
  if (skip) return;
  files = await makeFiles({ 'a.jpg': original, 'notes.txt': NOTES });
  await mkdir(path.join(path.dirname(String(files['a.jpg'])), 'album', 'sub'), { recursive: true });
  files['album'] = path.join(path.dirname(String(files['a.jpg'])), 'album');
  await writeFile(path.join(files['album'], 'sub', 'deep.jpg'), original);
  await site.start();
  await standIn.start();
  user = /** @type {WindowedChromiumUser} */ (await WindowedChromiumUser.start({ origins: [site.origin], standIn }));
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
  await user.page.bringToFront();
});

/** Let the page open a dialog by this call, and choose. @param {string} call @param {string} name */
async function choose(call, name) {
  await user.page.evaluate(`document.getElementById('files').onclick = async () => { window.picked = await ${call}; }`);
  const box = await (await user.page.$('#files'))?.boundingBox();
  assert.ok(box);
  const isDone = () => user.page.evaluate('window.picked !== undefined');
  await user.chooseInPicker({ x: box.x + box.width / 2, y: box.y + box.height / 2 }, String(files[name]), isDone);
  await until(isDone, 'the handle', LIMIT_MS);
}

/** @param {string} body of an async function @returns {Promise<any>} */
const inPage = async (body) => JSON.parse(String(await user.page.evaluate(`(async () => { ${body} })().then((value) => JSON.stringify(value))`)));

const BYTES = 'const bytes = async (file) => Array.from(new Uint8Array(await file.arrayBuffer()));';

test('a photo chosen in a picker: protected, once; its handle is one, but cannot leave the page', { skip }, async () => {
  const sent = () => standIn.requests.filter(({ verb }) => verb === 'protect').length;
  const before_ = sent();
  await choose('showOpenFilePicker()', 'a.jpg');
  const got = await inPage(`${BYTES}
    const [handle] = picked;
    const [one, two] = [await handle.getFile(), await handle.getFile()];
    let clone = 'cloned';
    try { structuredClone(handle); } catch (error) { clone = error.name; }
    return {
      bytes: await bytes(one), again: await bytes(two), name: handle.name, kind: handle.kind, clone,
      is: handle instanceof FileSystemFileHandle, same: await handle.isSameEntry(handle), may: await handle.queryPermission(),
    };`);
  assert.equal(madeOf(Buffer.from(got.bytes)), sha256(original));
  assert.deepEqual(got.again, got.bytes);
  assert.equal(sent() - before_, 1, 'read twice, sent once');
  const { name, kind, clone, is, same, may } = got;
  const expected = { name: 'a.jpg', kind: 'file', clone: 'DataCloneError', is: true, same: true, may: 'granted' };
  assert.deepEqual({ name, kind, clone, is, same, may }, expected);
});

test('a text chosen in a picker: its handle is the very one', { skip }, async () => {
  await choose('showOpenFilePicker()', 'notes.txt');
  assert.deepEqual(await inPage('return [structuredClone(picked[0]).name, await (await picked[0].getFile()).text()];'), ['notes.txt', NOTES]);
});

test('a folder chosen in a picker: every way to a photo in it', { skip }, async () => {
  await choose('showDirectoryPicker()', 'album');
  const got = await inPage(`${BYTES}
    const files = [];
    for await (const [name, sub] of picked) {
      for await (const handle of sub.values()) files.push(await handle.getFile());
      for await (const [, handle] of sub.entries()) files.push(await handle.getFile());
      files.push(await (await sub.getFileHandle('deep.jpg')).getFile());
      files.push(await (await (await picked.getDirectoryHandle(name)).getFileHandle('deep.jpg')).getFile());
    }
    const sub = await picked.getDirectoryHandle('sub');
    const names = [];
    for await (const name of sub.keys()) names.push(name);
    return { all: await Promise.all(files.map(bytes)), names, way: await picked.resolve(await sub.getFileHandle('deep.jpg')) };`);
  assert.equal(got.all.length, 4);
  for (const bytes of got.all) assert.equal(madeOf(Buffer.from(bytes)), sha256(original));
  assert.deepEqual({ names: got.names, way: got.way }, { names: ['deep.jpg'], way: ['sub', 'deep.jpg'] });
});

test('a picked photo that is given up: to the page the user said no', { skip }, async () => {
  await writeFile(String(files['a.jpg']), photo());
  standIn.fate = 'stall';
  await choose('showOpenFilePicker()', 'a.jpg');
  await user.page.evaluate("void picked[0].getFile().then(() => { window.outcome = 'a file'; }, (error) => { window.outcome = error.name; })");
  await cardSays(user.page, /Protecting/, LIMIT_MS);
  await pressCard(user.page, /^×$/);
  assert.equal(await until(() => user.page.evaluate('window.outcome'), 'an outcome'), 'AbortError');
});
