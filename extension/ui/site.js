/**
 * The site under the popup: whether Photoveil protects there, how strongly and as whose photos, and what it did so far.
 */

import * as settings from '../background/settings.js';
import { listedDomains, patternOf, siteOf } from '../background/sites.js';
import { isOn, switchFor } from '../background/switches.js';
import { ask, byId, isDashboard, make, onPress, say, setVisible, strengthName, text } from './page.js';

/** The page the popup was opened over. @type {{id: number, url: URL} | undefined} */
let page;

export async function start() {
  byId('site-on', HTMLElement).addEventListener('change', () => void onSwitch());
  byId('strength', HTMLElement).addEventListener('change', () => void choose({ strength: chosen('strength') }));
  byId('persona', HTMLElement).addEventListener('change', () => void choose({ persona: chosen('persona') }));
  byId('slider', HTMLElement).addEventListener('input', () => describe(Number(byId('slider', HTMLInputElement).value)));
  byId('slider', HTMLElement).addEventListener('change', () => void choose({ slider: Number(byId('slider', HTMLInputElement).value) }));
  onPress('slider-usual', () => choose({ slider: null }));
  onPress('add', onAdd);
  onPress('reload', () => page && chrome.tabs.reload(page.id).then(() => window.close()));
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  if (tab?.id === undefined || !tab.url || !/^https?:/.test(tab.url)) return;
  if (await isDashboard(tab.url)) return;
  page = { id: tab.id, url: new URL(tab.url) };
  await refresh();
}

/** Show the site as it is known here, then as the daemon knows it; asked again when that comes or goes. */
export async function refresh() {
  if (!page) return;
  const { hostname, origin } = page.url;
  const { added, off, on, pausedUntil, tally } = await settings.load();
  const site = siteOf(hostname);
  const isWatched = listedDomains().includes(site) || added.some((other) => patternOf(other) === patternOf(origin));
  setVisible('site-on', isWatched);
  setVisible('site-add', !isWatched);
  setVisible('site-counts', isWatched);
  const counts = tally[site];
  say('site-counts', counts ? text('site_counts', counts.protected, counts.unchanged, counts.original) : text('site_counts_none'));
  const mood = !isWatched ? 'site_unlisted' : pausedUntil > Date.now() ? 'site_paused' : undefined;
  await show({ site: switchFor({ off, on }, hostname) ?? site, protect: isWatched && isOn({ off, on }, hostname), isTold: true }, mood);
  setVisible('site', true);
  if (isWatched) await showChoices(hostname, mood);
}

/** What the daemon says of the site. @param {string} host @param {string | undefined} mood as in `show` */
async function showChoices(host, mood) {
  const choices = /** @type {SiteChoices | undefined} */ (await ask({ kind: 'choices', host }));
  if (!choices?.site) return;
  const offer = choices.protect ? choices.daemon : undefined;
  await show(choices, mood ?? wayWords(offer));
  showPickers(offer);
}

/** @param {SiteChoices} choices @param {string} [mood] what is to be said instead of on or off */
async function show({ site, protect, isTold }, mood) {
  say('site-name', site);
  say('site-text', text(mood ?? (protect ? 'site_on' : 'site_off')));
  byId('site-on', HTMLInputElement).checked = protect;
  setVisible('site-untold', !isTold);
  setVisible('site-reload', protect && page !== undefined && !(await isWatching(page.id)));
}

/** Whether private things are hidden for an AI assistant here, instead of photos being protected. @param {SiteChoices['daemon']} choices */
function isHiding(choices) {
  return (choices?.site.method ?? choices?.current.method) === 'assistant';
}

/** What is done here instead of the usual. @param {SiteChoices['daemon']} choices */
function wayWords(choices) {
  if (isHiding(choices)) return 'site_hides';
  return choices?.site.method === 'unlearnable' ? 'site_unlearnable' : undefined;
}

/** @param {SiteChoices['daemon']} choices */
function showPickers(choices) {
  setVisible('site-choices', choices !== undefined);
  if (!choices) return;
  const { personas, strengths, current, site } = choices;
  const isHidden = isHiding(choices);
  for (const part of document.querySelectorAll('[data-way]')) {
    if (part instanceof HTMLElement) part.hidden = (part.dataset['way'] === 'hide') !== isHidden;
  }
  if (isHidden) {
    showSlider(site.slider, current.slider);
    return;
  }
  const titles = new Map(strengths.map(({ name, title }) => [name, strengthName(name, title)]));
  fill('strength', [...titles], site.strength, titles.get(current.strength) ?? current.strength);
  fill('persona', personas.map(({ name }) => [name, name]), site.persona, current.persona);
  const strength = site.strength ?? current.strength;
  say('strength-note', text(`strength_${strength}_note`) || (strengths.find(({ name }) => name === strength)?.note ?? ''));
}

/** @param {number | null} own null: as everywhere @param {number} usual */
function showSlider(own, usual) {
  const place = own ?? usual;
  byId('slider', HTMLInputElement).value = String(place);
  setVisible('slider-usual', own !== null);
  describe(place);
}

/** What a place of the slider means. @param {number} place */
function describe(place) {
  const words = place < 35 ? text('slider_useful_note') : place > 65 ? text('slider_private_note') : text('slider_middle_note');
  say('slider-note', words);
  byId('slider', HTMLElement).setAttribute('aria-valuetext', `${place}: ${words}`);
}

/**
 * @param {string} id @param {Array<[string, string]>} options value and words
 * @param {string | null} selected null: as everywhere @param {string} usual what that is
 */
function fill(id, options, selected, usual) {
  /** @type {Array<[string, string]>} */
  const all = [['', text('site_as_usual', usual)], ...options];
  if (selected && !options.some(([value]) => value === selected)) all.push([selected, selected]);
  const select = byId(id, HTMLSelectElement);
  select.replaceChildren(...all.map(([value, words]) => {
    const option = make('option', '', words);
    option.value = value;
    return option;
  }));
  select.value = selected ?? '';
}

/** @param {'strength' | 'persona'} id */
function chosen(id) {
  return byId(id, HTMLSelectElement).value || null;
}

/** @param {{strength?: string | null, persona?: string | null, slider?: number | null, protect?: boolean}} choice */
async function choose(choice) {
  if (!page) return;
  const answer = await ask({ kind: 'choose', host: page.url.hostname, ...choice });
  say('site-error', answer?.ok === true ? '' : text('site_choice_failed'));
  await refresh();
}

/** Whether the content scripts run in the tab; one opened before the extension came has none. @param {number} tab */
async function isWatching(tab) {
  const alive = await chrome.tabs.sendMessage(tab, { kind: 'ping' }, { frameId: 0 }).catch(() => false);
  return alive === true;
}

function onSwitch() {
  return choose({ protect: byId('site-on', HTMLInputElement).checked });
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
  await refresh();
}
