/**
 * The matrix as tests, the same for both browsers: with the extension no original arrives anywhere; without it they do.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { build } from '../libraries/build.mjs';
import { IS_BRIEF, ROOT } from '../support/browsers.mjs';
import { rewrite } from '../support/world.mjs';
import { Matrix, cellsOf, findLibraries, needsWindow } from './runner.mjs';

/** @typedef {import('./types.js').Cell} Cell */
/** @typedef {import('./types.js').Row} Row */
/** @typedef {Parameters<typeof Matrix.create>[0]} Start */

const RESULTS = path.join(ROOT, 'build', 'results', 'browser-matrix.json');

/** What is tried without the extension: one way through each door. */
const CONTROLS = [
  'pick', 'pick in a detached input', 'pick a folder', 'form sent by its button', 'drop file', 'drop folder', 'paste file', 'clipboard.read()',
];

/**
 * `make test` has no time for all cells: every way on the plain page, every kind of page with every fourth way, each
 * starting elsewhere, every library with the first and every third of its ways. `make test-browser` tries all.
 * @param {Cell[]} cells all of a browser, by page and library @returns {Cell[]}
 */
export function brief(cells) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return cells.filter(({ page, library }) => {
    if (page === 'plain') return true;
    const place = seen.get(page + library) ?? (library ? 0 : seen.size);
    seen.set(page + library, place + 1);
    return place % (library ? 3 : 4) === 0;
  });
}

/** @param {Row} row */
function told({ result, vector, page, library, reason, original_bytes: bytes }) {
  return `${result}: ${vector} | ${page || library} | ${bytes} original bytes | ${reason ?? ''}`;
}

/**
 * Put rows in the place of older ones of the same cells; what is no cell any more goes.
 * @param {Row[]} rows @param {Cell[]} cells all of this browser
 */
async function save(rows, cells) {
  const id = (/** @type {Cell} */ cell) => JSON.stringify([cell.browser, cell.library, cell.page, cell.vector]);
  const fresh = new Set(rows.map(id));
  const known = new Set(cells.map(id));
  await rewrite(RESULTS, (text = '[]') => {
    /** @type {Row[]} */
    const old = JSON.parse(text);
    const kept = old.filter((row) => !fresh.has(id(row)) && (row.browser !== cells[0]?.browser || known.has(id(row))));
    const all = [...kept, ...rows].sort((a, b) => (id(a) < id(b) ? -1 : 1));
    return `[\n${all.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
  });
}

/** @param {Start} start @param {(cells: Cell[]) => Cell[]} choose @param {Cell['browser']} browser @param {{extension: boolean}} options */
async function run(start, choose, browser, { extension }) {
  const libraries = await findLibraries();
  const all = cellsOf(browser, libraries);
  const cells = choose(extension && IS_BRIEF ? brief(all) : all);
  await build([...new Set(cells.flatMap(({ library }) => library || []))]);
  const matrix = await Matrix.create(start, { extension, libraries });
  try {
    for (const cell of cells) await matrix.run(cell);
    return matrix.rows();
  } finally {
    await matrix.end();
  }
}

/**
 * @param {Cell['browser']} browser @param {Start} start @param {Start | undefined} inWindow what runs the cells that need a window
 * @param {string | false} skip
 */
export function matrixTests(browser, start, inWindow, skip) {
  for (const [windowed, begin] of /** @type {const} */ ([[false, start], [true, inWindow]])) {
    if (!begin) continue;
    const name = `${browser}${windowed ? ' in a window' : ''}: through no door does an original reach a page`;
    test(name, { skip }, async () => {
      const rows = await run(begin, (cells) => cells.filter((cell) => needsWindow(cell) === windowed), browser, { extension: true });
      await save(rows, cellsOf(browser, await findLibraries()));
      const wrong = rows.filter(({ result }) => result !== 'protected only' && result !== 'impossible');
      assert.deepEqual(wrong.map(told), []);
      assert.equal(rows.reduce((sum, row) => sum + row.original_bytes, 0), 0);
    });
  }

  test(`${browser} without the extension: the same pages get the originals, so a leak would be seen`, { skip }, async () => {
    const choose = (/** @type {Cell[]} */ cells) => cells.filter(({ page, library, vector }) => (page === 'plain' && CONTROLS.includes(vector))
      || (vector === 'drop file' && library === 'uppy'));
    const rows = await run(start, choose, browser, { extension: false });
    assert.equal(rows.length, CONTROLS.length + 1);
    assert.deepEqual(rows.filter(({ result }) => result !== 'leak').map(told), []);
  });
}
