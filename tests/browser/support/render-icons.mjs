/**
 * Draws the extension's PNG icons from their SVG: `node tests/browser/support/render-icons.mjs`.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { EXTENSION, startChromium } from './browsers.mjs';

const SIZES = [16, 32, 48, 128];

const svg = await readFile(path.join(EXTENSION, 'icons', 'photoveil.svg'), 'utf8');
const browser = await startChromium({ extension: false });
try {
  const page = await browser.newPage();
  for (const size of SIZES) {
    await page.setViewport({ width: size, height: size });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${svg}`);
    await page.screenshot({ path: path.join(EXTENSION, 'icons', `photoveil-${size}.png`), omitBackground: true });
  }
} finally {
  await browser.close();
}
