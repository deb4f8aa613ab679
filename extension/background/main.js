/**
 * The background: the only part that talks to the daemon and holds a key. It answers pages with protected photos and
 * nothing else, and the extension's own pages with the state of things.
 */

import { showState } from './badge.js';
import { DaemonError, openSession } from './daemon.js';
import { MAX_PHOTO_BYTES, protect } from './jobs.js';
import * as keys from './keys.js';
import { live } from './live.js';
import { forget, pair, pairingState, resume } from './pairing.js';
import { count } from './settings.js';
import { siteOf, syncSites } from './sites.js';
import { wishesFor } from './wishes.js';

/** A page may have this many photos waiting at once; a flood is refused. */
const MAX_WAITING = 64;

/** Work in progress, by the page's frame and the photo's id. @type {Map<string, AbortController>} */
const work = new Map();

/** Browsers end an idle background after 30 s, even in the middle of a request; an API call every 10 s keeps it. */
const KEEP_ALIVE_MS = 10_000;

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function keepingAlive(promise) {
  const timer = setInterval(() => void chrome.runtime.getPlatformInfo(), KEEP_ALIVE_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  if (sender.id !== chrome.runtime.id || typeof message !== 'object' || message === null) return undefined;
  const answer = isOwnPage(sender) ? answerUi(message) : answerPage(message, sender);
  if (!answer) return undefined;
  answer.then(sendResponse, (error) => sendResponse({ outcome: 'failed', failure: { code: 'odd-answer', reason: String(error) } }));
  return true;
});

/** @param {chrome.runtime.MessageSender} sender */
function isOwnPage(sender) {
  return sender.url?.startsWith(chrome.runtime.getURL('/')) === true && (sender.origin ?? location.origin) === location.origin;
}

/** @param {UiRequest} request @returns {Promise<unknown> | undefined} */
function answerUi(request) {
  switch (request.kind) {
    case 'state':
      return keepingAlive(connectionState());
    case 'pair':
      return keepingAlive(pair(String(request.code), String(request.name).slice(0, 64)).then(watchPairing));
    case 'forget':
      return forget();
    case 'sync-sites':
      return syncSites().then(() => ({ ok: true }));
    case 'wishes':
      return keepingAlive(wishesFor(String(request.host)));
    default:
      return undefined;
  }
}

/** While the popup is open it hears what happens, and the background stays awake for it. */
chrome.runtime.onConnect.addListener((port) => {
  const { sender } = port;
  if (port.name !== 'live' || sender?.id !== chrome.runtime.id || !isOwnPage(sender)) {
    port.disconnect();
    return;
  }
  const tell = (/** @type {LiveEvent} */ event) => {
    try {
      port.postMessage(event);
    } catch {
      // It was closed just now; onDisconnect follows.
    }
  };
  const changed = (/** @type {boolean} */ isLive) => tell({ kind: isLive ? 'live' : 'lost', facts: {} });
  const awake = setInterval(() => void chrome.runtime.getPlatformInfo(), KEEP_ALIVE_MS);
  const stop = live.listen({ heard: tell, changed });
  if (live.isLive) changed(true);
  port.onDisconnect.addListener(() => {
    clearInterval(awake);
    stop();
  });
});

/** The popup may be gone long before the user has confirmed. @param {PairingState} begun */
function watchPairing(begun) {
  const timer = setInterval(() => {
    void chrome.runtime.getPlatformInfo();
    if (pairingState().state === 'waiting') return;
    clearInterval(timer);
    void connectionState();
  }, 1_000);
  return begun;
}

/** @returns {Promise<ConnectionState>} */
async function connectionState() {
  const pairing = await keys.load();
  if (!pairing?.confirmed) {
    await showState('unpaired');
    return { state: 'unpaired', pairing: pairingState() };
  }
  try {
    const session = await openSession(pairing);
    const status = /** @type {DaemonStatus} */ (/** @type {unknown} */ (await session.json('status', {})));
    await showState(undefined);
    return { state: 'connected', status };
  } catch (error) {
    /** @type {Failure} */
    const failure = error instanceof DaemonError ? error.failure : { code: 'odd-answer', reason: String(error) };
    if (failure.code === 'absent' && !(await mayReachDaemon())) failure.code = 'forbidden';
    await showState(failure.code);
    return { state: 'failed', failure };
  }
}

