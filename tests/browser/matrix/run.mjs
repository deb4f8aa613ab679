/**
 * Runs cells by hand and prints what became of them.
 *
 *   node tests/browser/matrix/run.mjs --browser chromium|firefox [--page NAME]… [--library NAME]… [--vector NAME]…
 *     [--without-extension] [--verbose]
 */
import { parseArgs } from 'node:util';

import { build } from '../libraries/build.mjs';
import { ChromiumUser, WindowedChromiumUser } from './chromium.mjs';
import { FirefoxUser } from './firefox.mjs';
import { Matrix, cellsOf, findLibraries, needsWindow } from './runner.mjs';

const { values } = parseArgs({
  options: {
    'browser': { type: 'string', default: 'chromium' },
    'page': { type: 'string', multiple: true },
    'library': { type: 'string', multiple: true },
    'vector': { type: 'string', multiple: true },
    'without-extension': { type: 'boolean', default: false },
    'verbose': { type: 'boolean', default: false },
  },
});

const browser = values.browser === 'firefox' ? 'firefox' : 'chromium';
const libraries = await findLibraries();
const cells = cellsOf(browser, libraries).filter(({ page, library, vector }) => (!values.vector || values.vector.includes(vector))
  && (values.page || values.library ? values.page?.includes(page) || values.library?.includes(library) : true));
await build([...new Set(cells.flatMap(({ library }) => library || []))]);
const options = { extension: !values['without-extension'], libraries };
const start = performance.now();
/** @type {import('./types.js').Row[]} */
const rows = [];
for (const inWindow of [false, true]) {
  const ours = cells.filter((cell) => needsWindow(cell) === inWindow);
  if (ours.length === 0) continue;
  const kind = browser === 'firefox' ? FirefoxUser : inWindow ? WindowedChromiumUser : ChromiumUser;
  const matrix = await Matrix.create((world) => kind.start(world), options);
  matrix.site.verbose = values.verbose;
  for (const cell of ours) {
    const row = await matrix.run(cell);
    if (row.result !== 'protected only' || values.verbose) {
      const { result, vector, page, library, seconds, original_bytes: bytes, reason = '' } = row;
      console.log(`${result.padEnd(14)} ${vector} | ${page || library} | ${seconds} s | ${bytes} | ${reason}`);
    }
  }
  rows.push(...matrix.rows());
  await matrix.end();
}
const count = (/** @type {string} */ result) => rows.filter((row) => row.result === result).length;
console.log(`${rows.length} cells in ${Math.round((performance.now() - start) / 1_000)} s:`,
  ['protected only', 'impossible', 'leak', 'incomplete', 'error'].map((result) => `${count(result)} ${result}`).join(', '));
