/**
 * What encoders read off a photo, in the seven kinds of private facts, before and after.
 */
/** @import { Context, Exposure, Reading } from './types.js' */

import { attempt } from './dialogs.js';
import { button, card, fill, h, pill, say } from './dom.js';
import { icon } from './icons.js';
import { part } from './shell.js';
import { percent } from './words.js';

/** @type {Record<string, string>} */
const KINDS = {
  residence: 'Home',
  vehicle: 'Vehicle',
  pet: 'Pet',
  workplace: 'Work',
  relationship: 'Family',
  possession: 'Belongings',
  travel: 'Journeys',
};

/** @typedef {{before: () => Promise<Blob>, after?: (() => Promise<Blob>) | undefined}} Sides */

/** A card that looks when it is told to: it takes some seconds of the computer. @param {Context} context @param {Sides} sides */
export function exposureCard(context, sides) {
  const result = h('div', { class: 'exposure', tabIndex: -1 });
  const pressed = async (/** @type {Event} */ event) => {
    if (!(await attempt(event.currentTarget, () => showExposure(context, result, sides)))) return;
    look.remove();
    result.focus({ preventScroll: true });
  };
  const look = button('Look at it', pressed, { icon: 'eye', act: 'expose' });
  return card(
    'What this photo gives away',
    h('p', { class: 'soft' }, 'What encoders read off it about home, vehicle, pets, work, family, belongings and journeys.'),
    result,
    h('div', { class: 'row' }, look),
  );
}

/** @param {Context} context @param {Element} place @param {Sides} sides */
export async function showExposure(context, place, { before, after }) {
  fill(place, h('p', { class: 'soft seal-working' }, icon('spinner'), 'Looking at it as a machine would…'));
  try {
    const first = await expose(context, await before());
    const second = after && (await expose(context, await after()));
    fill(place, ...told(first, second));
    say(part('announcer'), summary(first, second));
  } catch (error) {
    fill(place);
    throw error;
  }
}

/** @param {Context} context @param {Blob} photo @returns {Promise<Exposure>} */
async function expose({ daemon, signal }, photo) {
  const bytes = new Uint8Array(await photo.arrayBuffer());
  return daemon.ask('tools/exposure', bytes, { meta: { name: '' }, signal });
}

/** @param {Exposure} exposure */
const shownBy = ({ readings }) => readings.filter(({ shows }) => shows).map(({ kind }) => (KINDS[kind] ?? kind).toLowerCase());

/** @param {Exposure} before @param {Exposure | undefined} after */
function summary(before, after) {
  const list = (/** @type {string[]} */ kinds) => (kinds.length ? kinds.join(', ') : 'nothing');
  const first = `Read off ${after ? 'the original' : 'this photo'}: ${list(shownBy(before))}.`;
  return after ? `${first} Off the protected copy: ${list(shownBy(after))}.` : first;
}

/** @param {Exposure} before @param {Exposure | undefined} after */
function told(before, after) {
  const others = new Map(after?.readings.map((reading) => [reading.kind, reading]));
  return [
    h('p', { class: 'headline' }, summary(before, after)),
    h(
      'ul',
      { class: 'rows exposure-kinds' },
      ...before.readings.map((reading) => {
        const other = others.get(reading.kind);
        const title = KINDS[reading.kind] ?? reading.kind;
        return h(
          'li',
          { class: 'item exposure-kind' },
          h('p', { class: 'item-name' }, title),
          h(
            'div',
            { class: 'exposure-sides' },
            side(reading, title, after ? 'Original' : ''),
            other && side(other, title, 'Protected copy', reading),
          ),
        );
      }),
    ),
    h(
      'p',
      { class: 'hint small' },
      icon('info'),
      h(
        'span',
        {},
        `Read by ${before.encoders.join(', ')} of the model set “${before.model_set}”, which has only ever seen drawn people: of a real photo, `,
        'take this as a demonstration. The bar tells how many strangers’ photos show less of the kind.',
      ),
    ),
  ];
}

/** @param {Reading} reading @param {string} kind @param {string} whose @param {Reading} [before] */
function side({ says, rank, shows }, kind, whose, before) {
  const words = shows ? says : `unclear; nearest: ${says}`;
  const changed = before?.shows && shows && before.says !== says;
  return h(
    'div',
    { class: shows ? 'exposure-side is-shown' : 'exposure-side' },
    whose && h('p', { class: 'soft small' }, whose),
    h('p', {}, shows ? h('strong', {}, words) : h('span', { class: 'soft' }, words), ' ', changed && pill('good', 'misread', 'check')),
    h('meter', { 'min': 0, 'max': 1, 'value': rank, 'aria-label': `${kind}${whose ? `, ${whose.toLowerCase()}` : ''}: ${percent(rank)}` }),
  );
}
