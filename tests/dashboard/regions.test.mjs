/**
 * Private places on a photo for an AI assistant, in a real Chromium: seen where they are, left, drawn, moved and remembered.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { NO_CHROMIUM } from '../browser/support/world.mjs';
import { inspect } from './support/access.mjs';
import { drag } from './support/drawing.mjs';
import { hidden } from './support/hidden.mjs';
import { Visit, go, settle, shoot } from './support/visit.mjs';

const options = { skip: NO_CHROMIUM };
const JOB = 'job5';

/** @type {Visit} */
let visit;

before(async () => {
  if (!NO_CHROMIUM) visit = await Visit.begin();
});

after(() => visit?.end());

/** @param {import('puppeteer-core').Page} page */
async function toPhoto(page) {
  await go(page, `photo/${JOB}`);
  await page.waitForSelector('.places-stage img');
  await settle(page);
}

/** The frames, in shares of the photo. @param {import('puppeteer-core').Page} page */
function frames(page) {
  return page.$$eval('.place', (places) =>
    places.map((place) => {
      const photo = /** @type {Element} */ (place.closest('.places-stage')).getBoundingClientRect();
      const { left, top, right, bottom } = place.getBoundingClientRect();
      return {
        name: place.textContent,
        isLeft: place.classList.contains('is-left'),
        box: [left - photo.left, top - photo.top, right - photo.left, bottom - photo.top].map(
          (pixels, i) => pixels / (i % 2 ? photo.height : photo.width),
        ),
      };
    }),
  );
}

/** @param {number[]} found @param {number[]} wanted */
function near(found, wanted) {
  wanted.forEach((share, i) => assert.ok(Math.abs(share - (found[i] ?? NaN)) < 0.01, `${found} is not ${wanted}`));
}

/** What the daemon was asked last. @param {string} verb */
function asked(verb) {
  return visit.daemon.asked.findLast((one) => one.verb === verb)?.body;
}

/** @param {import('puppeteer-core').Page} page @param {RegExp} words */
async function says(page, words) {
  await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('main')?.textContent ?? ''), {}, words.source);
}

test('each place is framed where it was found, and what the user left, drew and moved is remembered', options, async () => {
  await visit.renew();
  const page = await visit.open({});
  await toPhoto(page);
  const found = await frames(page);
  assert.deepEqual(found.map(({ name }) => name), ['Face 1', 'Face 2', 'Code 1']);
  hidden().regions.forEach(({ box }, i) => near(found[i]?.box ?? [], box));

  await page.click('.places-list li:nth-child(2) input');
  await drag(page, [0.1, 0.5], [0.3, 0.8]);
  await says(page, /Place 1.*Not remembered yet/s);
  await drag(page, [0.2, 0.6], [0.25, 0.55]);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.down('Shift');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.up('Shift');
  const [, second, , own] = await frames(page);
  assert.equal(second?.isLeft, true);
  near(own?.box ?? [], [0.14, 0.45, 0.34, 0.76]);
  assert.deepEqual(await inspect(page), []);
  await shoot(page, 'regions-1280-light');

  await page.click('[data-act="remember-places"]');
  await says(page, /Remembered\./);
  const { job, regions } = asked('regions/change');
  assert.equal(job, JOB);
  const told = regions.map((/** @type {{kind: string, hidden: boolean}} */ { kind, hidden: isHidden }) => `${kind} ${isHidden}`);
  assert.deepEqual(told, ['face true', 'face false', 'code true', 'chosen true']);
  near(regions[3].box, [0.14, 0.45, 0.34, 0.76]);

  await go(page, 'history');
  await toPhoto(page);
  assert.equal((await frames(page)).length, 4, 'it is still known');
  await page.click('[data-act="places-as-found"]');
  await says(page, /Forgotten\./);
  assert.equal(asked('regions/change').regions, null);
  assert.deepEqual((await frames(page)).map(({ isLeft }) => isLeft), [false, false, false]);
  assert.deepEqual(visit.complaints, []);
});

