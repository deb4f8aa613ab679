/**
 * A photo on the page “Seal”: marked as the user wishes, looked at before it is saved, or freed of its mark.
 */
/** @import { Context, SealKey } from './types.js' */

import { toast } from './dialogs.js';
import { DaemonError, troubleOf } from './daemon.js';
import { button, card, download, fill, fresh, h, say, troubleBox } from './dom.js';
import { field, select, toggle } from './forms.js';
import { icon } from './icons.js';
import { PLAIN_DB, stateWords, unpack } from './sealed.js';
import { part } from './shell.js';

/** So long after the last change of a wish the mark is drawn again. */
const CALM_MS = 400;
const MAX_BYTES = 100 * 2 ** 20;
const MOST_RECIPIENTS = 5;

const POSITIONS = [
  { value: 'auto', text: 'Where it hides most' },
  { value: 'centre', text: 'Centre' },
  ...['top', 'bottom', 'left', 'right', 'top-left', 'top-right', 'bottom-left', 'bottom-right'].map((value) => ({
    value,
    text: (value[0] ?? '').toUpperCase() + value.slice(1).replace('-', ' '),
  })),
];

const SIZES = ['small', 'medium', 'large'].map((value) => ({ value, text: (value[0] ?? '').toUpperCase() + value.slice(1) }));
const TONES = [
  { value: 'dark', text: 'Dark' },
  { value: 'light', text: 'Light' },
];

/** @typedef {'seal' | 'unseal'} Mode */

