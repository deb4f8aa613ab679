/**
 * One photo, uploaded as a user would: a local page, a headless Chromium with the extension, a running daemon.
 *
 *   node tests/browser/upload_once.mjs --photo FILE --out DIR [--profile NAME] [--python FILE | --daemon-command JSON] [--dark]
 *
 * --profile names the running daemon. `photoveil` is called as `FILE -m photoveil.cli`, or by the words of a JSON list.
 * Prints one line of JSON. Exit status: 0 done, 1 failed (the reason is on stderr), 2 wrong use, 3 no browser on this machine.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { extensionOrigin, findBrowser, startChromium } from './support/browsers.mjs';
import { COMMAND, openPairing } from './support/daemon.mjs';
import { addSite, cardText, pair, pick, until } from './support/flows.mjs';
import { Site, sha256 } from './support/site.mjs';

const UPLOAD_MS = 220_000;
const EXIT = Object.freeze({ failed: 1, use: 2, noBrowser: 3 });

/** What has to be ended, last started first. @type {Array<() => unknown>} */
const endings = [];

async function endAll() {
  for (const ending of endings.splice(0).reverse()) await Promise.resolve().then(ending).catch(() => undefined);
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      'photo': { type: 'string' },
      'out': { type: 'string' },
      'profile': { type: 'string', default: 'default' },
      'python': { type: 'string' },
      'daemon-command': { type: 'string' },
      'dark': { type: 'boolean', default: false },
    },
  });
  const known = values.python ? [values.python, ...COMMAND.slice(1)] : COMMAND;
  const command = values['daemon-command'] ? JSON.parse(values['daemon-command']) : known;
  if (!values.photo || !values.out) throw new Error('--photo and --out are needed');
  if (!Array.isArray(command) || !command.every((word) => typeof word === 'string') || command.length === 0) {
    throw new Error('--daemon-command must be a JSON list of words');
  }
  return { photo: path.resolve(values.photo), out: path.resolve(values.out), profile: values.profile, command, dark: values.dark };
}

/** @param {ReturnType<typeof readArguments>} wishes */
async function upload({ photo, out, profile, command, dark }) {
  const original = await readFile(photo);
  await mkdir(out, { recursive: true });
  const site = await new Site().start();
  endings.push(() => site.stop());
  const browser = await startChromium();
  endings.push(() => browser.close());
  const extension = extensionOrigin(browser);
  await addSite(browser, extension, String(site.origin));
  await connect(browser, extension, command, profile);

  const page = await browser.newPage();
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
  await page.goto(`${site.origin}/upload.html`);
  // Whatever happens to the file meanwhile, this is what was picked.
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-upload-'));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  const picked = path.join(folder, path.basename(photo));
  await copyFile(photo, picked);

  const start = performance.now();
  await pick(page, [picked]);
  const file = await received(page, site);
  const ms = Math.round(performance.now() - start);
  const receivedFile = path.join(out, `received-${path.basename(file.name)}`);
  await writeFile(receivedFile, file.bytes);
  const screenshot = path.join(out, 'page.png');
  await page.screenshot({ path: screenshot });
  return {
    received_sha256: file.sha256,
    received_bytes: file.bytes.length,
    received_file: receivedFile,
    original_sha256: sha256(original),
    ms,
    card_text: await cardText(page),
    screenshot,
  };
}

/**
 * @param {import('puppeteer-core').Browser} browser @param {string} extension @param {string[]} command @param {string} profile
 */
async function connect(browser, extension, command, profile) {
  const pairing = await openPairing(command, profile);
  endings.push(pairing.stop);
  await pair(browser, extension, pairing.code);
  if ((await pairing.done) !== 0) throw new Error('“photoveil pair” did not accept the browser');
}

/** The file the site gets, or what the card says instead. @param {import('puppeteer-core').Page} page @param {Site} site */
async function received(page, site) {
  let next = 0;
  await until(async () => {
    if (site.files.length > 0) return true;
    if (Date.now() > next) {
      next = Date.now() + 500;
      const said = await cardText(page);
      if (/Retry/.test(said)) throw new Error(`the photo was not protected; the card says: ${said}`);
    }
    return false;
  }, 'the upload', UPLOAD_MS);
  await until(async () => /rotected|unchanged/.test(await cardText(page)), 'the card', 10_000).catch(() => undefined);
  const [file] = site.files;
  if (!file) throw new Error('the site received no file');
  return file;
}

async function main() {
  let wishes;
  try {
    wishes = readArguments();
  } catch (error) {
    console.error(`upload_once: ${error instanceof Error ? error.message : error}`);
    return EXIT.use;
  }
  if (!findBrowser('chromium')) {
    console.error('upload_once: no Chromium on this machine (set PHOTOVEIL_CHROMIUM to one)');
    return EXIT.noBrowser;
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void endAll().finally(() => process.exit(EXIT.failed)));
  }
  try {
    console.log(JSON.stringify(await upload(wishes)));
    return 0;
  } catch (error) {
    console.error(`upload_once: ${error instanceof Error ? error.message : error}`);
    return EXIT.failed;
  } finally {
    await endAll();
  }
}

process.exitCode = await main();
