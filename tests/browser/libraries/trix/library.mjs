import { versionOf } from '../build.mjs';

const ATTACH = '.trix-button--icon-attach';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'trix',
  version: versionOf('trix'),
  vectors: {
    'pick': { at: ATTACH },
    'pick several': { at: ATTACH },
    'pick again meanwhile': { at: ATTACH },
    'drop file': { at: 'trix-editor' },
    'drop several': { at: 'trix-editor' },
    'paste file': { at: 'trix-editor' },
    // Of text and a picture together Trix takes the text.
  },
};
