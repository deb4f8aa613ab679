/**
 * Living with the dashboard: signing in, handing photos over, deciding, and Photoveil going away and coming back.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { until } from '../browser/support/flows.mjs';
import { NO_CHROMIUM, makePhotos, removeFolderOf } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { Visit, go, shoot } from './support/visit.mjs';

const options = { skip: NO_CHROMIUM };

/** @type {Visit} */
let visit;
/** @type {string[]} */
let photos = [];

before(async () => {
  if (!NO_CHROMIUM) [visit, photos] = await Promise.all([Visit.begin(), makePhotos(320)]);
});
beforeEach(() => visit?.renew());
afterEach(() => assert.deepEqual(visit?.complaints ?? [], []));
after(async () => {
  await visit?.end();
  await removeFolderOf(photos);
});

/** @typedef {import('puppeteer-core').Page} Page */

/** Press the visible button with this text or label, in the dialog if there is one. @param {Page} page @param {string} words */
async function press(page, words) {
  const found = await page.waitForFunction(
    (wanted) => {
      const within = document.querySelector('dialog[open]') ?? document;
      const named = (/** @type {Element} */ one) => one.getAttribute('aria-label') === wanted || one.textContent?.trim() === wanted;
      return [...within.querySelectorAll('button, summary, a')].find((one) => named(one) && one.checkVisibility());
    },
    {},
    words,
  );
  await /** @type {import('puppeteer-core').ElementHandle<Element>} */ (found.asElement()).click();
}

/** @param {Page} page @param {string} selector */
const textOf = (page, selector = 'main') => page.$eval(selector, (node) => /** @type {HTMLElement} */ (node).innerText);

/** @param {Page} page @param {RegExp} words @param {string} [selector] */
const says = (page, words, selector) => until(async () => words.test(await textOf(page, selector).catch(() => '')), String(words));

/** @param {string} verb */
const asked = (verb) => visit.daemon.asked.filter((one) => one.verb === verb).map(({ body }) => body);

/** @param {Page} page @param {string} label */
async function control(page, label) {
  const handle = await page.waitForFunction(
    (words) => {
      const found = [...document.querySelectorAll('label')].find((one) => one.checkVisibility() && one.textContent?.trim() === words);
      return found?.control;
    },
    {},
    label,
  );
  return /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (handle.asElement());
}

test('the code leaves the address at once, works once, and the key stays in this tab', options, async () => {
  const link = visit.daemon.link();
  const page = await visit.open({ link });
  assert.equal(await page.evaluate(() => window.location.hash), '#/');
  assert.equal(
    await page.evaluate(() => history.length <= 2 && localStorage.length === 0 && document.cookie === '' && sessionStorage.length),
    1,
  );
  await page.reload();
  await says(page, /Overview/);
  const other = await visit.browser.newPage();
  await other.goto(link);
  await says(other, /Open the dashboard from Photoveil[\s\S]*used already[\s\S]*photoveil dashboard/);
  assert.deepEqual(await inspect(other), []);
  await shoot(other, 'signed-out-1280-light');
  await other.goto(visit.daemon.link());
  await says(other, /Protecting|calm/);
});

test('a link leads to the page it names, as the tray does', options, async () => {
  const page = await visit.open({ link: `${visit.daemon.link()}/folders` });
  await says(page, /Folders/);
  assert.equal(await page.evaluate(() => window.location.hash), '#/folders');
});

test('an answer that another program gave is shown to nobody', options, async () => {
  const page = await visit.open();
  visit.daemon.lies.add('vault');
  await page.evaluate(() => (window.location.hash = '#/vault'));
  await says(page, /That was not Photoveil/);
  visit.daemon.lies.clear();
  await page.reload();
  await page.waitForSelector('main h1');
  assert.doesNotMatch(await textOf(page), /not Photoveil/);
});

test('Photoveil goes away, comes back, and forgets', options, async () => {
  const page = await visit.open();
  const { port } = visit.daemon;
  await visit.daemon.stop();
  await says(page, /Photoveil is not running/, '#banner');
  await says(page, /Not running/, '#now');
  await shoot(page, 'gone-1280-light', false);
  await visit.daemon.start(port);
  await until(async () => (await textOf(page, '#banner')) === '', 'the banner to go');
  visit.daemon.forget();
  await says(page, /no longer knows this page/);
});

