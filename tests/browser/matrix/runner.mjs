/**
 * Runs cells: opens the page, lets the user act, waits for what arrives, judges.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { ROOT } from '../support/browsers.mjs';
import { StandIn } from '../support/standin.mjs';
import { impossible } from './impossible.mjs';
import { faultOf, originalBytes } from './judge.mjs';
import { KINDS } from './kinds.mjs';
import { FIRST, SECOND } from './page.mjs';
import { Samples } from './samples.mjs';
import { MatrixSite } from './server.mjs';
import { VECTORS } from './vectors.mjs';

/** @typedef {import('./types.js').Cell} Cell */
/** @typedef {import('./types.js').Row} Row */
/** @typedef {import('./types.js').Vector} Vector */
/** @typedef {import('./types.js').User} User */
/** @typedef {import('./types.js').Library} Library */
/** @typedef {import('./types.js').LibraryVector} LibraryVector */
/** @typedef {import('./types.js').Sample} Sample */
/**
 * One run of a cell; `way` is how a library is used.
 * @typedef {{cell: Cell, vector: Vector, way: (Library & Partial<LibraryVector>) | undefined, id: string, samples: Sample[], folder: string}} Trial
 */

const READY_MS = 5_000;

/** Nobody finds a field and picks a photo sooner. */
const USER_MS = 500;
/** And so much more patience, which costs nothing where all goes well. */
const PATIENCE = 12;
const ARRIVAL_MS = 5_000;
const LIBRARY_MS = 8_000;
/** How long to wait for what should not come. */
const SILENCE_MS = 400;
const STEP_MS = 10;

/** @returns {Promise<Library[]>} */
export async function findLibraries() {
  const folder = path.join(ROOT, 'tests', 'browser', 'libraries');
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const modules = names.filter((name) => existsSync(path.join(folder, name, 'library.mjs')))
    .map((name) => import(pathToFileURL(path.join(folder, name, 'library.mjs')).href));
  return (await Promise.all(modules)).map((module) => module.default);
}

/**
 * Every cell: what is tried with each page kind, and each library's own ways.
 * @param {Cell['browser']} browser @param {Library[]} libraries @returns {Cell[]}
 */
export function cellsOf(browser, libraries) {
  const pages = KINDS.flatMap(({ name: page }) => VECTORS
    .filter(({ everywhere, except }) => (everywhere || page === 'plain') && !except?.includes(page))
    .map(({ name: vector }) => ({ browser, vector, page, library: '' })));
  const real = libraries.flatMap(({ name: library, vectors }) => Object.keys(vectors).map((vector) => ({ browser, vector, page: '', library })));
  return [...pages, ...real];
}

/** Whether a cell needs a browser with a window. @param {Cell} cell */
export function needsWindow({ browser, vector }) {
  return browser === 'chromium' && (VECTORS.find(({ name }) => name === vector)?.window ?? false);
}

/** A site, a stand-in daemon, a browser, and the cells that were run in it. */
export class Matrix {
  /** @type {Array<() => unknown>} */
  #endings = [];
  /** What must be judged once more when all is over. @type {Array<{row: Row, trials: Trial[]}>} */
  #judged = [];
  #count = 0;
  site = new MatrixSite();

  /**
   * @param {(world: {origins: string[], standIn?: StandIn}) => Promise<User & {stop(): Promise<void>}>} start
   * @param {{extension?: boolean, libraries?: Library[]}} [options]
   */
  static async create(start, { extension = true, libraries = [] } = {}) {
    const matrix = new Matrix();
    matrix.libraries = libraries;
    await matrix.site.start();
    matrix.#endings.unshift(() => matrix.site.stop());
    matrix.samples = await Samples.create();
    matrix.#endings.unshift(() => matrix.samples?.remove());
    const standIn = extension ? await new StandIn().start() : undefined;
    if (standIn) matrix.standIn = standIn;
    matrix.#endings.unshift(() => standIn?.stop());
    const user = await start({ origins: [matrix.site.origin, matrix.site.elsewhere], ...(standIn ? { standIn } : {}) });
    matrix.user = user;
    matrix.#endings.unshift(() => user.stop());
    return matrix;
  }

  /** @type {Samples | undefined} */
  samples;
  /** @type {StandIn | undefined} */
  standIn;
  /** @type {User | undefined} */
  user;
  /** @type {Library[]} */
  libraries = [];
  /** How many times as long as usual the present try may take. */
  #patience = 1;

