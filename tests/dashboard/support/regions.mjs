/**
 * What the stand-in remembers of places that are private on photos.
 */
/** @import { Place } from '../../../daemon/photoveil/api/dashboard/types.js' */

/**
 * @param {Map<string, string>} photos the SHA-256 of jobs' photos
 * @returns {Record<string, (question: {job: string, regions: Place[] | null}) => {json: object}>}
 */
export function regionVerbs(photos) {
  /** @type {Map<string, Place[]>} */
  const chosen = new Map();
  const told = (/** @type {string} */ job) => ({ json: { photo: photos.get(job) ?? '', regions: chosen.get(job) ?? null } });
  return {
    'regions': ({ job }) => told(job),
    'regions/change': ({ job, regions }) => {
      if (regions) chosen.set(job, regions);
      else chosen.delete(job);
      return told(job);
    },
  };
}
