/**
 * What the popup and the options page share.
 */

/** @param {string} key @param {Array<string | number>} values */
export function text(key, ...values) {
  return chrome.i18n.getMessage(key, values.map(String));
}

/** Fill in every `data-i18n` of the page. */
export function localise() {
  document.documentElement.lang = chrome.i18n.getUILanguage();
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

/** @param {string} id @param {boolean} visible */
export function setVisible(id, visible) {
  byId(id, HTMLElement).hidden = !visible;
}

/** @param {UiRequest} request @returns {Promise<any>} */
export function ask(request) {
  return chrome.runtime.sendMessage(request);
}
