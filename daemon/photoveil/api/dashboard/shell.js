/**
 * What surrounds every page: the list of pages, the state in a word, the banner when Photoveil is gone.
 */
/** @import { Live } from './live.js' */

import { button, fill, h, pill, say } from './dom.js';
import { icon } from './icons.js';

/** @type {ReadonlyArray<readonly [string, string, string]>} address, words, icon */
const PAGES = [
  ['', 'Overview', 'home'],
  ['history', 'History', 'history'],
  ['personas', 'Personas', 'person'],
  ['seal', 'Seal', 'seal'],
  ['exposure', 'Exposure', 'eye'],
  ['folders', 'Folders', 'folder'],
  ['browsers', 'Browsers', 'browser'],
  ['vault', 'Vault', 'vault'],
  ['models', 'Model sets', 'models'],
  ['settings', 'Settings', 'settings'],
  ['limits', 'Limits', 'limits'],
];

/** @type {Record<string, {word: string, kind: 'good' | 'bad' | 'busy' | 'plain' | 'warn', symbol: string}>} */
const NOW = {
  idle: { word: 'Ready', kind: 'good', symbol: 'check' },
  working: { word: 'Working', kind: 'busy', symbol: 'spinner' },
  paused: { word: 'Paused', kind: 'warn', symbol: 'pause' },
  attention: { word: 'Attention', kind: 'bad', symbol: 'alert' },
};

/** @param {string} id @returns {HTMLElement} */
export function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id}`);
  return element;
}

/** Build the list of pages and its button. */
export function buildShell() {
  fill(
    part('nav-list'),
    ...PAGES.map(([address, words, symbol]) => h('li', {}, h('a', { 'href': `#/${address}`, 'data-page': address }, icon(symbol), words))),
  );
  const menu = part('menu');
  fill(menu, icon('menu'), h('span', { class: 'menu-word' }, 'Menu'));
  const open = (/** @type {boolean} */ isOpen) => {
    document.body.classList.toggle('menu-open', isOpen);
    menu.setAttribute('aria-expanded', String(isOpen));
  };
  menu.addEventListener('click', () => open(menu.getAttribute('aria-expanded') !== 'true'));
  part('nav-list').addEventListener('click', () => open(false));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || menu.getAttribute('aria-expanded') !== 'true') return;
    open(false);
    menu.focus();
  });
  part('skip').addEventListener('click', (event) => {
    event.preventDefault();
    part('content').focus();
  });
}

/** Mark the page that is shown. @param {string} page */
export function markPage(page) {
  const shown = page === 'photo' ? 'history' : page;
  // The first run leads step by step; the list of all pages would only lead away.
  document.body.classList.toggle('welcoming', page === 'welcome');
  for (const entry of document.querySelectorAll('#nav a')) {
    if (entry.getAttribute('data-page') === shown) entry.setAttribute('aria-current', 'page');
    else entry.removeAttribute('aria-current');
  }
}

/** @param {Live} live */
export function showState(live) {
  const { overview, connected } = live;
  const now = connected ? NOW[overview?.state ?? ''] : { word: 'Not running', kind: /** @type {const} */ ('bad'), symbol: 'plug' };
  const box = part('now');
  const told = now?.word ?? '';
  if (box.textContent !== told) fill(box, now && pill(now.kind, now.word, now.symbol));
  const foot = overview
    ? `Photoveil ${overview.version}${overview.profile && overview.profile !== 'default' ? ` · profile ${overview.profile}` : ''}`
    : '';
  say(part('nav-foot'), foot);
  showBanner(live);
}

/** @param {Live} live */
function showBanner(live) {
  const banner = part('banner');
  if (live.connected === (banner.childElementCount === 0)) return;
  if (live.connected) return fill(banner);
  fill(
    banner,
    h(
      'div',
      { class: 'banner' },
      icon('plug'),
      h(
        'p',
        {},
        h('strong', {}, 'Photoveil is not running. '),
        'What you see may be out of date. Start Photoveil; this page finds it again by itself.',
      ),
      button('Try now', () => live.retry(), { small: true }),
    ),
  );
}