test('a place is added, made smaller and taken away without a mouse', options, async () => {
  await visit.renew();
  const page = await visit.open({ width: 360 });
  await toPhoto(page);
  await page.focus('[data-act="add-place"]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.classList.contains('own'));
  await page.keyboard.press('ArrowUp');
  const own = (await frames(page)).at(-1);
  assert.equal(own?.name, 'Place 1');
  near(own?.box ?? [], [0.375, 0.365, 0.625, 0.615]);
  assert.deepEqual(await inspect(page), []);
  await page.focus('.places-list li:nth-child(4) button');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.place').length === 3);
  assert.deepEqual(visit.complaints, []);
});

test('a new copy is made of the very same file, and of no other', options, async () => {
  const [right, wrong] = ['0.before.webp', '1.before.webp'].map((name) => `${visit.pictures}/${name}`);
  const digest = createHash('sha256').update(await readFile(String(right))).digest('hex');
  await visit.renew((daemon) => daemon.photos.set(JOB, digest));
  const page = await visit.open({});
  await toPhoto(page);
  const input = /** @type {import('puppeteer-core').ElementHandle<HTMLInputElement>} */ (await page.$('main .card input[type="file"]'));
  await input.uploadFile(String(wrong));
  await says(page, /That is another photo/);
  assert.equal(asked('regions/change'), undefined);
  await page.click('.places-list li:nth-child(1) input');
  await input.uploadFile(String(right));
  await page.waitForFunction(() => window.location.hash.startsWith('#/photo/sent'));
  assert.equal(asked('regions/change').regions[0].hidden, false);
  const { method, slider, persona } = asked('protect');
  assert.deepEqual({ method, slider, persona }, { method: 'assistant', slider: 50, persona: 'me' });
  assert.deepEqual(visit.complaints, []);
});

test('on a photo that was passed on as it is, what was missed can be drawn', options, async () => {
  await visit.renew((daemon) => {
    const job = daemon.jobs.find((one) => one.job === JOB);
    delete job?.report;
    delete job?.result;
    Object.assign(job ?? {}, { state: 'unchanged', why: 'nothing-private', reason: 'No face and no code was found.', kept: false });
  });
  const page = await visit.open({});
  await toPhoto(page);
  assert.deepEqual(await frames(page), []);
  await drag(page, [0.2, 0.2], [0.5, 0.6]);
  await page.click('[data-act="remember-places"]');
  await says(page, /Remembered\./);
  near(asked('regions/change').regions[0].box, [0.2, 0.2, 0.5, 0.6]);
  assert.deepEqual(await inspect(page), []);
  assert.deepEqual(visit.complaints, []);
});

test('on a folder’s photo what was missed is drawn, too, and the folder makes its copy anew', options, async () => {
  await visit.renew((daemon) => Object.assign(daemon.jobs.find(({ job }) => job === JOB) ?? {}, { kind: 'folder', folder: 'a1b2c3d4e5f6' }));
  const page = await visit.open({});
  await toPhoto(page);
  assert.equal((await frames(page)).length, 3);
  await drag(page, [0.1, 0.5], [0.3, 0.8]);
  assert.equal(await page.$('[data-act="copy-again"]'), null, 'nobody has to give the file once more');
  await page.click('[data-act="remember-places"]');
  await says(page, /Remembered\. The folder’s copy is made anew/);
  near(asked('regions/change').regions[3].box, [0.1, 0.5, 0.3, 0.8]);
  assert.deepEqual(await inspect(page), []);
  assert.deepEqual(visit.complaints, []);
});

test('where nobody knows what was chosen, the page says so', options, async () => {
  await visit.renew((daemon) => {
    const words = { title: 'What you chose to hide cannot be read', reason: 'The file is damaged.', remedy: 'Ask the doctor.' };
    daemon.failing.set('regions', { code: 'regions_unreadable', ...words });
  });
  const page = await visit.open({});
  await go(page, `photo/${JOB}`);
  await says(page, /What you chose to hide cannot be read.*Ask the doctor/s);
  assert.equal(await page.$('.places-stage'), null);
  assert.deepEqual(await inspect(page), []);
  assert.deepEqual(visit.complaints, []);
});
