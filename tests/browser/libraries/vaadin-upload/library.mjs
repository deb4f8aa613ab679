import { versionOf } from '../build.mjs';

const BUTTON = 'vaadin-upload vaadin-button';
const SURFACE = 'vaadin-upload';

/** @type {import('../../matrix/types.js').Library} */
export default {
  name: 'vaadin-upload',
  version: versionOf('@vaadin/upload'),
  vectors: {
    'pick': { at: BUTTON },
    'pick several': { at: BUTTON },
    'pick again meanwhile': { at: BUTTON },
    'drop file': { at: SURFACE },
    'drop several': { at: SURFACE },
    'drop folder': { at: SURFACE },
  },
};
