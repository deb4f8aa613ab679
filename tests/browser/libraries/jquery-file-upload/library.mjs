import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'jquery-file-upload',
  version: versionOf('blueimp-file-upload'),
  vectors: {
    'pick': { at: '#photos' },
    'pick several': { at: '#photos' },
    'pick again meanwhile': { at: '#photos' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'drop folder': { at: '#zone' },
    'paste file': { at: '#zone' },
    'paste text and picture': { at: '#zone' },
  },
};
