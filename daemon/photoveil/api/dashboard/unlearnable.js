/**
 * What a model would still learn from a photo made unlearnable, and the words that belong to it. What the figures mean: docs/report.md.
 */
/** @import { Unlearnable } from './types.js' */

import { attempt, toast } from './dialogs.js';
import { button, card, h, link } from './dom.js';
import { icon } from './icons.js';
import { leftToLearn } from './report.js';
import { percent } from './words.js';

/** Up to this share of the lesson the shortcut has done its work. */
const LITTLE = 0.5;

/** The words for the photo's alt text, with a button that copies them. @param {Unlearnable} told */
export function wordsToPaste({ words }) {
  const copy = async (/** @type {Event} */ event) => {
    if (await attempt(event.currentTarget, () => navigator.clipboard.writeText(words))) toast('The words are on the clipboard.');
  };
  return h(
    'div',
    { class: 'paste' },
    h('p', { class: 'headline' }, 'Paste these words as the photo’s alt text, or at the end of its caption:'),
    h(
      'p',
      { class: 'row' },
      h('span', { class: 'words-to-paste' }, words),
      button('Copy', copy, { small: true, act: 'copy-words', label: 'Copy the words' }),
    ),
  );
}

/** @param {Unlearnable} told */
export function unlearnableCard(told) {
  const { together, alone } = leftToLearn(told);
  return card(
    'Unlearnable',
    wordsToPaste(told),
    h('p', { class: 'soft small' }, 'They are half of this protection. They were made for this very photo and do not tell its name.'),
    figure('Photo and words', together, `of the lesson is left to ${told.model} after an upload`),
    figure('Photo alone', alone, 'is left where a site or a scraper drops the words'),
    h(
      'p',
      { class: 'hint small' },
      icon('info'),
      h(
        'span',
        {},
        'Measured on the delivered file with the model it was made against; other models may learn more. ',
        link('What Photoveil can and cannot do', '#/limits'),
      ),
    ),
  );
}

/** @param {string} title @param {number} share @param {string} words */
function figure(title, share, words) {
  const meter = h('div', { 'class': share <= LITTLE ? 'meter' : 'meter bad', 'aria-hidden': 'true' }, h('i', {}));
  meter.style.setProperty('--share', percent(Math.min(1, share)));
  return h('div', { class: 'measured' }, h('p', {}, h('strong', {}, title), ' ', h('span', {}, `${percent(share)} ${words}`)), meter);
}
