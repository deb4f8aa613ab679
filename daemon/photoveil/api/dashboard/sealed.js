/**
 * What the daemon answers about sealed photos: the length of the facts in four bytes, the facts in JSON, the picture.
 */
/** @import { SealedFacts } from './types.js' */

/** @param {ArrayBuffer} body @returns {{facts: SealedFacts, file: Blob}} */
export function unpack(body) {
  const length = new DataView(body).getUint32(0);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  return { facts, file: new Blob([new Uint8Array(body, 4 + length)], { type: String(facts.type) }) };
}

/** What became of a photo since it was sealed, and how good the clean picture is. @param {SealedFacts} facts */
export function stateWords({ state, quality_db: quality }) {
  if (state === 'exact') return 'Restored bit by bit: exactly the photo that was sealed.';
  const after = {
    lossless: 'The file was not changed since: you will see no trace of the mark.',
    recompressed: 'The photo was compressed again since: very close to the original.',
    resized: 'The photo was resized since: close to the original, a little softer where the mark was.',
    cropped: 'A part of the photo was cut off since: close to the original where the mark was.',
  }[state ?? 'recompressed'];
  return typeof quality === 'number' ? `${after} To be expected: about ${Math.round(quality)} dB.` : (after ?? '');
}

/** Above this, what lies under the mark is so plain that anyone can guess it. */
export const PLAIN_DB = 22;
