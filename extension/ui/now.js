/**
 * The popup's live part: what Photoveil does at this moment.
 */

import { byId, clock, say, setVisible, text } from './page.js';

const RECONNECT_MS = 1_000;

/** @type {chrome.runtime.Port | undefined} */
let port;

/** This browser's photos in work. @type {Map<string, number>} */
const progress = new Map();

/** When each was last told without being asked for. */
const heard = { queue: -Infinity, pause: -Infinity };

/**
 * What the daemon says of itself when it is asked. What it has told by itself since then is newer, and stays.
 * @param {DaemonStatus} status @param {number} asked when, by `performance.now()`
 */
export function show(status, asked) {
  if (heard.queue < asked) showQueue(status.jobs);
  if (heard.pause < asked) showPause({ paused: status.paused, until: status.until });
}

/** Hear from the background what happens. @param {() => void} askAgain called when something was missed or the daemon went */
export function hear(askAgain) {
  if (port) return;
  port = chrome.runtime.connect({ name: 'live' });
  port.onMessage.addListener((/** @type {LiveEvent} */ { kind, facts }) => {
    if (kind === 'queue' || kind === 'pause') heard[kind] = performance.now();
    if (kind === 'queue') showQueue(facts);
    if (kind === 'pause') showPause(facts);
    if (kind === 'job') showJob(facts);
    if (kind === 'live' || kind === 'lost' || kind === 'resync') {
      progress.clear();
      showProgress();
      askAgain();
    }
  });
  // The browser has ended the background: it starts anew with the next question.
  port.onDisconnect.addListener(() => {
    port = undefined;
    setTimeout(() => hear(askAgain), RECONNECT_MS);
  });
}

/** @param {Record<string, unknown>} queue */
function showQueue({ queued, running }) {
  const [atWork, waiting] = [Number(running) || 0, Number(queued) || 0];
  const words = atWork > 1 ? text('now_working_many', atWork) : text(atWork === 1 ? 'now_working_one' : 'now_idle');
  say('now-text', words);
  say('now-waiting', waiting > 0 ? text('now_waiting', waiting) : '');
  byId('now-dot', HTMLElement).classList.toggle('working', atWork > 0);
}

/** @param {Record<string, unknown>} pause */
function showPause({ paused, until }) {
  const end = typeof until === 'string' ? new Date(until) : undefined;
  say('now-paused', end ? text('now_paused_until', clock(end)) : text('now_paused'));
  setVisible('now-paused', paused === true);
}

/** @param {Record<string, unknown>} job */
function showJob({ job, state, progress: fraction }) {
  if (state === 'running') progress.set(String(job), Number(fraction) || 0);
  else progress.delete(String(job));
  showProgress();
}

/** How far this browser's photos are; others have their own place to be followed. */
function showProgress() {
  const bar = byId('now-progress', HTMLProgressElement);
  bar.hidden = progress.size === 0;
  bar.value = [...progress.values()].reduce((sum, fraction) => sum + fraction, 0) / Math.max(progress.size, 1);
}
