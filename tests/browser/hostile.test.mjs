/**
 * Pages that attack: each attempt of hostile/attempts.mjs in every browser of this machine, with the result that
 * docs/threat-model.md tells. No page gets a key, floods the daemon or stops another page's photos.
 */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Place } from './drills/place.mjs';
import { ATTEMPTS, OTHERS } from './hostile/attempts.mjs';
import { HostileSite } from './hostile/site.mjs';
import { PATIENCE_MS, ROOT } from './support/browsers.mjs';
import { addSite, cardSays, openOwnPage, pick, pressCard, until } from './support/flows.mjs';
import { containsRunOf } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, makeFiles, makePhotos, record, removeFolderOf } from './support/world.mjs';

/** @typedef {import('./hostile/attempts.mjs').Attempt} Attempt */
/** @typedef {import('puppeteer-core').Page} Page */

const options = { skip: NO_CHROMIUM && NO_FIREFOX, concurrency: true };
const LIMIT_MS = PATIENCE_MS;

/** What a browser may ask the daemon (docs/protocol.md): so many a second after so many at once. */
const RATE = { perSecond: 40, burst: 160 };

/** @type {StandIn} */
let standIn;
/** @type {Map<Place, HostileSite>} */
const sites = new Map();
/** @type {string[]} */
let photos = [];
/** @type {Record<string, string>} */
let files = {};
/** @type {Record<string, Record<string, unknown>>} */
const results = {};

before(async () => {
  if (options.skip) return;
  [photos, files, standIn] = await Promise.all([makePhotos(320), makeFiles({ 'notes.txt': 'plain words' }), new StandIn().start()]);
  for (const place of await Place.all(String(files['notes.txt']))) {
    sites.set(place, await new HostileSite().start());
    await place.pairAnew(standIn.openPairing());
  }
});

after(async () => {
  for (const [place, site] of sites) {
    await place.world.end();
    await site.stop();
  }
  await standIn?.stop();
  await removeFolderOf(photos);
  await removeFolderOf(Object.values(files));
  await record('hostile', results);
});

/** @param {Place} place @param {string} name @param {unknown} result */
function note(place, name, result) {
  results[name] = { ...results[name], [place.name]: result };
}

/**
 * In every browser at once.
 * @param {import('node:test').TestContext} t @param {string} name @param {(place: Place, site: HostileSite) => Promise<void>} run
 */
async function everywhere(t, name, run) {
  await Promise.all([...sites].map(([place, site]) => t.test(`${name} (${place.name})`, () => run(place, site))));
}

/** @param {Place} place @param {HostileSite} site @param {string} name */
async function open(place, site, name) {
  site.forget();
  const page = await place.world.browser.newPage();
  await page.goto(`${site.origin}/${name}`);
  await page.bringToFront();
  return page;
}

/** @param {Place} place @param {Page} page @param {string} photo @param {Attempt['by']} by */
async function pickBy(place, page, photo, by) {
  if (by === 'pick') await pick(page, [photo]);
  if (by === 'decoy') await place.choose(page, () => page.click('#decoy'), [photo]);
  if (by === 'inner') {
    const inner = await (await (await page.waitForSelector('#frame'))?.contentFrame())?.waitForSelector('#inner');
    await place.choose(page, async () => inner?.click(), [photo]);
  }
}

/** What the page has done so far is all it can: what it sends now comes last. @param {Page} page @param {HostileSite} site */
async function barrier(page, site) {
  const count = site.uploads.length;
  await page.$eval('#other', (input) => void (/** @type {HTMLInputElement} */ (input).value = '')).catch(() => undefined);
  await pick(page, [String(files['notes.txt'])], '#other');
  await until(() => site.uploads.length > count, 'the text file');
}

/** What has to be true before the user picks. @type {Record<string, (page: Page) => Promise<unknown>>} */
const FIRST = {
  'rewrites-document': (page) => page.waitForFunction('document.title === "rewritten"'),
  'looks-for-traces': (page) => page.waitForFunction('window.isDone'),
  'frame-that-never-loads': (page) => page.waitForFunction('window.isReady'),
};

/** What else has to be true after it. @type {Record<string, (page: Page, site: HostileSite) => Promise<unknown> | unknown>} */
const THEN = {
  'looks-for-traces': (_, { words }) => assert.deepEqual(words.filter((said) => said.startsWith('traces')), ['traces: []']),
  'observes': (_, { words }) => assert.deepEqual(words.filter((said) => /astronaut|veil|protect/i.test(said)), [], 'the card is mute'),
  'presses-card': async (page, { words }) => {
    assert.deepEqual(words.filter((said) => /astronaut|retry/i.test(said)), [], 'nothing of the card can be read');
    await cardSays(page, /Use the original/);
  },
  'hides-card': hiddenAndPressed,
  'covers-card': coveredAndPressed,
  'frame-without-scripts': async (page, site) => {
    const frame = await (await page.$('#frame'))?.contentFrame();
    await (await frame?.waitForSelector('#inner-send'))?.click();
    await until(() => site.posts.some(({ path: at }) => at === '/loot'), 'the form');
  },
};

/** Who is told "Continue" and sees nothing happen presses again, this much later. */
const AGAIN_MS = 700;

/** The user presses what he cannot see: that is no wish for the original. @param {Page} page */
async function coveredAndPressed(page) {
  await page.waitForFunction('window.isReady');
  for (let times = 0; times < 3; times++) {
    await sleep(AGAIN_MS);
    await pressCard(page, /Use the original/);
  }
}

