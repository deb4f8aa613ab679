import { versionOf } from '../build.mjs';

const FRAME = '.tox-edit-area__iframe';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'tinymce',
  version: versionOf('tinymce'),
  vectors: {
    'pick': { at: '[data-mce-name="quickimage"]' },
    'drop file': { at: FRAME },
    'paste file': { at: FRAME },
  },
};
