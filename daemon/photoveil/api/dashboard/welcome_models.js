/**
 * First run, step 4: the encoders that photos are protected against.
 */
/** @import { Context, ModelSet, Models } from './types.js' */

import { attempt } from './dialogs.js';
import { button, card, fill, fresh, h, pill, say } from './dom.js';
import { fetchingView } from './fetching.js';
import { asSentence, lasting, size } from './words.js';

/** @param {Context} context @returns {Promise<Node[]>} */
export async function modelsStep(context) {
  const fetching = fetchingView(context);
  const sets = new SetChoice(context);
  const show = (/** @type {Models} */ told) => {
    fetching.show(told.download);
    sets.show(told);
  };
  const load = async () => show(await context.daemon.ask('models'));
  context.live.on(['models', 'settings'], () => load().catch(() => undefined), context.signal);
  await load();
  return [card('Which encoders', sets.node), fetching.node];
}

const MEASURED = 'Times were measured here.';

/** What a set's own note says at length. @type {Record<string, string>} */
const BRIEF = { starter: 'For trying, not for trusting.', standard: 'For every day.', strong: 'For graphics cards.' };

/** What is picked at first. @param {Models} told */
function bestOf({ offer, download, active }) {
  return offer?.model_set ?? download?.model_set ?? active;
}

/** The sets there are, one of them picked. */
class SetChoice {
  #picked = '';
  #built = '';
  #name = fresh('set');

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.list = h('fieldset', { class: 'choices choice-cards' });
    this.about = h('p', { class: 'soft small' });
    this.row = h('div', { class: 'row' });
    this.node = h('div', {}, this.list, this.row, this.about);
  }

  /** @param {Models} told */
  show(told) {
    const best = bestOf(told);
    if (!told.model_sets.some(({ name }) => name === this.#picked)) this.#picked = best;
    const now = JSON.stringify([told.model_sets, best, told.download?.model_set, told.offline, told.machine === null]);
    if (now === this.#built) return;
    this.#built = now;
    const focused = this.list.contains(document.activeElement);
    fill(
      this.list,
      h('legend', { class: 'visually-hidden' }, 'Which encoders photos are protected against'),
      ...told.model_sets.map((set) => this.#option(set, set.name === best && told.offer !== null, told)),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.list.querySelector('input:checked'))?.focus({ preventScroll: true });
    say(this.about, told.machine ? MEASURED : '');
    this.#act(told);
  }

  /** @param {ModelSet} set @param {boolean} isBest @param {Models} told */
  #option(set, isBest, told) {
    const id = fresh('set');
    const time = set.seconds === null ? '' : `${lasting(set.seconds)} for a photo`;
    const note = BRIEF[set.name] ?? asSentence(set.note);
    const load = set.installed ? 'it is here' : `${size(set.missing_bytes)} to download`;
    return h(
      'div',
      { class: 'choice' },
      h('input', {
        'type': 'radio',
        'name': this.#name,
        id,
        'value': set.name,
        'checked': set.name === this.#picked,
        'aria-describedby': `${id}-help`,
        'onchange': () => {
          this.#picked = set.name;
          this.#act(told);
        },
      }),
      h(
        'div',
        { class: 'grow' },
        h('p', { class: 'choice-head' }, h('label', { for: id }, set.title || set.name), isBest && pill('good', 'Best for this computer', 'check')),
        h('p', { id: `${id}-help`, class: 'soft small' }, `${note} ${asSentence([load, time].filter(Boolean).join('; '))}`),
      ),
    );
  }

  /** What can be done about the picked one. @param {Models} told */
  #act(told) {
    const set = told.model_sets.find(({ name }) => name === this.#picked);
    if (!set) return fill(this.row);
    const isBusy = told.download?.state === 'running';
    if (set.installed || told.download?.model_set === set.name) {
      return fill(this.row);
    }
    const fetch = (/** @type {Event} */ event) => attempt(event.currentTarget, () => this.context.daemon.ask('models/pull', { model_set: set.name }));
    fill(
      this.row,
      button('Download it in the background', fetch, {
        kind: 'main',
        icon: 'download',
        act: 'pull',
        disabled: isBusy || told.offline,
      }),
      told.offline && h('p', { class: 'soft small' }, 'The setting “Stay offline” is on, so nothing can be fetched.'),
    );
  }
}
