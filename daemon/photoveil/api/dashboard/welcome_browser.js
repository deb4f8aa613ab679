/**
 * First run, step 2: the extension, and its pairing.
 */
/** @import { Client, Context, WelcomeFacts } from './types.js' */

import { copyable } from './copying.js';
import { button, card, fill, fresh, h, pill } from './dom.js';
import { icon } from './icons.js';
import { pairHere } from './pairing.js';
import { Asking, thisBrowser } from './provided.js';

/** @param {Context} context @param {WelcomeFacts} facts @returns {Promise<Node[]>} */
export async function browserStep(context, { extension }) {
  const byHand = [installCard(extension), pairCard(context)];
  const here = extension.provided.some((name) => name === thisBrowser()) ? new Here(context, byHand) : undefined;
  const connected = h('ul', { 'class': 'connected', 'aria-label': 'Connected browsers', 'hidden': true });
  const load = async () => {
    /** @type {Client[]} */
    const all = (await context.daemon.ask('clients')).clients;
    const browsers = all.filter(({ kind }) => kind === 'browser');
    connected.hidden = browsers.length === 0;
    await here?.look(browsers.length > 0);
    fill(
      connected,
      ...browsers.map(({ name }) =>
        h('li', { class: 'connected-browser' }, icon('browser'), h('span', { class: 'grow item-name' }, name), pill('good', 'Connected', 'check')),
      ),
    );
  };
  context.live.on(['clients'], () => load().catch(() => undefined), context.signal);
  await load();
  return here ? [here.node, connected, here.others] : [connected, ...byHand];
}

/** A browser from a Snap or Flatpak looks like the system's and never answers; that of the system does within a second or two. */
const SILENCE_MS = 10_000;

const RESTART = 'A browser that was open while Photoveil was installed has to be closed and opened again.';

/** On the way to the next step, for those who use no mouse. */
function toTheNext() {
  const next = document.querySelector('[data-act="next"]');
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}

/** A package has put the extension here: on this page it asks by itself to be connected. */
class Here {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Context} context @param {HTMLElement[]} byHand for browsers that do not read what the package laid for them */
  constructor(context, byHand) {
    this.others = aside('Another browser, or nothing happens?', h('p', { class: 'soft' }, RESTART), ...byHand);
    context.signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    this.asking = new Asking(context, { calling: () => this.#wait(), connected: toTheNext });
    this.node = this.asking.node;
    this.asking.call();
  }

  #wait() {
    fill(this.asking.body, h('p', { class: 'row' }, icon('spinner'), 'Looking for it here…'));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      fill(this.asking.body, h('p', {}, 'It does not answer here.'));
      this.others.open = true;
    }, SILENCE_MS);
  }

  /** What has come of it. @param {boolean} isConnected whether some browser is connected already */
  async look(isConnected) {
    const asks = await this.asking.look();
    // Before anybody has asked there is one thing to say, and after that the list says it.
    this.node.hidden = isConnected && !asks;
    if (asks || isConnected) clearTimeout(this.#timer);
  }
}

/** @param {WelcomeFacts['extension']} extension */
function installCard(extension) {
  const group = fresh('browser');
  const isFirefox = /Firefox\//.test(navigator.userAgent);
  const [chromium, firefox] = [chromiumSteps(extension.chromium), firefoxSteps(extension.firefox)];
  const show = (/** @type {boolean} */ other) => ([firefox.hidden, chromium.hidden] = [!other, other]);
  const option = (/** @type {string} */ text, /** @type {boolean} */ other) =>
    h(
      'label',
      { class: 'segment' },
      h('input', { type: 'radio', name: group, value: other ? 'firefox' : 'chromium', checked: other === isFirefox, onchange: () => show(other) }),
      h('span', {}, text),
    );
  show(isFirefox);
  return card(
    '1. Add the extension',
    h(
      'fieldset',
      { class: 'segments' },
      h('legend', { class: 'visually-hidden' }, 'Which browser'),
      option('Chrome, Chromium, Edge, Brave', false),
      option('Firefox', true),
    ),
    chromium,
    firefox,
  );
}

/** @param {string | null} folder */
function chromiumSteps(folder) {
  if (folder === null) return h('div', { class: 'install' }, missing());
  return h(
    'div',
    { class: 'install' },
    h(
      'ol',
      { class: 'big-steps' },
      h('li', {}, 'Open in a new tab: ', copyable('chrome://extensions', 'the address')),
      h('li', {}, 'Switch on ', h('strong', {}, 'Developer mode'), '.'),
      h('li', {}, 'Press ', h('strong', {}, 'Load unpacked'), ', choose ', copyable(folder, 'the folder')),
    ),
    aside(
      'Does it not work?',
      h(
        'p',
        { class: 'soft' },
        'Not in the browsers’ stores yet, so it takes these steps. A browser from a Snap or Flatpak may not see this folder: ',
        'copy it into your home then, and choose the copy.',
      ),
    ),
  );
}

/** @param {string | null} file */
function firefoxSteps(file) {
  if (file === null) return h('div', { class: 'install' }, missing());
  return h(
    'div',
    { class: 'install' },
    h(
      'ol',
      { class: 'big-steps' },
      h('li', {}, 'Open in a new tab: ', copyable('about:debugging#/runtime/this-firefox', 'the address')),
      h('li', {}, 'Press ', h('strong', {}, 'Load Temporary Add-on…'), ', choose ', copyable(file, 'the file')),
      h('li', {}, 'Allow it on the sites you use: in ', h('strong', {}, 'about:addons'), ', Photoveil, Permissions.'),
    ),
    h(
      'p',
      { class: 'soft small' },
      'It is not in Firefox’s store yet, and Firefox keeps an add-on from elsewhere only until it is closed: load it again then. It stays connected.',
    ),
  );
}

/** What only some need to know. @param {string} title @param {Node[]} words */
function aside(title, ...words) {
  return h('details', { class: 'aside small' }, h('summary', {}, title), ...words);
}

function missing() {
  return h(
    'p',
    { class: 'hint' },
    icon('info'),
    h(
      'span',
      {},
      'The extension does not lie on this computer. It comes with Photoveil’s installer, and ',
      h('code', {}, 'make extension'),
      ' builds it from the sources.',
    ),
  );
}

/** @param {Context} context */
function pairCard(context) {
  const body = h('div', { 'class': 'pairing-here', 'aria-live': 'polite' });
  const start = () => pairHere(context, body, context.signal, toTheNext);
  fill(
    body,
    h('p', {}, 'The extension’s page, or its button, asks for a code.'),
    h('div', { class: 'row' }, button('Show the code', start, { kind: 'main', icon: 'plug', act: 'code' })),
  );
  return card('2. Connect it', body);
}
