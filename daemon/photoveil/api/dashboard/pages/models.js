/**
 * Model sets: the encoders that photos are protected against; which is in force, how quick each is here, fetching others.
 */
/** @import { Context, ModelSet, Models, Shown } from '../types.js' */

import { attempt, confirm, toast } from '../dialogs.js';
import { button, card, fill, h, keepList, link, pill } from '../dom.js';
import { fetchingView, offerView, pull } from '../fetching.js';
import { asSentence, lasting, plural, size, when } from '../words.js';

/** @param {Context} context @returns {Promise<Shown>} */
export default async function models(context) {
  const { daemon, live, signal } = context;
  const [now, fetching, offer] = [inForce(context), fetchingView(context), offerView(context)];
  const list = h('ul', { class: 'cards wide' });
  const show = (/** @type {Models} */ told) => {
    now.show(told);
    fetching.show(told.download);
    offer.show(told.offer);
    keepList(
      list,
      told.model_sets.map((set) => ({ set, wanted: told.wanted === set.name, isBusy: isBusy(told), isOffline: told.offline })),
      ({ set }) => set.name,
      (row) => setCard(context, row),
    );
  };
  const load = async () => show(await daemon.ask('models'));
  live.on(['settings', 'models'], () => load().catch(() => undefined), signal);
  await load();
  return {
    title: 'Model sets',
    intro: 'A photo is protected against the encoders of one model set, and measured on encoders it was not made against.',
    content: [now.node, fetching.node, offer.node, list, aboutStarters()],
  };
}

/** @param {Models} told */
const isBusy = ({ download }) => download?.state === 'running';

/** What holds now, and what this computer can do. @param {Context} context */
function inForce({ daemon }) {
  const head = h('div', { class: 'folder-head' });
  const facts = h('dl', { class: 'pairs' });
  const row = h('div', { class: 'row' });
  const node = card('In force', head, facts, row);
  const setting = (/** @type {string} */ value) => (/** @type {Event} */ event) =>
    attempt(event.currentTarget, () => daemon.ask('settings/change', { changes: { model_set: value } }));
  const measure = (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('models/measure'));
  const show = (/** @type {Models} */ told) => {
    fill(
      head,
      h('p', { class: 'grow in-force-set' }, told.active),
      told.active === 'starter' ? pill('warn', 'For trying, not for trusting', 'info') : pill('good', 'Real encoders', 'check'),
    );
    fill(
      facts,
      ...pair('Chosen', chosenWords(told)),
      ...pair('This computer', machineWords(told)),
      ...pair('Fetched from', told.offline ? 'nowhere: the setting “Stay offline” is on' : told.source),
      ...pair('Kept in', `${told.folder}${told.free_bytes === null ? '' : ` (${size(told.free_bytes)} free)`}`),
    );
    fill(
      row,
      told.wanted !== 'auto' && button('Let Photoveil choose', setting('auto'), { small: true, act: 'auto' }),
      button('Measure again', measure, { small: true, act: 'measure', disabled: told.measuring }),
      link('Settings: mirror, device, longest wait', '#/settings', { class: 'small' }),
    );
  };
  return { node, show };
}

/** @param {string} name @param {string} value */
const pair = (name, value) => [h('dt', {}, name), h('dd', {}, value)];

/** @param {Models} told */
function chosenWords({ wanted, active, patience_seconds: patience }) {
  if (wanted === 'auto') return `by itself: the best one here that needs no longer than ${plural(patience, 'second')} for a photo`;
  return wanted === active ? 'by you' : `by you: “${wanted}”, as soon as it is here`;
}

/** @param {Models} told */
function machineWords({ machine, measuring }) {
  if (machine === null) return measuring ? 'is being measured…' : 'is measured as soon as it has nothing else to do';
  const { device_name: name, precision, date } = machine;
  return `${name}, computing in ${precision}; measured ${when(date)}${measuring ? '; is being measured again…' : ''}`;
}

/** @typedef {{set: ModelSet, wanted: boolean, isBusy: boolean, isOffline: boolean}} Row */

/** @param {Context} context @param {Row} row */
function setCard(context, row) {
  const { set } = row;
  return h(
    'li',
    { class: `card model-set${set.active ? ' is-active' : ''}` },
    h(
      'div',
      { class: 'folder-head' },
      h('div', { class: 'grow' }, h('h2', {}, set.title || set.name), h('p', { class: 'soft small' }, timeWords(set))),
      statePill(set),
    ),
    h('p', {}, asSentence(set.note)),
    checkedWords(set),
    h('div', { class: 'row' }, fetchButton(context, row), ...(set.installed ? ownButtons(context, row) : [])),
    encoders(set),
  );
}

