/**
 * What became of a cell, from what the site received and nothing else.
 */
import { isPartOf, madeOf } from './samples.mjs';

/** @typedef {import('./types.js').Sample} Sample */
/** @typedef {import('./types.js').Received} Received */

/** Bytes of originals among what arrived. @param {Sample[]} samples @param {Array<{body: Buffer, files: Received[]}>} posts */
export function originalBytes(samples, posts) {
  const passes = new Set(samples.filter(({ kind }) => kind === 'text').map(({ sha256 }) => sha256));
  const photos = samples.filter(({ kind }) => kind !== 'text');
  let bytes = 0;
  for (const { body, files } of posts) {
    const strangers = files.filter((file) => madeOf(file.bytes) === undefined && !passes.has(file.sha256));
    const unmarked = strangers.reduce((sum, file) => sum + file.bytes.length, 0);
    bytes += unmarked || (photos.some((photo) => photo.kind === 'photo' && isPartOf(photo, body)) ? body.length : 0);
  }
  return bytes;
}

/** @param {string} name */
function baseOf(name) {
  return name.split('/').at(-1) ?? '';
}

/**
 * What is wrong with what arrived, if anything. A folder has no order; libraries may forget where in it a file was.
 * @param {Sample[]} samples @param {Received[]} received
 * @param {{names: string[], anyOrder: boolean, isLibrary: boolean}} how
 * @returns {string | undefined}
 */
export function faultOf(samples, received, { names, anyOrder, isLibrary }) {
  if (received.length !== samples.length) return `${received.length} of ${samples.length} files arrived`;
  const expected = samples.map((sample, index) => ({ sample, name: names[index] ?? '' }));
  const found = [...received];
  if (anyOrder) {
    expected.sort((a, b) => compare(baseOf(a.name), baseOf(b.name)));
    found.sort((a, b) => compare(baseOf(a.name), baseOf(b.name)));
  }
  for (const [index, { sample, name }] of expected.entries()) {
    const file = /** @type {Received} */ (found[index]);
    const fault = faultOfFile(sample, isLibrary ? baseOf(name) : name, isLibrary ? { ...file, name: baseOf(file.name) } : file);
    if (fault) return `file ${index + 1} of ${samples.length} (${file.name || 'no name'}): ${fault}`;
  }
  return undefined;
}

/** @param {string} a @param {string} b */
function compare(a, b) {
  return a < b ? -1 : 1;
}

/** @param {Sample} sample @param {string} name @param {Received} file */
function faultOfFile(sample, name, file) {
  if (sample.kind === 'text') {
    if (file.sha256 !== sample.sha256) return 'not the text that was expected here';
  } else {
    const source = madeOf(file.bytes);
    if (source === undefined) return 'not protected';
    // A browser writes a clipboard's picture anew, so nobody knows the hash of what it gave.
    if (sample.kind === 'photo' && source !== sample.sha256) return 'made of another photo than the one expected here';
  }
  // Nor does a clipboard know names.
  if (file.named && sample.kind !== 'picture' && file.name !== name) return `expected the name ${name}`;
  return undefined;
}
