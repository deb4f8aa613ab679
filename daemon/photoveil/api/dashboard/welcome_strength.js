/**
 * First run, step 3: how strong, seen on a photo of one's own.
 */
/** @import { Context, Setting } from './types.js' */
/** @import { Upload } from './uploads.js' */

import { settingsOf } from './choosing.js';
import { compare } from './compare.js';
import { attempt } from './dialogs.js';
import { card, fill, h, progressBar, say, troubleBox } from './dom.js';
import { choices } from './forms.js';
import { icon } from './icons.js';
import { cautionWords, lookWords, sentence, strangers, verdict } from './report.js';
import { part } from './shell.js';
import { isOpen } from './uploads.js';
import { STRENGTHS, asSentence, stageWords } from './words.js';

/** Somebody who goes through the choices by arrow keys does not want each of them tried. */
const REST_MS = 400;

/** The photo that is tried, and what became of it at each strength. Lives as long as the tab. */
class Trial {
  /** @type {File | undefined} */
  file;
  /** @type {Map<string, Upload>} */
  tried = new Map();

  /** @param {File} file */
  take(file) {
    this.file = file;
    this.tried.clear();
  }

  /** @param {Context} context @param {string} strength @returns {Upload | undefined} */
  at({ uploads }, strength) {
    const { file } = this;
    if (!file) return undefined;
    const known = this.tried.get(strength);
    if (known && known.state !== 'failed' && known.state !== 'cancelled') return known;
    // What is not looked at any more must not keep this one waiting.
    for (const other of this.tried.values()) if (isOpen(other)) void uploads.cancel(other);
    const [begun] = uploads.add([file], { strength });
    if (begun) this.tried.set(strength, begun);
    return begun;
  }
}

const trial = new Trial();

/** A photo that was dropped on another step. @param {FileList | File[]} files */
export function tryOn(files) {
  const [file] = files;
  if (file) trial.take(file);
}

/** @param {Context} context @returns {Promise<{nodes: Node[], take: (files: FileList | File[]) => void}>} */
export async function strengthStep(context) {
  const { daemon, signal } = context;
  const setting = (await settingsOf(daemon)).find(({ name }) => name === 'strength');
  let strength = String(setting?.value ?? 'balanced');
  const stage = new Stage(context);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  const chosen = (/** @type {string} */ value) => {
    strength = value;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      await attempt(null, () => daemon.ask('settings/change', { changes: { strength: value } }));
      if (!signal.aborted) stage.show(trial.at(context, value));
    }, REST_MS);
  };
  const take = (/** @type {FileList | File[]} */ files) => {
    tryOn(files);
    if (files.length) stage.show(trial.at(context, strength));
  };
  if (trial.file) stage.show(trial.at(context, strength));
  else stage.invite(take);
  stage.again = take;
  const nodes = [card('How much may a photo change?', strengthChoices(setting, strength, chosen)), card('Yours, before and after', stage.node)];
  return { nodes, take };
}

/** @param {Setting | undefined} setting @param {string} strength @param {(value: string) => void} chosen */
function strengthChoices(setting, strength, chosen) {
  const meanings = Object.entries(setting?.meanings ?? STRENGTHS);
  const options = meanings.map(([value, meaning]) => ({ value, text: TITLES[value] ?? value, help: BRIEF[value] ?? asSentence(meaning) }));
  const { set } = choices('How much a photo may be changed', options, strength, chosen);
  set.classList.add('choice-cards');
  set.querySelector('legend')?.classList.add('visually-hidden');
  return set;
}

/** @type {Record<string, string>} */
const TITLES = { subtle: 'Subtle', balanced: 'Balanced', strong: 'Strong', film: 'Film' };

/** What the settings say at length. @type {Record<string, string>} */
const BRIEF = {
  subtle: 'Hardest to see; weakest.',
  balanced: 'The default; a faint tint.',
  strong: 'A slight tint; stronger.',
  film: 'Like film grain; strongest.',
};

