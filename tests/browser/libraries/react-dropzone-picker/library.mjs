import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'react-dropzone-picker',
  version: versionOf('react-dropzone'),
  vectors: {
    'showOpenFilePicker()': { at: '#zone' },
    'drop file': { at: '#zone' },
  },
};
