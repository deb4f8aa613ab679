/**
 * What all steps of the first run share: where one is, how to go on, and what was chosen so far.
 */
import { button, h, link } from './dom.js';
import { icon } from './icons.js';

/** @type {ReadonlyArray<readonly [string, string]>} address and name */
export const STEPS = [
  ['photos', 'Your photos'],
  ['browser', 'Your browser'],
  ['strength', 'Strength'],
  ['models', 'Models'],
  ['ready', 'Ready'],
];

const STORED = 'photoveil.welcome';

/** What is done at the end only. Kept for this tab, so that reloading the page loses nothing. */
export class Plan {
  /** @type {Set<string>} */
  folders = new Set();
  /** Steps that were seen. @type {Set<string>} */
  seen = new Set();

  constructor() {
    try {
      const { folders, seen } = JSON.parse(sessionStorage.getItem(STORED) ?? '{}');
      this.folders = new Set(folders);
      this.seen = new Set(seen);
    } catch {
      // What somebody else put there is no plan of ours.
    }
  }

  keep() {
    sessionStorage.setItem(STORED, JSON.stringify({ folders: [...this.folders], seen: [...this.seen] }));
  }

  forget() {
    sessionStorage.removeItem(STORED);
    this.folders.clear();
    this.seen.clear();
  }
}

/** @param {string} step @param {Plan} plan */
export function stepList(step, plan) {
  const at = STEPS.findIndex(([name]) => name === step);
  return h(
    'ol',
    { 'class': 'welcome-steps', 'aria-label': 'Steps' },
    ...STEPS.map(([name, words], i) => {
      const isDone = i < at || (plan.seen.has(name) && i !== at);
      return h(
        'li',
        { class: i === at ? 'is-current' : isDone ? 'is-done' : '' },
        h(
          'a',
          { 'href': `#/welcome/${name}`, 'aria-current': i === at && 'step' },
          h('span', { class: 'welcome-dot' }, isDone ? icon('check') : i + 1),
          h('span', { class: 'welcome-name' }, words, isDone && h('span', { class: 'visually-hidden' }, ' (seen)')),
        ),
      );
    }),
  );
}

/** The address of the step before or after. @param {string} step @param {number} by */
function beside(step, by) {
  const found = STEPS[STEPS.findIndex(([name]) => name === step) + by];
  return found && `#/welcome/${found[0]}`;
}

/** @param {string} to */
const go = (to) => () => void (window.location.hash = to);

/**
 * The buttons below a step.
 * @param {string} step @param {HTMLElement} [next] in place of the button that only goes on
 */
export function wayOn(step, next) {
  const [before, after] = [beside(step, -1), beside(step, 1)];
  return h(
    'div',
    { class: 'welcome-way' },
    before ? button('Back', go(before), { act: 'back' }) : link('Set up later', '#/', { 'class': 'soft', 'data-act': 'skip' }),
    before && link('Set up later', '#/', { 'class': 'soft', 'data-act': 'skip' }),
    next ?? (after && button('Next', go(after), { kind: 'main', act: 'next' })),
  );
}
