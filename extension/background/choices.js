/**
 * What the user wants for a site: protected at all, which persona, which strength. The daemon keeps it.
 *
 * The switch "protect on this site" has one truth, because two would differ and an original would leave where the user
 * remembers having switched Photoveil on. With a daemon connected its list counts: the dashboard shows and changes the
 * same switch. It is mirrored into storage.local for the content scripts, which must know before a page's first script
 * and cannot wait for an answer. Without a daemon the mirror counts; what is switched there meanwhile waits in `pending`
 * and is told when the daemon is back.
 */

import { openSession } from './daemon.js';
import { DaemonError } from './failure.js';
import * as keys from './keys.js';
import { load, update } from './settings.js';
import { siteOf } from './sites.js';
import { isOn, listsOf, nearest, switchFor, turned } from './switches.js';

/** A page where Photoveil is off has it asked this often whether that is still so. */
const REFRESH_MS = 10_000;

/** @typedef {import('./daemon.js').Session} Session */
/** @typedef {Record<string, {protect: boolean} & Wishes>} Sites */

let refreshed = 0;

/** A proved session, or why there is none. @returns {Promise<Session | DaemonError>} */
async function reach() {
  const pairing = await keys.confirmed();
  if (!pairing) return new DaemonError('unpaired');
  return openSession(pairing).catch(asDaemonError);
}

/** @param {unknown} error */
function asDaemonError(error) {
  return error instanceof DaemonError ? error : new DaemonError('odd-answer', { reason: String(error) });
}

/**
 * Tell the daemon what was switched without it, then take over what it says of all sites.
 * @param {Session} session @returns {Promise<Sites>}
 */
export async function agree(session) {
  const { pending } = await load();
  /** @type {Record<string, boolean>} */
  const told = {};
  for (const [host, protect] of Object.entries(pending)) {
    // What the daemon refuses keeps waiting, and counts here.
    const isTaken = await session.json('sites/choose', { host, protect }).then(() => true, () => false);
    if (isTaken) told[host] = protect;
  }
  const sites = sitesIn((await session.json('sites', {}))['sites']);
  await update((settings) => {
    const waiting = Object.entries(settings.pending).filter(([host, protect]) => told[host] !== protect);
    const theirs = Object.entries(sites).map(([host, { protect }]) => [host, protect]);
    return { ...listsOf(Object.fromEntries([...theirs, ...waiting])), pending: Object.fromEntries(waiting) };
  });
  return sites;
}

/** @param {unknown} told @returns {Sites} */
function sitesIn(told) {
  if (typeof told !== 'object' || told === null) throw new DaemonError('odd-answer');
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 64) : null);
  return Object.fromEntries(Object.entries(told).map(([host, profile]) => [host, {
    protect: profile?.protect !== false, persona: text(profile?.persona), strength: text(profile?.strength), method: text(profile?.method),
    slider: typeof profile?.slider === 'number' ? profile.slider : null,
  }]));
}

/** Hear from the daemon where Photoveil is on, unless that was done a moment ago; without one all stays as it is. */
export async function refresh() {
  if (Date.now() - refreshed < REFRESH_MS) return;
  refreshed = Date.now();
  const session = await reach();
  if (!(session instanceof DaemonError)) await agree(session).catch(() => undefined);
}

/** What holds for a host, and what there is to choose from. @param {string} host @returns {Promise<SiteChoices>} */
export async function choicesFor(host) {
  const session = await reach();
  const daemon = session instanceof DaemonError ? undefined : await offer(session, host).catch(() => undefined);
  const settings = await load();
  const site = switchFor(settings, host) ?? siteOf(host);
  const state = { site, protect: isOn(settings, host), isTold: !(site in settings.pending) };
  return daemon ? { ...state, daemon } : state;
}

/** @param {Session} session @param {string} host @returns {Promise<Offer & {site: Wishes}>} */
async function offer(session, host) {
  const sites = await agree(session);
  const { persona = null, strength = null, method = null, slider = null } = sites[nearest(sites, host) ?? ''] ?? {};
  const { personas, strengths, current } = /** @type {Offer} */ (/** @type {unknown} */ (await session.json('choices', { site: host })));
  if (!Array.isArray(personas) || !Array.isArray(strengths) || !current) throw new DaemonError('odd-answer');
  return { personas, strengths, current, site: { persona, strength, method, slider } };
}

/** @param {Extract<UiRequest, {kind: 'choose'}>} request @returns {Promise<Chosen>} */
export async function choose({ host, protect, ...chosen }) {
  const site = switchFor(await load(), host) ?? siteOf(host);
  // Here first, so that it holds at once and whatever becomes of the daemon.
  if (protect !== undefined) await turn(site, protect);
  const wishes = wishesIn(chosen);
  const hasWishes = Object.keys(wishes).length > 0;
  const session = await reach();
  if (session instanceof DaemonError) return hasWishes ? { ok: false, failure: session.failure } : { ok: true };
  try {
    if (hasWishes) await session.json('sites/choose', { host: site, ...wishes });
    await agree(session);
  } catch (error) {
    if (hasWishes) return { ok: false, failure: asDaemonError(error).failure };
  }
  return { ok: true };
}

/** What is chosen, and nothing else of a message. @param {Partial<Wishes>} chosen @returns {Partial<Wishes>} */
function wishesIn({ persona, strength, slider }) {
  const all = { persona, strength, slider };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** @param {string} site @param {boolean} protect */
function turn(site, protect) {
  return update((settings) => ({ ...turned(settings, site, protect), pending: { ...settings.pending, [site]: protect } }));
}

/** The daemon is forgotten: what it knew of switches is told to the next one. */
export function keepForNext() {
  return update(({ off, on }) => ({ pending: Object.fromEntries([...off.map((site) => [site, false]), ...on.map((site) => [site, true])]) }));
}
