/**
 * What the stand-in knows and what its verbs do with it.
 */

/** @import { Download, Job } from '../../../daemon/photoveil/api/dashboard/types.js' */

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import * as data from './data.mjs';
import { regionVerbs } from './regions.mjs';
import { sealKeys } from './seals.mjs';
import * as first from './welcome.mjs';

/** @typedef {{status?: number, json?: unknown, file?: Buffer, type?: string}} Answer */

/** @type {Download} */
export const FETCHING = {
  model_set: 'standard',
  kind: 'pull',
  state: 'running',
  file: '',
  files_done: 0,
  files: 4,
  bytes_done: 0,
  bytes_total: 0,
  error: null,
  again: null,
};

const UNKNOWN = { code: 'unknown_job', title: 'This photo is not known', reason: 'It has left the history.', remedy: 'Look there.' };

export class Household {
  port = 0;
  /** Keys. @type {Map<string, Buffer>} */
  clients = new Map();
  /** @type {Map<string, {client: string, key: Buffer, seen: Set<string>}>} */
  sessions = new Map();
  /** @type {Set<import('node:http').ServerResponse>} */
  streams = new Set();
  /** Every verb that was asked, with its body. @type {Array<{verb: string, body: any}>} */
  asked = [];
  /** How long a photo takes: with `Infinity` until `finish`. */
  workMs = 300;
  /** What happens then. @type {Array<() => void>} */
  #held = [];
  /** Verbs that fail, and how. @type {Map<string, {code: string, title: string, reason: string, remedy: string}>} */
  failing = new Map();
  jobs = data.jobs(75);
  notices = data.notices();
  folders = data.folders();
  personas = data.personas();
  paired = data.clients();
  sites = data.sites();
  items = data.vaultItems();
  settings = [...data.settings(), first.updateSetting()];
  models = data.models();
  keys = sealKeys();
  /** The SHA-256 of jobs' photos, where a test knows it. @type {Map<string, string>} */
  photos = new Map();
  autostart = first.autostart();
  updates = first.updates();
  places = first.places();
  welcomeDone = true;
  paused = { paused: false, until: /** @type {string | null} */ (null) };
  waitingFor = /** @type {string | null} */ ('on battery');
  pairing = { state: 'waiting', shown: true, name: 'Chromium on Linux', origin: 'chrome-extension://abcdefghijklmnopabcdefghijklmnop' };

  /** @param {string} pictures folder with 0.before.webp and so on */
  constructor(pictures) {
    this.pictures = pictures;
  }

  /** An installation where nothing has happened yet. */
  empty() {
    Object.assign(this, { jobs: [], notices: [], folders: [], paired: [], sites: {}, items: [], keys: [], waitingFor: null });
    this.personas = this.personas.slice(0, 1).map((me) => ({ ...me, model_sets: [] }));
    return this;
  }

  /** Tell everyone who listens. @param {string} kind @param {object} [facts] */
  tell(kind, facts = {}) {
    for (const stream of this.streams) stream.write(`event: ${kind}\ndata: ${JSON.stringify(facts)}\n\n`);
  }

  /** How far a model set is that is being fetched. @param {Download | null} state */
  fetch(state) {
    this.models.download = state;
    this.tell('download', state ?? { model_set: null });
  }

  /** A model set has come, and is in force; or has gone. @param {string} name @param {boolean} here */
  install(name, here = true) {
    this.models.active = here ? name : 'starter';
    for (const set of this.models.model_sets) {
      set.active = set.name === this.models.active;
      if (set.name === name) Object.assign(set, { installed: here, missing_bytes: here ? 0 : set.bytes });
    }
    this.tell('models');
  }

  /** @param {string} client */
  signOut(client) {
    this.clients.delete(client);
    for (const [id, session] of this.sessions) if (session.client === client) this.sessions.delete(id);
  }

