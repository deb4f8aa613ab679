/**
 * The libraries' pages, bundled as a site would: page.js (with its styles) becomes build/libraries/NAME/bundle.js (and .css).
 *
 * To add a library: add its package to devDependencies, and a folder here with index.html (the page), page.js (what the
 * page does; posts to UPLOAD of page.js beside this file, and calls ready()) and library.mjs (where a user acts, and how).
 */
import { build as bundle } from 'esbuild';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'svelte/compiler';

import { ROOT } from '../support/browsers.mjs';

const HERE = path.join(ROOT, 'tests', 'browser', 'libraries');
const BUILT = path.join(ROOT, 'build', 'libraries');

/** The installed version of a package. @param {string} name @returns {string} */
export function versionOf(name) {
  return JSON.parse(readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** @param {string} name */
function isStale(name) {
  const built = statSync(path.join(BUILT, name, 'bundle.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const own = readdirSync(path.join(HERE, name)).map((file) => path.join(HERE, name, file));
  const parts = [...own, path.join(HERE, 'page.js'), fileURLToPath(import.meta.url), path.join(ROOT, 'package-lock.json')];
  return parts.some((file) => statSync(file).mtimeMs > built);
}

/** @type {import('esbuild').Plugin} */
const svelte = {
  name: 'svelte',
  setup({ onLoad }) {
    onLoad({ filter: /\.svelte$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      return { contents: compile(source, { filename: file, css: 'injected' }).js.code };
    });
  },
};

/** Bundle what is not bundled yet, or was before something of it changed. @param {string[]} names */
export async function build(names) {
  const stale = names.filter(isStale);
  if (stale.length === 0) return;
  const { outputFiles } = await bundle({
    entryPoints: stale.map((name) => ({ in: path.join(HERE, name, 'page.js'), out: path.join(name, 'bundle') })),
    outdir: BUILT,
    bundle: true,
    // React and Vue are as their sites ship them, without their warnings.
    define: { 'process.env.NODE_ENV': '"production"', '__VUE_OPTIONS_API__': 'true', '__VUE_PROD_DEVTOOLS__': 'false',
      '__VUE_PROD_HYDRATION_MISMATCH_DETAILS__': 'false' },
    conditions: ['svelte', 'browser'],
    alias: { vue: 'vue/dist/vue.esm-bundler.js' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl' },
    // Vaadin hides code for developers in comments; it reports to its makers.
    legalComments: 'none',
    plugins: [svelte],
    logLevel: 'warning',
    write: false,
  });
  // Styles first, so that a script is there with all it needs; and never half of it, as another suite may be reading it.
  for (const { path: file, contents } of outputFiles.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.${process.pid}`, contents);
    await rename(`${file}.${process.pid}`, file);
  }
}
