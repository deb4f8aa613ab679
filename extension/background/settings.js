/**
 * Settings and counts, in storage.local. Content scripts read them too, so nothing secret belongs here.
 */

/** @type {Settings} */
const DEFAULTS = { added: [], off: [], tally: {} };

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

/** @param {string} site @param {keyof Tally} outcome @param {number} [by] */
export function count(site, outcome, by = 1) {
  return update(({ tally }) => {
    const old = tally[site] ?? { protected: 0, unchanged: 0, original: 0, failed: 0 };
    return { tally: { ...tally, [site]: { ...old, [outcome]: old[outcome] + by } } };
  });
}
