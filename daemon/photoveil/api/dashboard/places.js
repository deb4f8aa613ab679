/**
 * Places on a photo, as shares of its width and height: [left, top, right, bottom], 0…1. Drawing, moving and naming them.
 */
/** @import { Hidden, Place } from './types.js' */

/** @typedef {[number, number]} Point */

/** No side of a place is shorter: what is smaller was a click. */
export const SMALLEST = 0.02;

/** @type {Record<string, string>} */
const NAMES = { face: 'Face', code: 'Code', chosen: 'Place' };

/**
 * What was found on a photo: hidden on its copy, or left as it is by the user's wish.
 * @param {Pick<Hidden, 'regions' | 'left'>} hidden @returns {Place[]}
 */
export function placesOf({ regions, left = [] }) {
  const told = (/** @type {boolean} */ isHidden) => (/** @type {{kind: string, box: number[]}} */ { kind, box }) => ({ kind, box, hidden: isHidden });
  return [...regions.map(told(true)), ...left.map(told(false))];
}

/** “Face 1”, “Place 2”: counted by kind. @param {Place[]} places @param {number} index */
export function nameOf(places, index) {
  const kind = places[index]?.kind ?? '';
  const count = places.slice(0, index + 1).filter((place) => place.kind === kind).length;
  return `${NAMES[kind] ?? kind} ${count}`;
}

/**
 * Hide a place or leave it as it is; codes go together, as the daemon wants it.
 * @param {Place[]} places @param {number} index @param {boolean} hidden
 */
export function switched(places, index, hidden) {
  const { kind } = places[index] ?? {};
  return places.map((place, i) => (i === index || (kind === 'code' && place.kind === kind) ? { ...place, hidden } : place));
}

/** The place between two corners; none where that was hardly more than a click. @param {Point} from @param {Point} to */
export function drawn(from, to) {
  const box = [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.max(from[0], to[0]), Math.max(from[1], to[1])].map(share);
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  return right - left < SMALLEST || bottom - top < SMALLEST ? undefined : box;
}

/** The place elsewhere, of the same size and still on the photo. @param {number[]} box @param {Point} by */
export function moved([left = 0, top = 0, right = 0, bottom = 0], [x, y]) {
  const [dx, dy] = [Math.min(Math.max(x, -left), 1 - right), Math.min(Math.max(y, -top), 1 - bottom)];
  return [left + dx, top + dy, right + dx, bottom + dy].map(share);
}

/** The place with its lower right corner elsewhere. @param {number[]} box @param {Point} by */
export function stretched([left = 0, top = 0, right = 0, bottom = 0], [x, y]) {
  return [left, top, Math.max(right + x, left + SMALLEST), Math.max(bottom + y, top + SMALLEST)].map(share);
}

/** @param {number} value */
function share(value) {
  return Math.round(Math.min(Math.max(value, 0), 1) * 1e4) / 1e4;
}
