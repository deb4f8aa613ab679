/**
 * When things go wrong nothing is sent, the page stays usable, and the user is told what to do. Every drill runs in all
 * browsers of this machine at once.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { Place } from './drills/place.mjs';
import { FORGED, STRANGERS, Stranger, thief } from './drills/strangers.mjs';
import { Daemon } from './support/daemon.mjs';
import { cardSays, cardText, openOwnPage, pair, pick, pressCard, pressCardByScript, until, useOriginal } from './support/flows.mjs';
import { containsRunOf, sha256 } from './support/site.mjs';
import { StandIn } from './support/standin.mjs';
import { NO_CHROMIUM, NO_FIREFOX, makeFiles, makePhotos, record, removeFolderOf } from './support/world.mjs';

const LIMIT_MS = 300_000;
const options = { skip: NO_CHROMIUM && NO_FIREFOX };

/** @type {Place[]} */
let places = [];
/** @type {string[]} */
let photos = [];
/** @type {Record<string, string>} */
let files = {};

before(async () => {
  if (options.skip) return;
  [photos, files] = await Promise.all([makePhotos(336), makeFiles({ 'notes.txt': 'plain words' })]);
  places = await Place.all(String(files['notes.txt']));
});

after(async () => {
  for (const { world } of places) await world.end();
  await removeFolderOf(photos);
  await removeFolderOf(Object.values(files));
  const told = Object.fromEntries(places.map((place) => [place.name, place.told]));
  await record('failures', { drills: Object.keys(Object.assign({}, ...Object.values(told))).length, told });
});

/**
 * In every browser at once.
 * @param {import('node:test').TestContext | typeof globalThis} t @param {string} name @param {(place: Place) => Promise<unknown>} run
 */
async function everywhere(t, name, run) {
  const subtest = 'test' in t ? t.test.bind(t) : test;
  await Promise.all(places.map((place) => subtest(`${name} (${place.name})`, async () => void (await run(place)))));
}

/** What the last browser that has come so far does, for all of them: the others wait for it. */
function inTurn() {
  let missing = places.length;
  return async (/** @type {() => void} */ work) => {
    if (--missing === 0) work();
    await until(() => missing === 0, 'the other browsers');
  };
}

/** One after the other: a daemon pairs one browser at a time. @param {() => Promise<string> | string} openPairing */
async function pairAll(openPairing) {
  for (const place of places) await place.pairAnew(await openPairing());
}

/** @param {number} index */
const bytesOf = (index) => readFile(String(photos[index]));

test('not paired yet', { ...options, concurrency: true }, async (t) => {
  await everywhere(t, 'unpaired', async (place) => {
    await (await place.drill('unpaired', /not connected yet.*Retry.*Use the original this time/, String(photos[0]))).close();
  });
});

test('the real daemon is killed in the middle of a photo, comes back, and is gone', { ...options, concurrency: true }, async (t) => {
  const daemon = await (await Daemon.create()).start();
  try {
    for (const { world } of places) await pair(world.browser, world.extension, (await daemon.openPairing()).code);
    const pages = await Promise.all(places.map((place, index) => place.openAndPick(String(photos[index]))));
    const endWorker = await daemon.stopWorker();
    await until(async () => {
      const { running = 0, queued = 0 } = (await daemon.status())?.queue ?? {};
      return running > 0 && running + queued >= places.length;
    }, 'the daemon to be at work', LIMIT_MS);
    await daemon.kill();
    endWorker();
    await everywhere(t, 'killed', async (place) => {
      const page = pages[places.indexOf(place)] ?? assert.fail();
      place.told['killed'] = await cardSays(page, /stopped while protecting.*Retry.*Use the original this time/, LIMIT_MS);
      await place.assertHarmless(page);
      await pressCardByScript(page, /Use the original/);
      await place.assertHarmless(page);
    });

    await daemon.start();
    await everywhere(t, 'back again', async (place) => {
      const index = places.indexOf(place);
      const page = pages[index] ?? assert.fail();
      await pressCard(page, /Retry/);
      await cardSays(page, /Photo protected/, LIMIT_MS);
      await until(() => place.photos.length === 1, 'the protected copy');
      const original = await bytesOf(index);
      assert.notEqual(place.photos[0]?.sha256, sha256(original));
      assert.equal(containsRunOf(original, place.site.bytes), false);
      await page.close();
    });

    await daemon.kill();
    await everywhere(t, 'absent', async (place) => {
      const page = await place.drill('absent', /is not running.*Start Photoveil/, String(photos[2]));
      await useOriginal(page);
      await until(() => place.photos.length === 1, 'the original, as asked');
      assert.equal(place.photos[0]?.sha256, sha256(await bytesOf(2)));
      await cardSays(page, /Original sent this time/);
      await page.close();
    });
  } finally {
    await daemon.stop();
  }
});

