/**
 * Questions, and short words about what happened.
 */
/** @import { Trouble } from './types.js' */

import { button, fill, fresh, h, troubleBox } from './dom.js';
import { troubleOf } from './daemon.js';
import { icon } from './icons.js';

/**
 * Ask before something that cannot be taken back. Escape and “Cancel” answer no; “Cancel” has the focus.
 * @param {{title: string, text: string, more?: string, yes: string, danger?: boolean}} question @returns {Promise<boolean>}
 */
export function confirm({ title, text, more, yes, danger = true }) {
  return new Promise((resolve) => {
    const id = fresh('question');
    /** @type {HTMLDialogElement} */
    const dialog = h(
      'dialog',
      { 'aria-labelledby': id, 'class': 'dialog small-dialog' },
      h('h2', { id }, title),
      h('p', {}, text),
      more && h('p', { class: 'soft' }, more),
      h(
        'div',
        { class: 'row end' },
        button('Cancel', () => dialog.close('no')),
        button(yes, () => dialog.close('yes'), { kind: danger ? 'danger' : 'main' }),
      ),
    );
    show(dialog, () => resolve(dialog.returnValue === 'yes'));
  });
}

/** @param {HTMLDialogElement} dialog @param {() => void} closed */
export function show(dialog, closed) {
  const leave = () => dialog.close('no');
  addEventListener('hashchange', leave);
  dialog.addEventListener('close', () => {
    removeEventListener('hashchange', leave);
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** A dialog with a form. @param {string} title @param {(dialog: HTMLDialogElement) => Node[]} build @param {() => void} [closed] */
export function formDialog(title, build, closed = () => {}) {
  const id = fresh('dialog');
  const dialog = h('dialog', { 'aria-labelledby': id, 'class': 'dialog' });
  fill(
    dialog,
    h(
      'div',
      { class: 'dialog-head' },
      h('h2', { id }, title),
      h(
        'button',
        { 'type': 'button', 'class': 'button quiet icon-only', 'aria-label': 'Close', 'onclick': () => dialog.close() },
        icon('cross'),
      ),
    ),
    ...build(dialog),
  );
  show(dialog, closed);
  const first = dialog.querySelector('input:not(:disabled), select');
  if (first instanceof HTMLElement) first.focus();
  return dialog;
}

const TOAST_MS = 6_000;

/** A short word on what was done; polite to screen readers. @param {string} text */
export function toast(text) {
  const box = document.getElementById('toasts');
  if (!box) return;
  const node = h('p', { class: 'toast' }, icon('check'), h('span', {}, text));
  box.append(node);
  while (box.children.length > 3) box.firstElementChild?.remove();
  setTimeout(() => node.remove(), TOAST_MS);
}

/** A failure of something the user did. @param {unknown} error */
export function tellTrouble(error) {
  const trouble = troubleOf(error);
  if (trouble.code === 'cancelled' || trouble.code === 'unknown') return;
  troubleDialog(trouble);
}

/** @param {Trouble} trouble */
function troubleDialog(trouble) {
  const id = fresh('trouble');
  /** @type {HTMLDialogElement} */
  const dialog = h(
    'dialog',
    { 'aria-labelledby': id, 'class': 'dialog small-dialog' },
    h('h2', { id, class: 'visually-hidden' }, 'That did not work'),
    troubleBox(trouble),
    h(
      'div',
      { class: 'row end' },
      button('Close', () => dialog.close(), { kind: 'main' }),
    ),
  );
  show(dialog, () => {});
}

/**
 * Run what a button is for: it cannot be pressed twice meanwhile, and a failure is told.
 * @param {EventTarget | null} target @param {() => Promise<unknown>} work @returns {Promise<boolean>} whether it went well
 */
export async function attempt(target, work) {
  const pressed = target instanceof HTMLButtonElement ? target : undefined;
  pressed?.setAttribute('aria-busy', 'true');
  if (pressed) pressed.disabled = true;
  try {
    await work();
    return true;
  } catch (error) {
    tellTrouble(error);
    return false;
  } finally {
    pressed?.removeAttribute('aria-busy');
    if (pressed) pressed.disabled = false;
  }
}
