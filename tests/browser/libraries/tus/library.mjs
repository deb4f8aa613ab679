import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'tus',
  version: versionOf('tus-js-client'),
  vectors: {
    'pick': { at: '#photos' },
    'pick several': { at: '#photos' },
    'pick again meanwhile': { at: '#photos' },
  },
};
