/**
 * The dashboard: signs in, shows the page that the address names, and takes in photos wherever they are dropped.
 */
/** @import { Context, Shown } from './types.js' */

import { Daemon, DaemonError, troubleOf } from './daemon.js';
import { button, fill, h, troubleBox } from './dom.js';
import { icon } from './icons.js';
import { Live } from './live.js';
import { Pictures } from './pictures.js';
import { buildShell, markPage, part, showState } from './shell.js';
import { Uploads } from './uploads.js';
import { toast } from './dialogs.js';
import browsers from './pages/browsers.js';
import exposure from './pages/exposure.js';
import folders from './pages/folders.js';
import history from './pages/history.js';
import home from './pages/home.js';
import limits from './pages/limits.js';
import models from './pages/models.js';
import personas from './pages/personas.js';
import photo from './pages/photo.js';
import seal from './pages/seal.js';
import settings from './pages/settings.js';
import vault from './pages/vault.js';
import welcome from './pages/welcome.js';

/** @type {Record<string, (context: Context) => Promise<Shown>>} */
const PAGES = { '': home, history, photo, personas, seal, exposure, folders, browsers, vault, models, settings, limits, welcome };

const daemon = new Daemon();
const live = new Live(daemon);
const uploads = new Uploads(daemon, live);
const pictures = new Pictures(daemon);

/** The page that is shown; aborted when the next one is. */
let current = new AbortController();
let isFirst = true;

/** What the page that is shown does with photos that are dropped or pasted, if it is not to protect them. @type {Shown['take']} */
let taker;

/** The address as page and argument. @returns {[string, string]} */
function address() {
  const [page = '', argument = ''] = window.location.hash.replace(/^#\/?/, '').split('/');
  return [page in PAGES ? page : '', argument];
}

async function route() {
  if (await takeCode()) return;
  if (!daemon.signedIn) return showSignedOut();
  const [page, argument] = address();
  current.abort();
  current = new AbortController();
  const { signal } = current;
  markPage(page);
  document.body.classList.remove('starting', 'signed-out');
  const waiting = setTimeout(() => fill(part('content'), h('p', { class: 'loading soft' }, 'One moment…')), 400);
  try {
    const build = PAGES[page] ?? home;
    const shown = await build({ daemon, live, uploads, pictures, signal, argument });
    if (!signal.aborted) showPage(shown);
  } catch (error) {
    if (!signal.aborted && daemon.signedIn) showFailed(error);
  } finally {
    clearTimeout(waiting);
  }
}

/** @param {Shown} shown */
function showPage({ title, intro, actions = [], content, before, take: wanted }) {
  taker = wanted;
  part('drop-words').textContent = wanted ? 'Drop your photo' : 'Drop your photos to protect them';
  document.title = title === 'Overview' ? 'Photoveil' : `${title} – Photoveil`;
  const heading = h('h1', { tabIndex: -1 }, title);
  fill(
    part('content'),
    before,
    h(
      'div',
      { class: 'page-head' },
      h('div', { class: 'page-title' }, heading, intro && h('p', { class: 'intro soft' }, intro)),
      actions.length > 0 && h('div', { class: 'row' }, ...actions),
    ),
    ...content,
  );
  window.scrollTo(0, 0);
  if (!isFirst) heading.focus({ preventScroll: true });
  isFirst = false;
}

/** @param {unknown} error */
function showFailed(error) {
  const [page] = address();
  showPage({
    title: 'This page cannot be shown',
    content: [
      h(
        'div',
        { class: 'card' },
        troubleBox(
          troubleOf(error),
          h(
            'div',
            { class: 'row' },
            button('Try again', () => void route(), { icon: 'retry' }),
          ),
        ),
      ),
    ],
  });
  markPage(page);
  // It comes back with the daemon.
  if (error instanceof DaemonError && error.kind === 'gone') live.on(['resync'], () => void route(), current.signal);
}

/**
 * A one-time code in the address, and the page it leads to: used once, and gone from the address at once.
 * @returns {Promise<boolean>} whether it leads elsewhere
 */
async function takeCode() {
  const [, code, place = ''] = /^#once=([A-Za-z0-9_-]{1,128})(?:\/([A-Za-z0-9_/-]{0,80}))?$/.exec(window.location.hash) ?? [];
  if (!code) return false;
  window.history.replaceState(null, '', `${window.location.pathname}#/${place}`);
  live.stop();
  const isIn = await daemon.signIn(code).catch((error) => troubleOf(error));
  if (isIn === true) {
    start();
    return false;
  }
  if (daemon.signedIn) start();
  else showSignedOut(isIn === false ? 'That link has been used already or is too old.' : `${isIn.title}.`);
  return !daemon.signedIn;
}

/** @param {string} [reason] */
function showSignedOut(reason = '') {
  current.abort();
  live.stop();
  document.body.classList.remove('starting');
  document.body.classList.add('signed-out');
  document.title = 'Photoveil';
  const heading = h('h1', { tabIndex: -1 }, 'Open the dashboard from Photoveil');
  fill(
    part('content'),
    h(
      'section',
      { class: 'card sign-in' },
      icon('shield'),
      heading,
      reason && h('p', { role: 'alert' }, reason),
      h('p', {}, 'Only you may see this page, so Photoveil itself has to open it:'),
      h(
        'ul',
        {},
        h('li', {}, 'choose ', h('strong', {}, 'Dashboard'), ' in Photoveil’s menu beside the clock, or'),
        h('li', {}, 'run ', h('code', {}, 'photoveil dashboard'), ' in a terminal.'),
      ),
      h('p', { class: 'soft small' }, 'You are signed in for twelve hours, in this tab alone, until Photoveil is restarted.'),
    ),
  );
  heading.focus();
}

/** Begin to listen. */
function start() {
  live.start();
  live.refresh().catch(() => undefined);
}

/** @param {DataTransfer | null} carried */
const carriesFiles = (carried) => carried?.types.includes('Files') ?? false;

/** @param {FileList | undefined} files */
function take(files) {
  if (!files?.length || !daemon.signedIn) return;
  if (taker) return taker(files);
  uploads.add(files);
  if (address()[0] !== '') {
    window.location.hash = '#/';
    toast(files.length === 1 ? 'One photo taken in.' : `${files.length} photos taken in.`);
  }
}

function listenForPhotos() {
  let depth = 0;
  const mark = () => document.body.classList.toggle('dragging', depth > 0 && daemon.signedIn);
  addEventListener('dragenter', (event) => {
    if (carriesFiles(event.dataTransfer)) depth++;
    mark();
  });
  addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1);
    mark();
  });
  addEventListener('dragover', (event) => carriesFiles(event.dataTransfer) && event.preventDefault());
  addEventListener('drop', (event) => {
    depth = 0;
    mark();
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    take(event.dataTransfer?.files);
  });
  addEventListener('paste', (event) => take(event.clipboardData?.files));
}

buildShell();
listenForPhotos();
live.watch(() => showState(live));
daemon.onForgotten = () => showSignedOut('Photoveil no longer knows this page: it was restarted, or the dashboard was signed out.');
addEventListener('hashchange', () => void route());
const isReturning = daemon.signedIn && !window.location.hash.startsWith('#once=');
if (isReturning) start();
void route();