/** Firefox lets users take back even the access an extension cannot do without. */
function mayReachDaemon() {
  return chrome.permissions.contains({ origins: ['http://127.0.0.1/*'] });
}

/**
 * @param {PageRequest} request @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<unknown> | undefined}
 */
function answerPage(request, sender) {
  const tab = sender.tab?.id;
  if (tab === undefined) return undefined;
  const frame = `${tab}/${sender.frameId ?? 0}/`;
  switch (request.kind) {
    case 'protect':
      return keepingAlive(protectForPage(request, sender, tab, frame));
    case 'cancel':
      work.get(frame + String(request.id))?.abort();
      return Promise.resolve();
    case 'original-used':
      return count(siteOfSender(sender), 'original', Math.min(Math.max(Number(request.count) || 0, 0), MAX_WAITING));
    case 'prewarm':
      return keepingAlive(prewarm());
    default:
      return undefined;
  }
}

/** Load the encoders while the user still looks for a photo; nobody minds if it fails. */
async function prewarm() {
  const pairing = await keys.load();
  if (!pairing?.confirmed) return;
  const session = await openSession(pairing).catch(() => undefined);
  await session?.json('prewarm', {}).catch(() => undefined);
}

/**
 * @param {Extract<PageRequest, {kind: 'protect'}>} request @param {chrome.runtime.MessageSender} sender
 * @param {number} tab @param {string} frame @returns {Promise<ProtectAnswer>}
 */
async function protectForPage(request, sender, tab, frame) {
  const refusal = refuse(request);
  if (refusal) return { outcome: 'failed', failure: { code: refusal } };
  const { id, blob } = request;
  const host = hostOf(sender);
  const meta = { name: request.meta.name, type: request.meta.type, ...(host ? { site: host } : {}) };
  const controller = new AbortController();
  const key = frame + id;
  work.set(key, controller);
  /** @type {Omit<Progress, 'kind' | 'id'>} */
  let last = { state: 'waiting', progress: 0 };
  const tell = () => {
    const progress = chrome.tabs.sendMessage(tab, { kind: 'progress', id, ...last }, { frameId: sender.frameId ?? 0 });
    progress.catch(() => controller.abort()); // the page is gone
  };
  tell();
  const beat = setInterval(tell, KEEP_ALIVE_MS);
  try {
    const answer = await protect(blob, meta, (state, progress) => {
      last = { state, progress };
      tell();
    }, controller.signal);
    await note(answer, siteOfSender(sender));
    return answer;
  } finally {
    clearInterval(beat);
    work.delete(key);
  }
}

/** @param {Extract<PageRequest, {kind: 'protect'}>} request @returns {FailureCode | undefined} */
function refuse({ id, blob, meta }) {
  const wellFormed = typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id) && blob instanceof Blob
    && typeof meta?.name === 'string' && meta.name.length <= 1024 && typeof meta.type === 'string' && meta.type.length <= 256;
  if (!wellFormed) return 'unreadable';
  if (blob.size > MAX_PHOTO_BYTES) return 'too-large';
  return work.size >= MAX_WAITING ? 'busy' : undefined;
}

/** Count an outcome and show on the button what it says about the daemon. @param {ProtectAnswer} answer @param {string} site */
async function note(answer, site) {
  const code = answer.outcome === 'failed' ? answer.failure.code : undefined;
  if (code === 'cancelled') return;
  await showState(code);
  await count(site, answer.outcome);
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

chrome.runtime.onInstalled.addListener(() => void syncSites().then(connectionState));
chrome.runtime.onStartup.addListener(() => void syncSites().then(connectionState));
chrome.permissions.onAdded.addListener(() => void syncSites());
chrome.permissions.onRemoved.addListener(() => void syncSites());
void keepingAlive(resume());
