import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'lexical',
  version: versionOf('lexical'),
  vectors: {
    'drop file': { at: '#editor p' },
    'drop several': { at: '#editor p' },
    'paste file': { at: '#editor p' },
    // Of text and a picture together Lexical takes the text.
  },
};
