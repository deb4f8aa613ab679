/**
 * Cells that cannot be: the browser has no such way, or closes it itself. docs/interception.md lists the same, and a
 * test compares the two. A cell listed here must still let no original through.
 */

/** @typedef {{browser: string, vector: string, page: string, reason: string}} Impossible `*` stands for every page */

const OPAQUE = ['data: frame', 'sandboxed frame', 'frame in a sandboxed frame', 'sandboxed by its policy'];
const CLONED = "a photo's handle cannot be copied to a worker (DataCloneError): no script of ours runs there";
const NO_HANDLE = 'Firefox has no getAsFileSystemHandle';
const NO_PICKER = 'Firefox has no such picker; libraries fall back to an input, which is held';

/** @type {Impossible[]} */
export const IMPOSSIBLE = [
  ...OPAQUE.map((page) => ({
    browser: 'chromium', vector: 'drop folder', page, reason: 'Chromium gives a page without an origin no entries of a folder (EncodingError)',
  })),
  ...OPAQUE.map((page) => ({
    browser: 'chromium', vector: 'clipboard.read()', page, reason: 'Chromium refuses the clipboard to a page without an origin',
  })),
  { browser: 'chromium', vector: 'drop handle sent to a worker', page: 'plain', reason: CLONED },
  { browser: 'chromium', vector: 'showOpenFilePicker() sent to a worker', page: 'plain', reason: CLONED },
  { browser: 'firefox', vector: 'showOpenFilePicker() sent to a worker', page: 'plain', reason: NO_PICKER },
  { browser: 'firefox', vector: 'drop handle sent to a worker', page: '*', reason: NO_HANDLE },
  { browser: 'firefox', vector: 'drop read as a handle', page: '*', reason: NO_HANDLE },
  { browser: 'firefox', vector: 'drop folder read as a handle', page: '*', reason: NO_HANDLE },
  { browser: 'firefox', vector: 'showOpenFilePicker()', page: 'plain', reason: NO_PICKER },
  { browser: 'firefox', vector: 'showDirectoryPicker()', page: 'plain', reason: NO_PICKER },
];

/** @param {import('./types.js').Cell} cell @returns {string | undefined} why it cannot be */
export function impossible({ browser, vector, page, library }) {
  const place = library || page;
  return IMPOSSIBLE.find((entry) => entry.browser === browser && entry.vector === vector && (entry.page === '*' || entry.page === place))?.reason;
}
