/**
 * Something to paste elsewhere, with a button that copies it.
 */
import { toast } from './dialogs.js';
import { button, h } from './dom.js';

/** @param {string} text @param {string} what */
export function copyable(text, what) {
  const code = h('code', {}, text);
  return h('span', { class: 'copyable' }, code, copyButton(() => text, what, code));
}

/** @param {() => string} text @param {string} what @param {HTMLElement} shown what is marked where copying is not allowed */
export function copyButton(text, what, shown) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      toast('Copied.');
    } catch {
      const range = document.createRange();
      range.selectNodeContents(shown);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      toast('Marked: copy it with Ctrl + C.');
    }
  };
  return button('Copy', () => void copy(), { small: true, label: `Copy ${what}` });
}
