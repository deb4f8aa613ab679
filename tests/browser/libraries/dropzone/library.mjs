import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'dropzone',
  version: versionOf('dropzone'),
  vectors: {
    'pick': { at: '.dz-button' },
    'pick several': { at: '.dz-button' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'drop folder': { at: '#zone' },
  },
};
