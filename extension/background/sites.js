/**
 * On which sites the content scripts run: those in the manifest, and those the user added by granting access.
 */

import { load } from './settings.js';

const ADDED_ID = 'added-sites';

function manifestScript() {
  const [script] = chrome.runtime.getManifest().content_scripts ?? [];
  if (!script?.js || !script.matches) throw new Error('the manifest lists the content scripts');
  // Firefox answers with whole addresses and takes only paths.
  const js = script.js.map((file) => file.replace(chrome.runtime.getURL('/'), ''));
  return { js, matches: script.matches };
}

/** The domains of the manifest's list: `facebook.com`. @returns {string[]} */
export function listedDomains() {
  return manifestScript().matches.map((pattern) => pattern.replace(/^[^:]+:\/\/(\*\.)?/, '').replace(/\/.*$/, ''));
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

/** Register the content scripts for the added sites that access is granted for, and start them in open tabs. */
export async function syncSites() {
  const { added } = await load();
  const granted = [];
  for (const pattern of new Set(added.map(patternOf))) {
    if (await chrome.permissions.contains({ origins: [pattern] })) granted.push(pattern);
  }
  const [old] = await chrome.scripting.getRegisteredContentScripts({ ids: [ADDED_ID] });
  const before = new Set(old?.matches ?? []);
  const { js } = manifestScript();
  const isSame = granted.length === before.size && granted.every((pattern) => before.has(pattern)) && String(old?.js ?? js) === String(js);
  if (isSame) return;
  if (old) await chrome.scripting.unregisterContentScripts({ ids: [ADDED_ID] });
  if (granted.length === 0) return;
  await chrome.scripting.registerContentScripts([
    { id: ADDED_ID, matches: granted, js, runAt: 'document_start', allFrames: true, matchOriginAsFallback: true, persistAcrossSessions: true },
  ]);
  await startInOpenTabs(granted.filter((pattern) => !before.has(pattern)), js);
}

/** @param {string[]} patterns @param {string[]} files */
async function startInOpenTabs(patterns, files) {
  if (patterns.length === 0) return;
  for (const { id } of await chrome.tabs.query({ url: patterns })) {
    // A tab may be on its way elsewhere, discarded or an error page: then its next load starts the scripts.
    if (id !== undefined) await chrome.scripting.executeScript({ target: { tabId: id, allFrames: true }, files }).catch(() => undefined);
  }
}
