/**
 * Options: the sites Photoveil watches, and the connection.
 */

import * as settings from '../background/settings.js';
import { listedDomains, patternOf } from '../background/sites.js';
import { ask, byId, localise, text } from './page.js';

/** What somebody typed as an origin. @param {string} typed @returns {string | undefined} */
function originOf(typed) {
  const address = typed.trim();
  try {
    const url = new URL(/^https?:\/\//i.test(address) ? address : `https://${address}`);
    return url.hostname ? url.origin : undefined;
  } catch {
    return undefined;
  }
}

/** @param {SubmitEvent} event */
async function onAdd(event) {
  event.preventDefault();
  const input = byId('address', HTMLInputElement);
  const error = byId('add-error', HTMLElement);
  const origin = originOf(input.value);
  error.textContent = origin ? '' : text('options_add_invalid');
  if (!origin) return;
  // Nothing may be awaited before this: browsers accept the question only straight from a press.
  if (!(await chrome.permissions.request({ origins: [patternOf(origin)] }))) {
    error.textContent = text('options_add_denied');
    return;
  }
  await settings.update(({ added }) => ({ added: [...new Set([...added, origin])] }));
  const answer = await ask({ kind: 'sync-sites' });
  if (answer?.ok !== true) {
    error.textContent = text('options_add_failed', answer?.failure?.reason ?? '');
    await settings.update(({ added }) => ({ added: added.filter((other) => other !== origin) }));
    return;
  }
  input.value = '';
  await showAdded();
}

/** @param {string} origin */
async function remove(origin) {
  await settings.update(({ added }) => ({ added: added.filter((other) => other !== origin) }));
  await ask({ kind: 'sync-sites' });
  // Access the extension needs itself (127.0.0.1) cannot be given back; then only the site leaves the list.
  await chrome.permissions.remove({ origins: [patternOf(origin)] }).catch(() => false);
  await showAdded();
}

async function showAdded() {
  const { added } = await settings.load();
  byId('added', HTMLElement).replaceChildren(...added.map((origin) => {
    const item = document.createElement('li');
    const name = document.createElement('span');
    name.textContent = origin;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = text('options_remove_short');
    button.setAttribute('aria-label', text('options_remove', origin));
    button.addEventListener('click', () => void remove(origin));
    item.append(name, button);
    return item;
  }));
}

function showListed() {
  const domains = listedDomains();
  byId('listed-title', HTMLElement).textContent = text('options_listed', domains.length);
  byId('listed', HTMLElement).replaceChildren(...domains.map((domain) => {
    const item = document.createElement('li');
    item.textContent = domain;
    return item;
  }));
}

async function onForget() {
  await ask({ kind: 'forget' });
  byId('forgotten', HTMLElement).textContent = text('options_forgotten');
}

localise();
document.title = text('options_title');
showListed();
void showAdded();
byId('add-form', HTMLFormElement).addEventListener('submit', (event) => void onAdd(event));
byId('forget', HTMLElement).addEventListener('click', () => void onForget());