test('photos that are chosen are handed over, compared and given back', options, async () => {
  visit.daemon.workMs = 200;
  const page = await visit.open();
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-downloads-'));
  const session = await page.createCDPSession();
  await session.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder });
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.$('#choose-photos'));
  await input.uploadFile(String(photos[0]));
  await says(page, /Protected/, '.upload-state');
  await page.waitForSelector('.upload .compare-stage');
  assert.match(await textOf(page, '.upload'), /To an encoder it was not made against, 9% of strangers/);
  assert.deepEqual(await inspect(page), []);
  await press(page, `Download the protected copy of ${path.basename(String(photos[0]))}`);
  const name = await until(async () => (await readdir(folder)).find((file) => !file.endsWith('.crdownload')), 'the download');
  assert.equal((await readFile(path.join(folder, String(name)))).subarray(0, 4).toString(), 'RIFF');
  visit.daemon.workMs = Infinity;
  await input.uploadFile(...photos.slice(1, 5));
  await until(async () => (await page.$$('.upload progress')).length >= 3, 'the bars of those in work and waiting');
  assert.equal((await page.$$('.upload')).length, 5);
  visit.daemon.finish();
  await until(async () => (await page.$$eval('.upload .pill.good', (pills) => pills.length)) === 5, 'all of them');
  await press(page, 'Clear this list');
  await until(async () => (await page.$$('.upload')).length === 0, 'an empty list');
  await rm(folder, { recursive: true });
});

test('photos may be dropped and pasted on any page; what is too large is told', options, async () => {
  visit.daemon.workMs = 50;
  const page = await visit.open({ to: 'vault' });
  await page.evaluate(() => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(64)], 'dropped.jpg', { type: 'image/jpeg' }));
    for (const kind of ['dragenter', 'drop'])
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
  });
  await says(page, /dropped\.jpg[\s\S]*Protected/, '.uploads');
  await page.evaluate(() => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(64)], '', { type: 'image/png' }));
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: carried, bubbles: true }));
  });
  await says(page, /Pasted photo[\s\S]*Protected/, '.uploads');
  await page.evaluate(() => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(101 * 2 ** 20)], 'huge.jpg'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));
  });
  await says(page, /huge\.jpg[\s\S]*too large[\s\S]*What to do/, '.uploads');
});

test('the divider moves by mouse, touch and keyboard; the difference is drawn', options, async () => {
  const page = await visit.open({ to: 'photo/job3' });
  const stage = await page.waitForSelector('.compare-stage');
  const split = () => page.$eval('.compare-stage', (node) => /** @type {HTMLElement} */ (node).style.getPropertyValue('--split'));
  const box = await stage?.boundingBox();
  if (!box) throw new Error('no stage');
  assert.equal(await split(), '50%');
  await page.mouse.click(box.x + box.width * 0.8, box.y + box.height / 2);
  await until(async () => parseFloat(await split()) > 70, 'the press');
  await page.touchscreen.tap(box.x + box.width * 0.2, box.y + box.height / 2);
  await until(async () => parseFloat(await split()) < 30, 'the tap');
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await until(async () => (await split()) === '1%', 'the keys');
  await page.keyboard.down('Shift');
  await page.keyboard.press('Tab');
  await page.keyboard.up('Shift');
  await page.keyboard.press('ArrowRight');
  const isDrawn = () =>
    page.$eval('canvas', (node) => {
      const canvas = /** @type {HTMLCanvasElement} */ (node);
      if (canvas.hidden || canvas.width === 0) return false;
      const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      return new Set(data).size > 10;
    });
  await until(isDrawn, 'the difference, in colours');
});

test('the history follows what happens, filters and goes further back', options, async () => {
  const page = await visit.open({ to: 'history' });
  await until(async () => (await page.$$('.photo-row')).length === 30, 'thirty rows');
  await press(page, 'Load more');
  await until(async () => (await page.$$('.photo-row')).length === 60, 'sixty rows');
  visit.daemon.tell('job', { job: 'job0', client: '', kind: 'upload', state: 'running', stage: 'measure', progress: 0.95 });
  await says(page, /Measuring the result/, '.photo-row');
  const [first] = visit.daemon.jobs;
  if (first) Object.assign(first, { state: 'done', stage: '', finished: first.created });
  visit.daemon.tell('photo', { job: 'job0' });
  await says(page, /Protected/, '.photo-row');
  assert.equal((await page.$$('.photo-row')).length, 60);
  await (await control(page, 'Show')).select('failed');
  await until(async () => (await page.$$('.photo-row')).length === 1, 'one row');
  await says(page, /What to do: Export it again/, '.photo-list');
  await press(page, 'Try screenshot 2026-11-20 at 18.04.11.png again');
  await says(page, /Nothing failed/);
  assert.deepEqual(asked('retry'), [{ job: 'job4' }]);
  if (first) Object.assign(first, { kind: 'upload', folder: null, state: 'failed', error: { code: '', title: 'Damaged', reason: '', remedy: '' } });
  visit.daemon.tell('photo', { job: 'job0' });
  await says(page, /The photo itself is not kept\. Pick it again/, '.photo-list');
  assert.doesNotMatch(await textOf(page, '.photo-list'), /Try again/, 'what cannot help is not offered');
});

