/**
 * The card's words where the browser has none: first those that are always there, then those that the background brings.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';

import { filled } from '../../../extension/background/words.js';

const folder = new URL('../../../extension/', import.meta.url);
const source = await readFile(new URL('content/words.js', folder), 'utf8');
/** @type {Record<string, {message: string}>} */
const english = JSON.parse(await readFile(new URL('_locales/en/messages.json', folder), 'utf8'));

/** What the browser says. @type {(key: string, values: string[]) => string} */
let browser;
/** How often the background was asked, and how it answers. */
let asked = 0;
/** @type {() => Promise<Record<string, string>>} */
let background;
/** @type {PhotoveilContent['words']} */
let words;

beforeEach(() => {
  asked = 0;
  browser = () => '';
  background = () => Promise.reject(new Error('orphaned'));
  const photoveil = { background: { words: () => (asked++, background()) } };
  const chrome = { i18n: { getMessage: (/** @type {string} */ key, /** @type {string[]} */ values) => browser(key, values) } };
  words = new Function('photoveil', 'chrome', 'globalThis', `${source}; return photoveil.words;`)(photoveil, chrome, { photoveil });
});

/** Over when `whenBetter` has told. */
const better = () => new Promise((resolve) => words.whenBetter(() => resolve(undefined)));

test('what the browser says is said, and nobody else is asked', () => {
  browser = (key, values) => `${key}: ${values}`;
  assert.equal(words.text('working_many', 2, 4), 'working_many: 2,4');
  words.whenBetter(() => assert.fail('there are none better'));
  assert.equal(asked, 0);
});

test('where nobody has words, what matters most is said, as English says it', async () => {
  await better();
  assert.equal(words.text('retry'), english['retry']?.message);
  assert.equal(words.text('use_originals', 3), 'Use 3 originals this time');
  assert.equal(words.text('kept_one', '$2 a.jpg'), '“$2 a.jpg” has not left your computer. The page got nothing.', 'a name is no gap');
  const last = [...source.matchAll(/^ {4}([a-z_]+): '(.+)',$/gm)];
  assert.ok(last.length > 15);
  for (const [, key = '', said] of last) assert.equal(said, filled(english[key], ['$1', '$2', '$3']), key);
});

test('a browser that refuses an orphaned script is no reason to say nothing', () => {
  browser = () => {
    throw new Error('Extension context invalidated.');
  };
  assert.equal(words.text('failure_orphaned_title'), 'Photoveil was updated');
});

test('what the background brings is said from then on; it is asked once', async () => {
  background = () => Promise.resolve({ retry: 'Nochmal', working_many: '$2: $1' });
  await Promise.all([better(), better()]);
  assert.deepEqual([words.text('retry'), words.text('working_many', 1, 2)], ['Nochmal', '2: 1']);
  words.whenBetter(() => assert.fail('these are the best there are'));
  assert.equal(asked, 1);
});
