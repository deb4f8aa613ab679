/**
 * The last photos and what became of them, for the popup. In memory for as long as the browser runs (storage.session,
 * which pages and content scripts cannot read): names of photos are written to no disk.
 */

const MOST = 20;

/** @type {Promise<unknown>} */
let writing = Promise.resolve();

/** Newest first. @returns {Promise<Recent[]>} */
export async function recent() {
  const { recent: found } = await chrome.storage.session.get({ recent: [] });
  return /** @type {Recent[]} */ (found);
}

/** @param {Recent} one */
export function remember(one) {
  const done = writing.then(async () => chrome.storage.session.set({ recent: [one, ...(await recent())].slice(0, MOST) }));
  writing = done.catch(() => undefined);
  return done;
}
