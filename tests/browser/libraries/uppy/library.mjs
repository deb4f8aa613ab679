import { versionOf } from '../build.mjs';

const SURFACE = '.uppy-Dashboard-AddFiles';
/** A place on the dashboard that is no button. */
const WORDS = '.uppy-Dashboard-note';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'uppy',
  version: versionOf('@uppy/dashboard'),
  vectors: {
    'pick': { at: '.uppy-Dashboard-browse' },
    'pick several': { at: '.uppy-Dashboard-browse' },
    'drop file': { at: SURFACE },
    'drop several': { at: SURFACE },
    'drop folder': { at: SURFACE },
    'paste file': { at: WORDS },
    'paste text and picture': { at: WORDS },
  },
};
