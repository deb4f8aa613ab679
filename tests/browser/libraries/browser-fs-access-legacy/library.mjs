import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'browser-fs-access-legacy',
  version: versionOf('browser-fs-access'),
  vectors: {
    'pick': { at: '#open' },
    'pick several': { at: '#open' },
    'pick again meanwhile': { at: '#open' },
  },
};
