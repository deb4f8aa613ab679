/**
 * Pictures that come out of the clipboard.
 */
/* global document, window -- `wire` runs in the page */
import assert from 'node:assert/strict';

import { BUTTON, WORDS, paste, pasteWithWords } from './actions.mjs';

/** @typedef {import('../types.js').Vector} Vector */

/** @type {Vector[]} */
export const CLIPBOARD = [
  {
    name: 'paste file',
    everywhere: true,
    samples: ['picture'],
    html: '<textarea class="first" id="text"></textarea>',
    wire(root, page) {
      root.getElementById('text').addEventListener('paste', (/** @type {any} */ event) => {
        event.preventDefault();
        page.upload(event.clipboardData.files);
      });
    },
    act: (act) => paste(act),
  },
  {
    name: 'paste on the document',
    samples: ['picture'],
    html: '<p class="first">no field</p>',
    wire(_, page) {
      document.addEventListener('paste', (/** @type {any} */ event) => {
        page.upload(Array.from(event.clipboardData.items, (item) => item.getAsFile()));
      });
    },
    act: (act) => paste(act),
  },
  {
    name: 'paste text and picture',
    samples: ['picture'],
    html: '<div class="first" id="text" contenteditable></div>',
    wire(root, page) {
      root.getElementById('text').addEventListener('paste', (/** @type {any} */ event) => {
        event.preventDefault();
        const { clipboardData } = event;
        page.say({ plain: clipboardData.getData('text/plain'), html: clipboardData.getData('text/html'), types: [...clipboardData.types] });
        page.upload(clipboardData.files);
      });
    },
    act: pasteWithWords,
    said([seen]) {
      assert.equal(seen?.['plain'], WORDS.plain);
      assert.match(String(seen?.['html']), /a few words/);
      assert.match(String(seen?.['types']), /Files/);
    },
  },
  {
    name: 'paste into a bare editor',
    samples: ['picture'],
    html: '<div class="first" id="text" contenteditable></div>',
    wire(root, page) {
      const text = root.getElementById('text');
      text.addEventListener('input', async () => {
        const pictures = [...text.querySelectorAll('img')];
        const files = await Promise.all(pictures.map(async ({ src }) => (await fetch(src)).blob()));
        if (files.length > 0) page.upload(files.map((blob) => new window.File([blob], 'image.png')));
      });
    },
    act: (act) => paste(act),
  },
  {
    name: 'paste heard on the window of a frame before it loads',
    samples: ['picture'],
    html: '<iframe id="frame" class="first"></iframe>',
    async wire(root, page) {
      const frame = Object.assign(document.createElement('iframe'), { className: 'first', src: `${page.origin}/field` });
      root.getElementById('frame').replaceWith(frame);
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      let isHeard = false;
      const hear = (/** @type {any} */ event) => {
        if (isHeard || !event.clipboardData.files.length) return;
        isHeard = true;
        page.upload(event.clipboardData.files);
      };
      /** @type {Window} */ (frame.contentWindow).addEventListener('paste', hear, true);
      await loaded;
      // The same window or a new one: browsers differ.
      /** @type {Window} */ (frame.contentWindow).document.addEventListener('paste', hear);
    },
    act: (act) => paste(act),
  },
  {
    name: 'clipboard.read()',
    everywhere: true,
    samples: ['picture'],
    html: BUTTON,
    wire(root, page) {
      root.getElementById('button').onclick = () => page.attempt(async () => {
        const items = await navigator.clipboard.read();
        const blob = await /** @type {ClipboardItem} */ (items[0]).getType('image/png');
        page.upload([new window.File([blob], 'image.png')]);
      });
    },
    async act({ user, first, samples: [sample] }) {
      if (sample) await user.copy(sample.bytes);
      await user.click(first);
    },
  },
];
