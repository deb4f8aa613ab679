/**
 * The real daemon, as its owner: a link to the dashboard, and a life to show.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { ROOT } from '../../browser/support/browsers.mjs';
import { Daemon } from '../../browser/support/daemon.mjs';
import { makePhotos } from '../../browser/support/world.mjs';

const run = promisify(execFile);
const PYTHON = path.join(ROOT, '.venv', 'bin', 'python');
const LIMIT_MS = 600_000;

const OWNER = `
import json, sys
from photoveil.api.client import DaemonClient
from photoveil.api.runtime import Runtime
from photoveil.paths import Paths
client = DaemonClient.local(Runtime.read(Paths.of(sys.argv[1]).runtime_file))
print(json.dumps(client.call(sys.argv[2], **json.loads(sys.argv[3]))))
`;

const CALM = `
import sys, time
from photoveil.api.client import DaemonClient
from photoveil.api.runtime import Runtime
from photoveil.paths import Paths
client = DaemonClient.local(Runtime.read(Paths.of(sys.argv[1]).runtime_file))
told = client.call("overview")
while told["counts"]["protected_total"] < int(sys.argv[2]) or told["queue"]["running"] + told["queue"]["queued"]:
    time.sleep(0.5)
    told = client.call("overview")
`;

export class Real {
  /** @param {Daemon} daemon @param {string[]} photos */
  constructor(daemon, photos) {
    this.daemon = daemon;
    this.photos = photos;
  }

  static async begin() {
    const [daemon, photos] = await Promise.all([Daemon.create(), makePhotos(480)]);
    await daemon.start();
    return new Real(daemon, photos);
  }

  /** What the command line may ask. @param {string} verb @param {object} [body] @returns {Promise<any>} */
  async ask(verb, body = {}) {
    const { stdout } = await run(
      PYTHON,
      ['-c', OWNER, this.daemon.profile, verb, JSON.stringify(body)],
      { env: this.daemon.env },
    );
    return JSON.parse(stdout);
  }

  /** An address that signs in, once. @returns {Promise<string>} */
  async link() {
    return (await this.ask('dashboard/link')).url;
  }

  /** A folder with photos, watched. @param {string} name @param {string[]} photos @param {object} rule */
  async watch(name, photos, rule) {
    const folder = path.join(this.daemon.home, name);
    await mkdir(folder);
    for (const photo of photos) await copyFile(photo, path.join(folder, path.basename(photo)));
    return (await this.ask('folders/add', { path: folder, ...rule })).folder;
  }

  /** Until nothing is left to do. @param {number} photos how many must be done by then */
  calm(photos) {
    return run(PYTHON, ['-c', CALM, this.daemon.profile, String(photos)], { env: this.daemon.env, timeout: LIMIT_MS });
  }

  end() {
    return this.daemon.stop();
  }
}
