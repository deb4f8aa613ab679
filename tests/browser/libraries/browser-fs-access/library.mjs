import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'browser-fs-access',
  version: versionOf('browser-fs-access'),
  vectors: {
    'showOpenFilePicker()': { at: '#open' },
    'showDirectoryPicker()': { at: '#folder' },
  },
};