  /** Take a photo in. @param {string} name @returns {Answer} */
  protect(name) {
    const told = data.jobs(4)[3];
    if (!told) throw new Error('no job');
    const job = {
      ...told,
      job: `sent${this.jobs.length}`,
      name,
      created: data.ago(0),
      finished: null,
      state: /** @type {const} */ ('running'),
      stage: 'protect',
      progress: 0.2,
    };
    this.jobs.unshift(job);
    const later = (/** @type {number} */ part, /** @type {Partial<Job>} */ facts) => {
      const change = () => {
        Object.assign(job, facts);
        this.tell('job', { job: job.job, client: '', kind: 'upload', state: job.state, stage: job.stage, progress: job.progress });
        if (facts.state === 'done') this.tell('photo', { job: job.job });
      };
      if (this.workMs === Infinity) this.#held.push(change);
      else setTimeout(change, this.workMs * part);
    };
    later(0.5, { progress: 0.6 });
    later(1, { state: 'done', stage: '', progress: 1, finished: data.ago(0) });
    return { status: 202, json: { job: job.job, state: 'queued' } };
  }

  /** End the photos that last until then. */
  finish() {
    this.workMs = 50;
    for (const change of this.#held.splice(0)) change();
  }

  /** @param {string} id */
  #job(id) {
    return this.jobs.find(({ job }) => job === id);
  }

