import { versionOf } from '../build.mjs';

const SURFACE = '.filepond--root';
const BROWSE = '.filepond--label-action';
const press = '#send';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'filepond-form',
  version: versionOf('filepond'),
  vectors: {
    'pick': { at: BROWSE, press },
    'pick several': { at: BROWSE, press },
    'drop file': { at: SURFACE, press },
    'drop several': { at: SURFACE, press },
    'paste file': { at: 'body', press },
  },
};