test('with a stand-in: slow, failing, refusing, cancelled, picked twice, removed', { ...options, concurrency: true }, async (t) => {
  const standIn = await new StandIn().start();
  const asked = (/** @type {string} */ verb) => standIn.requests.filter((request) => request.verb === verb).length;
  try {
    await pairAll(() => standIn.openPairing());

    standIn.workMs = Infinity;
    await everywhere(t, 'a slow daemon is waited for, and can be cancelled', async (place) => {
      const page = await place.openAndPick(String(photos[3]));
      place.told['slow'] = await cardSays(page, /Protecting your photo/);
      await place.assertUsable(page);
      await pressCard(page, /×/);
      await until(async () => (await cardText(page)) === '', 'the card to go');
      await place.assertNothingSent(page);
      await page.close();
    });
    await until(() => asked('cancel') >= places.length, 'the daemon to hear of it');

    const areHeld = inTurn();
    await everywhere(t, 'a second pick in the same input follows the first, as it would without us', async (place) => {
      const page = await place.openAndPick(String(photos[4]));
      await cardSays(page, /Protecting/);
      await pick(page, [String(photos[5])]);
      await areHeld(() => standIn.finish());
      await until(() => place.photos.length >= 2, 'both copies');
      await place.assertUsable(page);
      assert.deepEqual(place.photos.map(({ name }) => name), [4, 5].map((index) => photos[index]?.split('/').at(-1)));
      await page.close();
    });

    standIn.workMs = Infinity;
    standIn.requests = [];
    const areEnded = inTurn();
    await everywhere(t, 'the browser ends the background in the middle: the photo is sent again', async (place) => {
      const page = await place.openAndPick(String(photos[9]));
      await cardSays(page, /Protecting/);
      await until(() => asked('protect') >= places.length, 'the photos to be on their way');
      await place.endBackground();
      await areEnded(() => standIn.finish());
      await cardSays(page, /Photo protected/);
      await until(() => place.photos.length === 1, 'the copy');
      assert.notEqual(place.photos[0]?.sha256, sha256(await bytesOf(9)));
      await page.close();
    });

    standIn.workMs = 0;
    // One after the other: the switch is the daemon's, and all its browsers follow it.
    for (const place of places) await t.test(`switched off for this site in the popup, and on again (${place.name})`, () => switchOffAndOn(place));

    standIn.workMs = Infinity;
    const areRemoved = inTurn();
    await everywhere(t, 'an input taken out of the page meanwhile gets its copy all the same', async (place) => {
      const page = await place.openAndPick(String(photos[4]));
      await page.$eval('#photos', (input) => input.remove());
      await areRemoved(() => standIn.finish());
      await cardSays(page, /Photo protected/);
      await until(() => place.photos.length === 1, 'the copy');
      assert.notEqual(place.photos[0]?.sha256, sha256(await bytesOf(4)));
      await page.close();
    });

    standIn.workMs = 0;
    standIn.fate = 'failed';
    await everywhere(t, 'a photo the daemon cannot protect: its own words', async (place) => {
      await (await place.drill('failed', /This photo is damaged Its last part is missing.*Export it again/, String(photos[6]))).close();
    });

    await everywhere(t, 'the user wants no originals, whatever happens: none is offered', async (place) => {
      await keepInStorage(place, { away: 'block' });
      const page = await place.drill('blocked', /This photo is damaged/, String(photos[6]));
      assert.doesNotMatch(place.told['blocked'] ?? '', /Use the original/);
      await page.close();
      await keepInStorage(place, { away: 'ask' });
    });

    standIn.fate = 'unchanged';
    await everywhere(t, 'an animation passes unchanged and the user is told', async (place) => {
      const page = await place.openAndPick(String(photos[6]));
      place.told['animation'] = await cardSays(page, /Sent unchanged Animations cannot be protected/);
      await until(() => place.photos.length === 1, 'the file');
      await page.close();
    });

    standIn.fate = 'done';
    standIn.workMs = Infinity;
    standIn.requests = [];
    const areSwapped = inTurn();
    await everywhere(t, 'a daemon that hands back the original itself is not believed', async (place) => {
      const page = await place.openAndPick(String(photos[8]));
      const original = await bytesOf(8);
      await until(() => asked('protect') >= places.length, 'the photos to be in work');
      standIn.jobs.forEach((job) => (job.file = original));
      await areSwapped(() => standIn.finish());
      place.told['original returned'] = await cardSays(page, /Retry/);
      await place.assertHarmless(page);
      await page.close();
    });

    standIn.workMs = 0;
    standIn.clients.clear();
    await everywhere(t, 'this browser was revoked', async (place) => {
      await (await place.drill('revoked', /no longer connected/, String(photos[7]))).close();
    });
  } finally {
    await standIn.stop();
  }
});

