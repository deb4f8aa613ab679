/**
 * Model sets: the encoders that photos are protected against.
 */
/** @import { Context, ModelSet, Shown } from '../types.js' */

import { attempt, toast } from '../dialogs.js';
import { button, card, h, keepList, link, pill } from '../dom.js';
import { asSentence } from '../words.js';

/** @param {Context} context @returns {Promise<Shown>} */
export default async function models(context) {
  const { daemon, live, signal } = context;
  const list = h('ul', { class: 'cards wide' });
  const load = async () => {
    /** @type {ModelSet[]} */
    const all = (await daemon.ask('models')).model_sets;
    keepList(
      list,
      all,
      ({ name }) => name,
      (set) => setCard(context, set, load),
    );
  };
  live.on(['settings'], () => load().catch(() => undefined), signal);
  await load();
  return {
    title: 'Model sets',
    intro: 'A photo is protected against the encoders of one model set, and measured on encoders it was not made against.',
    content: [
      list,
      card(
        'What “starter” can and cannot do',
        h(
          'p',
          {},
          'The starter set is small, was trained on drawn pictures and works without a network, on any computer. ',
          'It is there so that you can try everything Photoveil does.',
        ),
        h(
          'ul',
          { class: 'spaced' },
          h(
            'li',
            {},
            h('strong', {}, 'It can '),
            'show you how photos change, how long it takes, and how folders, browsers and the vault work.',
          ),
          h(
            'li',
            {},
            h('strong', {}, 'It cannot '),
            'be trusted with what matters to you: how well its protection carries over to encoders it was not made against is in every report, ',
            'under “witness”; expect less from those of real models.',
          ),
          h('li', {}, 'Every persona has to become known to each set anew. Photos protected before stay as they are.'),
        ),
        h('p', {}, link('What Photoveil can and cannot do', '#/limits')),
      ),
    ],
  };
}

/** @param {Context} context @param {ModelSet} set @param {() => Promise<void>} changed */
function setCard({ daemon }, { name, title, note, installed, active }, changed) {
  const use = async (/** @type {Event} */ event) => {
    if (await attempt(event.currentTarget, () => daemon.ask('settings/change', { changes: { model_set: name } })))
      toast(`New photos are protected against “${name}”.`);
    await changed().catch(() => undefined);
  };
  return h(
    'li',
    { class: `card model-set${active ? ' is-active' : ''}` },
    h(
      'div',
      { class: 'folder-head' },
      h('div', { class: 'grow' }, h('h2', {}, title || name), h('p', { class: 'soft small' }, name)),
      active ? pill('good', 'In use', 'check') : installed ? pill('plain', 'Installed') : pill('warn', 'Not installed', 'info'),
    ),
    h('p', {}, asSentence(note)),
    installed && !active && h('div', { class: 'row' }, button('Use this set', use, { act: 'use', label: `Use ${title || name}` })),
  );
}