test('pausing by keyboard, resuming, persona and strength', options, async () => {
  const page = await visit.open();
  await page.focus('.pause-control button');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await until(() => page.evaluate(() => document.activeElement?.textContent === 'Pause'), 'the button again');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await says(page, /Paused/, '#now');
  assert.deepEqual(asked('pause'), [{ minutes: 60 }]);
  await press(page, 'Resume');
  await until(async () => !/Paused/.test(await textOf(page, '#now')), 'it goes on');
  await (await control(page, 'Strength')).select('strong');
  await until(() => asked('settings/change').length === 1, 'the change');
  assert.deepEqual(asked('settings/change'), [{ changes: { strength: 'strong' } }]);
  await press(page, 'Dismiss: A watched folder is not there');
  await until(async () => (await page.$$('.notice')).length === 0, 'the notice to go');
});

test('settings are saved at once, errors stand at the field, defaults come back', options, async () => {
  const page = await visit.open({ to: 'settings' });
  const vault = await control(page, 'Vault');
  await vault.click({ count: 3 });
  await vault.type('3');
  await says(page, /must be a whole number from 16 to 1000000/);
  assert.equal(await vault.evaluate((node) => node.getAttribute('aria-invalid')), 'true');
  await vault.click({ count: 3 });
  await vault.type('512');
  await page.keyboard.press('Enter');
  await until(() => asked('settings/change').some(({ changes }) => changes.vault_mb === 512), 'the change');
  await press(page, 'Back to the default: Vault');
  await until(async () => (await vault.evaluate((node) => node.value)) === '4096', 'the default');
  await (await control(page, 'strong')).click();
  await (await control(page, 'Notifications')).click();
  const value = (/** @type {string} */ wanted) => visit.daemon.settings.find(({ name }) => name === wanted)?.value;
  await until(() => value('notifications') === false && value('strength') === 'strong', 'switch and strength');
  visit.daemon.settings.forEach((setting) => setting.name === 'persona' && (setting.value = 'anna'));
  visit.daemon.tell('settings');
  await until(async () => (await (await control(page, 'Persona')).evaluate((node) => node.value)) === 'anna', 'the change from elsewhere');
});

test('a folder is added by keyboard with suggestions, changed, turned off and removed', options, async () => {
  const page = await visit.open({ to: 'folders' });
  await press(page, 'Add a folder');
  assert.deepEqual(await inspect(page), []);
  await page.keyboard.press('Enter');
  await says(page, /Name a folder/, 'dialog');
  await page.keyboard.type('/home/anna/Pi');
  await page.waitForSelector('[role="option"]');
  await shoot(page, 'folder-add-1280-light', false);
  await page.keyboard.press('Escape');
  assert.equal(await page.$('[role="option"]').then((option) => option?.isVisible()), false);
  await page.keyboard.type('c');
  await page.waitForSelector('[role="option"]', { visible: true });
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await (await control(page, 'In another folder')).click();
  await (await control(page, 'Where the copies go')).type('/home/anna/Public');
  await press(page, 'Add this folder');
  await until(() => asked('folders/add').length === 1, 'the folder');
  const [{ path: added, output, mirror, recursive }] = asked('folders/add');
  assert.deepEqual([added, output, mirror, recursive], ['/home/anna/Pictures', 'mirror', '/home/anna/Public', true]);
  await says(page, /\/home\/anna\/Pictures\n/);
  await press(page, 'Turn Camera off');
  await says(page, /Turned off/);
  await press(page, 'Stop watching Archive');
  await says(page, /Nothing in the folder is deleted/, 'dialog');
  await press(page, 'Cancel');
  await press(page, 'Stop watching Archive');
  await press(page, 'Stop watching');
  await until(() => asked('folders/remove').length === 1, 'the removal');
});

test('a browser that a package brought the extension to asks here, too', options, async () => {
  visit.daemon.pairing = { ...visit.daemon.pairing, state: 'expired', shown: false };
  const page = await visit.open({ to: 'browsers' });
  await says(page, /Each has to be connected once/);
  assert.equal(await page.$eval('.pairing-here', (node) => node.checkVisibility()), false, 'nobody asks');
  visit.daemon.pairing.state = 'confirm';
  visit.daemon.tell('clients');
  await says(page, /Already in your browser\. Connect it\?\s+Chromium on Linux/, '.pairing-here');
  assert.deepEqual(await inspect(page), []);
  await press(page, 'Yes, connect it');
  await until(() => asked('pairing/confirm').length === 1, 'the answer');
  visit.daemon.tell('clients');
  await until(async () => !(await page.$eval('.pairing-here', (node) => node.checkVisibility())), 'the question to go');
});

