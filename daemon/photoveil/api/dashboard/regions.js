/**
 * What is private on a photo for an AI assistant: shown on the small picture of the original, each place to be hidden or left as
 * it is, and more of them drawn. What is chosen holds for this very file, wherever it comes again (`regions/change`).
 */
/** @import { Context, Hidden, Job, Place } from './types.js' */
/** @import { Point } from './places.js' */

import { troubleOf } from './daemon.js';
import { attempt, tellTrouble } from './dialogs.js';
import { button, card, fill, fresh, h, say, troubleBox } from './dom.js';
import { drawn, moved, nameOf, placesOf, stretched, switched } from './places.js';
import { isOpen } from './uploads.js';

/** @typedef {Pick<Hidden, 'regions' | 'left' | 'chosen'>} Found */

/** Of a photo that was passed on as it is. @type {Found} */
const NOTHING = { regions: [] };
const TITLE = 'What is private here';
const STEP = 0.01;
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
/** Where a place lies that was not drawn but added. */
const MIDDLE = [0.375, 0.375, 0.625, 0.625];
const MOST = 40;

/** The card, or nothing where there is no picture to show places on. @param {Context} context @param {Job} job */
export async function regionsCard(context, job) {
  const hidden = job.report?.assistant ?? (job.why === 'nothing-private' ? NOTHING : undefined);
  if (!hidden || !job.previews) return h('span', { hidden: true });
  try {
    const picture = h('img', { src: await context.pictures.url(job.job, 'before'), alt: `Original of ${job.name}`, draggable: false });
    const [known] = await Promise.all([context.daemon.ask('regions', { job: job.job }, { signal: context.signal }), picture.decode()]);
    return new Editor(context, job, picture, hidden, known).node;
  } catch (error) {
    const trouble = troubleOf(error);
    return trouble.code === 'regions_unreadable' ? card(TITLE, troubleBox(trouble)) : h('span', { hidden: true });
  }
}

