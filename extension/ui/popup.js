/**
 * The popup: is Photoveil there, does it know this browser, and what about this site.
 */

import * as settings from '../background/settings.js';
import { listedDomains, patternOf, siteOf } from '../background/sites.js';
import * as now from './now.js';
import { ask, byId, localise, setVisible, text } from './page.js';

const REFRESH_MS = 1_500;

/** The page the popup was opened over. @type {{id: number, url: URL} | undefined} */
let page;

/** @param {string} className @param {string} content */
function setPill(className, content) {
  const pill = byId('pill', HTMLElement);
  pill.className = `pill ${className}`;
  pill.textContent = content;
}

/** @param {'connected' | 'trouble' | 'pairing' | 'waiting'} which */
function showOnly(which) {
  for (const id of ['connected', 'trouble', 'pairing', 'waiting']) setVisible(id, id === which);
}

/** @param {ConnectionState} connection */
function show(connection) {
  if (connection.state === 'connected') {
    const { status } = connection;
    setPill('good', text('popup_connected'));
    byId('version', HTMLElement).textContent = text('popup_model', status.version, status.model_set);
    now.show(status);
    now.hear(() => void refresh());
    showOnly('connected');
    void showWishes();
  } else if (connection.state === 'unpaired') {
    showPairing(connection.pairing);
  } else if (connection.failure.code === 'revoked') {
    showPairing({ state: 'none' });
    byId('pair-error', HTMLElement).textContent = text('failure_revoked_reason');
  } else {
    showTrouble(connection.failure);
  }
}

/** @param {PairingState} pairing */
function showPairing(pairing) {
  setPill('bad', text('popup_attention'));
  showOnly(pairing.state === 'waiting' ? 'waiting' : 'pairing');
  if (pairing.state === 'failed') {
    byId('pair-error', HTMLElement).textContent = text(`pairing_${pairing.reason.replaceAll('-', '_')}`);
  }
}

/** @param {Failure} failure */
function showTrouble({ code }) {
  setPill('bad', text(code === 'absent' ? 'popup_off' : 'popup_attention'));
  const name = code.replaceAll('-', '_');
  for (const part of ['title', 'reason']) byId(`trouble-${part}`, HTMLElement).textContent = text(`failure_${name}_${part}`);
  byId('trouble-remedy', HTMLElement).textContent = text(code === 'forbidden' ? 'popup_forbidden_remedy' : 'popup_remedy');
  setVisible('allow', code === 'forbidden');
  setVisible('try-again', code !== 'forbidden');
  showOnly('trouble');
}

async function refresh() {
  const connection = /** @type {ConnectionState} */ (await ask({ kind: 'state' }));
  show(connection);
  const isWaiting = connection.state === 'unpaired' && connection.pairing.state === 'waiting';
  if (isWaiting) setTimeout(() => void refresh(), REFRESH_MS);
}

/** What the daemon should call this browser. */
function browserName() {
  const agent = navigator.userAgent;
  const browsers = /** @type {const} */ ([['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chromium']]);
  const systems = /** @type {const} */ ([
    ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['CrOS', 'ChromeOS'], ['Android', 'Android'], ['Linux', 'Linux'],
  ]);
  const pick = (/** @type {ReadonlyArray<readonly [string, string]>} */ list) => list.find(([sign]) => agent.includes(sign))?.[1] ?? '?';
  return text('browser_name', pick(browsers), pick(systems));
}

/** @param {Event} event */
async function onPair(event) {
  event.preventDefault();
  const button = byId('connect', HTMLButtonElement);
  byId('pair-error', HTMLElement).textContent = '';
  button.disabled = true;
  try {
    showPairing(await ask({ kind: 'pair', code: byId('code', HTMLInputElement).value, name: browserName() }));
    await refresh();
  } finally {
    button.disabled = false;
  }
}

/** Groups of four, as the daemon shows it. */
function onCodeInput() {
  const input = byId('code', HTMLInputElement);
  if (input.selectionStart !== input.value.length) return;
  const plain = input.value.replace(/[\s-]/g, '').toUpperCase().slice(0, 16);
  input.value = plain.replace(/(.{4})(?=.)/g, '$1-');
}