/** The same; and the card can be seen again. @param {Page} page */
async function hiddenAndPressed(page) {
  await page.waitForFunction('window.isReady');
  await pressCard(page, /Use the original/);
  await page.waitForFunction('getComputedStyle(document.documentElement.lastElementChild).opacity === "1"');
}

test('attempts at the photo', options, async (t) => {
  const photo = String(photos[0]);
  const original = await readFile(photo);
  for (const { name, by, isRefused, result } of ATTEMPTS) {
    standIn.fate = isRefused ? 'failed' : 'done';
    await everywhere(t, name, async (place, site) => {
      const page = await open(place, site, name);
      await FIRST[name]?.(page);
      await pickBy(place, page, photo, by);
      if (result === 'held') {
        await cardSays(page, isRefused ? /Use the original/ : /Photo protected/, LIMIT_MS);
        await THEN[name]?.(page, site);
        await barrier(page, site);
      } else await until(() => containsRunOf(original, site.bytes), 'the original, as documented', LIMIT_MS);
      const found = containsRunOf(original, site.bytes) ? 'original' : 'held';
      note(place, name, found);
      assert.equal(found, result);
      await page.close();
    });
  }
});

test('knocking at the extension, its messages and the daemon: no answer', options, async (t) => {
  await everywhere(t, 'reaches-in', async (place, site) => {
    const page = await open(place, site, 'reaches-in');
    const { extension } = place.world;
    const id = place.name === 'Firefox' ? 'extension@photoveil.app' : new URL(extension).host;
    assert.equal(await page.evaluate(`reachIn(${JSON.stringify(extension)}, ${JSON.stringify(id)}, ${standIn.port})`), 'done');
    await until(() => site.words.filter((said) => /^(got|nothing)/.test(said)).length >= 30, 'all words', LIMIT_MS);
    assert.deepEqual(site.words.filter((said) => /^got (?!daemon \S+ cors: $)/.test(said)), []);
    note(place, 'reaches-in', 'no answer');
    await page.close();
  });
});

test('a page that was open before its site was added', options, async (t) => {
  standIn.fate = 'done';
  await everywhere(t, 'opened-before', async (place, site) => {
    const { browser, extension } = place.world;
    const list = await openOwnPage(browser, `${extension}/ui/options.html`);
    await list.waitForSelector('#added li button');
    await list.$eval('#added li button', (button) => /** @type {HTMLElement} */ (button).click());
    await until(async () => (await list.$$('#added li')).length === 0, 'the site to be gone');
    await list.close();
    const page = await open(place, site, 'opened-before');
    await addSite(browser, extension, site.origin);
    await page.bringToFront();
    const photo = String(photos[2]);
    await pick(page, [photo]);
    await cardSays(page, /Photo protected/, LIMIT_MS);
    await barrier(page, site);
    assert.equal(containsRunOf(await readFile(photo), site.bytes), false);
    note(place, 'opened-before', 'held');
    await page.close();
  });
});

test('a page that makes up thousands of photos: the daemon is left in peace, and other pages are served', options, async (t) => {
  standIn.fate = 'done';
  standIn.workMs = 50;
  standIn.requests = [];
  const began = performance.now();
  await everywhere(t, 'floods', async (place, site) => {
    const page = await open(place, site, 'floods');
    const other = await place.world.open('upload.html');
    place.site.forget();
    const start = performance.now();
    const tried = await page.evaluate('flood()');
    await pick(other, [String(photos[1])]);
    await until(() => place.photos.length === 1, 'the photo of another page');
    const waited = Math.round(performance.now() - start);
    assert.equal(containsRunOf(await readFile(String(photos[1])), place.site.bytes), false);
    note(place, 'floods', { tried, other_page_waited_ms: waited });
    await other.close();
    await page.close();
  });
  const requests = standIn.requests.length;
  results['floods'] = { ...results['floods'], requests_at_the_daemon: requests };
  const seconds = (performance.now() - began) / 1_000;
  const allowed = sites.size * (RATE.burst + RATE.perSecond * seconds);
  assert.ok(requests <= allowed, `${requests} requests at the daemon in ${seconds} s, where ${allowed} are allowed`);
});

test('docs/threat-model.md tells of each attempt, and of no other', async () => {
  const text = await readFile(path.join(ROOT, 'docs', 'threat-model.md'), 'utf8');
  const [, section = ''] = text.split(/^## A hostile page$/m);
  const rows = [...section.split(/^## /m)[0]?.matchAll(/^\| `([a-z-]+)` \|[^|]+\|([^|]+)\|$/gm) ?? []];
  assert.deepEqual(rows.map(([, name]) => name).sort(), [...ATTEMPTS.map(({ name }) => name), ...OTHERS].sort());
  const gets = rows.filter(([, , says]) => /gets the original/.test(String(says))).map(([, name]) => name);
  assert.deepEqual(gets.sort(), ATTEMPTS.filter(({ result }) => result === 'original').map(({ name }) => name).sort());
  const pages = await readdir(path.join(ROOT, 'tests', 'browser', 'hostile', 'pages'));
  assert.deepEqual(pages.filter((name) => name !== 'helpers.js').map((name) => name.replace('.js', '')).sort(), rows.map(([, name]) => name).sort());
});
