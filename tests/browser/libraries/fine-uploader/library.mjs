import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'fine-uploader',
  version: versionOf('fine-uploader'),
  vectors: {
    'pick': { at: '#browse' },
    'pick several': { at: '#browse' },
    'pick again meanwhile': { at: '#browse' },
    'drop file': { at: '#zone' },
    'drop several': { at: '#zone' },
    'drop folder': { at: '#zone' },
    'paste file': { at: '#zone' },
  },
};
