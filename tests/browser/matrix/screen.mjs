/**
 * A screen of its own with a mouse: for what a browser without a window cannot do, as taking files from elsewhere.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PATIENCE_MS } from '../support/browsers.mjs';
import { until } from '../support/flows.mjs';

const run = promisify(execFile);

const WIDTH = 1_300;
const HEIGHT = 900;
/** Where files are dragged from: right of the browser's window. */
const SOURCE = { x: 1_205, y: 10, side: 80 };
/** The middle of GTK's button “Open”, from the dialog's lower right corner. */
const OPEN = { right: 49, bottom: 23 };
/** How long a user waits before doing the same once more. */
const AGAIN_MS = 5_000;

/**
 * Numbers of screens: one that no other has anywhere on this machine. The server would take the first that is free in its
 * own network, but its socket in the file system is seen from all networks, by tests of the tray as well.
 */
const [FIRST, NUMBERS, TRIES] = [1_000, 50_000, 3];

/** GTK comes with the system's Python. */
const PYTHON = '/usr/bin/python3';
const NEEDED = ['/usr/bin/Xvfb', '/usr/bin/xdotool', PYTHON];

/** What of it is not installed; '' when all is. */
export const NO_SCREEN = missing();

function missing() {
  const file = NEEDED.find((one) => !existsSync(one));
  if (file) return `${file} is not installed`;
  return spawnSync(PYTHON, ['-c', 'import gi; gi.require_version("Gtk", "3.0")']).status === 0 ? '' : `${PYTHON} has no GTK`;
}

export class Screen {
  /** @type {DragSource | undefined} */
  #source;

  /** @param {import('node:child_process').ChildProcess} server @param {string} display */
  constructor(server, display) {
    this.server = server;
    this.display = display;
    this.env = { ...process.env, DISPLAY: display, GDK_BACKEND: 'x11', MOZ_ENABLE_WAYLAND: '0' };
  }

  /** A server that ends before it is ready is followed by another. */
  static async start() {
    let noted = '';
    for (let turn = 0; turn < TRIES; turn += 1) {
      const display = `:${FIRST + ((TRIES * process.pid + turn) % NUMBERS)}`;
      const arguments_ = [display, '-displayfd', '1', '-screen', '0', `${WIDTH}x${HEIGHT}x24`, '-nolisten', 'tcp'];
      const server = spawn('/usr/bin/Xvfb', arguments_, { stdio: ['ignore', 'pipe', 'pipe'] });
      server.stderr.on('data', (said) => { noted += String(said); });
      const ready = once(server.stdout, 'data').then(() => true);
      const ended = once(server, 'exit').then(() => false);
      if (await Promise.race([ready, ended])) return new Screen(server, display);
    }
    throw new Error(`no X server: ${noted}`);
  }

  /** One call of xdotool, with everything the mouse and the keys do. @param {Array<string | number>} words */
  async act(...words) {
    const { stdout } = await run('/usr/bin/xdotool', words.map(String), { env: this.env });
    return stdout.trim();
  }

  /** Choose this in the GTK file dialog that opens. @param {RegExp} title @param {string} file */
  async answerDialog(title, file) {
    const find = () => this.act('search', '--onlyvisible', '--name', title.source).catch(() => '');
    const dialog = String(await until(find, 'a file dialog')).split('\n')[0] ?? '';
    for (let pause = 0.1; pause < 4; pause *= 2) {
      if (await this.#tryDialog(dialog, file, pause, find).catch(() => false)) return;
      if (!(await find())) return;
    }
    throw new Error('the dialog did not close');
  }

  /**
   * Type and press “Open”; whether that has closed the dialog. A slow one may hear only a part of what is typed.
   * @param {string} dialog @param {string} file @param {number} pause in seconds, between what is done @param {() => Promise<string>} find
   */
  async #tryDialog(dialog, file, pause, find) {
    const place = await this.act('getwindowgeometry', '--shell', dialog);
    const number = (/** @type {string} */ name) => Number(new RegExp(`^${name}=(.*)$`, 'm').exec(place)?.[1]);
    const [x, y, width, height] = [number('X'), number('Y'), number('WIDTH'), number('HEIGHT')];
    // Without a window manager keys go to where the mouse is; Return does not open what was typed.
    await this.act('mousemove', x + width / 2, y + height / 2, 'sleep', 2 * pause, 'key', 'ctrl+l', 'sleep', pause, 'type', '--delay', '2', file);
    // A list of completions may take the first press for itself.
    return until(async () => {
      await this.act('sleep', 0.2, 'mousemove', x + width - OPEN.right, y + height - OPEN.bottom, 'click', 1, 'sleep', 0.2);
      return !(await find());
    }, 'the dialog to close', AGAIN_MS);
  }

  /**
   * Drag these from a window of their own to a place on the screen, and let go when they are accepted there.
   * @param {string[]} paths @param {number} x @param {number} y @param {() => Promise<unknown>} isAccepted @param {number} limit
   */
  async drag(paths, x, y, isAccepted, limit) {
    this.#source ??= await DragSource.start(this.env);
    await this.#source.load(paths);
    const middle = { x: SOURCE.x + SOURCE.side / 2, y: SOURCE.y + SOURCE.side / 2 };
    await this.act(
      'mousemove', middle.x, middle.y, 'mousedown', 1, 'sleep', 0.02, 'mousemove', middle.x - 15, middle.y + 10, 'sleep', 0.02,
      'mousemove', SOURCE.x - 20, middle.y + 50, 'sleep', 0.02, 'mousemove', x - 10, y - 5, 'sleep', 0.05, 'mousemove', x, y,
    );
    // Nobody accepts it: a user lets go all the same.
    await until(isAccepted, 'the drag to be accepted', limit).catch(() => undefined);
    await this.act('mousemove_relative', 1, 0, 'sleep', 0.03, 'mousemove', x, y, 'sleep', 0.03, 'mouseup', 1);
    await this.#source.hear('end');
  }

  async stop() {
    this.#source?.stop();
    const gone = once(this.server, 'exit');
    this.server.kill();
    await gone;
  }
}

/** The window that files are dragged out of. */
class DragSource {
  /** @type {Set<string>} */
  #said = new Set();

  /** @param {NodeJS.ProcessEnv} env */
  static async start(env) {
    const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'drag_source.py');
    const child = spawn(PYTHON, [script, ...[SOURCE.x, SOURCE.y, SOURCE.side].map(String)], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const source = new DragSource(child);
    await source.hear('shown');
    return source;
  }

  /** @param {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} child */
  constructor(child) {
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#said.add(line));
  }

  /** @param {string[]} paths */
  async load(paths) {
    this.child.stdin.write(`${JSON.stringify(paths.map((file) => pathToFileURL(file).href))}\n`);
    await this.hear('ready');
  }

  /** @param {string} word */
  async hear(word) {
    const end = Date.now() + PATIENCE_MS;
    while (!this.#said.delete(word)) {
      if (Date.now() > end) throw new Error(`the window to drag from did not say “${word}”`);
      await sleep(5);
    }
  }

  stop() {
    this.child.kill();
  }
}