/** For what is not here, or is damaged. @param {Context} context @param {Row} row */
function fetchButton(context, { set, isBusy: busy, isOffline }) {
  const { name, title, installed, fetched } = set;
  if (!fetched || (installed && !isDamaged(set))) return false;
  const fetch = (/** @type {Event} */ event) => attempt(event.currentTarget, () => pull(context, name));
  return button(installed ? 'Fetch again' : `Download (${size(set.missing_bytes)})`, fetch, {
    kind: 'main',
    icon: 'download',
    act: 'pull',
    label: installed ? `Fetch ${title} again` : `Download ${title}`,
    disabled: busy || isOffline,
  });
}

/** For what is here. @param {Context} context @param {Row} row @returns {Array<Node | false>} */
function ownButtons({ daemon }, { set, wanted, isBusy: busy }) {
  const { name, title, active, fetched } = set;
  const use = async (/** @type {Event} */ event) => {
    if (await attempt(event.currentTarget, () => daemon.ask('settings/change', { changes: { model_set: name } })))
      toast(`New photos are protected against “${name}”.`);
  };
  const verify = (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('models/verify', { model_set: name }));
  const remove = async (/** @type {Event} */ event) => {
    const question = {
      title: `Remove “${title}”?`,
      text: `Its files are deleted, ${size(set.bytes - set.missing_bytes)} in all. Photos protected with it stay as they are.`,
      more: active ? 'New photos are then protected with the next best set that is here.' : '',
      yes: 'Remove',
    };
    const pressed = event.currentTarget;
    if (await confirm(question)) await attempt(pressed, () => daemon.ask('models/remove', { model_set: name }));
  };
  return [
    !wanted && button(active ? 'Always use this set' : 'Use this set', use, { act: 'use', label: `Use ${title}` }),
    button('Check its files', verify, { act: 'verify', label: `Check the files of ${title}`, disabled: busy }),
    fetched && button('Remove', (/** @type {Event} */ event) => void remove(event), { act: 'remove', label: `Remove ${title}` }),
  ];
}

/** @param {ModelSet} set */
const isDamaged = ({ checked }) => checked !== null && checked.length > 0;

/** @param {ModelSet} set */
function statePill({ active, installed }) {
  if (active) return pill('good', 'In use', 'check');
  return installed ? pill('plain', 'Installed') : pill('warn', 'Not installed', 'info');
}

/** @param {ModelSet} set */
function timeWords({ seconds, quick_enough: isQuick, fetched }) {
  if (!fetched) return 'Comes with Photoveil; quick on any computer';
  if (seconds === null) return 'How long a photo takes is not known yet';
  return `Balanced on this computer: ${lasting(seconds)} for a photo${isQuick ? '' : ', which is longer than you want to wait'}`;
}

/** @param {ModelSet} set */
function checkedWords({ checked }) {
  if (checked === null) return false;
  if (checked.length === 0) return h('p', { class: 'checked' }, pill('good', 'All files are as they were recorded', 'check'));
  return h(
    'ul',
    { class: 'checked spaced' },
    ...checked.map(({ file, reason, remedy }) => h('li', {}, h('strong', {}, file), ': ', asSentence(reason), ' ', remedy)),
  );
}

/** @param {ModelSet} set */
function encoders({ encoders: all }) {
  const row = (/** @type {ModelSet['encoders'][number]} */ { name, role, family, parameters, bytes, licence }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', {}, role === 'witness' ? 'measured on' : 'made against'),
      h('td', {}, family),
      h('td', { class: 'number' }, `${(parameters / 1e6).toFixed(1)} M`),
      h('td', { class: 'number' }, size(bytes)),
      h('td', {}, licence ?? 'part of Photoveil'),
    );
  const heads = ['Encoder', 'Photos are', 'Kind', 'Parameters', 'Size', 'Licence'];
  return h(
    'details',
    { class: 'encoders' },
    h('summary', {}, plural(all.length, 'encoder')),
    h(
      'div',
      { class: 'table-box', tabIndex: 0, role: 'region', 'aria-label': 'Encoders' },
      h('table', {}, h('thead', {}, h('tr', {}, ...heads.map((head) => h('th', { scope: 'col' }, head)))), h('tbody', {}, ...all.map(row))),
    ),
  );
}

function aboutStarters() {
  return card(
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
  );
}
