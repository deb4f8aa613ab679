/**
 * The background: the only part that talks to the daemon and holds a key. It answers pages with protected photos and
 * nothing else, and the extension's own pages with the state of things.
 */

import { keepingAlive, stayAwake } from './awake.js';
import { showSite } from './badge.js';
import { choicesFor, choose, keepForNext, refresh } from './choices.js';
import { connectionState, prewarm, watchPairing } from './connection.js';
import { isDashboard } from './dashboard.js';
import { failureOf } from './failure.js';
import { recent } from './history.js';
import { live } from './live.js';
import { forget, pair, resume } from './pairing.js';
import { onPauseEnd, pause, watchPause } from './pause.js';
import { cancel, noteOriginals, protectForPage } from './photos.js';
import { askToBeConnected, isProvided, sleepUntilConnected } from './provided.js';
import { sealed } from './sealed.js';
import { load } from './settings.js';
import { startInFrames, syncSites } from './sites.js';
import { plainWords } from './words.js';

chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  if (sender.id !== chrome.runtime.id || typeof message !== 'object' || message === null) return undefined;
  const answer = isOwnPage(sender) ? answerUi(message) : answerPage(message, sender);
  if (!answer) return undefined;
  keepingAlive(answer).then(sendResponse, (error) => sendResponse({ outcome: 'failed', failure: failureOf(error) }));
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
      return connectionState();
    case 'pair':
      return pair(String(request.code), String(request.name).slice(0, 64)).then(watchPairing);
    case 'forget':
      return keepForNext().then(forget).then(connectionState);
    case 'sync-sites':
      return syncSites().then(() => ({ ok: true }));
    case 'dashboard':
      return isDashboard(String(request.url));
    case 'choices':
      return choicesFor(String(request.host));
    case 'choose':
      return choose(request);
    case 'pause':
      return pause(request.minutes);
    case 'sealed':
      return sealed(request);
    case 'recent':
      return Promise.all([recent(), load()]).then(([photos, { originals }]) => ({ recent: photos, originals }));
    default:
      return undefined;
  }
}

/**
 * @param {PageRequest} request @param {chrome.runtime.MessageSender} sender
 * @returns {Promise<unknown> | undefined}
 */
function answerPage(request, sender) {
  const tab = sender.tab?.id;
  if (tab === undefined) return undefined;
  switch (request.kind) {
    case 'protect':
      return protectForPage(request, sender, tab);
    case 'cancel':
      cancel(tab, sender, request.id);
      return Promise.resolve();
    case 'original-used':
      return noteOriginals(sender, request.count);
    case 'prewarm':
      return prewarm();
    case 'dashboard':
      return isDashboard(sender.url);
    case 'frames':
      return startInFrames(tab);
    case 'words':
      return plainWords();
    case 'first-run':
      return askToBeConnected(sender.url);
    case 'site':
      return Promise.all([showSite(tab, request.enabled === true), refresh()]).then(() => undefined);
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
  const sleep = stayAwake();
  const stop = live.listen({ heard: tell, changed });
  if (live.isLive) changed(true);
  port.onDisconnect.addListener(() => {
    sleep();
    stop();
  });
});

/** The browser or the extension has started: a pause may have ended meanwhile, and the button shows nothing yet. */
async function begin() {
  await sleepUntilConnected();
  await syncSites();
  await watchPause();
  await connectionState();
}

chrome.runtime.onInstalled.addListener((details) => {
  void keepingAlive(begin());
  // What comes first is to connect. A temporary add-on is installed anew whenever Firefox starts.
  const isTemporary = Reflect.get(details, 'temporary') === true;
  // Nor does one ask for what a package brought: Photoveil's own first page leads there.
  if (details.reason === 'install' && !isTemporary && !isProvided) void chrome.tabs.create({ url: chrome.runtime.getURL('ui/options.html') });
});
chrome.runtime.onStartup.addListener(() => void keepingAlive(begin()));
chrome.permissions.onAdded.addListener(() => void syncSites());
chrome.permissions.onRemoved.addListener(() => void syncSites());
onPauseEnd(() => void keepingAlive(connectionState()));
void keepingAlive(sleepUntilConnected());
void keepingAlive(resume());
