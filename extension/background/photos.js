/**
 * What pages want: photos protected, given up, and word of what the user decided. Pages are strangers: a flood of theirs is
 * refused or slowed down, and no page keeps another waiting for ever.
 */

import { KEEP_ALIVE_MS } from './awake.js';
import { showState } from './badge.js';
import { remember } from './history.js';
import { MAX_PHOTO_BYTES, protect } from './jobs.js';
import { count, countOriginals } from './settings.js';
import { siteOf } from './sites.js';

/** A frame, and a tab with all its frames, may have so many photos waiting at once. */
const MOST_OF_FRAME = 64;
const MOST_OF_TAB = 128;

/** A page that cannot be reached is asked once more after this. */
const GONE_MS = 1_000;

/** @typedef {{tab: number, frame: string, controller: AbortController}} Work */

/** Work in progress, by the page's frame and the photo's id. @type {Map<string, Work>} */
const work = new Map();

/** @param {number} tab @param {chrome.runtime.MessageSender} sender */
function frameOf(tab, sender) {
  return `${tab}/${sender.documentId ?? sender.frameId ?? 0}`;
}

/** @param {number} tab @param {chrome.runtime.MessageSender} sender @param {unknown} id */
export function cancel(tab, sender, id) {
  work.get(`${frameOf(tab, sender)}/${String(id)}`)?.controller.abort();
}

/**
 * @param {Extract<PageRequest, {kind: 'protect'}>} request @param {chrome.runtime.MessageSender} sender
 * @param {number} tab @returns {Promise<ProtectAnswer>}
 */
export async function protectForPage(request, sender, tab) {
  const frame = frameOf(tab, sender);
  const refusal = refuse(request, tab, frame);
  if (refusal) return { outcome: 'failed', failure: { code: refusal } };
  const { id, blob, meta: { name, type } } = request;
  const host = hostOf(sender);
  const controller = new AbortController();
  work.set(`${frame}/${id}`, { tab, frame, controller });
  /** @type {Omit<Progress, 'kind' | 'id'>} */
  let last = { state: 'waiting', progress: 0 };
  /** The page is gone, or another has taken its place that waits for nothing. */
  const hasGone = () => chrome.tabs.sendMessage(tab, { kind: 'progress', id, ...last }, { frameId: sender.frameId ?? 0 })
    .then((isWaiting) => isWaiting === false, () => true);
  // Asked twice: the first refusal may be that of this background's own end, and then the photo is not given up.
  const tell = async () => {
    if (!(await hasGone())) return;
    await new Promise((resolve) => setTimeout(resolve, GONE_MS));
    if (await hasGone()) controller.abort();
  };
  void tell();
  const beat = setInterval(() => void tell(), KEEP_ALIVE_MS);
  try {
    const photo = { blob, meta: { name, type, ...(host ? { site: host } : {}) }, tab };
    const outcome = await protect(photo, (state, progress) => {
      last = { state, progress };
      void tell();
    }, controller.signal);
    // What cannot be noted, on a full disk, costs nobody the photo.
    await note(outcome, { id, name, sender }).catch(() => undefined);
    return outcome.answer;
  } finally {
    clearInterval(beat);
    work.delete(`${frame}/${id}`);
  }
}

/** @param {Extract<PageRequest, {kind: 'protect'}>} request @param {number} tab @param {string} frame @returns {FailureCode | undefined} */
function refuse({ id, blob, meta }, tab, frame) {
  const wellFormed = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) && blob instanceof Blob
    && typeof meta?.name === 'string' && meta.name.length <= 1024 && typeof meta.type === 'string' && meta.type.length <= 256;
  if (!wellFormed) return 'unreadable';
  if (blob.size > MAX_PHOTO_BYTES) return 'too-large';
  const ofTab = [...work.values()].filter((one) => one.tab === tab);
  const isFlood = ofTab.length >= MOST_OF_TAB || ofTab.filter((one) => one.frame === frame).length >= MOST_OF_FRAME;
  return isFlood ? 'busy' : undefined;
}

/**
 * Show on the button what an outcome says about the daemon, count it and remember it for the popup; but of private windows
 * nothing is kept.
 * @param {import('./jobs.js').Outcome} outcome @param {{id: string, name: string, sender: chrome.runtime.MessageSender}} photo
 */
async function note({ answer, about }, { id, name, sender }) {
  const code = answer.outcome === 'failed' ? answer.failure.code : undefined;
  if (code === 'cancelled') return;
  await showState(code);
  if (isPrivate(sender)) return;
  const site = siteOfSender(sender);
  const why = answer.outcome === 'unchanged' ? { reason: answer.reason } : answer.outcome === 'failed' ? { failure: answer.failure } : {};
  await count(site, answer.outcome);
  await remember({ id, site, name, outcome: answer.outcome, at: Date.now(), ...why, ...about });
}

/** The user pressed “use the original”. @param {chrome.runtime.MessageSender} sender @param {unknown} howMany */
export async function noteOriginals(sender, howMany) {
  const number = Math.min(Math.max(Math.trunc(Number(howMany)) || 0, 0), MOST_OF_TAB);
  if (number > 0 && !isPrivate(sender)) await countOriginals(siteOfSender(sender), number);
}

/** @param {chrome.runtime.MessageSender} sender */
function isPrivate(sender) {
  return sender.tab?.incognito === true;
}

/** The host of the page in the tab; of the frame where the browser does not tell. @param {chrome.runtime.MessageSender} sender */
function hostOf(sender) {
  const url = [sender.tab?.url, sender.url, sender.origin].find((text) => text && /^https?:/.test(text));
  return url ? new URL(url).hostname : '';
}

/** @param {chrome.runtime.MessageSender} sender */
function siteOfSender(sender) {
  const host = hostOf(sender);
  return host && siteOf(host);
}