test('a browser is connected and disconnected; this page signs itself out', options, async () => {
  const page = await visit.open({ to: 'browsers' });
  await press(page, 'Connect a browser');
  await says(page, /7K3M\s*Q9TX\s*04BD\s*WZ5A[\s\S]*120 seconds|7K3M\s*Q9TX/, 'dialog');
  await shoot(page, 'pairing-1280-light', false);
  visit.daemon.pairing.state = 'confirm';
  await says(page, /Is this your browser\?[\s\S]*Chromium on Linux[\s\S]*chrome-extension:/, 'dialog');
  assert.deepEqual(await inspect(page), []);
  await press(page, 'Yes, connect it');
  await says(page, /Connected/, 'dialog');
  assert.deepEqual(asked('pairing/confirm'), [{ accept: true }]);
  await page.keyboard.press('Escape');
  await press(page, 'Disconnect Firefox on Linux');
  await press(page, 'Disconnect');
  await until(async () => !/Firefox on Linux/.test(await textOf(page)), 'Firefox to go');
  await press(page, 'Add a site');
  await (await control(page, 'Site')).type('https://Photos.Example.com/me');
  await press(page, 'Add');
  await says(page, /photos\.example\.com/);
  await press(page, 'Sign out This computer’s dashboard');
  await press(page, 'Sign out');
  await says(page, /Open the dashboard from Photoveil/);
});

test('an original is given back, and removed only after a question', options, async () => {
  const page = await visit.open({ to: 'vault' });
  await press(page, 'Put IMG_2041.jpg back');
  await says(page, /The original is back: \/home\/anna/, '#toasts');
  await press(page, 'Remove IMG_2041.jpg from the vault');
  await until(() => page.evaluate(() => document.activeElement?.textContent === 'Cancel'), 'the question');
  await page.keyboard.press('Enter');
  assert.deepEqual(asked('vault/remove'), []);
  await press(page, 'Remove IMG_2041.jpg from the vault');
  await press(page, 'Remove for ever');
  await until(() => asked('vault/remove').length === 1, 'the removal');
  await until(async () => !/IMG_2041/.test(await textOf(page)), 'the row to go');
});

test('a persona is made, made default and forgotten', options, async () => {
  const page = await visit.open({ to: 'personas' });
  await press(page, 'Add a persona');
  await page.keyboard.type('-bad/name');
  await press(page, 'Add');
  await says(page, /1 to 40 letters/, 'dialog');
  await (await control(page, 'Name')).click({ count: 3 });
  await page.keyboard.type('Zoë');
  await press(page, 'Add');
  await says(page, /Zoë/);
  assert.deepEqual(asked('personas/change'), [{ name: 'Zoë', colour: 'violet', strength: null }]);
  await press(page, 'Make Zoë the default');
  await until(() => asked('settings/change').length === 1, 'the default');
  await press(page, 'Forget anna');
  await press(page, 'Forget');
  await until(async () => !/anna/.test(await textOf(page)), 'anna to go');
});

test('a failure is told with its remedy, and the page stays', options, async () => {
  const failure = { code: 'vault_full', title: 'The vault is full', reason: 'There is no room.', remedy: 'Remove originals.' };
  visit.daemon.failing.set('vault/restore', failure);
  const page = await visit.open({ to: 'vault' });
  await press(page, 'Put IMG_2041.jpg back');
  await says(page, /The vault is full[\s\S]*What to do: Remove originals/, 'dialog');
  await press(page, 'Close');
  visit.daemon.failing.set('models', { ...failure, title: 'The models cannot be read' });
  await go(page, 'models');
  await says(page, /The models cannot be read/);
  visit.daemon.failing.clear();
  await press(page, 'Try again');
  await says(page, /Starter/);
});

test('at 360 pixels the pages are behind a button; the keyboard skips to the content', options, async () => {
  const page = await visit.open({ width: 360 });
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
  assert.equal(await page.$eval('#nav', (nav) => nav.checkVisibility()), false);
  await page.focus('#menu');
  await page.keyboard.press('Enter');
  assert.equal(await page.$eval('#nav', (nav) => nav.checkVisibility()), true);
  await shoot(page, 'menu-360-light', false);
  await page.keyboard.press('Escape');
  assert.equal(await page.$eval('#nav', (nav) => nav.checkVisibility()), false);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await says(page, /History/, 'main h1');
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1');
});
