import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'react-form',
  version: versionOf('react-dom'),
  vectors: {
    'pick': { at: '#photos', press: '#send' },
    'pick several': { at: '#photos', press: '#send' },
    'drop on an input': { at: '#photos', press: '#send' },
  },
};
