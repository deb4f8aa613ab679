/**
 * Settings and counts, in storage.local. Content scripts read them too, so nothing secret belongs here.
 */

/** @type {Settings} */
const DEFAULTS = { added: [], off: [], on: [], pending: {}, pausedUntil: 0, asleep: false, away: 'ask', originals: [], tally: {} };

/** `pausedUntil` for a pause that only the user ends. */
export const UNTIL_RESUMED = Number.MAX_SAFE_INTEGER;

const MOST_ORIGINALS = 100;

/** @returns {Promise<Settings>} */
export async function load() {
  return chrome.storage.local.get(DEFAULTS);
}

/** Writes queue up, so that two of them never lose each other's change. @type {Promise<unknown>} */
let writing = Promise.resolve();

/** @param {(settings: Settings) => Partial<Settings>} change */
export function update(change) {
  const done = writing.then(async () => chrome.storage.local.set(change(await load())));
  writing = done.catch(() => undefined);
  return done;
}

/** @param {Settings['tally']} tally @param {string} site @param {keyof Tally} outcome @param {number} by */
function counted(tally, site, outcome, by) {
  const old = tally[site] ?? { protected: 0, unchanged: 0, original: 0, failed: 0 };
  return { ...tally, [site]: { ...old, [outcome]: old[outcome] + by } };
}

/** @param {string} site @param {keyof Tally} outcome */
export function count(site, outcome) {
  return update(({ tally }) => ({ tally: counted(tally, site, outcome, 1) }));
}

/** The user had originals sent: counted, and kept with its time. @param {string} site @param {number} howMany */
export function countOriginals(site, howMany) {
  return update(({ tally, originals }) => ({
    tally: counted(tally, site, 'original', howMany),
    originals: [{ site, count: howMany, at: Date.now() }, ...originals].slice(0, MOST_ORIGINALS),
  }));
}