  #overview() {
    const count = (/** @type {string} */ state) => this.jobs.filter((job) => job.state === state).length;
    const working = count('running') > 0;
    const setting = (/** @type {string} */ name) => this.settings.find((one) => one.name === name)?.value;
    return {
      version: '0.3.0',
      update: this.updates.newer,
      welcome_done: this.welcomeDone,
      profile: 'default',
      port: this.port,
      state: this.paused.paused ? 'paused' : working ? 'working' : this.notices.length ? 'attention' : 'idle',
      ...this.paused,
      waiting_for: this.waitingFor,
      queue: { queued: count('queued'), running: count('running'), waiting: this.folders.length ? 12 : 0 },
      counts: {
        protected_total: this.jobs.length ? 2311 : 0,
        protected_today: this.jobs.length ? 14 : 0,
        failed_today: this.jobs.length ? 1 : 0,
      },
      worker: 'ready',
      device: 'cpu',
      model_set: this.models.active,
      models: { wanted: this.models.wanted, offer: this.models.offer, download: this.models.download },
      persona: setting('persona'),
      strength: setting('strength'),
      secrets: 'keyring',
      notices: this.notices,
      folders: this.folders.length,
      clients: this.paired.filter(({ kind }) => kind === 'browser').length,
      vault: this.#usage(),
    };
  }

  #usage() {
    const bytes = this.items.reduce((sum, item) => sum + item.bytes, 0);
    return {
      items: this.items.length,
      blobs: Math.max(0, this.items.length - 1),
      bytes: bytes * 20,
      limit: 2048 * 2 ** 20,
      key_rung: 'keyring',
    };
  }

  /** @param {string} key @param {object} [facts] @returns {Answer} */
  #told(key, facts = {}) {
    setTimeout(() => this.tell(key), 5);
    return { json: facts };
  }

  /** @type {Record<string, (question: any) => Answer | Promise<Answer>>} */
  verbs = {
    'overview': () => ({ json: this.#overview() }),
    'history': ({ before, limit = 50, states, folder }) => {
      const fitting = this.jobs.filter((job) => (!states || states.includes(job.state)) && (!folder || job.folder === folder));
      const start = before ? fitting.findIndex(({ job }) => job === before) + 1 : 0;
      return { json: { jobs: fitting.slice(start, start + limit), more: fitting.length > start + limit } };
    },
    'job': async ({ job, wait_ms: wait = 0 }) => {
      const found = this.#job(job);
      if (!found) return { status: 404, json: { error: UNKNOWN } };
      if (wait && found.state === 'running') await new Promise((resolve) => setTimeout(resolve, Math.min(wait, this.workMs / 2, 250)));
      return {
        json: {
          job,
          state: found.state,
          stage: found.stage,
          progress: found.progress,
          error: found.error,
          reason: found.reason,
          result: found.result,
          report: found.report,
        },
      };
    },
    'preview': async ({ job, side }) => {
      const index = this.jobs.findIndex((one) => one.job === job);
      if (index < 0 || !this.jobs[index]?.previews)
        return { status: 410, json: { error: { code: 'gone', title: 'No preview', reason: '', remedy: '' } } };
      return { file: await readFile(path.join(this.pictures, `${Number(job.replace(/\D/g, '')) % 6}.${side}.webp`)), type: 'image/webp' };
    },
    'result': async () => ({ file: await readFile(path.join(this.pictures, '0.after.webp')), type: 'image/webp' }),
    'retry': ({ job }) => this.#setState(job, 'queued'),
    'cancel': ({ job }) => this.#setState(job, 'cancelled'),
    'pause': ({ minutes }) => {
      this.paused = { paused: true, until: minutes === null ? null : data.ago(-minutes * 60_000) };
      return this.#told('pause', this.paused);
    },
    'resume': () => {
      this.paused = { paused: false, until: null };
      return this.#told('pause', this.paused);
    },
    'notices/dismiss': ({ key }) => {
      this.notices = this.notices.filter((notice) => notice.key !== key);
      return this.#told('notices');
    },
    'settings': () => ({ json: { settings: this.settings, file: '/home/anna/.config/photoveil/settings.toml', unknown: [] } }),
    'settings/change': ({ changes }) => this.#change(changes),
    'folders': () => ({ json: { folders: this.folders } }),
    'folders/suggest': ({ prefix }) => ({
      json: {
        folders: ['/home/anna/Pictures', '/home/anna/Pictures/Camera', '/home/anna/Public'].filter((folder) => folder.startsWith(prefix)),
      },
    }),
    'folders/add': (rule) => {
      const folder = {
        ...this.folders[0],
        ...data.folders()[0],
        ...rule,
        folder: 'ffffffffffff',
        copies: `${rule.path}/Protected`,
        waiting: 0,
        protected: 0,
        failed: 0,
        unchanged: 0,
      };
      this.folders.push(folder);
      return this.#told('folders', { folder: folder.folder });
    },
    'folders/change': ({ folder, ...rule }) => {
      this.folders = this.folders.map((one) =>
        one.folder === folder ? { ...one, ...rule, mode: rule.enabled === false ? 'off' : 'events' } : one,
      );
      return this.#told('folders', { folder });
    },
    'folders/remove': ({ folder }) => {
      this.folders = this.folders.filter((one) => one.folder !== folder);
      return this.#told('folders', { folder });
    },
    'folders/rescan': () => this.#told('folders'),
    'personas': () => ({ json: { personas: this.personas } }),
    'personas/change': ({ name, ...card }) => {
      const known = this.personas.find((persona) => persona.name === name);
      if (known) Object.assign(known, card);
      else this.personas.push({ name, changed: null, model_sets: [], current: false, ...card });
      return this.#told('personas');
    },
    'personas/forget': ({ name }) => {
      this.personas = this.personas.filter((persona) => persona.name !== name);
      return this.#told('personas');
    },
    'clients': () => ({ json: { clients: this.paired } }),
    'clients/revoke': ({ client }) => {
      this.paired = this.paired.filter((one) => one.client !== client);
      this.signOut(client);
      return this.#told('clients');
    },
    'pairing/start': () => {
      this.pairing = { ...this.pairing, state: 'waiting', shown: true };
      return { json: { code: '7K3M-Q9TX-04BD-WZ5A', seconds: 120 } };
    },
    'pairing/state': async ({ wait_ms: wait = 0 }) => {
      const end = Date.now() + wait;
      while (this.pairing.state === 'waiting' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
      return { json: this.pairing };
    },
    'pairing/confirm': ({ accept }) => {
      this.pairing.state = accept ? 'paired' : 'refused';
      return { json: this.pairing };
    },
    'sites': () => ({ json: { sites: this.sites } }),
    'sites/change': ({ host, ...site }) => {
      this.sites = { ...this.sites, [host]: { protect: true, persona: null, strength: null, method: null, ...this.sites[host], ...site } };
      return this.#told('settings', { sites: this.sites });
    },
    'sites/remove': ({ host }) => {
      this.sites = Object.fromEntries(Object.entries(this.sites).filter(([name]) => name !== host));
      return this.#told('settings', { sites: this.sites });
    },
    'vault': () => ({ json: { usage: this.#usage(), items: this.items, more: false } }),
    'vault/restore': ({ item }) => {
      const found = this.items.find((one) => one.item === item);
      if (found) found.restored = data.ago(0);
      return this.#told('vault', { path: found?.path ?? `/home/anna/${found?.name}`, beside: false });
    },
    'vault/remove': ({ item }) => {
      this.items = this.items.filter((one) => one.item !== item);
      return this.#told('vault');
    },
    'vault/fetch': () => ({ file: Buffer.from('original'), type: 'application/octet-stream' }),
    ...first.verbs(this),
    ...regionVerbs(this.photos),
    'seal/keys': () => ({ json: { keys: this.keys } }),
    'models': () => ({ json: this.models }),
    'models/pull': ({ model_set: name }) => {
      const bytes = this.models.model_sets.find((set) => set.name === name)?.bytes ?? 0;
      this.models.offer = null;
      this.fetch({ ...FETCHING, model_set: name, bytes_total: bytes });
      return this.#told('models', this.models);
    },
    'models/verify': ({ model_set: name }) => {
      for (const set of this.models.model_sets) if (set.name === name) set.checked = [];
      return this.#told('models', this.models);
    },
    'models/cancel': () => {
      this.fetch(null);
      return this.#told('models', this.models);
    },
    'models/remove': ({ model_set: name }) => {
      this.install(name, false);
      return this.#told('models', this.models);
    },
    'models/decline': () => {
      this.models.offer = null;
      return this.#told('models', this.models);
    },
    'models/measure': () => {
      this.models.measuring = true;
      return this.#told('models', this.models);
    },
  };

  /** @param {string} id @param {'queued' | 'cancelled'} state @returns {Answer} */
  #setState(id, state) {
    const job = this.#job(id);
    if (!job) return { status: 404 };
    Object.assign(job, { state, ...(state === 'cancelled' ? { reason: 'You cancelled it.' } : { error: null, progress: 0 }) });
    this.tell('job', { job: id, client: '', kind: job.kind, state, stage: '', progress: 0 });
    return { json: { job: id, state } };
  }

  /** What else a setting changes. @param {string} name @param {string} value */
  #heed(name, value) {
    if (name === 'model_set') this.models.wanted = value;
    if (name === 'persona') for (const persona of this.personas) persona.current = persona.name === value;
  }

  /** @param {Record<string, any>} changes @returns {Answer} */
  #change(changes) {
    for (const [name, value] of Object.entries(changes)) {
      const setting = this.settings.find((one) => one.name === name);
      if (!setting) return { status: 400, json: { error: { code: 'settings', title: 'No such setting', reason: name, remedy: '' } } };
      if (setting.kind === 'integer' && value !== null && (value < (setting.low ?? 0) || value > (setting.high ?? 0))) {
        return {
          status: 400,
          json: {
            error: {
              code: 'settings',
              title: 'This value cannot be',
              reason: `“${setting.title}” must be a whole number from ${setting.low} to ${setting.high}.`,
              remedy: 'Choose another value.',
            },
          },
        };
      }
      setting.value = value ?? setting.default;
      this.#heed(name, String(setting.value));
    }
    return this.#told('settings', { settings: this.settings, file: '', unknown: [] });
  }
}
