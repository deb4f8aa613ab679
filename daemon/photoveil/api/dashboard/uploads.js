/**
 * Photos the user drops, pastes or chooses: sent two at a time, followed to their end. Lives as long as the tab, whatever page is shown.
 */
/** @import { Job, Trouble } from './types.js' */

import { DaemonError, troubleOf } from './daemon.js';

/** The daemon takes no more than this at once from one client. */
const AT_ONCE = 2;
const MAX_BYTES = 100 * 2 ** 20;

/** Asked this often how far a photo is, should the stream of events be silent. */
const LOOK_MS = 4_000;

/**
 * @typedef {object} Upload
 * @property {string} id
 * @property {File} file
 * @property {object} wishes
 * @property {'waiting' | 'sending' | 'working' | 'done' | 'unchanged' | 'failed' | 'cancelled'} state
 * @property {string} stage
 * @property {number} progress
 * @property {string} [job]
 * @property {Job} [told]
 * @property {Trouble} [trouble]
 * @property {AbortController} abort
 */

const OPEN = new Set(['waiting', 'sending', 'working']);

/** @param {Upload} upload */
export function isOpen({ state }) {
  return OPEN.has(state);
}

export class Uploads {
  /** Newest first. @type {Upload[]} */
  list = [];
  /** What of photos that are handed over is to be different from the settings. @type {{strength?: string, method?: string}} */
  usual = {};
  /** @type {Set<(upload: Upload | undefined) => void>} */
  #listeners = new Set();
  #count = 0;

  /** @param {import('./daemon.js').Daemon} daemon @param {import('./live.js').Live} live */
  constructor(daemon, live) {
    this.daemon = daemon;
    live.on(['job'], ({ facts }) => this.#heard(facts), new AbortController().signal);
    addEventListener('beforeunload', (event) => {
      if (this.list.some(({ state }) => state === 'waiting' || state === 'sending')) event.preventDefault();
    });
  }

  /**
   * Hear of every change; without an upload, the list itself has changed.
   * @param {(upload: Upload | undefined) => void} changed @param {AbortSignal} signal
   */
  watch(changed, signal) {
    this.#listeners.add(changed);
    signal.addEventListener('abort', () => this.#listeners.delete(changed), { once: true });
  }

  /** @param {Upload} [upload] */
  #changed(upload) {
    for (const listener of this.#listeners) listener(upload);
  }

  /**
   * @param {Iterable<File>} files
   * @param {{strength?: string, method?: string, persona?: string, slider?: number}} [wishes] what is to be different from the settings
   * @returns {Upload[]}
   */
  add(files, wishes = this.usual) {
    /** @type {Upload[]} */
    const added = [...files].map((file) => ({
      id: `upload-${++this.#count}`,
      file,
      wishes,
      state: 'waiting',
      stage: '',
      progress: 0,
      abort: new AbortController(),
    }));
    this.list = [...added, ...this.list];
    this.#changed();
    this.#next();
    return added;
  }

  /** @param {Upload} upload */
  async cancel(upload) {
    const { job } = upload;
    this.#end(upload, { state: 'cancelled' });
    upload.abort.abort();
    if (job) await this.daemon.ask('cancel', { job }).catch(() => undefined);
  }

  /** @param {Upload} upload */
  again(upload) {
    this.list = this.list.filter((one) => one !== upload);
    this.add([upload.file], upload.wishes);
  }

  /** Take what has ended off the list; the history keeps it. */
  clear() {
    this.list = this.list.filter(isOpen);
    this.#changed();
  }

  #next() {
    const busy = this.list.filter(({ state }) => state === 'sending' || state === 'working').length;
    const waiting = this.list.filter(({ state }) => state === 'waiting').reverse();
    for (const upload of waiting.slice(0, Math.max(0, AT_ONCE - busy))) void this.#send(upload);
  }

  /** @param {Upload} upload */
  async #send(upload) {
    const {
      file,
      abort: { signal },
    } = upload;
    this.#set(upload, { state: 'sending' });
    try {
      if (file.size > MAX_BYTES) {
        throw new DaemonError('refused', {
          title: 'This photo is too large',
          reason: 'Photoveil takes files of up to 100 MB.',
          remedy: 'Save it smaller and try again.',
        });
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      const response = await this.daemon.request('protect', bytes, {
        meta: { name: file.name || 'pasted photo.png', type: file.type, ...upload.wishes },
        signal,
      });
      const { job } = await response.json();
      if (signal.aborted) return void this.daemon.ask('cancel', { job }).catch(() => undefined);
      this.#set(upload, { state: 'working', job });
      await this.#follow(upload, job);
    } catch (error) {
      if (signal.aborted) return;
      this.#end(upload, { state: 'failed', trouble: unreadable(error) ?? troubleOf(error) });
    }
  }

  /** @param {Upload} upload @param {string} job */
  async #follow(upload, job) {
    while (isOpen(upload)) {
      /** @type {Job} */
      const told = await this.daemon.ask('job', { job, wait_ms: LOOK_MS }, { signal: upload.abort.signal });
      if (!isOpen(upload)) return;
      if (told.state === 'queued' || told.state === 'running') {
        this.#set(upload, { stage: told.stage, progress: Math.max(upload.progress, told.progress) });
      } else {
        const trouble = told.state === 'failed' ? (told.error ?? undefined) : undefined;
        this.#end(upload, { state: told.state, told, ...(trouble ? { trouble } : {}) });
      }
    }
  }

  /** The stream is quicker than asking. @param {Record<string, unknown>} facts */
  #heard(facts) {
    const upload = this.list.find(({ job, state }) => state === 'working' && job !== undefined && job === facts['job']);
    if (!upload || typeof facts['progress'] !== 'number') return;
    this.#set(upload, { stage: String(facts['stage'] ?? ''), progress: Math.max(upload.progress, facts['progress']) });
  }

  /** @param {Upload} upload @param {Partial<Upload>} values */
  #set(upload, values) {
    if (isOpen(upload)) this.#changed(Object.assign(upload, values));
  }

  /** @param {Upload} upload @param {Partial<Upload>} values */
  #end(upload, values) {
    this.#set(upload, { progress: 1, ...values });
    this.#next();
  }
}

/** A file that vanished or changed between choosing and reading. @param {unknown} error @returns {Trouble | undefined} */
function unreadable(error) {
  if (!(error instanceof DOMException)) return undefined;
  return {
    code: 'unreadable',
    title: 'This file cannot be read',
    reason: 'It was moved, changed or is not open to the browser.',
    remedy: 'Choose it again.',
  };
}
