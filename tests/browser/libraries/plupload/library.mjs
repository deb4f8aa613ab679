import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'plupload',
  version: versionOf('plupload'),
  vectors: {
    'pick': { at: '#browse' },
    'pick several': { at: '#browse' },
    'pick again meanwhile': { at: '#browse' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'drop folder': { at: '#zone' },
  },
};
