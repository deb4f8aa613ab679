/**
 * Building nodes. Text goes in as text, never as markup: names of files and folders are what strangers made them.
 */
import { icon } from './icons.js';

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, unknown>} Properties `on…` listens, `class` and names with a hyphen are attributes, the rest are properties */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Properties} [properties] @param {Child[]} children @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

/** @param {HTMLElement} element @param {string} name @param {unknown} value */
function set(element, name, value) {
  if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  else if (name === 'class' || name === 'for' || name === 'role' || name === 'list' || name.includes('-'))
    element.setAttribute(name, value === true ? '' : String(value));
  else Object.assign(element, { [name]: value });
}

/** @param {Child[]} children @returns {Array<Node | string>} */
function nodes(children) {
  return children
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/** Put these children in place of what was there. @param {Element} element @param {Child[]} children */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

/** Set a text only where it differs, so that what reads the page aloud does not repeat itself. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let ids = 0;

/** An id nobody else has. @param {string} word */
export function fresh(word) {
  return `${word}-${++ids}`;
}

/**
 * @param {string} text @param {(event: Event) => unknown} pressed
 * @param {{kind?: 'main' | 'danger' | 'quiet', icon?: string, label?: string, act?: string, disabled?: boolean, small?: boolean}} [options]
 *   `label`: what to say to those who cannot see which row the button is in; `act`: its name, so that focus finds it again
 */
export function button(text, pressed, options = {}) {
  return h(
    'button',
    {
      'type': 'button',
      'class': ['button', options.kind, options.small && 'small'].filter(Boolean).join(' '),
      'aria-label': options.label,
      'data-act': options.act,
      'disabled': options.disabled,
      'onclick': pressed,
    },
    options.icon && icon(options.icon),
    text,
  );
}

/** @param {string} text @param {string} href @param {Properties} [properties] */
export function link(text, href, properties = {}) {
  return h('a', { href, ...properties }, text);
}

/** @param {'good' | 'bad' | 'busy' | 'plain' | 'warn'} kind @param {string} text @param {string} [symbol] */
export function pill(kind, text, symbol) {
  return h('span', { class: `pill ${kind}` }, symbol && icon(symbol), text);
}

/** A card with a heading. @param {string} title @param {Child[]} children */
export function card(title, ...children) {
  const id = fresh('card');
  return h('section', { 'class': 'card', 'aria-labelledby': id }, h('h2', { id }, title), ...children);
}

/** What to show where there is nothing yet. @param {string} symbol @param {string} title @param {string} text @param {Child[]} more */
export function empty(symbol, title, text, ...more) {
  return h('div', { class: 'empty' }, icon(symbol), h('p', { class: 'empty-title' }, title), h('p', { class: 'soft' }, text), ...more);
}

/** A failure: what, why, and what to do. @param {import('./types.js').Trouble} trouble @param {Child[]} more */
export function troubleBox(trouble, ...more) {
  return h(
    'div',
    { class: 'trouble' },
    icon('alert'),
    h(
      'div',
      {},
      h('p', { class: 'trouble-title' }, trouble.title || 'Something went wrong'),
      trouble.reason && h('p', {}, trouble.reason),
      trouble.remedy && h('p', {}, h('strong', {}, 'What to do: '), trouble.remedy),
      ...more,
    ),
  );
}

/** @param {number | undefined} value 0…1, or undefined while nobody knows @param {string} label */
export function progressBar(value, label) {
  const bar = h('progress', { 'max': 1, 'aria-label': label });
  if (value !== undefined) bar.value = value;
  return bar;
}

/**
 * Keep a list's nodes in step with its items. Nodes whose item is unchanged stay, and so do the open details, the
 * scroll position and the focus in them; of a node that is built anew, the focused control is found by its `data-act`.
 * @template T @param {Element} list @param {T[]} items @param {(item: T) => string} keyOf @param {(item: T) => HTMLElement} build
 */
export function keepList(list, items, keyOf, build) {
  const old = new Map([...list.children].map((node) => [node.getAttribute('data-key'), node]));
  const focused =
    document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement : undefined;
  const focusedKey = focused?.closest('[data-key]')?.getAttribute('data-key');
  const wanted = items.map((item) => {
    const [key, told] = [keyOf(item), JSON.stringify(item)];
    const kept = old.get(key);
    if (kept instanceof HTMLElement && versions.get(kept) === told) return kept;
    const made = build(item);
    made.setAttribute('data-key', key);
    versions.set(made, told);
    return made;
  });
  const same = wanted.length === list.children.length && wanted.every((node, i) => list.children[i] === node);
  if (same) return;
  list.replaceChildren(...wanted);
  if (focused && document.activeElement !== focused) refocus(list, focused, focusedKey);
}

/** What each node of a kept list was built from. @type {WeakMap<HTMLElement, string>} */
const versions = new WeakMap();

/** @param {Element} list @param {HTMLElement} focused @param {string | null | undefined} key */
function refocus(list, focused, key) {
  if (focused.isConnected) return focused.focus({ preventScroll: true });
  const row = [...list.children].find((node) => node.getAttribute('data-key') === key);
  const act = focused.getAttribute('data-act');
  const twin = row?.querySelector(act ? `[data-act="${act}"]` : 'a, button, input, select') ?? row?.querySelector('a, button');
  if (twin instanceof HTMLElement) twin.focus({ preventScroll: true });
}

/** Give a file to the user, under its name. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
