import { versionOf } from '../build.mjs';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'tiptap',
  version: versionOf('@tiptap/extension-file-handler'),
  vectors: {
    'drop file': { at: '.tiptap p' },
    'drop several': { at: '.tiptap p' },
    'paste file': { at: '.tiptap p' },
    'paste text and picture': { at: '.tiptap p' },
  },
};
