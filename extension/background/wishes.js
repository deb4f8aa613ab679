/**
 * What the user wants for a site, as the daemon keeps it. The daemon applies it by itself; this is only for showing.
 */

import { openSession } from './daemon.js';
import * as keys from './keys.js';

/** The wishes for a host, else for the nearest domain above it. @param {string} host @returns {Promise<Wishes | undefined>} */
export async function wishesFor(host) {
  const pairing = await keys.load();
  if (!pairing?.confirmed) return undefined;
  const session = await openSession(pairing).catch(() => undefined);
  const answer = await session?.json('sites', {}).catch(() => undefined);
  return nearest(answer?.['sites'], host);
}

/** @param {unknown} sites @param {string} host @returns {Wishes | undefined} */
export function nearest(sites, host) {
  if (typeof sites !== 'object' || sites === null) return undefined;
  const labels = host.toLowerCase().split('.');
  const name = labels.map((_, index) => labels.slice(index).join('.')).find((domain) => Object.hasOwn(sites, domain));
  const profile = name === undefined ? undefined : Reflect.get(sites, name);
  if (typeof profile !== 'object' || profile === null) return undefined;
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value.slice(0, 64) : null);
  return { persona: text(profile.persona), strength: text(profile.strength) };
}
