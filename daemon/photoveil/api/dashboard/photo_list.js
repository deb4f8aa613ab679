/**
 * Photos as tiles and as rows, kept fresh by the events of the daemon.
 */
/** @import { Context, Job } from './types.js' */

import { attempt } from './dialogs.js';
import { button, h, pill, progressBar, say, troubleBox } from './dom.js';
import { NOT_KEPT, STATES, cameToNothing, canTryAgain, isFinal, origin, stageWords, when } from './words.js';

/** Several photos that end in a row ask for the list once. */
const GATHER_MS = 600;

/** What the pages were told last of each photo, for the page of one photo. @type {Map<string, Job>} */
export const known = new Map();

/** @param {Context} context @param {object} question @returns {Promise<{jobs: Job[], more: boolean}>} */
export async function ask({ daemon, signal }, question) {
  /** @type {{jobs: Job[], more: boolean}} */
  const told = await daemon.ask('history', question, { signal });
  for (const job of told.jobs) known.set(job.job, job);
  return told;
}

/** Call when photos began or ended, once for many. @param {Context} context @param {() => unknown} changed */
export function onPhotos({ live, signal }, changed) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!signal.aborted) changed();
    }, GATHER_MS);
  };
  live.on(
    ['photo', 'job'],
    ({ kind, facts }) => {
      if (kind !== 'job' || facts['state'] !== 'running') soon();
    },
    signal,
  );
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}

/** @param {Job} job */
export function statePill({ state, method, report }) {
  const { word, kind, symbol } = STATES[state];
  if (state !== 'done' || method !== 'assistant') return pill(kind, word, symbol);
  return report?.assistant?.regions.length === 0 ? pill('warn', 'Nothing hidden', 'alert') : pill(kind, 'Hidden', symbol);
}

/** @param {Context} context @param {Job} job */
export function tile({ pictures }, job) {
  return h(
    'li',
    { class: 'tile' },
    h(
      'a',
      { href: `#/photo/${job.job}` },
      pictures.thumbnail({ job: job.job, previews: job.previews ?? false }),
      h('span', { class: 'tile-name' }, job.name),
    ),
    h('div', { class: 'tile-foot' }, statePill(job), h('span', { class: 'soft small' }, when(job.finished ?? job.created))),
  );
}

/** @param {Context} context @param {Job} job @param {Map<string, string>} folders */
export function row(context, job, folders) {
  const { pictures, daemon, live, signal } = context;
  const gone = new AbortController();
  signal.addEventListener('abort', () => gone.abort(), { once: true });
  return h(
    'li',
    { class: 'photo-row' },
    pictures.thumbnail({ job: job.job, previews: job.previews ?? false }),
    h(
      'div',
      { class: 'photo-main' },
      h('p', { class: 'photo-name' }, h('a', { 'href': `#/photo/${job.job}`, 'data-act': 'open' }, job.name)),
      h('p', { class: 'soft small' }, `${when(job.finished ?? job.created)} · ${origin(job, folders)} · ${manner(job)}`),
      job.state === 'running' && progressOf(job, live, gone),
      job.state === 'failed' && job.error && troubleBox(job.error),
      cameToNothing(job) && !canTryAgain(job) && h('p', { class: 'soft small' }, NOT_KEPT),
      isFinal(job) && job.reason && h('p', { class: 'small' }, job.reason),
    ),
    h('div', { class: 'photo-side' }, statePill(job), deed(daemon, job)),
  );
}

/** Whose photo it is and how it was made. @param {Job} job */
function manner({ persona, method, strength }) {
  return method === 'assistant' ? `slider at ${strength}` : `${persona}, ${strength}`;
}

/** What can be done about a photo from its row. @param {import('./daemon.js').Daemon} daemon @param {Job} job */
function deed(daemon, { job, kind, state, name }) {
  const act = (/** @type {string} */ verb) => (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask(verb, { job }));
  if (canTryAgain({ kind, state })) {
    return button('Try again', act('retry'), { small: true, icon: 'retry', act: 'act', label: `Try ${name} again` });
  }
  return !isFinal({ state }) && button('Cancel', act('cancel'), { small: true, act: 'act', label: `Cancel ${name}` });
}

/** @param {Job} job @param {import('./live.js').Live} live @param {AbortController} gone */
function progressOf(job, live, gone) {
  const bar = progressBar(job.progress || undefined, `Progress of ${job.name}`);
  const step = h('span', { class: 'soft small' }, stageWords(job.stage));
  const box = h('div', { class: 'photo-progress' }, bar, step);
  live.on(
    ['job'],
    ({ facts }) => {
      if (facts['job'] !== job.job || typeof facts['progress'] !== 'number') return;
      if (!box.isConnected) return gone.abort();
      bar.value = Math.max(bar.value, facts['progress']);
      say(step, stageWords(String(facts['stage'] ?? '')));
    },
    gone.signal,
  );
  return box;
}