  async end() {
    for (const ending of this.#endings) await ending();
  }

  /**
   * Run a cell, quicker than any user; where nothing or not all arrived once more at a user's pace: a busy machine may
   * swallow a key or a drag, and in a frame's first moment nothing goes in. An original that arrives in either try counts.
   * @param {Cell} cell @returns {Promise<Row>}
   */
  async run(cell) {
    /** @type {Trial[]} */
    const trials = [];
    const start = performance.now();
    let row = await this.#try(cell, trials);
    if (row.result === 'incomplete' || row.result === 'error') row = await this.#try(cell, trials, USER_MS);
    row = { ...row, seconds: Math.round(performance.now() - start) / 1_000, tries: trials.length };
    this.#judged.push({ row, trials });
    return row;
  }

  /** @param {Cell} cell @param {Trial[]} trials @param {number} [pace] before the user does anything @returns {Promise<Row>} */
  async #try(cell, trials, pace = 0) {
    const vector = VECTORS.find(({ name }) => name === cell.vector);
    if (!vector || !this.samples) throw new Error(`no such vector: ${cell.vector}`);
    const id = String(++this.#count);
    const library = this.libraries.find(({ name }) => name === cell.library);
    const way = library && { ...library, ...library.vectors[cell.vector] };
    const kinds = (vector.samples ?? ['photo']).filter((kind) => kind !== 'text' || way?.passes !== false);
    /** @type {Trial} */
    const trial = { cell, vector, way, id, ...(await this.samples.make(kinds)) };
    trials.push(trial);
    if (this.standIn) this.standIn.workMs = vector.workMs ?? 0;
    this.#patience = pace > 0 ? PATIENCE : 1;
    if (this.user) this.user.patience = this.#patience;
    try {
      await this.#act(trial, pace);
      return this.#row(trial, await this.#outcome(trial));
    } catch (error) {
      return this.#row(trial, `error: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Open the page and do what a user does. @param {Trial} trial @param {number} pace */
  async #act({ cell, vector, way, id, samples, folder }, pace) {
    const user = /** @type {User} */ (this.user);
    if (!way) {
      await this.#open(`/matrix/page?${new URLSearchParams({ vector: vector.name, page: cell.page, cell: id })}`, id);
      await sleep(pace);
      await vector.act({ user, samples, first: FIRST, second: SECOND, folder });
      return;
    }
    await this.#open(`/libraries/${cell.library}/?cell=${id}`, id);
    await sleep(pace);
    const limit = this.#patience * READY_MS;
    const first = await middleOf(user.page, way.at ?? 'body', limit);
    await vector.act({ user, samples, first, second: first, folder });
    if (way.press) {
      await user.page.waitForFunction(isEnabled, { timeout: this.#patience * (way.timeout ?? LIBRARY_MS) }, way.press);
      await user.click(await middleOf(user.page, way.press, limit));
    }
  }

  /** @param {string} address @param {string} id */
  async #open(address, id) {
    this.site.current = id;
    await this.user?.page.goto(this.site.origin + address, { waitUntil: 'domcontentloaded' });
    const end = Date.now() + this.#patience * READY_MS;
    while (!this.site.ready.has(id)) {
      if (Date.now() > end) throw new Error('the page did not get ready');
      await sleep(STEP_MS);
    }
  }

  /** What is wrong with what came of it, if anything. @param {Trial} trial */
  async #outcome({ cell, vector, way, id, samples, folder }) {
    const limit = this.#patience * (way ? way.timeout ?? LIBRARY_MS : ARRIVAL_MS);
    const refused = await this.#arrival(id, samples.length, impossible(cell) ? SILENCE_MS : limit);
    if (refused) return `refused: ${refused}`;
    const names = vector.names?.(samples, folder.split('/').at(-1) ?? '') ?? samples.map(({ name }) => name);
    const fault = faultOf(samples, this.site.filesOf(id), { names, anyOrder: Boolean(vector.folder), isLibrary: Boolean(way) });
    return fault || way ? fault : faultOfSaid(vector, this.site.said.get(id) ?? [], cell.browser);
  }

  /**
   * Wait until everything has arrived, or until it is clear that it will not.
   * @param {string} id @param {number} count @param {number} limit @returns {Promise<unknown>} what the page said was refused
   */
  async #arrival(id, count, limit) {
    const end = Date.now() + limit;
    while (this.site.filesOf(id).length < count && Date.now() < end) {
      const refused = this.site.said.get(id)?.find((facts) => 'refused' in facts);
      if (refused) return refused['refused'];
      await sleep(STEP_MS);
    }
    return undefined;
  }

  /** @param {Trial} trial @param {string | undefined} fault @returns {Row} */
  #row(trial, fault) {
    const { cell, id } = trial;
    const facts = { ...cell, original_bytes: this.#originalBytes(trial), seconds: 0, tries: 1 };
    if (facts.original_bytes > 0) return { ...facts, result: 'leak', ...(fault ? { reason: fault } : {}) };
    if (!fault) return { ...facts, result: 'protected only' };
    const reason = impossible(cell);
    if (reason && this.site.filesOf(id).length === 0) return { ...facts, result: 'impossible', reason };
    return { ...facts, result: fault.startsWith('error') ? 'error' : 'incomplete', reason: fault };
  }

  /** @param {Trial} trial */
  #originalBytes({ id, samples }) {
    return originalBytes(samples, this.site.posts.filter((post) => post.cell === id));
  }

  /** All rows, judged again now that whatever was late has arrived. @returns {Row[]} */
  rows() {
    return this.#judged.map(({ row, trials }) => {
      const original_bytes = trials.reduce((sum, trial) => sum + this.#originalBytes(trial), 0);
      return original_bytes > row.original_bytes ? { ...row, original_bytes, result: 'leak', reason: 'an original arrived late' } : row;
    });
  }
}

/** What is wrong with what a page said. @param {Vector} vector @param {Array<Record<string, unknown>>} said @param {Cell['browser']} browser */
function faultOfSaid(vector, said, browser) {
  try {
    vector.said?.(said, browser);
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').slice(0, 4).join(' ') : String(error);
  }
  return undefined;
}

/** The middle of an element, in view. @param {import('puppeteer-core').Page} page @param {string} selector @param {number} timeout */
async function middleOf(page, selector, timeout) {
  const element = await page.waitForSelector(selector, { visible: true, timeout });
  await element?.scrollIntoView();
  const box = await element?.boundingBox();
  if (!box) throw new Error(`${selector} is nowhere to be seen`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Runs in the page. @param {string} selector */
function isEnabled(selector) {
  return globalThis.document.querySelector(selector)?.matches(':enabled');
}
