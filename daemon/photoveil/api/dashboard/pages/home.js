/**
 * Overview: what Photoveil is doing, in one sentence; what needs the user; where to hand photos over.
 */
/** @import { Context, Notice, Overview, Persona, Shown } from '../types.js' */

import { personasOf } from '../choosing.js';
import { attempt, toast } from '../dialogs.js';
import { button, card, empty, fill, h, keepList, link, progressBar, say } from '../dom.js';
import { dropZone } from '../dropzone.js';
import { fetchingView, offerView } from '../fetching.js';
import { field, select } from '../forms.js';
import { icon } from '../icons.js';
import { ask, onPhotos, tile } from '../photo_list.js';
import { updateView } from '../updates.js';
import { STRENGTHS, doing, size, waitingWords } from '../words.js';

const NEWEST = 8;

/** How far the work at hand is, from what is left of it. */
class Batch {
  finished = 0;
  left = 0;

  /** @param {number} left @returns {number | undefined} 0…1, or undefined where there is nothing to do */
  update(left) {
    this.finished = left === 0 ? 0 : this.finished + Math.max(0, this.left - left);
    this.left = left;
    return left === 0 ? undefined : this.finished / (this.finished + left);
  }
}

const batch = new Batch();

/** @param {Context} context @returns {Promise<Shown>} */
export default async function home(context) {
  const { live, daemon, signal } = context;
  const [personas] = await Promise.all([
    personasOf(daemon),
    live.overview ? undefined : live.refresh(),
    // Who is here may be asked about a better model set, and that takes a measurement: asking for the sets brings it about.
    daemon.ask('models').catch(() => undefined),
  ]);
  const notices = h('ul', { 'class': 'notices', 'aria-label': 'Needs your attention' });
  const now = hero(context, personas);
  const [fetching, offer, update, setup] = [fetchingView(context), offerView(context), updateView(), setupCard(context)];
  const show = () => {
    const { overview } = live;
    if (!overview) return;
    notices.hidden = overview.notices.length === 0;
    keepList(
      notices,
      overview.notices,
      ({ key, code }) => `${key}/${code}`,
      (notice) => noticeCard(context, notice),
    );
    now.show(overview);
    setup.hidden = overview.welcome_done;
    update.show(overview.update);
    fetching.show(overview.models.download);
    offer.show(overview.models.offer);
  };
  live.watch(show, signal);
  show();
  return { title: 'Overview', content: [notices, setup, update.node, now.node, fetching.node, offer.node, dropZone(context), await newest(context)] };
}

/** While the first run was not gone through. @param {Context} context */
function setupCard({ daemon, live }) {
  const close = (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('welcome/done')).then(() => live.refresh());
  return h(
    'section',
    { 'class': 'card setup', 'aria-label': 'First steps', 'hidden': true },
    icon('shield'),
    h('div', { class: 'grow' }, h('h2', {}, 'Finish setting up'), h('p', {}, 'Sites, folders, browser, strength: five short steps.')),
    h(
      'div',
      { class: 'row' },
      h('a', { class: 'button main', href: '#/welcome', 'data-act': 'welcome' }, 'Go on'),
      button('No, thanks', close, { act: 'welcome-done' }),
    ),
  );
}

/** The remedy first: it is what the user can act on. @param {Context} context @param {Notice} notice */
function noticeCard({ daemon }, notice) {
  return h(
    'li',
    { class: 'notice' },
    icon('alert'),
    h(
      'div',
      { class: 'grow' },
      h('p', { class: 'notice-title' }, notice.title),
      h('p', {}, h('strong', {}, 'What to do: '), notice.remedy),
      h('p', { class: 'soft small' }, notice.reason),
    ),
    button(
      'Dismiss',
      (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('notices/dismiss', { key: notice.key })),
      { small: true, act: 'dismiss', label: `Dismiss: ${notice.title}` },
    ),
  );
}

/** @param {Context} context @param {Persona[]} personas */
function hero(context, personas) {
  const sentence = h('p', { class: 'now-sentence' });
  const bar = progressBar(undefined, 'Progress of all photos at hand');
  const waiting = h('p', { class: 'soft' });
  const facts = h('dl', { class: 'facts' });
  const starter = h(
    'p',
    { class: 'hint small' },
    icon('info'),
    h(
      'span',
      {},
      'The ',
      h('strong', {}, 'starter'),
      ' model set is for trying Photoveil out, not for trusting it. ',
      link('What it can do', '#/models'),
    ),
  );
  const pausing = pauseControl(context);
  const force = inForce(context, personas);
  /** @param {Overview} told */
  const show = (told) => {
    say(sentence, doing(told));
    const done = batch.update(told.queue.queued + told.queue.running);
    bar.hidden = done === undefined || (told.queue.running === 0 && told.waiting_for !== null);
    if (done) bar.value = done;
    else bar.removeAttribute('value');
    say(waiting, waitingWords(told.waiting_for ?? (told.paused ? 'paused' : null)));
    waiting.hidden = !waiting.textContent;
    fill(facts, ...factsOf(told));
    starter.hidden = told.model_set !== 'starter';
    pausing.show(told);
    force.show(told);
  };
  const node = h(
    'section',
    { 'class': 'card hero', 'aria-label': 'Status' },
    h('div', { class: 'hero-top' }, h('div', { class: 'hero-words' }, sentence, bar, waiting), pausing.node),
    force.node,
    facts,
    starter,
  );
  return { node, show };
}