async function showSite() {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  if (tab?.id === undefined || !tab.url || !/^https?:/.test(tab.url)) return;
  page = { id: tab.id, url: new URL(tab.url) };
  const { added, off, tally } = await settings.load();
  const site = siteOf(page.url.hostname);
  const isWatched = listedDomains().includes(site) || added.some((origin) => patternOf(origin) === patternOf(page?.url.origin ?? ''));
  const isOn = isWatched && !off.includes(site);
  byId('site-name', HTMLElement).textContent = site;
  byId('site-text', HTMLElement).textContent = text(!isWatched ? 'site_unlisted' : isOn ? 'site_on' : 'site_off');
  byId('site-on', HTMLInputElement).checked = isOn;
  setVisible('site-on', isWatched);
  setVisible('site-add', !isWatched);
  const counts = tally[site];
  byId('site-counts', HTMLElement).textContent = counts
    ? text('site_counts', counts.protected, counts.unchanged, counts.original) : text('site_counts_none');
  setVisible('site-counts', isWatched);
  setVisible('site', true);
  if (isOn) setVisible('site-reload', !(await isWatching(tab.id)));
}

/** The persona and strength the user chose for this site in Photoveil, if any. */
async function showWishes() {
  await siteShown;
  /** @type {Wishes | undefined} */
  const wishes = page && (await ask({ kind: 'wishes', host: page.url.hostname }));
  const chosen = [];
  if (wishes?.persona) chosen.push(text('site_persona', wishes.persona));
  if (wishes?.strength) chosen.push(text('site_strength', wishes.strength));
  byId('site-wishes', HTMLElement).replaceChildren(...chosen.map((words) => {
    const chip = document.createElement('span');
    chip.textContent = words;
    return chip;
  }));
  setVisible('site-wishes', chosen.length > 0);
}

/** Whether the content scripts run in the tab; one opened before the extension came has none. @param {number} tab */
async function isWatching(tab) {
  const alive = await chrome.tabs.sendMessage(tab, { kind: 'ping' }, { frameId: 0 }).catch(() => false);
  return alive === true;
}

async function onSwitch() {
  if (!page) return;
  const site = siteOf(page.url.hostname);
  const isOn = byId('site-on', HTMLInputElement).checked;
  await settings.update(({ off }) => ({ off: isOn ? off.filter((other) => other !== site) : [...new Set([...off, site])] }));
  await showSite();
}

async function onAdd() {
  if (!page) return;
  const { origin } = page.url;
  // Asked first: browsers accept the question only straight from a press. The popup may not outlive it, so the wish is
  // noted at the same time and the background acts on it when access is granted.
  const asked = chrome.permissions.request({ origins: [patternOf(origin)] });
  await settings.update(({ added }) => ({ added: [...new Set([...added, origin])] }));
  const granted = await asked;
  if (!granted) await settings.update(({ added }) => ({ added: added.filter((other) => other !== origin) }));
  await ask({ kind: 'sync-sites' });
  await showSite();
}

async function onAllow() {
  await chrome.permissions.request({ origins: ['http://127.0.0.1/*'] });
  await refresh();
}

localise();
byId('pair-form', HTMLFormElement).addEventListener('submit', (event) => void onPair(event));
byId('code', HTMLInputElement).addEventListener('input', onCodeInput);
byId('try-again', HTMLElement).addEventListener('click', () => void refresh());
byId('allow', HTMLElement).addEventListener('click', () => void onAllow());
byId('start-over', HTMLElement).addEventListener('click', () => void ask({ kind: 'forget' }).then(refresh));
byId('site-on', HTMLElement).addEventListener('change', () => void onSwitch());
byId('add', HTMLElement).addEventListener('click', () => void onAdd());
byId('reload', HTMLElement).addEventListener('click', () => void (page && chrome.tabs.reload(page.id).then(() => window.close())));
byId('open-options', HTMLElement).addEventListener('click', () => void chrome.runtime.openOptionsPage());
const siteShown = showSite();
void refresh();
