/**
 * What was hidden on a photo for an AI assistant, in plain words. What the figures mean: docs/report.md.
 */
/** @import { Hidden } from './types.js' */

import { card, h, link } from './dom.js';
import { icon } from './icons.js';
import { percent, plural } from './words.js';

/** @type {Record<string, [string, string]>} */
const KINDS = { face: ['face', 'faces'], code: ['code', 'codes'], chosen: ['place of your own', 'places of your own'] };

/** @type {Record<string, string>} */
const STYLES = { blur: 'blurred', pixelate: 'made of coarse squares', recolour: 'recoloured', inpaint: 'painted over' };

/** From this share on a person may well be recognised. */
const TELLING = 0.35;

/** “2 faces and 1 code”. @param {Pick<Hidden, 'regions'>} hidden */
export function foundWords({ regions }) {
  const kinds = [...new Set(regions.map(({ kind }) => kind))];
  const parts = kinds.map((kind) => plural(regions.filter((region) => region.kind === kind).length, ...(KINDS[kind] ?? [kind, kind])));
  return parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : (parts[0] ?? 'nothing');
}

/** How each kind was hidden. @param {Hidden} hidden */
export function howWords({ parameters }) {
  const words = Object.entries(parameters?.regions ?? {}).map(
    ([kind, { style }]) => `${(KINDS[kind] ?? [kind, kind])[1]} ${STYLES[style] ?? style}`,
  );
  if (parameters?.downscale) words.push('the whole photo made coarser');
  if (parameters?.noise) words.push('grain added');
  if (parameters?.tone) words.push('the photo’s tones changed');
  return words.join(', ');
}

/** What stayed useful, and who says so. @param {Hidden} hidden */
export function usefulWords({ answers_kept: kept, asked }) {
  if (typeof kept === 'number') return `of the answers stayed the same, says ${asked ?? 'the model that was asked'}`;
  return 'of the rest looks the same to encoders; no model was asked';
}

/** @param {Hidden} hidden */
export function hiddenCard(hidden) {
  if (hidden.regions.length === 0) {
    return card(
      'For an AI assistant',
      h('p', { class: 'verdict some' }, icon('alert'), 'Nothing was hidden'),
      h('p', {}, `${hidden.chosen ? 'As you chose.' : 'No face and no code was found on this photo.'} Only the notes of the camera were removed.`),
      h('p', { class: 'hint small' }, icon('info'), h('span', {}, caution())),
    );
  }
  const left = hidden.recognised_by_witnesses ?? 0;
  return card(
    'Hidden for an AI assistant',
    h('p', { class: 'headline' }, `${foundWords(hidden)}: ${howWords(hidden)}.`),
    figure('Privacy', left, 'of what was hidden can still be recognised after an upload, by encoders that were not asked before', left < TELLING),
    figure('Usefulness', hidden.answers_kept ?? hidden.agreement ?? 0, usefulWords(hidden), true),
    h('p', { class: 'soft small' }, `Slider at ${hidden.slider}, found with ${plural(hidden.queries, 'try', 'tries')}.`),
    h('p', { class: 'hint small' }, icon('info'), h('span', {}, caution(), ' ', link('What Photoveil can and cannot do', '#/limits'))),
  );
}

function caution() {
  return 'Only what is found is hidden: faces from the side, small ones or name plates may be missed. Look at the copy before you trust it.';
}

/** @param {string} title @param {number} share @param {string} words @param {boolean} isGood */
function figure(title, share, words, isGood) {
  const meter = h('div', { 'class': isGood ? 'meter' : 'meter bad', 'aria-hidden': 'true' }, h('i', {}));
  meter.style.setProperty('--share', percent(share));
  return h('div', { class: 'measured' }, h('p', {}, h('strong', {}, title), ' ', h('span', {}, `${percent(share)} ${words}`)), meter);
}
