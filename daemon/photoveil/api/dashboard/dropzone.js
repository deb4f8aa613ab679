/**
 * Where photos are handed over, and what becomes of each.
 */
/** @import { Context } from './types.js' */
/** @import { Upload } from './uploads.js' */

import { settingsOf } from './choosing.js';
import { compare } from './compare.js';
import { tellTrouble } from './dialogs.js';
import { button, download, fill, h, link, pill, progressBar, say, troubleBox } from './dom.js';
import { toggle } from './forms.js';
import { icon } from './icons.js';
import { cautionWords, sentence, strangers, verdict } from './report.js';
import { part } from './shell.js';
import { wordsToPaste } from './unlearnable.js';
import { isOpen } from './uploads.js';
import { stageWords } from './words.js';

/** @param {Context} context */
export function dropZone(context) {
  const { uploads, signal } = context;
  const input = h('input', {
    type: 'file',
    multiple: true,
    accept: 'image/*,.heic,.heif,.avif',
    class: 'visually-hidden',
    id: 'choose-photos',
  });
  input.addEventListener('change', () => {
    uploads.add(input.files ?? []);
    input.value = '';
  });
  const zone = h(
    'label',
    { class: 'drop-zone', for: 'choose-photos' },
    input,
    h('span', { class: 'drop-icon' }, icon('drop')),
    h('span', { class: 'drop-title' }, 'Drop photos here'),
    h('span', { class: 'soft' }, 'or paste them, or ', h('span', { class: 'link' }, 'choose files'), '. They stay on this computer.'),
  );
  const way = unlearnableSwitch(context);
  const list = h('ul', { 'class': 'uploads', 'aria-label': 'Photos you handed over' });
  const clear = h(
    'div',
    { class: 'row end' },
    button('Clear this list', () => uploads.clear(), { kind: 'quiet', small: true }),
  );
  /** @type {Map<string, Row>} */
  const rows = new Map();
  const renew = () => {
    for (const upload of uploads.list) if (!rows.has(upload.id)) rows.set(upload.id, new Row(context, upload));
    list.replaceChildren(...uploads.list.map(({ id }) => rows.get(id)?.node).filter((node) => node !== undefined));
    list.hidden = uploads.list.length === 0;
    clear.hidden = !uploads.list.some((upload) => !isOpen(upload));
  };
  uploads.watch((upload) => {
    if (!upload) return renew();
    rows.get(upload.id)?.show();
    clear.hidden = !uploads.list.some((one) => !isOpen(one));
  }, signal);
  renew();
  return h('section', { 'class': 'drop', 'aria-label': 'Protect photos' }, zone, way, list, clear);
}

/** Whether photos handed over here are made unlearnable; there once the settings name a model for it. @param {Context} context */
function unlearnableSwitch({ daemon, uploads, signal }) {
  const { row } = toggle('Make them unlearnable', uploads.usual.method === 'unlearnable', {
    help: 'With your own vision-language model; slower, and each photo gets words for its alt text.',
    changed: (on) => (uploads.usual = on ? { method: 'unlearnable' } : {}),
  });
  row.hidden = true;
  settingsOf(daemon, signal)
    .then((all) => (row.hidden = !all.some(({ name, value }) => name === 'unlearnable_model' && value !== '')))
    .catch(() => undefined);
  return row;
}

/** One photo on the list. */
class Row {
  /** @param {Context} context @param {Upload} upload */
  constructor(context, upload) {
    this.context = context;
    this.upload = upload;
    this.name = upload.file.name || 'Pasted photo';
    this.thumb = h('span', { class: 'thumb' }, icon('photo'));
    this.state = h('div', { class: 'upload-state' });
    this.actions = h('div', { class: 'row tight' });
    this.more = h('div', { class: 'upload-more' });
    this.bar = progressBar(undefined, `Progress of ${this.name}`);
    this.step = h('span', { class: 'soft small' });
    this.node = h(
      'li',
      { class: 'upload' },
      this.thumb,
      h('div', { class: 'upload-main' }, h('p', { class: 'upload-name' }, this.name), this.state),
      this.actions,
      this.more,
    );
    this.shown = '';
    this.#showThumb();
    this.show();
  }

