/**
 * Real browsers with the extension exactly as it ships.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
export const EXTENSION = path.join(ROOT, 'extension');

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/snap/bin/chromium'];
const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox', '/snap/bin/firefox'];

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

/**
 * @param {{extension?: boolean, dark?: boolean}} [options]
 * @returns {Promise<import('puppeteer-core').Browser>}
 */
export async function startChromium({ extension = true } = {}) {
  const userDataDir = await mkdtemp(path.join(tmpdir(), 'photoveil-chromium-'));
  const browser = await puppeteer.launch({
    executablePath: findBrowser('chromium'),
    pipe: true,
    userDataDir,
    acceptInsecureCerts: false,
    args: CHROMIUM_ARGS,
    defaultViewport: { width: 1000, height: 700 },
    ...(extension ? { enableExtensions: [EXTENSION] } : {}),
  });
  // Its children write for a moment longer.
  const tidy = () => rm(userDataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => undefined);
  browser.process()?.once('exit', () => setTimeout(() => void tidy(), 500));
  return browser;
}

/** The extension's id in a Chromium. @param {import('puppeteer-core').Browser} browser */
export async function extensionOrigin(browser) {
  const worker = await browser.waitForTarget((target) => target.type() === 'service_worker' && target.url().endsWith('/background/main.js'));
  return worker.url().replace(/(:\/\/[^/]+)\/.*$/, '$1');
}
