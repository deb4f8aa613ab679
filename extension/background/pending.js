/**
 * Jobs that the daemon has in hand for us, by photo and site. They lie in storage.session, so that a background that the
 * browser ended finds the job of a photo that is sent to it again, instead of having it protected twice.
 */

/** @typedef {Record<string, {job: string, at: number}>} Jobs */

const MOST = 64;

/** The daemon forgets a finished upload after half an hour. */
const LASTS_MS = 30 * 60_000;

/** @type {Promise<unknown>} */
let writing = Promise.resolve();

/** @param {string} digest @param {string} site */
export function keyOf(digest, site) {
  return `${digest} ${site}`;
}

/** @returns {Promise<Jobs>} */
async function load() {
  const { jobs } = await chrome.storage.session.get({ jobs: {} });
  return /** @type {Jobs} */ (jobs);
}

/** @param {(jobs: Jobs) => Jobs} change */
function update(change) {
  const done = writing.then(async () => chrome.storage.session.set({ jobs: change(await load()) }));
  writing = done.catch(() => undefined);
  return done;
}

/** @param {string} key @returns {Promise<string | undefined>} */
export async function recall(key) {
  await writing;
  const found = (await load())[key];
  return found && Date.now() - found.at < LASTS_MS ? found.job : undefined;
}

/** @param {string} key @param {string} job */
export function keep(key, job) {
  return update((jobs) => Object.fromEntries([...Object.entries(jobs), [key, { job, at: Date.now() }]].slice(-MOST)));
}

/** @param {string} key */
export async function drop(key) {
  if (!(key in (await load()))) return;
  await update((jobs) => Object.fromEntries(Object.entries(jobs).filter(([other]) => other !== key)));
}
