/**
 * The real daemon on a profile of its own.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { IS_BRIEF, PATIENCE_MS, ROOT } from './browsers.mjs';

const run = promisify(execFile);
const PYTHON = path.join(ROOT, '.venv', 'bin', 'python');

/** How to call the command line, unless told otherwise. */
export const COMMAND = [PYTHON, '-m', 'photoveil.cli'];

const CODE = /\b[0-9A-HJKMNP-TV-Z]{4}(?:[ -]?[0-9A-HJKMNP-TV-Z]{4}){3}\b/;

/**
 * Ask a running daemon for a pairing code; whoever knows it is accepted.
 * @param {string[]} command @param {string} profile @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{code: string, done: Promise<number | null>, stop: () => void}>}
 */
export async function openPairing(command, profile, env = process.env) {
  const [program = '', ...rest] = command;
  const child = spawn(program, [...rest, 'pair', '--yes', '--profile', profile], {
    env: { ...env, PYTHONUNBUFFERED: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  const done = new Promise((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const code = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += `${line}\n`;
      const found = CODE.exec(line)?.[0];
      if (found) resolve(found);
    });
    done.then(() => reject(new Error(`“photoveil pair” ended without a code: ${said.trim()}`)), reject);
  });
  return { code, done, stop: () => void child.kill() };
}

/** The process of this parent with such words in its command, if there is one. @param {number} parent @param {string} words */
async function childOf(parent, words) {
  for (const name of (await readdir('/proc')).filter((one) => /^\d+$/.test(one))) {
    const [stat, command] = await Promise.all(['stat', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')));
    if (stat?.replace(/^.*\) /s, '').split(' ')[1] === String(parent) && command?.includes(words)) return Number(name);
  }
  return undefined;
}

export class Daemon {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  profile = 'browser-tests';
  log = '';

  /** @param {string} home where the profile lies */
  constructor(home) {
    this.home = home;
    /** @type {NodeJS.ProcessEnv} */
    this.env = {
      ...process.env, PHOTOVEIL_HOME: home, PYTHON_KEYRING_BACKEND: 'keyring.backends.null.Keyring', PYTHONUNBUFFERED: '1',
      // What starts at login is entered here, not for whoever runs the tests.
      XDG_CONFIG_HOME: path.join(home, 'desktop'),
      // Threads of torch that wait for each other would take processors from the browsers.
      OMP_WAIT_POLICY: 'PASSIVE', ...(IS_BRIEF ? { OMP_NUM_THREADS: '1' } : {}),
    };
  }

  static async create() {
    return new Daemon(await mkdtemp(path.join(tmpdir(), 'photoveil-daemon-')));
  }

  async start() {
    const [program = '', ...rest] = COMMAND;
    const child = spawn(program, [...rest, 'run', '--no-tray', '--profile', this.profile], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.on('data', (chunk) => (this.log += chunk));
    child.stderr.on('data', (chunk) => (this.log += chunk));
    // What it tells of itself when it listens; one that was killed has left its own word.
    const runtime = path.join(this.home, this.profile, 'state', 'run', 'runtime.json');
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      if (child.exitCode !== null) throw new Error(`the daemon ended: ${this.log}`);
      const told = await readFile(runtime, 'utf8').then(JSON.parse).catch(() => undefined);
      if (told?.pid === child.pid) {
        this.port = Number(told.port);
        return this;
      }
      await sleep(20);
    }
    throw new Error(`the daemon does not answer: ${this.log}`);
  }

  /**
   * Stop its worker, as soon as it has one, in the middle of whatever it does: what is asked of it meanwhile lasts.
   * @returns {Promise<() => void>} ends it
   */
  async stopWorker() {
    const { pid } = this.#child ?? {};
    const end = Date.now() + PATIENCE_MS;
    while (pid && Date.now() < end) {
      const worker = await childOf(pid, 'photoveil.worker');
      if (worker) {
        process.kill(worker, 'SIGSTOP');
        return () => {
          try {
            process.kill(worker, 'SIGKILL');
          } catch {
            // It went with its daemon.
          }
        };
      }
      await sleep(20);
    }
    throw new Error('the daemon has no worker');
  }

  /** What `photoveil status` tells, or undefined. */
  async status() {
    const [program = '', ...rest] = COMMAND;
    const told = await run(program, [...rest, 'status', '--json', '--profile', this.profile], { env: this.env }).catch(() => undefined);
    return told && JSON.parse(told.stdout);
  }

  openPairing() {
    return openPairing(COMMAND, this.profile, this.env);
  }

  /** End it at once, in the middle of whatever it does. */
  async kill() {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async stop() {
    const child = this.#child;
    this.#child = undefined;
    if (child && child.exitCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await gone;
      clearTimeout(late);
    }
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
