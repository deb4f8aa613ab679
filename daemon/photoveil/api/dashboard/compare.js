/**
 * Original and protected copy in one frame: a divider to drag or to move by keyboard, or the difference ten times as large.
 */
import { TIMES, difference } from './difference.js';
import { fill, fresh, h, say } from './dom.js';
import { icon } from './icons.js';

/** @param {HTMLImageElement} picture @param {number} width @param {number} height */
function pixels(picture, width, height) {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser gives no canvas');
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** @param {HTMLCanvasElement} canvas @param {HTMLImageElement} before @param {HTMLImageElement} after */
function drawDifference(canvas, before, after) {
  const [width, height] = [after.naturalWidth, after.naturalHeight];
  Object.assign(canvas, { width, height });
  const shown = difference(pixels(before, width, height), pixels(after, width, height));
  canvas.getContext('2d')?.putImageData(new ImageData(shown, width, height), 0, 0);
}

/**
 * @param {string} beforeUrl @param {string} afterUrl @param {string} name of the photo, for those who cannot see it
 * @returns {Promise<HTMLElement>} rejects where the browser cannot show one of them
 */
export async function compare(beforeUrl, afterUrl, name) {
  const before = h('img', { src: beforeUrl, alt: `Original of ${name}`, class: 'compare-before' });
  const after = h('img', { src: afterUrl, alt: `Protected copy of ${name}`, class: 'compare-after' });
  await Promise.all([before.decode(), after.decode()]);
  const slider = h('input', {
    'type': 'range',
    'class': 'compare-slider',
    'min': '0',
    'max': '100',
    'step': '1',
    'value': '50',
    'aria-label': 'Share of the original that is shown',
  });
  const canvas = h('canvas', {
    'class': 'compare-difference',
    'role': 'img',
    'aria-label': `Difference between both, ${TIMES} times as large`,
    'hidden': true,
  });
  const stage = h(
    'div',
    { class: 'compare-stage' },
    after,
    before,
    h('span', { class: 'compare-line' }, h('span', { class: 'compare-grip' }, icon('split'))),
    h('span', { 'class': 'compare-tag left', 'aria-hidden': 'true' }, 'Original'),
    h('span', { 'class': 'compare-tag right', 'aria-hidden': 'true' }, 'Protected'),
    slider,
    canvas,
  );
  // Through the CSSOM: the page's policy allows no style attributes.
  stage.style.setProperty('--ratio', String(after.naturalWidth / after.naturalHeight));
  const move = () => {
    stage.style.setProperty('--split', `${slider.value}%`);
    slider.setAttribute('aria-valuetext', `${slider.value} % original, ${100 - Number(slider.value)} % protected copy`);
  };
  slider.addEventListener('input', move);
  move();
  const caption = h('figcaption', { class: 'soft small' });
  return h(
    'figure',
    { class: 'compare' },
    modes(stage, canvas, caption, () => drawDifference(canvas, before, after)),
    stage,
    caption,
  );
}

const CAPTIONS = {
  slider: 'Drag the divider, or use arrow keys.',
  difference: `Every change, ${TIMES} times as large as it is. Grey was not changed.`,
};

/** @param {HTMLElement} stage @param {HTMLElement} canvas @param {HTMLElement} caption @param {() => void} draw */
function modes(stage, canvas, caption, draw) {
  const group = fresh('compare');
  let isDrawn = false;
  const show = (/** @type {keyof typeof CAPTIONS} */ mode) => {
    if (mode === 'difference' && !isDrawn) {
      draw();
      isDrawn = true;
    }
    stage.classList.toggle('is-difference', mode === 'difference');
    canvas.hidden = mode !== 'difference';
    say(caption, CAPTIONS[mode]);
  };
  const option = (/** @type {keyof typeof CAPTIONS} */ mode, /** @type {string} */ text) =>
    h(
      'label',
      { class: 'segment' },
      h('input', { type: 'radio', name: group, value: mode, checked: mode === 'slider', onchange: () => show(mode) }),
      h('span', {}, text),
    );
  show('slider');
  const set = h('fieldset', { class: 'segments' });
  fill(
    set,
    h('legend', { class: 'visually-hidden' }, 'How to compare'),
    option('slider', 'Compare'),
    option('difference', `Difference ×${TIMES}`),
  );
  return set;
}
