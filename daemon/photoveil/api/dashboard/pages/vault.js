/**
 * Vault: originals that Photoveil keeps, encrypted, and gives back.
 */
/** @import { Context, Shown, VaultItem, VaultUsage } from '../types.js' */

import { attempt, confirm, toast } from '../dialogs.js';
import { button, card, download, empty, fill, h, keepList, link } from '../dom.js';
import { icon } from '../icons.js';
import { plural, secretsWords, size, when } from '../words.js';

const PAGE = 50;

/** @param {Context} context @returns {Promise<Shown>} */
export default async function vault(context) {
  const { daemon, live, signal } = context;
  const list = h('ul', { class: 'rows' });
  const used = h('div', {});
  const nothing = empty(
    'vault',
    'The vault is empty',
    'Originals come here when a folder’s copies take their place, or when a folder keeps spare copies.',
    h('p', {}, link('Folders', '#/folders')),
  );
  /** @type {VaultItem[]} */
  let items = [];
  let more = false;
  const show = () => {
    keepList(
      list,
      items,
      ({ item }) => item,
      (item) => itemRow(context, item, renew),
    );
    nothing.hidden = items.length > 0;
    further.hidden = !more;
  };
  const renew = async () => {
    const told = await daemon.ask('vault', { limit: Math.min(200, Math.max(PAGE, items.length)) });
    [items, more] = [told.items, told.more];
    showUsage(used, told.usage);
    show();
  };
  const further = button('Load more', (/** @type {Event} */ event) =>
    attempt(event.currentTarget, async () => {
      const told = await daemon.ask('vault', { limit: PAGE, before: items.at(-1)?.item });
      [items, more] = [[...items, ...told.items], told.more];
      show();
    }),
  );
  live.on(['vault', 'settings'], () => renew().catch(() => undefined), signal);
  await renew();
  return {
    title: 'Vault',
    intro: 'Originals whose place a protected copy has taken are kept here, encrypted. Nothing leaves the vault unless you remove it.',
    content: [card('Space', used), card('Originals', list, nothing, h('div', { class: 'row center' }, further))],
  };
}

/** @param {HTMLElement} box @param {VaultUsage} usage */
function showUsage(box, { items, blobs, bytes, limit, key_rung: rung }) {
  const share = limit > 0 ? bytes / limit : 1;
  const words = `${size(bytes)} of ${size(limit)} used`;
  fill(
    box,
    h(
      'p',
      { class: 'usage-words' },
      h('strong', {}, words),
      `, ${plural(items, 'original')}${blobs < items ? ` in ${plural(blobs, 'file')}: the same bytes are kept once` : ''}.`,
    ),
    h('meter', { 'class': share > 0.9 ? 'full' : '', 'min': 0, 'max': 1, 'value': Math.min(1, share), 'aria-label': words }),
    share > 0.9 &&
      h(
        'p',
        { class: 'hint' },
        icon('alert'),
        h(
          'span',
          {},
          share >= 1 ? 'The vault is full: photos are no longer protected in place until there is room. ' : 'The vault is almost full. ',
          'Remove originals you no longer need, or raise the limit.',
        ),
      ),
    h('p', { class: 'soft small' }, rung ? `The key lies ${secretsWords(rung)}. ` : '', link('Change the limit', '#/settings')),
  );
}

/** @param {Context} context @param {VaultItem} item @param {() => Promise<void>} changed */
function itemRow({ daemon }, item, changed) {
  const { name, path, bytes, created, restored } = item;
  const restore = (/** @type {Event} */ event) =>
    attempt(event.currentTarget, async () => {
      const { path: where, beside } = await daemon.ask('vault/restore', { item: item.item });
      toast(beside ? `Something else has its place; the original lies beside it: ${where}` : `The original is back: ${where}`);
      await changed();
    });
  const fetchIt = (/** @type {Event} */ event) =>
    attempt(event.currentTarget, async () => download(await daemon.file('vault/fetch', { item: item.item }), name));
  return h(
    'li',
    { class: 'item' },
    icon('vault'),
    h(
      'div',
      { class: 'grow' },
      h('p', { class: 'item-name' }, name),
      path && h('p', { class: 'soft small path' }, path),
      h('p', { class: 'soft small' }, `${size(bytes)} · kept ${when(created)}${restored ? ` · given back ${when(restored)}` : ''}`),
    ),
    button('Restore', restore, { small: true, icon: 'restore', act: 'restore', label: `Put ${name} back` }),
    button('Download', fetchIt, { small: true, icon: 'download', act: 'fetch', label: `Download the original ${name}` }),
    button('Remove', () => void remove(daemon, item, changed), {
      kind: 'quiet',
      small: true,
      icon: 'trash',
      act: 'remove',
      label: `Remove ${name} from the vault`,
    }),
  );
}

/** @param {import('../daemon.js').Daemon} daemon @param {VaultItem} item @param {() => Promise<void>} changed */
async function remove(daemon, { item, name, restored }, changed) {
  const sure = await confirm({
    title: 'Remove this original for ever?',
    text: `${name} is deleted from the vault. This cannot be undone.`,
    more: restored
      ? 'It was given back before.'
      : 'It may be the only copy of your original: restore or download it first if you are not sure.',
    yes: 'Remove for ever',
  });
  if (!sure) return;
  if (await attempt(null, () => daemon.ask('vault/remove', { item }))) toast('Removed from the vault.');
  await changed().catch(() => undefined);
}
