import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'quill',
  version: versionOf('quill'),
  vectors: {
    'pick': { at: '.ql-image' },
    'drop file': { at: '.ql-editor' },
    'drop several': { at: '.ql-editor', passes: false },
    'paste file': { at: '.ql-editor' },
    // Of formatted text and a picture together Quill takes the text.
  },
};
