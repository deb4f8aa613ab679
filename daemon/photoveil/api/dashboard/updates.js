/**
 * Newer versions: what is known of them, and asking now.
 */
/** @import { Context, Overview, Updates } from './types.js' */

import { attempt } from './dialogs.js';
import { button, fill, h, link, troubleBox } from './dom.js';
import { icon } from './icons.js';
import { when } from './words.js';

/** A line on the overview; hidden while nothing newer is known. */
export function updateView() {
  const words = h('span', {});
  const node = h('p', { class: 'hint', hidden: true }, icon('download'), words);
  let shown = '';
  const show = (/** @type {Overview['update']} */ update) => {
    node.hidden = update === null;
    if (update === null || shown === update.version) return;
    shown = update.version;
    fill(words, h('strong', {}, `Photoveil ${update.version} is there. `), 'Read about it and get it at ', pageOf(update.url), '.');
  };
  return { node, show };
}

/** What is known, and a button that asks now. @param {Context} context @param {Updates} told */
export function updatesRow({ daemon }, told) {
  const words = h('div', { class: 'grow' });
  const check = button(
    'Check now',
    (/** @type {Event} */ event) => attempt(event.currentTarget, async () => show(await daemon.ask('updates/check'))),
    { small: true, act: 'check-updates' },
  );
  const show = (/** @type {Updates} */ now) => {
    check.disabled = now.url === '';
    fill(words, ...wordsOf(now));
  };
  show(told);
  return h('div', { class: 'row updates-row' }, words, check);
}

/** @param {Updates} told @returns {Node[]} */
function wordsOf({ version, newer, checked, error, url }) {
  if (error) return [troubleBox(error)];
  if (newer) return [h('p', {}, h('strong', {}, `Photoveil ${newer.version} is there. `), 'You have ', version, ': ', pageOf(newer.url))];
  const asked = checked === null ? 'Nobody was asked for a newer one yet.' : `Nothing newer was known ${when(checked)}.`;
  const known = url === '' ? 'Nobody is asked for newer versions, as no address is set for that.' : asked;
  return [h('p', { class: 'soft small' }, `You have Photoveil ${version}. ${known}`)];
}

/** @param {string} url */
const pageOf = (url) => link(url.replace(/^https?:\/\//, ''), url, { target: '_blank', rel: 'noreferrer noopener' });
