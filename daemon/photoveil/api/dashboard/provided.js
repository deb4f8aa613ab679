/**
 * The extension that a package put into this browser asks by itself to be connected, on the pages that call for it.
 */
/** @import { Context } from './types.js' */

import { card, h } from './dom.js';
import { answerHere } from './pairing.js';

/** Browsers that are built of Chromium and say so, but are not the one that a package of the system reaches. */
const OTHERS = /Google Chrome|Microsoft Edge|Brave|Opera|Vivaldi|YaBrowser/;

/** As packages know browsers; what is neither of them has nothing from a package. @returns {'chromium' | 'firefox' | ''} */
export function thisBrowser() {
  if (/Firefox\//.test(navigator.userAgent)) return 'firefox';
  const { brands = [] } = /** @type {{brands?: Array<{brand: string}>}} */ (Reflect.get(navigator, 'userAgentData') ?? {});
  return brands.some(({ brand }) => brand === 'Chromium') && !brands.some(({ brand }) => OTHERS.test(brand)) ? 'chromium' : '';
}

/** Whoever asks, and the question that it puts to the user. */
export class Asking {
  /** Who asks, as far as it is shown. */
  #asks = '';

  /** @param {Context} context @param {{calling?: () => void, connected?: () => void}} [hooks] it is called for; it is connected */
  constructor(context, { calling = () => {}, connected = () => {} } = {}) {
    this.context = context;
    this.hooks = { calling, connected };
    this.body = h('div', { 'class': 'pairing-here', 'aria-live': 'polite' });
    this.node = card('The extension', this.body);
    // Who comes back after the time was up is asked anew.
    addEventListener('focus', hail, { signal: context.signal });
  }

  /** Have it ask: at first, or once more. */
  call() {
    this.#asks = '';
    this.hooks.calling();
    hail();
  }

  /** Show the question if there is one; answers whether there is. */
  async look() {
    const came = await this.context.daemon.ask('pairing/state');
    const asks = came.state === 'confirm' && !came.shown ? String(came.origin) : '';
    if (asks && asks !== this.#asks) answerHere(this.context, this.body, came, () => this.call(), this.hooks.connected);
    this.#asks = asks;
    return asks !== '';
  }
}

/** The extension hears it (extension/content/first_run.js), and does nothing while it waits for an answer or is connected. */
const hail = () => void dispatchEvent(new Event('photoveil-connect'));
