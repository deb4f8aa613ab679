import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'file-attachment',
  version: versionOf('@github/file-attachment-element'),
  vectors: {
    'pick': { at: '#photos' },
    'pick several': { at: '#photos' },
    'pick again meanwhile': { at: '#photos' },
    'drop file': { at: 'textarea' },
    'drop several': { at: 'textarea' },
    'drop folder': { at: 'textarea' },
    'paste file': { at: 'textarea' },
    'paste text and picture': { at: 'textarea' },
  },
};
