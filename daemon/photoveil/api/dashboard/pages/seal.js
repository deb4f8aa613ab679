/**
 * Seal: a visible mark that its owner, and whoever was given a key, can take off again.
 */
/** @import { Context, SealKey, Shown } from '../types.js' */

import { button, card, empty, h, keepList } from '../dom.js';
import { createKey, importKey, keyRow } from '../seal_keys.js';
import { Sealing } from '../sealing.js';

/** @param {Context} context @returns {Promise<Shown>} */
export default async function seal(context) {
  const { daemon, signal } = context;
  const list = h('ul', { class: 'rows' });
  const nothing = empty(
    'key',
    'No key yet',
    'Your own is made with the first photo you seal. Create others for the people who may see your photos clean.',
  );
  let hasOwn = false;
  const sealing = new Sealing(context, {
    needKey: () => create(),
    // One's own key is made with the first seal.
    sealed: () => void (hasOwn || renew().catch(() => undefined)),
  });
  const show = (/** @type {SealKey[]} */ keys) => {
    keepList(
      list,
      keys,
      ({ name }) => name,
      (key) => keyRow(context, key, show),
    );
    hasOwn = keys.some(({ mine }) => mine);
    nothing.hidden = keys.length > 0;
    sealing.know(keys);
  };
  const create = () => createKey(context, show);
  const renew = async () => show((await daemon.ask('seal/keys', {}, { signal })).keys);
  await renew();
  return {
    title: 'Seal',
    intro:
      'A visible mark that everybody sees, and that you and those you gave a key to can take off again, ' +
      'even from the copy a site has compressed.',
    content: [
      sealing.node,
      card(
        'Keys',
        list,
        nothing,
        h(
          'div',
          { class: 'row' },
          button('Create a key', create, { icon: 'plus', act: 'create' }),
          button('Add a key', () => importKey(context, show), { icon: 'key', act: 'import' }),
        ),
        h(
          'p',
          { class: 'soft small after-note' },
          'Keys stay on this computer. In a browser that is connected, “Show my sealed photos on this page” in the popup uses them.',
        ),
      ),
    ],
    take: (files) => sealing.take(files),
  };
}
