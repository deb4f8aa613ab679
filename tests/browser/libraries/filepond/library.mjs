import { versionOf } from '../build.mjs';

const SURFACE = '.filepond--root';
const BROWSE = '.filepond--label-action';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'filepond',
  version: versionOf('filepond'),
  vectors: {
    'pick': { at: BROWSE },
    'pick several': { at: BROWSE, timeout: 15_000 },
    'pick again meanwhile': { at: BROWSE, timeout: 15_000 },
    'drop file': { at: SURFACE },
    'drop several': { at: SURFACE, timeout: 15_000 },
    'drop folder': { at: SURFACE },
    'paste file': { at: 'body' },
    'paste text and picture': { at: 'body' },
  },
};
