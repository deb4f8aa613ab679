/**
 * What Photoveil adds: `node tests/bench/run.mjs [--rounds N]`. Everything is real: browsers, daemon, encoders.
 *
 * One photo of twelve megapixels is protected once. Then it is picked again and again, by turns in a browser with the
 * extension and in one without, so that whatever else the machine does meets both. Ratios travel; milliseconds do not.
 * Writes build/results/bench.json.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import puppeteer from 'puppeteer-core';

import { ROOT, findBrowser, startChromium } from '../browser/support/browsers.mjs';
import { Daemon } from '../browser/support/daemon.mjs';
import { addSite, cardText, pair, pick, until } from '../browser/support/flows.mjs';
import { PORTS } from '../browser/support/standin.mjs';
import { World } from '../browser/support/world.mjs';

const PYTHON = path.join(ROOT, '.venv', 'bin', 'python');
const FIRST_MS = 300_000;
const ROUND_MS = 60_000;
const run = promisify(execFile);

/** The page notes when it is handed the file and when the site has it all, in ms since 1970. */
const PAGE = `<!doctype html><title>Bench</title><input id="photos" type="file" autocomplete="off"><script>
  const now = () => performance.timeOrigin + performance.now();
  document.getElementById('photos').addEventListener('change', async ({ target }) => {
    const [file] = target.files;
    if (!file) return;
    const handed = now();
    await fetch('/upload', { method: 'POST', body: file });
    window.done = { handed, arrived: now(), bytes: file.size };
  });
</script>`;

const now = () => performance.timeOrigin + performance.now();

/** @returns {Promise<{origin: string, stop: () => Promise<unknown>}>} */
async function startSite() {
  const server = http.createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
      response.end(request.method === 'POST' ? '' : PAGE);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, stop };
}

/** One upload. @param {import('puppeteer-core').Page} page @param {string} photo @param {number} limit */
async function upload(page, photo, limit) {
  // An address of its own: a page that is only loaded again gets its old files back, and no change.
  await page.goto(`${new URL(page.url()).origin}/${randomUUID()}`);
  await page.bringToFront();
  const start = now();
  await pick(page, [photo]);
  await until(() => page.evaluate('window.done !== undefined'), 'the upload', limit).catch(async (error) => {
    throw new Error(`${error.message}; the card says “${await cardText(page)}”`);
  });
  const { handed, arrived, bytes } = /** @type {{handed: number, arrived: number, bytes: number}} */ (await page.evaluate('window.done'));
  return { to_page: handed - start, to_site: arrived - start, bytes };
}

/** @param {number[]} values */
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => Math.round(sorted[Math.round((sorted.length - 1) * share)] ?? NaN);
  return { median: at(0.5), quartiles: [at(0.25), at(0.75)], n: sorted.length };
}

/** @typedef {Array<{to_page: number, to_site: number}>} Rounds */

/** @param {Rounds} plain @param {Rounds} guarded */
function compare(plain, guarded) {
  /** @type {Record<string, object>} */
  const told = {};
  for (const way of /** @type {const} */ (['to_page', 'to_site'])) {
    const [without, withIt] = [plain, guarded].map((rounds) => spread(rounds.map((round) => round[way])));
    if (!without || !withIt) continue;
    told[`pick_${way}`] = {
      without_ms: without, with_ms: withIt,
      added_ms: withIt.median - without.median, ratio: Number((withIt.median / without.median).toFixed(2)),
    };
  }
  return told;
}

/**
 * @param {'chromium' | 'firefox'} name @param {Daemon} daemon @param {string} origin @param {string} photo @param {number} rounds
 */
async function measure(name, daemon, origin, photo, rounds) {
  const world = await World.create({ firefox: name === 'firefox' });
  try {
    await addSite(world.browser, world.extension, origin);
    await pair(world.browser, world.extension, (await daemon.openPairing()).code, ROUND_MS);
    const without = name === 'chromium' ? await startChromium({ extension: false })
      : await puppeteer.launch({ browser: 'firefox', executablePath: findBrowser('firefox') });
    world.endsWith(() => without.close());
    const pages = await Promise.all([without, world.browser].map((browser) => browser.newPage()));
    const [plain, guarded] = pages;
    if (!plain || !guarded) throw new Error('no pages');
    for (const page of pages) await page.goto(origin);
    const { size } = await stat(photo);
    const first = await upload(guarded, photo, FIRST_MS);
    if (first.bytes === size) throw new Error('the original arrived: there is nothing to measure');
    await upload(plain, photo, ROUND_MS);
    /** @type {Rounds[]} */
    const seen = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [index, page] of pages.entries()) seen[index]?.push(await upload(page, photo, ROUND_MS));
    }
    return { first_ms: Math.round(first.to_page), ...compare(seen[0] ?? [], seen[1] ?? []) };
  } finally {
    await world.end();
  }
}

/** Memory that is a process's own share, in MB. @param {number} pid */
async function memory(pid) {
  const told = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(told)?.[1]) / 1024;
}

/** A Python that does nothing, to compare the daemon with: how long it takes, and its memory. */
async function barePython() {
  const times = [];
  for (let round = 0; round < 5; round++) {
    const start = now();
    await run(PYTHON, ['-c', 'pass']);
    times.push(now() - start);
  }
  const child = spawn(PYTHON, ['-c', 'import sys; print(flush=True); sys.stdin.read()'], { stdio: ['pipe', 'pipe', 'ignore'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const mb = await memory(child.pid ?? 0);
  child.stdin.end();
  return { ms: spread(times).median, mb };
}

/** @param {Daemon} daemon */
async function measureDaemon(daemon) {
  const bare = await barePython();
  const start = now();
  const listening = until(async () => {
    const answers = PORTS.map((port) => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    return (await Promise.all(answers)).includes(true);
  }, 'the daemon to answer', ROUND_MS).then(() => now() - start);
  await daemon.start();
  const ms = Math.round(await listening);
  const mb = await memory(Number((await daemon.status())?.pid));
  const ratio = (/** @type {number} */ value, /** @type {number} */ base) => Number((value / base).toFixed(1));
  return {
    start_ms: ms, start_to_bare_python: ratio(ms, bare.ms),
    idle_mb: Number(mb.toFixed(1)), idle_memory_to_bare_python: ratio(mb, bare.mb),
  };
}

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, browser: { type: 'string', multiple: true } } });
  const browsers = /** @type {const} */ (['chromium', 'firefox']).filter((name) => findBrowser(name) && (values.browser?.includes(name) ?? true));
  const folder = await mkdtemp(path.join(tmpdir(), 'photoveil-bench-'));
  const photo = path.join(folder, 'twelve-megapixels.jpg');
  const site = await startSite();
  const daemon = await Daemon.create();
  try {
    await run(PYTHON, [path.join(ROOT, 'tests', 'bench', 'photo.py'), photo]);
    const { size } = await stat(photo);
    /** @type {Record<string, object>} */
    const results = { photo: { megapixels: 12, bytes: size }, daemon: await measureDaemon(daemon) };
    for (const name of browsers) results[name] = await measure(name, daemon, site.origin, photo, Number(values.rounds));
    const file = path.join(ROOT, 'build', 'results', 'bench.json');
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`);
    console.log(JSON.stringify(results, undefined, 2));
  } finally {
    await daemon.stop();
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
