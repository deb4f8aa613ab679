/**
 * Folders: where copies are made before they are needed.
 */
/** @import { Context, Folder, Persona, Shown } from '../types.js' */

import { personasOf } from '../choosing.js';
import { attempt, confirm, toast } from '../dialogs.js';
import { button, empty, h, keepList, link, pill, troubleBox } from '../dom.js';
import { editFolder } from '../folder_form.js';
import { icon } from '../icons.js';
import { lastPart, modeWords, waitingWords, when } from '../words.js';

const GATHER_MS = 500;

/** @param {Context} context @returns {Promise<Shown>} */
export default async function folders(context) {
  const { daemon, live, signal } = context;
  const everyone = await personasOf(daemon);
  const list = h('ul', { class: 'cards wide' });
  const waiting = h('p', { class: 'hint' });
  const add = () => editFolder(context, undefined, everyone, load);
  const nothing = empty(
    'folder',
    'No folder is watched yet',
    'Photoveil can make protected copies of new photos in a folder by itself, so that they are ready when you want to post them.',
    button('Add a folder', add, { kind: 'main', icon: 'plus' }),
  );
  const adder = button('Add a folder', add, { kind: 'main', icon: 'plus' });
  const load = async () => {
    /** @type {Folder[]} */
    const all = (await daemon.ask('folders')).folders;
    keepList(
      list,
      all,
      ({ folder }) => folder,
      (folder) => folderCard(context, folder, everyone, load),
    );
    [nothing.hidden, adder.hidden] = [all.length > 0, all.length === 0];
    showWaiting();
  };
  const showWaiting = () => {
    const words = waitingWords(live.overview?.waiting_for ?? null);
    waiting.replaceChildren(icon('clock'), h('span', {}, words));
    waiting.hidden = !words || list.childElementCount === 0;
  };
  live.on(
    ['folders', 'photo', 'settings'],
    gathered(() => load().catch(() => undefined), signal),
    signal,
  );
  live.watch(showWaiting, signal);
  showWaiting();
  await load();
  return {
    title: 'Folders',
    intro: 'New photos in these folders are protected by themselves. Photos that are there already are done, too.',
    actions: [adder],
    content: [waiting, list, nothing],
  };
}

/** @param {() => unknown} work @param {AbortSignal} signal */
function gathered(work, signal) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!signal.aborted) work();
    }, GATHER_MS);
  };
}

/** @param {Folder} folder */
function outputWords({ output, copies }) {
  if (output === 'in-place') return 'Copies take the place of the originals, which are kept in the encrypted vault.';
  return `Copies go to ${copies}`;
}

/** @param {Folder} folder */
function ruleWords({ persona, strength, recursive, keep_originals: keep }) {
  const parts = [
    persona ?? 'default persona',
    strength ? `always ${strength}` : 'default strength',
    recursive ? 'with the folders inside' : 'without the folders inside',
  ];
  return `${parts.join(' · ')}${keep ? ' · originals kept in the vault' : ''}`;
}

/** @param {Context} context @param {Folder} folder @param {Persona[]} everyone @param {() => Promise<void>} changed */
function folderCard(context, folder, everyone, changed) {
  const { daemon } = context;
  const { word, kind, symbol } = modeWords(folder);
  const name = lastPart(folder.path);
  const ask =
    (/** @type {string} */ verb, /** @type {object} */ more, /** @type {string} */ done) => async (/** @type {Event} */ event) => {
      if (await attempt(event.currentTarget, () => daemon.ask(verb, { folder: folder.folder, ...more }))) toast(done);
      await changed().catch(() => undefined);
    };
  return h(
    'li',
    { class: 'card folder' },
    h(
      'div',
      { class: 'folder-head' },
      icon('folder'),
      h('div', { class: 'grow' }, h('h2', {}, name), h('p', { class: 'path soft small' }, folder.path)),
      pill(kind, word, symbol),
    ),
    folder.problem && troubleBox(folder.problem),
    counts(folder),
    h('p', { class: 'path' }, outputWords(folder)),
    h('p', { class: 'soft small' }, ruleWords(folder)),
    h('p', { class: 'soft small' }, folder.last_scan ? `Last looked through ${when(folder.last_scan)}.` : 'Not looked through yet.'),
    h(
      'div',
      { class: 'row' },
      folder.enabled &&
        button('Look through now', ask('folders/rescan', {}, `Looking through ${name}.`), {
          small: true,
          icon: 'retry',
          act: 'rescan',
          label: `Look through ${name} now`,
        }),
      button('Change', () => editFolder(context, folder, everyone, changed), {
        small: true,
        icon: 'edit',
        act: 'edit',
        label: `Change ${name}`,
      }),
      button(
        folder.enabled ? 'Turn off' : 'Turn on',
        ask('folders/change', { enabled: !folder.enabled }, folder.enabled ? `${name} is turned off.` : `${name} is turned on.`),
        { small: true, icon: folder.enabled ? 'pause' : 'play', act: 'enabled', label: `Turn ${name} ${folder.enabled ? 'off' : 'on'}` },
      ),
      button('Remove', () => void remove(context, folder, changed), {
        kind: 'quiet',
        small: true,
        icon: 'trash',
        act: 'remove',
        label: `Stop watching ${name}`,
      }),
    ),
  );
}

/** @param {Folder} folder */
function counts({ folder, waiting, protected: done, failed, unchanged }) {
  const entry = (/** @type {number} */ value, /** @type {string} */ words, strong = false) =>
    h('div', { class: strong ? 'bad' : '' }, h('dt', {}, words), h('dd', {}, value.toLocaleString('en')));
  return h(
    'div',
    { class: 'folder-counts' },
    h(
      'dl',
      { class: 'facts compact' },
      entry(done, 'protected'),
      entry(waiting, 'waiting'),
      failed > 0 && entry(failed, 'failed', true),
      unchanged > 0 && entry(unchanged, 'passed as they are'),
    ),
    link('History', `#/history/${folder}`, { class: 'small' }),
  );
}

/** @param {Context} context @param {Folder} folder @param {() => Promise<void>} changed */
async function remove({ daemon }, folder, changed) {
  const sure = await confirm({
    title: 'Stop watching this folder?',
    text: `${folder.path} is no longer watched. Photos that still wait are not protected.`,
    more: 'Nothing in the folder is deleted, neither originals nor copies. What is in the vault stays there.',
    yes: 'Stop watching',
  });
  if (!sure) return;
  if (await attempt(null, () => daemon.ask('folders/remove', { folder: folder.folder }))) toast('The folder is no longer watched.');
  await changed().catch(() => undefined);
}
