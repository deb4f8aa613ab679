/**
 * Exposure: what a photo gives away, without anything being done to it.
 */
/** @import { Context, Shown } from '../types.js' */

import { attempt } from '../dialogs.js';
import { card, fill, h, link } from '../dom.js';
import { showExposure } from '../exposure.js';
import { icon } from '../icons.js';

/** @param {Context} context @returns {Promise<Shown>} */
export default async function exposure(context) {
  const place = h('div', { class: 'exposure-result' });
  const input = h('input', { type: 'file', accept: 'image/*,.heic,.heif,.avif', class: 'visually-hidden', id: 'choose-exposed' });
  /** @type {AbortController | undefined} */
  let last;
  /** @param {FileList | null} files */
  const take = (files) => {
    const [file] = files ?? [];
    if (!file) return;
    last?.abort();
    last = new AbortController();
    const signal = AbortSignal.any([context.signal, last.signal]);
    void attempt(null, () => look({ ...context, signal }, file, place));
  };
  input.addEventListener('change', () => {
    take(input.files);
    input.value = '';
  });
  return {
    title: 'Exposure',
    intro: 'What machines read off a photo: home, vehicle, pets, work, family, belongings, journeys. The photo stays on this computer.',
    content: [
      h(
        'label',
        { class: 'drop-zone', for: 'choose-exposed' },
        input,
        h('span', { class: 'drop-icon' }, icon('eye')),
        h('span', { class: 'drop-title' }, 'Drop a photo to look at it'),
        h('span', { class: 'soft' }, 'or paste it, or ', h('span', { class: 'link' }, 'choose a file'), '. It is not protected and not kept.'),
      ),
      place,
    ],
    take,
  };
}

/** Until another photo is taken, or the page left: `signal`. @param {Context} context @param {File} file @param {Element} place */
async function look(context, file, place) {
  const { signal } = context;
  const result = h('div', { class: 'exposure' });
  const copy = await copyOf(context, file);
  if (signal.aborted) return;
  const src = URL.createObjectURL(file);
  signal.addEventListener('abort', () => URL.revokeObjectURL(src), { once: true });
  const image = h('img', { src, alt: '', decoding: 'async' });
  const thumb = h('span', { class: 'thumb' }, icon('photo'));
  image.addEventListener('load', () => fill(thumb, image), { once: true });
  fill(
    place,
    card(
      file.name || 'Pasted photo',
      thumb,
      result,
      !copy &&
        h(
          'p',
          { class: 'after-note' },
          'Not protected yet, so there is no copy to compare with. ',
          link('Protect it on the overview', '#/'),
          '.',
        ),
    ),
  );
  const after = copy ? () => context.daemon.file('result', { job: copy }, { signal }) : undefined;
  await showExposure(context, result, { before: async () => file, after });
}

/** The job that made the photo's protected copy, if it was protected before. @param {Context} context @param {File} file */
async function copyOf({ daemon, signal }, file) {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  const sha256 = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const { state, job } = await daemon.ask('lookup', { sha256 }, { signal });
  return state === 'original' ? String(job) : undefined;
}
