import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'rc-upload',
  version: versionOf('@rc-component/upload'),
  vectors: {
    'pick': { at: '#zone' },
    'pick several': { at: '#zone' },
    'pick again meanwhile': { at: '#zone' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'paste file': { at: '#zone' },
  },
};
