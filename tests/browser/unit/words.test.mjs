/**
 * The words: every one that is used exists, in every language, with the same gaps to fill in; none is left over.
 */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const EXTENSION = fileURLToPath(new URL('../../../extension/', import.meta.url));
const LANGUAGES = ['de', 'en', 'es', 'fr', 'it', 'nl', 'pl', 'pt_BR'];

/** What a store takes at most. */
const LONGEST_DESCRIPTION = 132;

/** The same in several languages, and rightly so. */
const MAY_BE_THE_SAME = /^(name|language|popup_model|recent_psnr|pause_ten|browser_name|site_persona|strength_film|options_sites)$/;

/** @typedef {{message: string, placeholders?: Record<string, {content: string}>}} Message */

/** @param {string} name */
const read = (name) => readFile(path.join(EXTENSION, name), 'utf8');
const sources = (await readdir(EXTENSION, { recursive: true })).filter((name) => /\.(js|html)$/.test(name));
const types = await read('types.d.ts');
/** @type {Record<string, Record<string, Message>>} */
const languages = {};
for (const language of await readdir(path.join(EXTENSION, '_locales'))) {
  languages[language] = JSON.parse(await read(`_locales/${language}/messages.json`));
}
const english = languages['en'] ?? {};

/** The words of a union in types.d.ts. @param {RegExp} where */
function union(where) {
  const found = [...(where.exec(types)?.[1] ?? '').matchAll(/'([a-z-]+)'/g)].map(([, word]) => String(word).replaceAll('-', '_'));
  assert.ok(found.length > 1, String(where));
  return found;
}

/** Names that are put together where they are used. */
function composed() {
  const failures = union(/type FailureCode =([^;]+);/).flatMap((code) => ['title', 'reason', 'remedy'].map((part) => `failure_${code}_${part}`));
  const strengths = ['subtle', 'balanced', 'strong', 'film'].flatMap((name) => [`strength_${name}`, `strength_${name}_note`]);
  return [
    ...failures, ...strengths,
    ...union(/state: 'failed'; reason: ([^}]+) \}/).map((reason) => `pairing_${reason}`),
    ...union(/type Unchanged = ([^;]+);/).map((reason) => `unchanged_${reason}`),
    ...union(/headline\?: ([^;]+);/).map((verdict) => `verdict_${verdict}`),
    ...['protected', 'unchanged', 'failed'].map((outcome) => `outcome_${outcome}`),
  ];
}

/** The gaps of a message, as it names them. @param {string} message */
function gapsOf(message) {
  return [...message.matchAll(/\$([A-Za-z]+)\$/g)].map(([, name]) => String(name).toLowerCase()).sort();
}

test('every word that is used exists, and every word is used', async () => {
  const all = (await Promise.all([...sources, 'manifest.json'].map(read))).join('\n');
  const used = new Set(composed());
  for (const [, name] of all.matchAll(/\b(?:text|getMessage)\(\s*'([a-z0-9_]+)'/g)) used.add(String(name));
  for (const [, name] of all.matchAll(/data-i18n(?:-label)?="([a-z0-9_]+)"/g)) used.add(String(name));
  for (const [, name] of all.matchAll(/__MSG_([a-z0-9_]+)__/g)) used.add(String(name));
  assert.deepEqual([...used].filter((name) => !(name in english)), [], 'used but missing');
  // Names that reach getMessage by way of a table or a condition.
  const quoted = new Set([...all.matchAll(/'([a-z0-9_]+)'/g)].map(([, name]) => name));
  assert.deepEqual(Object.keys(english).filter((name) => !used.has(name) && !quoted.has(name)), [], 'unused');
});

test('every language has every word, with the same gaps', () => {
  assert.deepEqual(Object.keys(languages).sort(), LANGUAGES);
  for (const [language, messages] of Object.entries(languages)) {
    assert.deepEqual(Object.keys(messages).filter((name) => !(name in english)), [], `${language}: not in English`);
    assert.deepEqual(Object.keys(english).filter((name) => !(name in messages)), [], `${language}: missing`);
    for (const [name, { message, placeholders = {} }] of Object.entries(messages)) {
      const theirs = english[name];
      assert.ok(message.trim() === message && message !== '', `${language}: ${name}`);
      assert.deepEqual(gapsOf(message), gapsOf(theirs?.message ?? ''), `${language}: ${name}`);
      assert.deepEqual(Object.keys(placeholders).sort(), [...new Set(gapsOf(message))], `${language}: ${name}`);
      for (const [gap, { content }] of Object.entries(placeholders)) {
        assert.equal(content, theirs?.placeholders?.[gap]?.content, `${language}: ${name}`);
      }
    }
  }
});

test('nothing was left in English', () => {
  for (const [language, messages] of Object.entries(languages)) {
    assert.equal(messages['language']?.message, language.replace('_', '-'));
    if (language === 'en') continue;
    const same = Object.keys(messages).filter((name) => messages[name]?.message === english[name]?.message && !MAY_BE_THE_SAME.test(name));
    // A short word may happen to be the same in one language; a whole set of them was forgotten.
    assert.ok(same.length <= 2 && same.every((name) => (english[name]?.message.length ?? 0) < 20), `${language}: ${same}`);
  }
});

test('stores take the description', () => {
  for (const [language, { description }] of Object.entries(languages)) {
    const { length } = description?.message ?? '';
    assert.ok(length > 40 && length <= LONGEST_DESCRIPTION, `${language}: ${length} characters`);
  }
});
