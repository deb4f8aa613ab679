/**
 * What pages try, and what comes of it. docs/threat-model.md says the same to people; the test compares the two.
 */

/**
 * @typedef {object} Attempt
 * @property {string} name of its page in pages/, and of its row in docs/threat-model.md
 * @property {'held' | 'original'} result whether the page gets the original, as documented
 * @property {'pick' | 'decoy' | 'inner'} by how the user picks: in the page's input, in the dialog that a button of the page
 *   opens, or in the input of a frame
 * @property {boolean} [isRefused] the daemon refuses the photo: the card asks the user
 */

/** @type {Attempt[]} */
export const ATTEMPTS = [
  { name: 'polls', result: 'held', by: 'pick' },
  { name: 'fake-events', result: 'held', by: 'pick' },
  { name: 'poisons', result: 'held', by: 'pick' },
  { name: 'clobbers', result: 'held', by: 'pick' },
  { name: 'observes', result: 'held', by: 'pick' },
  { name: 'looks-for-traces', result: 'held', by: 'pick' },
  { name: 'rewrites-document', result: 'held', by: 'pick' },
  { name: 'rewrites-frame', result: 'held', by: 'inner' },
  { name: 'frame-without-scripts', result: 'held', by: 'inner' },
  { name: 'own-frame-natives', result: 'held', by: 'decoy' },
  { name: 'unborn-frame-natives', result: 'original', by: 'decoy' },
  { name: 'frame-that-never-loads', result: 'original', by: 'decoy' },
  { name: 'presses-card', result: 'held', by: 'pick', isRefused: true },
  { name: 'hides-card', result: 'held', by: 'pick', isRefused: true },
  { name: 'covers-card', result: 'held', by: 'pick', isRefused: true },
];

/** Attempts at something else than the user's photo; each has a test of its own. */
export const OTHERS = ['floods', 'reaches-in', 'opened-before'];
