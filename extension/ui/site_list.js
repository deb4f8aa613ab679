/**
 * The sites Photoveil watches: those built in and those the user added, each with its switch.
 */

import * as settings from '../background/settings.js';
import { listedDomains, patternOf } from '../background/sites.js';
import { isOn } from '../background/switches.js';
import { ask, byId, isDashboard, make, say, text } from './page.js';

export async function start() {
  byId('add-form', HTMLFormElement).addEventListener('submit', (event) => void onAdd(event));
  chrome.storage.local.onChanged.addListener((changes) => {
    if ('off' in changes || 'on' in changes) void updateSwitches();
  });
  const domains = listedDomains();
  say('listed-title', text('options_listed', domains.length));
  byId('listed', HTMLElement).replaceChildren(...domains.map((domain) => make('li', '', switchOf(domain, domain))));
  await showAdded();
}

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
  const origin = originOf(input.value);
  say('add-error', origin ? '' : text('options_add_invalid'));
  if (!origin) return;
  // Nothing may be awaited before this: browsers accept the question only straight from a press.
  if (!(await chrome.permissions.request({ origins: [patternOf(origin)] }))) {
    say('add-error', text('options_add_denied'));
    return;
  }
  if (await isDashboard(origin)) {
    say('add-error', text('options_add_invalid'));
    return;
  }
  await settings.update(({ added }) => ({ added: [...new Set([...added, origin])] }));
  const answer = await ask({ kind: 'sync-sites' });
  if (answer?.ok !== true) {
    say('add-error', text('options_add_failed', answer?.failure?.reason ?? ''));
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
  // Access the extension needs itself (127.0.0.1) stays; Firefox would take it away and the daemon with it.
  const needed = chrome.runtime.getManifest().host_permissions ?? [];
  if (!needed.includes(patternOf(origin))) await chrome.permissions.remove({ origins: [patternOf(origin)] });
  await showAdded();
  byId('address', HTMLInputElement).focus();
}

async function showAdded() {
  const { added } = await settings.load();
  byId('added', HTMLElement).replaceChildren(...added.map((origin) => {
    const button = make('button', '', text('options_remove_short'));
    button.type = 'button';
    button.setAttribute('aria-label', text('options_remove', origin));
    button.addEventListener('click', () => void remove(origin));
    return make('li', '', switchOf(new URL(origin).hostname, origin), button);
  }));
  await updateSwitches();
}

/** @param {string} host @param {string} name what the user knows it by */
function switchOf(host, name) {
  const box = make('input', '');
  box.type = 'checkbox';
  box.setAttribute('role', 'switch');
  box.dataset['host'] = host;
  box.addEventListener('change', () => void onSwitch(box, host));
  return make('label', 'switch small-switch', make('span', '', name), box);
}

/** @param {HTMLInputElement} box @param {string} host */
async function onSwitch(box, host) {
  await ask({ kind: 'choose', host, protect: box.checked });
  // What holds now, whatever became of the wish.
  await updateSwitches();
}

async function updateSwitches() {
  const { off, on } = await settings.load();
  for (const box of document.querySelectorAll('input[data-host]')) {
    if (box instanceof HTMLInputElement) box.checked = isOn({ off, on }, box.dataset['host'] ?? '');
  }
}
