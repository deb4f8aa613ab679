/**
 * The seal keys of somebody who has used them for a while.
 */

/** @import { SealKey } from '../../../daemon/photoveil/api/dashboard/types.js' */

import { ago } from './data.mjs';

const DAY = 24 * 60 * 60_000;

/** @returns {SealKey[]} */
export function sealKeys() {
  return [
    { name: 'me', created: ago(90 * DAY), revoked: false, shared: false, mine: true },
    { name: 'Family', created: ago(60 * DAY), revoked: false, shared: false, mine: false },
    { name: '<b>Old club</b> with a name that somebody made', created: ago(400 * DAY), revoked: true, shared: false, mine: false },
    { name: 'Ada’s photos', created: ago(2 * DAY), revoked: false, shared: true, mine: false },
  ];
}
