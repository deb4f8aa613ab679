/**
 * Fetching a model set: the offer, and how far it is, live. Shown on the overview and on the page of the model sets.
 */
/** @import { Context, Download, Offer } from './types.js' */

import { attempt, toast } from './dialogs.js';
import { button, fill, h, link, progressBar, say, troubleBox } from './dom.js';
import { icon } from './icons.js';
import { lasting, size, when } from './words.js';

/** @param {Context} context @param {string} name */
export async function pull({ daemon }, name) {
  await daemon.ask('models/pull', { model_set: name });
  toast(`“${name}” is being fetched; “starter” serves until it is here.`);
}

/** What the user is asked once. @param {Context} context */
export function offerView(context) {
  const { daemon } = context;
  const words = h('p', {});
  const row = h('div', { class: 'row' });
  const node = h(
    'section',
    { 'class': 'card offer', 'aria-label': 'A better model set', 'hidden': true },
    icon('models'),
    h('div', { class: 'grow' }, h('h2', {}, 'Better protection needs larger encoders'), words, row),
  );
  let shown = '';
  const show = (/** @type {Offer | null} */ offer) => {
    node.hidden = offer === null;
    const told = JSON.stringify(offer);
    if (offer === null || told === shown) return;
    shown = told;
    const { model_set: name, bytes, seconds } = offer;
    const time = seconds === null ? '' : `, and a photo then takes ${lasting(seconds)} on this computer`;
    fill(
      words,
      'What comes with Photoveil is for trying, not for trusting. The model set ',
      h('strong', {}, name),
      ` is the best for this computer. Fetching it takes ${size(bytes)} once${time}. `,
      'Your photos stay here: only the encoders are downloaded. ',
      link('Where from, and what else there is', '#/models'),
    );
    fill(
      row,
      button('Download', (/** @type {Event} */ event) => attempt(event.currentTarget, () => pull(context, name)), {
        kind: 'main',
        icon: 'download',
        act: 'pull',
        label: `Download ${name}`,
      }),
      button('Not now', (/** @type {Event} */ event) => attempt(event.currentTarget, () => daemon.ask('models/decline', { model_set: name })), {
        act: 'decline',
        label: `Do not download ${name} now`,
      }),
    );
  };
  return { node, show };
}

/** How far it is; every step comes with the stream of events. @param {Context} context */
export function fetchingView(context) {
  const { live, signal } = context;
  const title = h('h2', {});
  const bar = progressBar(undefined, 'Progress of the model set');
  const words = h('p', { class: 'soft small' });
  const trouble = h('div', {});
  const row = h('div', { class: 'row' });
  const node = h('section', { 'class': 'card fetching', 'aria-label': 'Fetching a model set', 'hidden': true }, title, bar, words, trouble, row);
  const pace = new Pace();
  let built = '';
  const show = (/** @type {Download | null} */ told) => {
    node.hidden = told === null;
    if (told === null) return;
    const share = told.bytes_total > 0 ? Math.min(1, told.bytes_done / told.bytes_total) : undefined;
    bar.hidden = told.state !== 'running';
    if (share === undefined) bar.removeAttribute('value');
    else bar.value = share;
    say(title, headingOf(told));
    say(words, told.state === 'running' ? progressWords(told, pace.left(told)) : '');
    words.hidden = !words.textContent;
    // Only what changed is built anew: a button must not vanish under the pointer.
    const now = JSON.stringify([told.model_set, told.kind, told.state, told.error, told.again]);
    if (now === built) return;
    built = now;
    fill(trouble, told.error && troubleBox(told.error, told.again && h('p', {}, `It is tried again by itself, ${when(told.again)}.`)));
    fill(row, ...deeds(context, told));
  };
  live.on(['download'], ({ kind, facts }) => kind === 'download' && show(typeof facts['model_set'] === 'string' ? asDownload(facts) : null), signal);
  return { node, show };
}

/** What the user can do about it. @param {Context} context @param {Download} told @returns {Node[]} */
function deeds(context, told) {
  const again = (/** @type {Event} */ event) => attempt(event.currentTarget, () => pull(context, told.model_set));
  const cancel = (/** @type {Event} */ event) => attempt(event.currentTarget, () => context.daemon.ask('models/cancel'));
  const [isRunning, isPull] = [told.state === 'running', told.kind === 'pull'];
  const word = isRunning ? 'Cancel' : isPull ? 'Give up' : 'Close';
  return [
    ...(isRunning || !isPull ? [] : [button('Try again now', again, { kind: 'main', icon: 'retry', act: 'again' })]),
    button(word, cancel, { act: 'cancel', label: `${word}: ${headingOf(told)}` }),
    ...(isPull ? [h('p', { class: 'soft small' }, 'What has arrived is kept.')] : []),
  ];
}

/** @param {Record<string, unknown>} facts @returns {Download} as docs/protocol.md has it */
const asDownload = (facts) => /** @type {any} */ (facts);

/** @param {Download} told */
function headingOf({ model_set: name, kind, state }) {
  if (kind === 'verify') return state === 'running' ? `Checking the files of “${name}”` : `“${name}” could not be checked`;
  return state === 'running' ? `Fetching “${name}”` : `“${name}” could not be fetched`;
}

/** @param {Download} told @param {number | undefined} left seconds */
function progressWords({ kind, bytes_done: done, bytes_total: total, files_done: filesDone, files }, left) {
  if (total === 0) return kind === 'pull' ? 'Asking where it is…' : 'Reading…';
  const file = files > 1 ? `, file ${Math.min(files, filesDone + 1)} of ${files}` : '';
  const time = left === undefined ? '' : `, ${lasting(left)} left`;
  return `${Math.floor((100 * done) / total)} %: ${size(done)} of ${size(total)}${file}${time}`;
}

/** How long it will take yet, from how it went since this page looks on. */
class Pace {
  #about = '';
  #since = 0;
  #from = 0;

  /** @param {Download} told @returns {number | undefined} seconds, once that can be said */
  left({ model_set: name, kind, bytes_done: done, bytes_total: total }) {
    const [about, now] = [`${kind} ${name} ${total}`, performance.now()];
    if (about !== this.#about || done < this.#from) [this.#about, this.#since, this.#from] = [about, now, done];
    const [seconds, bytes] = [(now - this.#since) / 1000, done - this.#from];
    return seconds < 4 || bytes <= 0 || done >= total ? undefined : ((total - done) * seconds) / bytes;
  }
}
