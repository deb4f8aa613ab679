/**
 * docs/interception.md names exactly what the matrix takes for impossible.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { IMPOSSIBLE } from '../matrix/impossible.mjs';
import { KINDS } from '../matrix/kinds.mjs';
import { cellsOf, findLibraries } from '../matrix/runner.mjs';
import { brief } from '../matrix/suite.mjs';
import { VECTORS } from '../matrix/vectors.mjs';

/** @type {Record<string, string>} */
const NAMES = { chromium: 'Chromium', firefox: 'Firefox' };

test('what the matrix takes for impossible is what the document says, with the same reasons', async () => {
  const text = await readFile(new URL('../../../docs/interception.md', import.meta.url), 'utf8');
  const section = text.split('\n## ').find((part) => part.startsWith('Impossible')) ?? '';
  const rows = section.split('\n').filter((line) => /^\| (Chromium|Firefox) \|/.test(line));
  const told = rows.map((row) => row.split('|').slice(1, -1).map((cell) => cell.trim()));
  const listed = IMPOSSIBLE.map(({ browser, vector, page, reason }) => [
    NAMES[browser], vector, page === '*' ? 'every page' : page, reason,
  ]);
  assert.deepEqual(told, listed);
});

test('every impossible cell is one of the matrix', () => {
  for (const { vector, page } of IMPOSSIBLE) {
    assert.ok(VECTORS.some(({ name }) => name === vector), vector);
    assert.ok(page === '*' || KINDS.some(({ name }) => name === page), page);
  }
});

test('the part of the matrix that `make test` tries has every way, every kind of page and every library', async () => {
  const all = cellsOf('firefox', await findLibraries());
  const part = brief(all);
  for (const name of /** @type {const} */ (['vector', 'page', 'library'])) {
    assert.deepEqual(new Set(part.map((cell) => cell[name])), new Set(all.map((cell) => cell[name])), name);
  }
  assert.ok(part.length < all.length / 2, `${part.length} of ${all.length}`);
});
