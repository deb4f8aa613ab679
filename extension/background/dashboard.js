/**
 * The daemon's own pages. They are no site: what is dropped there goes to the daemon and nowhere else, and it protects it.
 */

import { openSession } from './daemon.js';
import * as keys from './keys.js';
import { PORTS } from './wire.js';

/**
 * Whether a page comes from the daemon we are paired with. Anyone could say so; the daemon proves, right now, that the page's
 * port is its own, and no two programs have one.
 * @param {string | undefined} url of the page @returns {Promise<boolean>}
 */
export async function isDashboard(url) {
  const port = Number(/^http:\/\/127\.0\.0\.1:(\d+)(?=\/|$)/.exec(url ?? '')?.[1]);
  if (!PORTS.includes(port)) return false;
  const pairing = await keys.confirmed();
  if (!pairing) return false;
  return openSession(pairing).then((session) => session.port === port, () => false);
}
