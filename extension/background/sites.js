/**
 * On which sites the content scripts run: those in the manifest, and those the user added by granting access.
 */

import { load } from './settings.js';

const ADDED_ID = 'added-sites';

/** @typedef {{js?: string[], matches?: string[], all_frames?: boolean, world?: 'MAIN' | 'ISOLATED'}} ManifestScript */

/** Firefox answers with whole addresses and takes only paths. @param {string[] | undefined} files */
function paths(files = []) {
  return files.map((file) => file.replace(chrome.runtime.getURL('/'), ''));
}

/** The manifest's scripts for sites, which run in all frames: first those for the page's own world, then the content scripts. */
function manifestScripts() {
  const listed = /** @type {ManifestScript[]} */ (chrome.runtime.getManifest().content_scripts ?? []);
  const scripts = listed.filter((one) => one.all_frames).map(({ js, matches = [], world = 'ISOLATED' }) => ({ js: paths(js), matches, world }));
  if (scripts.length === 0) throw new Error('the manifest lists the content scripts');
  return scripts;
}

/** The domains of the manifest's list: `facebook.com`. @returns {string[]} */
export function listedDomains() {
  return (manifestScripts()[0]?.matches ?? []).map((pattern) => pattern.replace(/^[^:]+:\/\/(\*\.)?/, '').replace(/\/.*$/, ''));
}

/** What a host is called in settings and counts: the listed domain it belongs to, or itself. @param {string} host */
export function siteOf(host) {
  return listedDomains().find((domain) => host === domain || host.endsWith(`.${domain}`)) ?? host;
}

/** A match pattern cannot name a port: access is by host. @param {string} origin @returns {string} */
export function patternOf(origin) {
  const { protocol, hostname } = new URL(origin);
  return `${protocol}//${hostname}/*`;
}

/** Register both worlds' scripts for the added sites that access is granted for, and start them in open tabs. */
export async function syncSites() {
  const { added } = await load();
  /** @type {string[]} */
  const granted = [];
  for (const pattern of new Set(added.map(patternOf))) {
    if (await chrome.permissions.contains({ origins: [pattern] })) granted.push(pattern);
  }
  // Chromium runs registered scripts in the order of their names: the page's own world has to be first.
  const wanted = granted.length === 0 ? [] : manifestScripts().map(({ js, world }, index) => ({
    id: `${ADDED_ID}-${index}`, matches: granted, js, world,
    runAt: /** @type {const} */ ('document_start'), allFrames: true, matchOriginAsFallback: true, persistAcrossSessions: true,
  }));
  const old = await chrome.scripting.getRegisteredContentScripts();
  if (summary(old) === summary(wanted)) return;
  if (old.length > 0) await chrome.scripting.unregisterContentScripts({ ids: old.map(({ id }) => id) });
  if (wanted.length > 0) await chrome.scripting.registerContentScripts(wanted);
  const before = new Set(old.flatMap(({ matches }) => matches ?? []));
  await startInOpenTabs(granted.filter((pattern) => !before.has(pattern)));
}

/** What matters of registered scripts, to tell whether they are still the right ones. @param {chrome.scripting.RegisteredContentScript[]} scripts */
function summary(scripts) {
  return JSON.stringify(scripts.map(({ id, matches, js }) => [id, [...(matches ?? [])].sort(), paths(js)]).sort());
}

/** The last look through each tab's frames. @type {Map<number, Promise<unknown>>} */
const looks = new Map();

/**
 * Start both worlds' scripts in those frames of a tab that have none. However often a page asks, one look comes after the
 * other. @param {number} tabId @returns {Promise<boolean>}
 */
export function startInFrames(tabId) {
  const look = Promise.resolve(looks.get(tabId)).then(() => startWhereMissing(tabId)).then(() => true, () => false);
  looks.set(tabId, look);
  void look.then(() => looks.get(tabId) === look && looks.delete(tabId));
  return look;
}

/** @param {number} tabId */
async function startWhereMissing(tabId) {
  const frames = await chrome.scripting.executeScript({
    target: { tabId, allFrames: true }, injectImmediately: true, func: () => globalThis.photoveil?.handles?.started === true,
  });
  const frameIds = frames.filter(({ result }) => result !== true).map(({ frameId }) => frameId);
  if (frameIds.length === 0) return;
  // Given one after the other, they start so.
  await Promise.all(manifestScripts().map(({ js: files, world }) => (
    chrome.scripting.executeScript({ target: { tabId, frameIds }, files, world, injectImmediately: true }))));
}

/** @param {string[]} patterns */
async function startInOpenTabs(patterns) {
  if (patterns.length === 0) return;
  for (const { id } of await chrome.tabs.query({ url: patterns })) {
    if (id === undefined) continue;
    for (const { js: files, world } of manifestScripts()) {
      // A tab may be on its way elsewhere, discarded or an error page: then its next load starts the scripts.
      await chrome.scripting.executeScript({ target: { tabId: id, allFrames: true }, files, world }).catch(() => undefined);
    }
  }
}
