/**
 * History: every photo and what became of it, newest first, live.
 */
/** @import { Context, Job, Shown } from '../types.js' */

import { folderPaths } from '../choosing.js';
import { attempt, tellTrouble } from '../dialogs.js';
import { button, empty, fill, h, keepList, link, say } from '../dom.js';
import { field, select } from '../forms.js';
import { ask, onPhotos, row } from '../photo_list.js';
import { plural } from '../words.js';

const PAGE = 30;

/** @type {Record<string, {text: string, states?: string[]}>} */
const FILTERS = {
  all: { text: 'Everything' },
  done: { text: 'Protected', states: ['done'] },
  open: { text: 'Waiting and in work', states: ['queued', 'running'] },
  failed: { text: 'Failed', states: ['failed'] },
  unchanged: { text: 'Passed as they are', states: ['unchanged'] },
  cancelled: { text: 'Cancelled', states: ['cancelled'] },
};

/** The list and how far it was loaded. */
class Log {
  /** @type {Job[]} */
  jobs = [];
  more = false;
  /** @type {object} */
  question = {};

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
  }

  /** From the top, as far as it was loaded; photos that came meanwhile push nothing out. */
  async renew() {
    const { question } = this;
    const limit = Math.min(200, Math.max(PAGE, this.jobs.length));
    const told = await ask(this.context, { ...question, limit });
    if (question !== this.question) return;
    const last = told.jobs.at(-1)?.job;
    const at = this.jobs.findIndex(({ job }) => job === last);
    const rest = told.more && at >= 0 ? this.jobs.slice(at + 1) : [];
    this.more = rest.length > 0 ? this.more : told.more;
    this.jobs = [...told.jobs, ...rest];
  }

  async further() {
    const told = await ask(this.context, { ...this.question, limit: PAGE, before: this.jobs.at(-1)?.job });
    const have = new Set(this.jobs.map(({ job }) => job));
    this.jobs.push(...told.jobs.filter(({ job }) => !have.has(job)));
    this.more = told.more;
  }
}

/** @param {Context} context @returns {Promise<Shown>} */
export default async function history(context) {
  const folders = await folderPaths(context.daemon);
  const log = new Log(context);
  const list = h('ul', { class: 'photo-list' });
  const nothing = h('div', {});
  const count = h('p', { class: 'soft small', role: 'status' });
  const further = button('Load more', (/** @type {Event} */ event) => attempt(event.currentTarget, () => log.further()).then(show), {
    act: 'more',
  });
  const show = () => {
    keepList(
      list,
      log.jobs,
      ({ job }) => job,
      (job) => row(context, job, folders),
    );
    list.hidden = log.jobs.length === 0;
    further.hidden = !log.more;
    fill(nothing, log.jobs.length === 0 && nothingOf(filter.state.value, filter.folder.value));
  };
  const renew = () => log.renew().then(show);
  const filter = filters(context.argument, folders, (question) => {
    log.question = question;
    log.jobs = [];
    renew()
      .then(() => say(count, log.jobs.length ? `${plural(log.jobs.length, 'photo')}${log.more ? ' and more' : ''}` : 'No photos'))
      .catch(tellTrouble);
  });
  log.question = filter.question();
  onPhotos(context, () => renew().catch(() => undefined));
  await renew();
  return {
    title: 'History',
    intro: 'What became of every photo. It never leaves this computer.',
    content: [h('div', { class: 'card' }, filter.node, count, list, nothing, h('div', { class: 'row center' }, further))],
  };
}

/** @param {string} wanted @param {Map<string, string>} folders @param {(question: object) => void} changed */
function filters(wanted, folders, changed) {
  const start = wanted in FILTERS ? wanted : 'all';
  const paths = [...folders].map(([value, path]) => ({ value, text: path }));
  const heard = () => changed(question());
  const state = select(
    Object.entries(FILTERS).map(([value, { text }]) => ({ value, text })),
    start,
    { onchange: heard },
  );
  const folder = select([{ value: '', text: 'From everywhere' }, ...paths], folders.has(wanted) ? wanted : '', { onchange: heard });
  const question = () => {
    const states = FILTERS[state.value]?.states;
    return { ...(states ? { states } : {}), ...(folder.value ? { folder: folder.value } : {}) };
  };
  return { node: h('div', { class: 'filters' }, field('Show', state), field('Where from', folder)), question, state, folder };
}

/** @param {string} state @param {string} folder */
function nothingOf(state, folder) {
  if (state === 'all' && folder === '') {
    return empty(
      'history',
      'Nothing protected yet',
      'Photos appear here as soon as there are some.',
      h('p', {}, link('Protect your first photo', '#/')),
    );
  }
  return state === 'failed'
    ? empty('check', 'Nothing failed', 'Every photo of this choice came through.')
    : empty('history', 'No such photos', 'Nothing in the history fits this choice.');
}