  #showThumb() {
    const src = URL.createObjectURL(this.upload.file);
    this.context.signal.addEventListener('abort', () => URL.revokeObjectURL(src), { once: true });
    const image = h('img', { src, alt: '', decoding: 'async' });
    image.addEventListener('load', () => fill(this.thumb, image), { once: true });
  }

  show() {
    const { upload } = this;
    if (upload.state !== this.shown) {
      if (this.shown && !isOpen(upload)) say(part('announcer'), `${this.name}: ${WORDS[upload.state]}`);
      this.shown = upload.state;
      this.#rebuild();
    }
    if (!isOpen(upload)) return;
    if (upload.state === 'working' && upload.progress > 0) this.bar.value = upload.progress;
    say(this.step, upload.state === 'working' ? (upload.stage ? stageWords(upload.stage) : 'Waiting its turn') : WORDS[upload.state]);
  }

  #rebuild() {
    const {
      upload,
      context: { uploads },
    } = this;
    if (isOpen(upload)) {
      fill(this.state, this.bar, this.step);
      fill(
        this.actions,
        button('Cancel', () => void uploads.cancel(upload), { small: true, label: `Cancel ${this.name}` }),
      );
      return;
    }
    const kind = upload.state === 'done' ? 'good' : upload.state === 'failed' ? 'bad' : upload.state === 'unchanged' ? 'warn' : 'plain';
    const symbol = { done: 'check', failed: 'alert', unchanged: 'pass' }[/** @type {string} */ (upload.state)] ?? 'cross';
    fill(this.state, pill(kind, WORDS[upload.state], symbol));
    if (upload.state === 'done') return this.#showDone();
    const again = button('Try again', () => uploads.again(upload), { small: true, icon: 'retry', label: `Try ${this.name} again` });
    fill(this.actions, upload.state !== 'unchanged' && again);
    fill(
      this.more,
      upload.trouble && troubleBox(upload.trouble),
      upload.state === 'unchanged' && h('p', { class: 'soft' }, upload.told?.reason),
    );
  }

  #showDone() {
    const {
      upload: { job = '', told },
    } = this;
    const report = told?.report;
    const share = report && strangers(report.encoders, 'witness');
    const words = report ? sentence(report) : '';
    if (share !== undefined) this.state.append(h('span', { class: 'soft small' }, verdict(share).title));
    fill(
      this.actions,
      button('Download', () => void this.#download(job), {
        kind: 'main',
        small: true,
        icon: 'download',
        label: `Download the protected copy of ${this.name}`,
      }),
    );
    const place = h('div', { class: 'upload-compare' });
    const details = h(
      'details',
      {},
      h('summary', {}, 'Before, after and report'),
      place,
      words && h('p', { class: 'headline' }, `${words}.`),
      report && (report.unlearnable ? wordsToPaste(report.unlearnable) : h('p', { class: 'soft small' }, cautionWords(report))),
      h('p', {}, link('The whole report', `#/photo/${job}`)),
    );
    details.addEventListener('toggle', () => details.open && place.childElementCount === 0 && void this.#compare(place, job));
    fill(this.more, details);
    details.open = this.context.uploads.list.length === 1;
  }

  /** @param {HTMLElement} place @param {string} job */
  async #compare(place, job) {
    const { pictures } = this.context;
    try {
      const [before, after] = await Promise.all([pictures.url(job, 'before'), pictures.url(job, 'after')]);
      fill(place, await compare(before, after, this.name));
    } catch {
      fill(place, h('p', { class: 'soft' }, 'There are no small pictures of this photo to compare.'));
    }
  }

  /** @param {string} job */
  async #download(job) {
    try {
      download(await this.context.daemon.file('result', { job }), this.upload.told?.result?.name ?? this.name);
    } catch (error) {
      tellTrouble(error);
    }
  }
}

/** @type {Record<Upload['state'], string>} */
const WORDS = {
  waiting: 'Waiting its turn',
  sending: 'Handing it over',
  working: 'In work',
  done: 'Protected',
  unchanged: 'Passed as it is',
  failed: 'Not protected',
  cancelled: 'Cancelled',
};
