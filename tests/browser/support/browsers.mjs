/**
 * Real browsers with the extension exactly as it ships.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const EXTENSION = path.join(ROOT, 'extension');

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium'];
const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox'];

/** A busy machine is slow, and nothing else is wrong: for whatever comes at once on one that has time. */
export const PATIENCE_MS = 120_000;

/** `make test` shares its processors: no pictures for people to look at, and what is the same again is tried less often. */
export const IS_BRIEF = process.env['PHOTOVEIL_MATRIX'] === 'brief';

/** Addresses of the extension in Chromiums that have it. @type {WeakMap<import('puppeteer-core').Browser, string>} */
const ORIGINS = new WeakMap();

/** The browser's path, or '' where it is not installed. @param {'chromium' | 'firefox'} name */
export function findBrowser(name) {
  const named = process.env[name === 'chromium' ? 'PHOTOVEIL_CHROMIUM' : 'PHOTOVEIL_FIREFOX'];
  const places = named ? [named] : name === 'chromium' ? CHROMIUM : FIREFOX;
  return places.find((file) => existsSync(file)) ?? '';
}

/** No call home, no first-run pages; without a sandbox only where root leaves no choice. */
const CHROMIUM_ARGS = [
  '--disable-background-networking', '--disable-component-update', '--disable-default-apps', '--disable-sync', '--no-first-run',
  '--no-default-browser-check', '--disable-gpu', '--force-color-profile=srgb', '--disable-dev-shm-usage',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

/** The program that a package brings beside its copy of the extension, as that copy calls it. */
const PROGRAM = 'app.photoveil.browser';

/**
 * @param {{extension?: boolean | string, env?: NodeJS.ProcessEnv, isolated?: string[], program?: string, provided?: boolean}} [options]
 *   the extension of the working tree, that of another folder, or none; with `env`: in a window on that screen; `isolated`: origins
 *   in processes of their own; `program`: the folder is a package's copy, and this is the program beside it; `provided`: no folder,
 *   the system puts a package's copy into every Chromium
 * @returns {Promise<import('puppeteer-core').Browser>}
 */
export async function startChromium({ extension = true, program = '', provided = false, ...screen } = {}) {
  const userDataDir = await mkdtemp(path.join(tmpdir(), 'photoveil-chromium-'));
  if (program) await allowProgram(userDataDir, program, String(extension));
  const browser = await puppeteer.launch({
    executablePath: findBrowser('chromium'),
    pipe: true,
    userDataDir,
    acceptInsecureCerts: false,
    timeout: PATIENCE_MS,
    enableExtensions: provided || foldersOf(extension),
    ...onScreen(screen),
  });
  // Its children write for a moment longer.
  const tidy = () => rm(userDataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => undefined);
  browser.process()?.once('exit', () => setTimeout(() => void tidy(), 500));
  if (extension) await (provided || program ? meetWorker : closeFirstRun)(browser);
  return patient(browser);
}

/** The same browser, whose new pages wait as long as it takes. @param {import('puppeteer-core').Browser} browser */
export function patient(browser) {
  const newPage = browser.newPage.bind(browser);
  browser.newPage = async (...options) => {
    const page = await newPage(...options);
    page.setDefaultTimeout(PATIENCE_MS);
    return page;
  };
  return browser;
}

/** @param {boolean | string} extension */
const foldersOf = (extension) => extension !== false && [extension === true ? EXTENSION : extension];

/** @param {{env?: NodeJS.ProcessEnv, isolated?: string[]}} options */
function onScreen({ env, isolated = [] }) {
  const isolation = isolated.length > 0 ? [`--isolate-origins=${isolated.join(',')}`] : [];
  return env
    ? { headless: false, env, defaultViewport: null, args: [...CHROMIUM_ARGS, '--window-position=0,0', '--window-size=1000,800', ...isolation] }
    : { headless: true, defaultViewport: { width: 1000, height: 700 }, args: [...CHROMIUM_ARGS, ...isolation] };
}

/** As a package does it for the system, for one profile. @param {string} profile @param {string} program @param {string} folder of the extension */
async function allowProgram(profile, program, folder) {
  const letters = [...createHash('sha256').update(folder).digest('hex').slice(0, 32)].map((digit) => 'abcdefghijklmnop'[parseInt(digit, 16)]);
  const allowed = [`chrome-extension://${letters.join('')}/`];
  const told = { name: PROGRAM, description: 'for tests', path: program, type: 'stdio', allowed_origins: allowed };
  await mkdir(path.join(profile, 'NativeMessagingHosts'));
  await writeFile(path.join(profile, 'NativeMessagingHosts', `${PROGRAM}.json`), JSON.stringify(told));
}

/** A package's copy opens no page by itself. @param {import('puppeteer-core').Browser} browser */
async function meetWorker(browser) {
  const isOurs = (/** @type {import('puppeteer-core').Target} */ one) => one.url().endsWith('/background/main.js');
  const target = await browser.waitForTarget(isOurs, { timeout: PATIENCE_MS });
  ORIGINS.set(browser, target.url().replace(/(:\/\/[^/]+)\/.*$/, '$1'));
}

/** The extension opens this page once after it was installed, in front of whatever is there. @param {import('puppeteer-core').Browser} browser */
async function closeFirstRun(browser) {
  const target = await browser.waitForTarget((one) => one.url().endsWith('/ui/options.html'), { timeout: PATIENCE_MS });
  ORIGINS.set(browser, target.url().replace(/(:\/\/[^/]+)\/.*$/, '$1'));
  await (await target.page())?.close();
}

/** The extension's id in a Chromium. @param {import('puppeteer-core').Browser} browser */
export function extensionOrigin(browser) {
  const origin = ORIGINS.get(browser);
  if (!origin) throw new Error('it was started without the extension');
  return origin;
}
