/**
 * What the popup and the options page share.
 */

import { text } from '../background/words.js';

export { text };

/** A time further away than this is no time but "until I say so". */
const FAR_MS = 365 * 24 * 60 * 60 * 1_000;

/** The language these words are in: the one of our own that the browser chose, which need not be its own. */
function language() {
  return text('language') || 'en';
}

/** Fill in every `data-i18n` of the page. */
export function localise() {
  document.documentElement.lang = language();
  for (const element of document.querySelectorAll('[data-i18n]')) {
    element.textContent = text(element.getAttribute('data-i18n') ?? '');
  }
  for (const element of document.querySelectorAll('[data-i18n-label]')) {
    element.setAttribute('aria-label', text(element.getAttribute('data-i18n-label') ?? ''));
  }
}

/**
 * @template {HTMLElement} T
 * @param {string} id @param {new () => T} type @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`no ${type.name} #${id}`);
  return element;
}

/** @param {string} id @param {string} words */
export function say(id, words) {
  const element = byId(id, HTMLElement);
  // Said again, it would be read out again.
  if (element.textContent !== words) element.textContent = words;
}

/** @param {string} id @param {boolean} visible */
export function setVisible(id, visible) {
  byId(id, HTMLElement).hidden = !visible;
}

/** @param {string} id @param {() => unknown} act */
export function onPress(id, act) {
  byId(id, HTMLElement).addEventListener('click', () => void act());
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {string} className @param {Array<Node | string>} parts @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className, ...parts) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...parts);
  return element;
}

/**
 * What the background answers: undefined where it was not there or was ended meanwhile, `failure` where it could not.
 * @param {UiRequest} request @returns {Promise<any>}
 */
export async function ask(request) {
  try {
    return await chrome.runtime.sendMessage(request);
  } catch {
    return undefined;
  }
}

/** Whether an address is that of the daemon's own pages, which are no site. @param {string} url */
export async function isDashboard(url) {
  return url.startsWith('http://127.0.0.1:') && (await ask({ kind: 'dashboard', url })) === true;
}

/** The time, with its day unless that is today. @param {Date | number} when */
export function clock(when) {
  const time = new Date(when);
  /** @type {Intl.DateTimeFormatOptions} */
  const day = time.toDateString() === new Date().toDateString() ? {} : { weekday: 'short', day: 'numeric', month: 'short' };
  return time.toLocaleString(language(), { hour: '2-digit', minute: '2-digit', ...day });
}

/** With one digit after the comma, or the point. @param {number} value */
export function decimal(value) {
  return value.toLocaleString(language(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Whether a pause has no end of its own. @param {number} end milliseconds since 1970 */
export function isForever(end) {
  return end - Date.now() > FAR_MS;
}

/** What a strength is called; the daemon's own word for one that is newer than this extension. @param {string} name @param {string} [title] */
export function strengthName(name, title = name) {
  return text(`strength_${name}`) || title;
}

/**
 * What a failure is called, why it is so, and what helps: the card on pages says the same (content/status.js). The daemon's own
 * words where it gave some. @param {Failure} failure
 */
export function wordsFor({ code, title, reason, remedy }) {
  if (code === 'daemon' && title) return { title, reason: reason ?? '', remedy: remedy ?? '' };
  const name = code.replaceAll('-', '_');
  return {
    title: text(`failure_${name}_title`) || text('failure_daemon_title'),
    reason: text(`failure_${name}_reason`),
    remedy: text(`failure_${name}_remedy`),
  };
}