class Editor {
  /**
   * @param {Context} context @param {Job} job @param {HTMLImageElement} picture @param {Found} hidden what was found, or chosen then
   * @param {{photo: string, regions: Place[] | null}} known what is chosen now, and for which file
   */
  constructor(context, job, picture, hidden, { photo, regions }) {
    this.context = context;
    this.job = job;
    this.hidden = hidden;
    this.photo = photo;
    this.places = regions ?? placesOf(hidden);
    this.isOfFolder = job.kind === 'folder';
    this.boxes = h('div', { class: 'places-boxes' });
    this.stage = h('div', { class: 'places-stage' }, picture, this.boxes);
    this.stage.style.setProperty('--ratio', String(picture.naturalWidth / picture.naturalHeight));
    this.list = h('ul', { 'class': 'places-list', 'aria-label': 'Places on this photo' });
    this.status = h('p', { class: 'soft small', role: 'status' });
    this.file = h('input', {
      'type': 'file',
      'accept': 'image/*,.heic,.heif,.avif',
      'aria-label': `${job.name}, once more`,
      'hidden': true,
    });
    this.file.addEventListener('change', () => void this.#again());
    const words = 'What was found is framed. Leave a place as it is, or draw a frame around what was missed.';
    this.node = card(TITLE, h('p', {}, words), this.stage, this.list, ...this.#controls(), this.status);
    this.stage.addEventListener('pointerdown', (event) => this.#draw(event));
    this.#show();
  }

  #controls() {
    const pressed = (/** @type {() => Promise<void>} */ work) => (/** @type {Event} */ event) => void attempt(event.currentTarget, work);
    const remember = button(
      'Remember for this photo',
      pressed(() => this.#remember()),
      { kind: 'main', act: 'remember-places' },
    );
    const again = button('Make a new copy…', () => this.file.click(), { act: 'copy-again' });
    const found = button(
      'As found',
      pressed(() => this.#asFound()),
      { kind: 'quiet', act: 'places-as-found' },
    );
    const more = button('Add a place', () => this.#add(MIDDLE, true), { kind: 'quiet', act: 'add-place' });
    const making = this.isOfFolder ? [remember] : [remember, again, this.file];
    return [h('div', { class: 'row' }, more, found), h('div', { class: 'row' }, ...making)];
  }

  #show() {
    fill(this.boxes, ...this.places.map((place, index) => this.#box(place, index)));
    const none = this.places.length === 0 && h('li', { class: 'soft' }, 'No place.');
    fill(this.list, ...this.places.map((place, index) => this.#row(place, index)), none);
  }

  /** @param {Place} place @param {number} index */
  #box(place, index) {
    const isOwn = place.kind === 'chosen';
    const name = nameOf(this.places, index);
    const box = isOwn
      ? h(
          'button',
          { 'type': 'button', 'aria-label': `${name}: arrow keys move it, with Shift they change its size` },
          h('i', { 'class': 'place-corner', 'aria-hidden': 'true' }),
        )
      : h('span', { 'aria-hidden': 'true' });
    box.className = ['place', place.hidden ? 'is-hidden' : 'is-left', isOwn && 'own'].filter(Boolean).join(' ');
    box.append(h('span', { 'class': 'place-name', 'aria-hidden': 'true' }, name));
    put(box, place.box);
    if (isOwn) {
      box.addEventListener('keydown', (event) => this.#key(event, box, place));
      box.addEventListener('pointerdown', (event) => this.#drag(event, box, place));
    }
    return box;
  }

  /** @param {Place} place @param {number} index */
  #row(place, index) {
    const [id, name] = [fresh('place'), nameOf(this.places, index)];
    const hide = h('input', { type: 'checkbox', id, checked: place.hidden });
    hide.addEventListener('change', () => {
      this.places = switched(this.places, index, hide.checked);
      this.#changed();
      this.list.querySelectorAll('input')[index]?.focus();
    });
    const isOwn = place.kind === 'chosen';
    const away = () => {
      this.places = this.places.filter((_, i) => i !== index);
      this.#changed();
    };
    return h(
      'li',
      {},
      h('label', { for: id }, hide, `Hide ${name.toLowerCase()}`),
      isOwn && button('Take away', away, { kind: 'quiet', small: true, label: `Take ${name.toLowerCase()} away` }),
    );
  }

  #changed() {
    this.#show();
    say(this.status, 'Not remembered yet.');
  }

  /** @param {number[]} box @param {boolean} [focus] */
  #add(box, focus = false) {
    if (this.places.length >= MOST) return say(this.status, `No more than ${MOST} places.`);
    this.places = [...this.places, { kind: 'chosen', box, hidden: true }];
    this.#changed();
    if (focus) /** @type {HTMLElement | null} */ (this.boxes.lastElementChild)?.focus();
  }

  /** Where on the photo a pointer is. @param {PointerEvent} event @returns {Point} */
  #at(event) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  /** With a mouse or pen anywhere on the photo; a finger there scrolls the page. @param {PointerEvent} event */
  #draw(event) {
    if (event.pointerType === 'touch' || event.button !== 0) return;
    const from = this.#at(event);
    const frame = h('span', { 'class': 'place is-hidden', 'aria-hidden': 'true' });
    this.boxes.append(frame);
    this.#follow(
      event,
      (to) => put(frame, drawn(from, to) ?? [...from, ...from]),
      (to) => {
        frame.remove();
        const box = drawn(from, to);
        if (box) this.#add(box);
      },
    );
  }

  /** Move a place of the user's own, or stretch it by its corner. @param {PointerEvent} event @param {HTMLElement} box @param {Place} place */
  #drag(event, box, place) {
    event.stopPropagation();
    const [from, before] = [this.#at(event), place.box];
    const change = /** @type {Element} */ (event.target).classList.contains('place-corner') ? stretched : moved;
    const renew = (/** @type {Point} */ to) => {
      place.box = change(before, [to[0] - from[0], to[1] - from[1]]);
      put(box, place.box);
    };
    this.#follow(event, renew, (to) => {
      renew(to);
      say(this.status, 'Not remembered yet.');
    });
  }

  /** @param {PointerEvent} event @param {(at: Point) => void} going @param {(at: Point) => void} ended */
  #follow(event, going, ended) {
    event.preventDefault();
    /** @type {HTMLElement} */ (event.currentTarget).focus({ preventScroll: true });
    const { signal } = this.context;
    const over = new AbortController();
    const until = AbortSignal.any([signal, over.signal]);
    this.stage.setPointerCapture(event.pointerId);
    this.stage.addEventListener('pointermove', (now) => going(this.#at(now)), { signal: until });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      this.stage.addEventListener(
        end,
        (now) => {
          over.abort();
          ended(this.#at(now));
        },
        { signal: until },
      );
    }
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} box @param {Place} place */
  #key(event, box, place) {
    const by = ARROWS[event.key];
    if (!by) return;
    event.preventDefault();
    place.box = (event.shiftKey ? stretched : moved)(place.box, by);
    put(box, place.box);
    say(this.status, 'Not remembered yet.');
  }

  async #remember() {
    await this.context.daemon.ask('regions/change', { job: this.job.job, regions: this.places });
    const copy = this.isOfFolder
      ? 'The folder’s copy is made anew; one that has taken the photo’s place stays as it is.'
      : 'This copy stays as it is: choose the photo again on the site, or make a new copy here.';
    say(this.status, `Remembered. ${copy}`);
  }

  async #asFound() {
    await this.context.daemon.ask('regions/change', { job: this.job.job, regions: null });
    this.places = this.hidden.chosen ? [] : placesOf(this.hidden);
    this.#show();
    say(this.status, 'Forgotten. When the photo comes again, faces and codes are looked for.');
  }

  /** Photoveil keeps no originals of uploads, so the user gives this one once more. */
  async #again() {
    const [file] = this.file.files ?? [];
    this.file.value = '';
    if (!file) return;
    try {
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      if (sha256 !== this.photo) {
        return say(this.status, 'That is another photo. Choose the very file this copy was made from.');
      }
      await this.#remember();
      this.#make(file);
    } catch (error) {
      tellTrouble(error);
    }
  }

  /** @param {File} file */
  #make(file) {
    const { uploads, signal } = this.context;
    const { persona, strength } = this.job;
    const [upload] = uploads.add([file], { method: 'assistant', persona, slider: Number(strength) });
    say(this.status, 'Making a new copy …');
    uploads.watch((changed) => {
      if (!upload || changed !== upload || isOpen(upload)) return;
      if (upload.state === 'done') location.hash = `#/photo/${upload.job}`;
      else say(this.status, upload.trouble?.reason ?? upload.told?.reason ?? 'No new copy was made.');
    }, signal);
  }
}

/** Through the CSSOM: the page's policy allows no style attributes. @param {HTMLElement} node @param {number[]} box */
function put(node, [left = 0, top = 0, right = 0, bottom = 0]) {
  const sides = { left, top, right: 1 - right, bottom: 1 - bottom };
  for (const [side, share] of Object.entries(sides)) node.style.setProperty(`--${side}`, `${share * 100}%`);
}
