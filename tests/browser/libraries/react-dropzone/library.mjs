import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'react-dropzone',
  version: versionOf('react-dropzone'),
  vectors: {
    'pick': { at: '#zone' },
    'pick several': { at: '#zone' },
    'pick again meanwhile': { at: '#zone' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'drop folder': { at: '#zone' },
  },
};