/** @param {Overview} told */
function factsOf(told) {
  const fact = (/** @type {string} */ value, /** @type {string} */ words, /** @type {string} */ address) =>
    h('div', {}, h('dt', {}, words), h('dd', {}, h('a', { href: address }, value)));
  return [
    fact(told.counts.protected_today.toLocaleString('en'), 'protected today', '#/history'),
    fact(told.counts.protected_total.toLocaleString('en'), 'protected in all', '#/history'),
    told.counts.failed_today > 0 && fact(told.counts.failed_today.toLocaleString('en'), 'failed today', '#/history/failed'),
    fact(told.folders.toLocaleString('en'), told.folders === 1 ? 'folder watched' : 'folders watched', '#/folders'),
    fact(told.clients.toLocaleString('en'), told.clients === 1 ? 'browser connected' : 'browsers connected', '#/browsers'),
    fact(size(told.vault.bytes), 'in the vault', '#/vault'),
  ];
}

/** @type {Array<[string, number | null]>} */
const PAUSES = [
  ['For 10 minutes', 10],
  ['For an hour', 60],
  ['Until I resume', null],
];

/** @param {Context} context */
function pauseControl({ daemon, live }) {
  const list = h(
    'div',
    { class: 'popup', hidden: true },
    ...PAUSES.map(([words, minutes]) =>
      button(
        words,
        async (/** @type {Event} */ event) => {
          await attempt(event.currentTarget, () => daemon.ask('pause', { minutes }));
          await live.refresh();
          open(false);
          toast('Folder work is paused. Uploads are protected all the same.');
        },
        { kind: 'quiet' },
      ),
    ),
  );
  const opener = button('Pause', () => open(list.hidden !== false), { icon: 'pause' });
  opener.setAttribute('aria-expanded', 'false');
  const resume = button(
    'Resume',
    (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('resume')).then(() => live.refresh()),
    { kind: 'main', icon: 'play' },
  );
  const node = h('div', { class: 'pause-control' }, opener, resume, list);
  const open = (/** @type {boolean} */ isOpen) => {
    list.hidden = !isOpen;
    opener.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) list.querySelector('button')?.focus();
  };
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || list.hidden) return;
    open(false);
    opener.focus();
  });
  node.addEventListener('focusout', (event) => {
    if (!list.hidden && event.relatedTarget instanceof Node && !node.contains(event.relatedTarget)) open(false);
  });
  const show = (/** @type {Overview} */ { paused }) => {
    const had = node.contains(document.activeElement) && opener.hidden !== paused;
    opener.hidden = paused;
    resume.hidden = !paused;
    if (had) (paused ? resume : opener).focus();
  };
  return { node, show };
}

/** Persona and strength in force, changed at once. @param {Context} context @param {Persona[]} personas */
function inForce({ daemon, live }, personas) {
  const names = personas.map(({ name }) => name);
  const change = (/** @type {string} */ name) => async (/** @type {Event} */ event) => {
    const control = /** @type {HTMLSelectElement} */ (event.currentTarget);
    const went = await attempt(control, () => daemon.ask('settings/change', { changes: { [name]: control.value } }));
    await live.refresh();
    if (went) toast(name === 'persona' ? `New photos count as ${control.value}’s.` : `New photos are protected at “${control.value}”.`);
  };
  const persona = select(names, live.overview?.persona ?? names[0] ?? 'me', { onchange: change('persona') });
  const strength = select(Object.keys(STRENGTHS), live.overview?.strength ?? 'balanced', { onchange: change('strength') });
  const words = h('p', { class: 'soft small in-force-words' });
  const node = h('div', { class: 'in-force' }, field('Whose photos', persona), field('Strength', strength), words);
  const show = (/** @type {Overview} */ told) => {
    for (const [control, value] of /** @type {Array<[HTMLSelectElement, string]>} */ ([
      [persona, told.persona],
      [strength, told.strength],
    ])) {
      if (![...control.options].some((option) => option.value === value)) control.append(h('option', { value }, value));
      if (control.value !== value && document.activeElement !== control) control.value = value;
    }
    say(words, STRENGTHS[told.strength] ?? '');
  };
  return { node, show };
}

/** @param {Context} context */
async function newest(context) {
  const list = h('ul', { class: 'tiles' });
  const more = h('p', {}, link('All photos', '#/history'));
  const nothing = firstSteps();
  const load = async () => {
    const { jobs } = await ask(context, { limit: NEWEST });
    keepList(
      list,
      jobs,
      ({ job }) => job,
      (job) => tile(context, job),
    );
    [list.hidden, more.hidden, nothing.hidden] = [jobs.length === 0, jobs.length === 0, jobs.length > 0];
  };
  onPhotos(context, () => load().catch(() => undefined));
  await load();
  return card('Newest photos', list, nothing, more);
}

function firstSteps() {
  return empty(
    'photo',
    'Nothing protected yet',
    'Drop a photo above and watch what happens to it. After that:',
    h(
      'ul',
      { class: 'steps' },
      h('li', {}, link('Connect your browser', '#/browsers'), ' so that photos are protected as you upload them.'),
      h('li', {}, link('Add a folder', '#/folders'), ' so that copies are ready before you need them.'),
      h('li', {}, link('Read the limits', '#/limits'), ': what Photoveil can do for you, and what it cannot.'),
    ),
  );
}