/** Where the photo is shown: an invitation, its progress, before and after. */
class Stage {
  /** @type {(files: FileList | File[]) => void} */
  again = () => {};
  /** @type {Upload | undefined} */
  #upload;
  #shown = '';

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.node = h('div', { class: 'trial' });
    this.bar = progressBar(undefined, 'Progress of your photo');
    this.step = h('p', { class: 'soft small' });
    context.uploads.watch((upload) => upload && upload === this.#upload && this.#update(), context.signal);
  }

  /** @param {(files: FileList | File[]) => void} take */
  invite(take) {
    const input = this.#input(take);
    fill(
      this.node,
      h(
        'label',
        { class: 'drop-zone', for: input.id },
        input,
        h('span', { class: 'drop-icon' }, icon('photo')),
        h('span', { class: 'drop-title' }, 'Drop a photo of yourself'),
        h('span', { class: 'soft' }, 'or paste, or ', h('span', { class: 'link' }, 'choose')),
      ),
    );
  }

  /** @param {(files: FileList | File[]) => void} take */
  #input(take) {
    const input = h('input', { type: 'file', accept: 'image/*,.heic,.heif,.avif', class: 'visually-hidden', id: 'choose-trial' });
    input.addEventListener('change', () => input.files?.length && take(input.files));
    return input;
  }

  /** @param {Upload | undefined} upload */
  show(upload) {
    this.#upload = upload;
    this.#shown = '';
    if (upload) this.#update();
  }

  #update() {
    const upload = this.#upload;
    if (!upload) return;
    if (isOpen(upload)) {
      if (this.#shown !== 'open') fill(this.node, h('div', { class: 'trial-working' }, icon('shield'), this.bar, this.step));
      this.#shown = 'open';
      if (upload.progress > 0) this.bar.value = upload.progress;
      else this.bar.removeAttribute('value');
      say(this.step, upload.stage ? stageWords(upload.stage) : 'Getting ready; the first photo takes a little longer');
    } else if (this.#shown !== upload.state) {
      this.#shown = upload.state;
      void this.#end(upload);
    }
  }

  /** @param {Upload} upload */
  async #end(upload) {
    const other = this.#input(this.again);
    const change = h('label', { class: 'button small', for: other.id }, other, icon('photo'), 'Another photo');
    if (upload.state !== 'done' || !upload.job) {
      const told = upload.trouble ? troubleBox(upload.trouble) : h('p', {}, upload.told?.reason ?? 'This photo was not protected.');
      return fill(this.node, told, h('div', { class: 'row' }, change));
    }
    const report = upload.told?.report;
    const name = upload.file.name || 'your photo';
    const [words, picture] = [report ? wordsOf(report) : [], await this.#compared(upload.job, upload.file, name)];
    if (this.#upload !== upload) return;
    say(part('announcer'), `Protected. ${words[0]?.textContent ?? ''}`);
    fill(this.node, picture, h('div', { class: 'trial-words' }, ...words), h('div', { class: 'row' }, change));
  }

  /** By the small pictures; where none are kept, by the photo and its copy themselves. @param {string} job @param {File} file @param {string} name */
  async #compared(job, file, name) {
    const { pictures, daemon, signal } = this.context;
    try {
      const [before, after] = await Promise.all([pictures.url(job, 'before'), pictures.url(job, 'after')]);
      return await compare(before, after, name);
    } catch {
      const made = await daemon.file('result', { job }).catch(() => undefined);
      const urls = made ? [URL.createObjectURL(file), URL.createObjectURL(made)] : [];
      signal.addEventListener('abort', () => urls.forEach((url) => URL.revokeObjectURL(url)), { once: true });
      return compare(urls[0] ?? '', urls[1] ?? '', name).catch(() => h('p', { class: 'soft' }, 'It is protected. This browser cannot show it.'));
    }
  }
}

/** @param {import('./types.js').Report} report @returns {HTMLElement[]} */
function wordsOf(report) {
  const share = strangers(report.encoders, 'witness');
  const words = sentence(report);
  return [
    ...(share === undefined ? [] : [h('p', { class: 'headline' }, `${verdict(share).title}. ${lookWords(report)}`)]),
    h(
      'details',
      { class: 'aside small' },
      h('summary', {}, 'What was measured'),
      words && h('p', { class: 'soft' }, `${words}.`),
      h('p', { class: 'soft' }, cautionWords(report)),
    ),
  ];
}