test('a stranger on the daemon\'s port is sent no photo', { ...options, concurrency: true }, async (t) => {
  let standIn = await new StandIn().start();
  const port = Number(standIn.port);
  await pairAll(() => standIn.openPairing());
  await standIn.stop();

  /** @type {Record<string, RegExp>} */
  const expected = { 'silence': /takes too long/, 'redirect': /is not running|was not Photoveil/ };
  for (const [name, answer] of Object.entries(STRANGERS)) {
    const stranger = await new Stranger(answer).start(port);
    try {
      await everywhere(t, name, async (place) => {
        await (await place.drill(`stranger: ${name}`, expected[name] ?? /was not Photoveil/, String(photos[8]))).close();
      });
    } finally {
      await stranger.stop();
    }
    const original = await bytesOf(8);
    assert.ok(stranger.heard.length > 0, 'the stranger was asked to prove itself');
    assert.ok(stranger.heard.length < 16_384 * places.length, `and was sent little: ${stranger.heard.length} bytes`);
    assert.equal(containsRunOf(original, stranger.heard), false);
    assert.equal(stranger.heard.includes(sha256(original)), false, 'not even the hash');
  }

  const { clients } = standIn;
  standIn = new StandIn();
  standIn.clients = clients;
  standIn.workMs = Infinity;
  await standIn.start([port]);
  const pages = await Promise.all(places.map((place) => place.openAndPick(String(photos[0]))));
  const asked = () => standIn.requests.filter(({ verb }) => verb === 'job').length;
  await until(() => asked() >= places.length && standIn.listeners.size >= places.length, 'the daemon to be at work');
  await standIn.stop();
  const thieving = await new Stranger(thief).start(port);
  try {
    await everywhere(t, 'and one that takes the port in the middle of a conversation is not believed', async (place) => {
      const page = pages[places.indexOf(place)] ?? assert.fail();
      place.told['stranger: thief'] = await cardSays(page, /was not Photoveil/);
      await place.assertHarmless(page);
      assert.equal(place.site.bytes.includes(FORGED), false, 'nor does the page get its picture');
      await page.close();
    });
  } finally {
    await thieving.stop();
  }
  assert.equal(containsRunOf(await bytesOf(0), thieving.heard), false);
});

/** @param {Place} place */
async function switchOffAndOn(place) {
  const { world, site } = place;
  site.forget();
  const page = await world.open('upload.html');
  const popup = await openOwnPage(world.browser, `${world.extension}/ui/popup.html`);
  await page.bringToFront();
  // Firefox sends no word of its extensions' pages being loaded.
  await popup.evaluate('window.isOld = true; location.reload()').catch(() => undefined);
  await until(() => popup.evaluate('!window.isOld && document.getElementById("site-on").checked').catch(() => false), 'the switch');
  for (const isOn of [false, true]) {
    await popup.evaluate('document.getElementById("site-on").click()');
    const words = `document.getElementById("site-text").textContent.startsWith("${isOn ? 'Photos' : 'Off'}")`;
    await until(() => popup.evaluate(words), 'the popup to say so');
    const count = site.files.length;
    const photo = String(photos[isOn ? 4 : 5]);
    await pick(page, [photo]);
    await until(() => site.files.length > count, 'the file');
    const isOriginal = site.files.at(-1)?.sha256 === sha256(await readFile(photo));
    assert.equal(isOriginal, !isOn);
  }
  await popup.close();
  await page.close();
}

/** @param {Place} place @param {object} settings */
async function keepInStorage({ world }, settings) {
  const page = await openOwnPage(world.browser, `${world.extension}/ui/options.html`);
  await page.evaluate(`chrome.storage.local.set(${JSON.stringify(settings)})`);
  await page.close();
}
