/**
 * Sealed photos on a page, shown clean at the user's press in the popup: pictures are found in the tab, fetched, freed of
 * their mark by the daemon, and drawn over themselves where the page cannot read them. Nothing happens without that press.
 */

import { stayAwake } from './awake.js';
import { openSession } from './daemon.js';
import { DaemonError, failureOf } from './failure.js';
import * as keys from './keys.js';
import { patternOf } from './sites.js';
import { sha256 } from './wire.js';

/** The daemon looks at two photos of a client at a time. */
const AT_ONCE = 2;

/** A picture on a page is hardly larger; nobody shall fill the memory. */
const MOST_BYTES = 32 * 1024 * 1024;
const FETCH_MS = 30_000;

/** The popup may be gone while the browser asks for access. */
const CONSENT_MS = 120_000;

/** @typedef {SealedPicture & {manner: RequestCredentials}} Fetchable */

/** Failures of the whole undertaking rather than of one picture. @type {FailureCode[]} */
const HOPELESS = ['absent', 'unpaired', 'revoked', 'impostor', 'forbidden', 'locked', 'stopped', 'odd-answer', 'outdated'];

/** @typedef {'looked' | 'others' | 'damaged' | 'newer' | 'unread'} Count where a picture is counted; `looked`: there is nothing to say of it */

/** Of seals that were found and did not open, by the daemon's kind of error. @type {Record<string, Count>} */
const UNOPENED = { seal_key: 'others', seal_tampered: 'damaged', seal_newer: 'newer' };

/** @param {Failure} failure @returns {Count} */
export const countOf = (failure) => UNOPENED[failure.daemon ?? ''] ?? 'looked';

/** The popup's request. @param {{act: SealedAct, tab: number}} request @returns {Promise<unknown>} */
export async function sealed({ act, tab }) {
  if (act === 'state') return { shown: await tell(tab, { kind: 'sealed-count' }).catch(() => 0) };
  if (act === 'hide') return { shown: await tell(tab, { kind: 'sealed-hide' }).catch(() => 0) };
  if (act === 'find') return find(tab);
  const sleep = stayAwake();
  try {
    return await show(tab);
  } catch (error) {
    return { failure: failureOf(error) };
  } finally {
    sleep();
  }
}

/** @param {number} tab @param {SealedRequest} message */
function tell(tab, message) {
  return chrome.tabs.sendMessage(tab, message, { frameId: 0 });
}

/** The pictures of a page, and where Photoveil may not read them yet. @param {number} tab */
async function find(tab) {
  const pictures = await list(tab);
  const patterns = new Set(pictures.map(({ url }) => patternOf(url)));
  const missing = [];
  for (const pattern of patterns) {
    if (!(await chrome.permissions.contains({ origins: [pattern] }))) missing.push(pattern);
  }
  return { count: pictures.length, missing };
}

/** `activeTab` lets the script in, as the popup was opened over this tab. @param {number} tab @returns {Promise<Fetchable[]>} */
async function list(tab) {
  await chrome.scripting.executeScript({ target: { tabId: tab }, files: ['/content/sealed.js'] });
  /** @type {SealedPicture[]} */
  const pictures = await tell(tab, { kind: 'sealed-list' });
  const page = new URL((await chrome.tabs.get(tab)).url ?? 'about:blank').hostname;
  return pictures.flatMap((picture) => {
    const manner = mannerOf(new URL(picture.url).hostname, page);
    return manner ? [{ ...picture, manner }] : [];
  });
}

const OWN_COMPUTER = /^(127\.|0\.0\.0\.0$|\[::1?\]$|(.+\.)?localhost\.?$)/;

/**
 * How a picture of a page may be fetched: a page names any address it likes. Programs on this computer are asked for
 * pages on this computer only, and cookies go to the page's own house only: others would get some that browsers do not
 * send for a page elsewhere (SameSite).
 * @param {string} host @param {string} page the host of the page @returns {RequestCredentials | undefined} undefined: not at all
 */
export function mannerOf(host, page) {
  if (OWN_COMPUTER.test(host) && !OWN_COMPUTER.test(page)) return undefined;
  const house = page.replace(/^www\./, '');
  return host === house || host.endsWith(`.${house}`) ? 'include' : 'omit';
}

/** @param {number} tab */
async function show(tab) {
  const pairing = await keys.confirmed();
  if (!pairing) throw new DaemonError('unpaired');
  const pictures = await list(tab);
  await consent(new Set(pictures.map(({ url }) => patternOf(url))));
  const counts = { looked: 0, shown: 0, others: 0, damaged: 0, newer: 0, unread: 0 };
  const waiting = [...pictures];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const where = await showOne(tab, next, pairing);
      counts.looked++;
      if (where !== 'looked') counts[where]++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { ...counts, shown: await tell(tab, { kind: 'sealed-count' }) };
}

/** Wait until the user has let Photoveil read the pictures where they lie. @param {Set<string>} patterns */
async function consent(patterns) {
  const origins = [...patterns];
  const isThere = () => chrome.permissions.contains({ origins });
  if (await isThere()) return;
  await new Promise((resolve, reject) => {
    const look = () => void isThere().then((there) => there && end(resolve));
    const end = (/** @type {(value: any) => void} */ act) => {
      clearTimeout(timer);
      chrome.permissions.onAdded.removeListener(look);
      act(undefined);
    };
    const timer = setTimeout(() => end(() => reject(new DaemonError('cancelled'))), CONSENT_MS);
    chrome.permissions.onAdded.addListener(look);
    look();
  });
}

/**
 * @param {number} tab @param {Fetchable} picture @param {import('./keys.js').Pairing} pairing
 * @returns {Promise<Count>}
 */
async function showOne(tab, { id, url, manner }, pairing) {
  const photo = await read(url, manner).catch(() => undefined);
  if (!photo) return 'unread';
  try {
    // The daemon proves itself right before it gets a picture.
    const session = await openSession(pairing);
    const { bytes } = await session.unseal(photo, await sha256(photo), { name: '', thorough: false });
    await tell(tab, { kind: 'sealed-draw', id, url, blob: unpacked(bytes) });
    return 'looked';
  } catch (error) {
    const failure = failureOf(error);
    if (HOPELESS.includes(failure.code)) throw error;
    return countOf(failure);
  }
}

/**
 * The picture, most likely from the browser's cache. Nobody sends us elsewhere: what is true of an address would not be of the next.
 * @param {string} url @param {RequestCredentials} credentials @returns {Promise<Uint8Array<ArrayBuffer> | undefined>}
 */
async function read(url, credentials) {
  const response = await fetch(url, { cache: 'force-cache', credentials, redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) });
  const reader = response.ok ? response.body?.getReader() : undefined;
  if (!reader) return undefined;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    size += next.value.length;
    if (size > MOST_BYTES) {
      await reader.cancel();
      return undefined;
    }
    parts.push(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The picture behind its facts: their length in four bytes, themselves, the file. @param {Uint8Array<ArrayBuffer>} bytes */
function unpacked(bytes) {
  const start = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const { type } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, start)));
  return new Blob([bytes.subarray(start)], { type: String(type) });
}