/** One photo in hand, and the card that shows it. */
export class Sealing {
  /** @type {Mode} */
  mode = 'seal';
  /** @type {File | undefined} */
  #file;
  /** @type {{facts: import('./types.js').SealedFacts, file: Blob} | undefined} */
  #made;
  /** How often a mark was wished for, or wished differently. */
  #wanted = 0;
  #isAtWork = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #url = '';
  #changed = () => this.#later();
  text = h('input', { type: 'text', maxLength: 60, placeholder: '© Your name', autocomplete: 'off', oninput: this.#changed });
  position = select(POSITIONS, 'auto', { onchange: this.#changed });
  size = select(SIZES, 'medium', { onchange: this.#changed });
  tone = select(TONES, 'dark', { onchange: this.#changed });
  tiling = toggle('Several marks, over the whole photo', false, {
    help: 'For photos that others would crop. A single mark stands where you say.',
    changed: (on) => {
      this.position.disabled = on;
      this.#later();
    },
  });
  people = h('fieldset', { class: 'choices' });

  /**
   * @param {Context} context @param {{needKey: () => void, sealed: () => void}} calls what is called where there is nobody to
   *   seal for, and after every seal
   */
  constructor(context, { needKey, sealed }) {
    this.context = context;
    this.needKey = needKey;
    this.sealed = sealed;
    this.stage = h('div', { 'class': 'seal-stage', 'role': 'group', 'aria-label': 'The photo' });
    this.told = h('div', { class: 'seal-told' });
    this.actions = h('div', { class: 'row' });
    this.wishes = this.#form();
    this.node = card('Your photo', this.#modes(), this.wishes, this.stage, this.told, this.actions);
    context.signal.addEventListener('abort', () => this.#forget(), { once: true });
    this.show();
  }

  /** The two things that can be done with a photo. */
  #modes() {
    const option = (/** @type {Mode} */ mode, /** @type {string} */ text) =>
      h(
        'label',
        { class: 'segment' },
        h('input', { type: 'radio', name: 'seal-mode', value: mode, checked: mode === this.mode, onchange: () => this.#become(mode) }),
        h('span', {}, text),
      );
    return h(
      'fieldset',
      { class: 'segments' },
      h('legend', { class: 'visually-hidden' }, 'What to do'),
      option('seal', 'Put a mark on'),
      option('unseal', 'Take a mark off'),
    );
  }

  #form() {
    return h(
      'div',
      { class: 'seal-wishes' },
      field('Text of the mark', this.text, { help: 'One line, seen by everybody.' }),
      h('div', { class: 'two' }, field('Position', this.position), field('Size', this.size), field('Colour', this.tone)),
      this.tiling.row,
      this.people,
    );
  }

  /** Say who else can take a mark off; those who were chosen stay so. @param {SealKey[]} keys */
  know(keys) {
    const before = new Set(this.#chosen());
    const others = keys.filter(({ revoked, mine }) => !revoked && !mine);
    fill(
      this.people,
      h('legend', {}, 'Who can take it off, beside you'),
      ...others.map(({ name, shared }) => {
        const id = fresh('recipient');
        return h(
          'div',
          { class: 'choice' },
          h('input', { type: 'checkbox', id, value: name, checked: before.has(name), onchange: this.#changed }),
          h('div', {}, h('label', { for: id }, name), shared && h('p', { class: 'soft small' }, 'a key that came from someone else')),
        );
      }),
      others.length === 0 &&
        h(
          'p',
          { class: 'soft' },
          'Nobody so far. ',
          button('Create a key for someone', () => this.needKey(), { small: true, kind: 'quiet', icon: 'plus' }),
        ),
    );
  }

  /** @returns {string[]} names of keys */
  #chosen() {
    const boxes = this.people.querySelectorAll('input:checked');
    return [...boxes].map((box) => /** @type {HTMLInputElement} */ (box).value);
  }

  /** @param {Mode} mode */
  #become(mode) {
    this.mode = mode;
    this.wishes.hidden = mode !== 'seal';
    this.#made = undefined;
    this.show();
    if (this.#file) void this.#run();
  }

  /** Take a photo in. @param {Iterable<File>} files the first counts */
  take(files) {
    const [file] = files;
    if (!file) return;
    this.#file = file;
    this.#made = undefined;
    void this.#run();
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.#file) this.#timer = setTimeout(() => void this.#run(), CALM_MS);
  }

  #meta() {
    if (this.mode === 'unseal') return { name: this.#file?.name ?? '' };
    const { text, position, size, tone, tiling } = this;
    return {
      name: this.#file?.name ?? '',
      text: text.value,
      position: position.value,
      size: size.value,
      tone: tone.value,
      tiling: tiling.box.checked,
      recipients: this.#chosen(),
    };
  }

  /** The daemon has one photo of this page in work at a time: it would finish also what nobody waits for any more. */
  async #run() {
    this.#wanted++;
    this.#busy();
    if (this.#isAtWork) return;
    this.#isAtWork = true;
    for (let done = 0; done !== this.#wanted && this.#file; ) {
      done = this.#wanted;
      const [made, error] = await this.#ask(this.#file).then(
        (found) => [found, undefined],
        (reason) => [undefined, reason],
      );
      if (done === this.#wanted) this.#tell(made, error);
    }
    this.#isAtWork = false;
  }

  /** @param {File} file */
  async #ask(file) {
    if (file.size > MAX_BYTES) throw refused('This photo is too large', 'Photoveil takes files of up to 100 MB.', 'Save it smaller.');
    if (this.mode === 'seal') this.#check();
    const bytes = new Uint8Array(await file.arrayBuffer());
    const response = await this.context.daemon.request(`tools/${this.mode}`, bytes, { meta: this.#meta() });
    return unpack(await response.arrayBuffer());
  }

  /** @param {ReturnType<typeof unpack> | undefined} made @param {unknown} error */
  #tell(made, error) {
    if (this.context.signal.aborted) return;
    if (!made) return this.#failed(error);
    this.#made = made;
    if (this.mode === 'seal') this.sealed();
    this.show();
    say(part('announcer'), this.mode === 'seal' ? 'The mark is on.' : 'The mark is off.');
  }

  #check() {
    if (!this.text.value.trim())
      throw refused('The mark has no text yet', 'Everybody will read it on the photo.', 'Write your name above, such as “© Anna Berg”.');
    if (this.#chosen().length > MOST_RECIPIENTS)
      throw refused(
        'Too many people at once',
        `Beside your own, a mark has room for ${MOST_RECIPIENTS} keys.`,
        'Give one key to a whole group, such as your family.',
      );
  }

  #busy() {
    this.stage.classList.add('is-busy');
    this.stage.setAttribute('aria-busy', 'true');
    if (!this.stage.querySelector('img')) this.#draw(URL.createObjectURL(this.#file ?? new Blob()), 'The photo you chose');
    fill(this.told, h('p', { class: 'soft seal-working' }, icon('spinner'), this.mode === 'seal' ? 'Drawing the mark…' : 'Looking for a mark…'));
  }

  /** @param {unknown} error */
  #failed(error) {
    this.#made = undefined;
    this.#calm();
    fill(this.told, troubleBox(troubleOf(error)));
    fill(this.actions, this.#other());
  }

  #calm() {
    this.stage.classList.remove('is-busy');
    this.stage.removeAttribute('aria-busy');
  }

  /** Show what there is: nothing yet, or a photo and what can be said of it. */
  show() {
    this.#calm();
    if (!this.#file) {
      fill(this.stage, this.#zone());
      fill(this.told);
      fill(this.actions);
      return;
    }
    const made = this.#made;
    if (!made) return;
    const { facts, file } = made;
    this.#draw(URL.createObjectURL(file), this.mode === 'seal' ? `${facts.name} with its mark` : `${facts.name} without its mark`);
    fill(this.told, ...(this.mode === 'seal' ? sealedWords(facts) : unsealedWords(facts)));
    const save = () => {
      download(file, nameFor(facts.name, this.mode));
      toast(this.mode === 'seal' ? 'Saved as you see it. Your original is untouched.' : 'The clean photo is saved.');
    };
    fill(this.actions, button('Download', save, { kind: 'main', icon: 'download', act: 'save' }), this.#other());
  }

  /** @param {string} url @param {string} alt */
  #draw(url, alt) {
    const old = this.#url;
    this.#url = url;
    const image = h('img', { src: url, alt, decoding: 'async' });
    const swap = (/** @type {Node} */ shown) => {
      if (old) URL.revokeObjectURL(old);
      // A large picture may be through only when another has taken its place, or none is wanted any more.
      if (this.#url === url) fill(this.stage, shown);
    };
    // Formats that this browser cannot draw can be saved all the same.
    image.decode().then(
      () => swap(image),
      () => swap(h('p', { class: 'soft' }, 'This browser cannot show this format. It can be saved all the same.')),
    );
  }

  #other() {
    return button('Another photo', () => this.#forget(), { act: 'other' });
  }

  #forget() {
    this.#wanted++;
    clearTimeout(this.#timer);
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = '';
    this.#file = this.#made = undefined;
    if (!this.context.signal.aborted) this.show();
  }

  #zone() {
    const input = h('input', { type: 'file', accept: 'image/*,.heic,.heif,.avif', class: 'visually-hidden', id: 'choose-sealed' });
    input.addEventListener('change', () => this.take(input.files ?? []));
    return h(
      'label',
      { class: 'drop-zone', for: 'choose-sealed' },
      input,
      h('span', { class: 'drop-icon' }, icon('seal')),
      h('span', { class: 'drop-title' }, this.mode === 'seal' ? 'Drop a photo to mark it' : 'Drop a sealed photo'),
      h('span', { class: 'soft' }, 'or paste it, or ', h('span', { class: 'link' }, 'choose a file'), '. It stays on this computer.'),
    );
  }
}

/** @param {string} title @param {string} reason @param {string} remedy */
function refused(title, reason, remedy) {
  return new DaemonError('refused', { title, reason, remedy });
}

/** @param {import('./types.js').SealedFacts} facts */
function sealedWords({ boxes, fill_db: plain = 0, keys = [], notes }) {
  const marks = boxes.length === 1 ? 'One mark' : `${boxes.length} marks`;
  const people = keys.length > 1 ? `you and ${keys.slice(1).join(', ')} can take it off` : 'you alone can take it off';
  return [
    h('p', {}, `${marks}; ${people}. Everything outside the mark is as it was.`),
    ...(plain > PLAIN_DB
      ? [
          h(
            'p',
            { class: 'hint small' },
            icon('info'),
            h('span', {}, 'What lies under the mark is so plain that others could guess it. Another position hides more.'),
          ),
        ]
      : []),
    ...notes.map((note) => h('p', { class: 'soft small' }, note)),
  ];
}

/** @param {import('./types.js').SealedFacts} facts */
function unsealedWords(facts) {
  const { key = '', tampered = [] } = facts;
  return [
    h('p', {}, 'Opened with the key ', h('strong', {}, key), `. ${stateWords(facts)}`),
    ...(tampered.length > 0
      ? [
          h(
            'p',
            { class: 'hint small' },
            icon('alert'),
            h('span', {}, 'Parts of the photo are not what was sealed: it was edited since.'),
          ),
        ]
      : []),
  ];
}

/** @param {string} name @param {Mode} mode */
function nameFor(name, mode) {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  return `${stem}${mode === 'seal' ? ' sealed' : ' clean'}${ending}`;
}
