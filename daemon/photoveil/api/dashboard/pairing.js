/**
 * Connecting a browser: show a code, wait for the browser, ask whether it is the right one.
 */
/** @import { Context, PairingState } from './types.js' */

import { DaemonError, troubleOf } from './daemon.js';
import { copyButton } from './copying.js';
import { attempt, formDialog } from './dialogs.js';
import { button, fill, h, say, troubleBox } from './dom.js';
import { icon } from './icons.js';

const WAIT_MS = 20_000;

/** @param {Context} context @param {() => Promise<void>} changed */
export function connectBrowser(context, changed) {
  const ended = new AbortController();
  const body = h('div', { 'class': 'pairing', 'aria-live': 'polite' });
  formDialog(
    'Connect a browser',
    () => [body],
    () => {
      ended.abort();
      void changed().catch(() => undefined);
    },
  );
  const close = button('Close', () => body.closest('dialog')?.close(), { kind: 'main' });
  void run(context, body, ended.signal, { closing: close, ended: () => close.focus() });
}

/**
 * The same in a part of a page. @param {Context} context @param {HTMLElement} body @param {AbortSignal} signal
 * @param {() => void} connected
 */
export function pairHere(context, body, signal, connected) {
  void run(context, body, signal, { ended: (state) => state === 'paired' && connected() });
}

/**
 * A browser that nobody carried a code to has come: its extension and this daemon are of one package, and vouch for each other.
 * @param {Context} context @param {HTMLElement} body @param {PairingState} came @param {() => void} again has it come anew
 * @param {() => void} connected
 */
export function answerHere(context, body, came, again, connected) {
  showQuestion(context, body, came, context.signal, again, { ended: (state) => state === 'paired' && connected() });
}

/** @typedef {{closing?: HTMLElement, ended: (state: PairingState['state']) => unknown}} Way a button to go away with, and what follows */

/** @param {Context} context @param {HTMLElement} body @param {AbortSignal} signal @param {Way} way */
async function run(context, body, signal, way) {
  const again = () => void run(context, body, signal, way);
  try {
    const { code, seconds } = await context.daemon.ask('pairing/start', {}, { signal });
    // In a part of a page that says so already, it is not said again.
    const where = way.closing && 'Photoveil’s button beside the address bar asks for it.';
    showCode(body, code, Date.now() + seconds * 1000, signal, where);
    const came = await waitFor(context, signal, (state) => state !== 'waiting');
    if (came.state === 'confirm') showQuestion(context, body, came, signal, again, way);
    else showEnd(body, came, again, way);
  } catch (error) {
    if (signal.aborted || (error instanceof DaemonError && error.kind === 'cancelled')) return;
    fill(body, troubleBox(troubleOf(error)), h('div', { class: 'row end' }, button('Try again', again)));
  }
}

/**
 * @param {Context} context @param {AbortSignal} signal @param {(state: PairingState['state']) => boolean} enough
 * @returns {Promise<PairingState>}
 */
async function waitFor({ daemon }, signal, enough) {
  for (;;) {
    /** @type {PairingState} */
    const now = await daemon.ask('pairing/state', { wait_ms: WAIT_MS }, { signal });
    if (enough(now.state)) return now;
  }
}

/**
 * @param {HTMLElement} body @param {string} code @param {number} ends @param {AbortSignal} signal
 * @param {string} [where] it is asked for
 */
function showCode(body, code, ends, signal, where = '') {
  const plain = code.replaceAll(/[\s-]/g, '').toUpperCase();
  const groups = plain.match(/.{1,4}/g) ?? [plain];
  const left = h('p', { 'class': 'soft small', 'aria-live': 'off' });
  const tick = () =>
    say(left, `Good for ${Math.max(0, Math.round((ends - Date.now()) / 1000))} seconds.`);
  const timer = setInterval(() => (left.isConnected && !signal.aborted ? tick() : clearInterval(timer)), 1000);
  tick();
  const shown = h(
    'p',
    { 'class': 'code', 'aria-label': `Code: ${groups.map((group) => [...group].join(' ')).join(', ')}` },
    ...groups.map((group) => h('span', { 'aria-hidden': 'true' }, group)),
  );
  fill(
    body,
    h('p', {}, `${where} Type this code there:`.trim()),
    h('div', { class: 'row' }, shown, copyButton(() => groups.join('-'), 'the code', shown)),
    h('div', { class: 'row' }, icon('spinner'), left),
  );
}

/**
 * @param {Context} context @param {HTMLElement} body @param {PairingState} came @param {AbortSignal} signal @param {() => void} again
 * @param {Way} way
 */
function showQuestion(context, body, came, signal, again, way) {
  const answer = (/** @type {boolean} */ accept) => async (/** @type {Event} */ event) => {
    await attempt(event.currentTarget, async () => {
      const end = await context.daemon.ask('pairing/confirm', { accept }, { signal }).catch(lapsed);
      showEnd(body, end, again, way);
    });
  };
  const yes = button('Yes, connect it', answer(true), { kind: 'main', act: 'accept' });
  const buttons = h('div', { class: 'row end' }, button('No, refuse it', answer(false), { act: 'refuse' }), yes);
  if (!came.shown) {
    // It came by itself: whoever presses a key at this moment has not meant it, so the focus stays where it is.
    fill(body, h('p', { class: 'question' }, 'Already in your browser. Connect it?'), h('p', {}, came.name ?? ''), buttons);
    return;
  }
  askAbout(body, came, buttons);
  yes.focus();
}

/** The user has thought about it for longer than the window is open. @param {unknown} error @returns {PairingState} */
function lapsed(error) {
  if (error instanceof DaemonError && troubleOf(error).code === 'no_pairing') return { state: 'expired', shown: true };
  throw error;
}

/** Somebody who knows the code: is it who the user meant? @param {HTMLElement} body @param {PairingState} came @param {HTMLElement} buttons */
function askAbout(body, { name = '', origin = '' }, buttons) {
  fill(
    body,
    h('p', { class: 'question' }, 'Is this your browser?'),
    h(
      'dl',
      { class: 'pairs' },
      h('dt', {}, 'It calls itself'),
      h('dd', {}, h('strong', {}, name)),
      h('dt', {}, 'Its extension'),
      h('dd', { class: 'path' }, origin),
    ),
    h('p', { class: 'soft' }, 'Connect it only if you put the code there just now.'),
    buttons,
  );
}

/** @type {Record<string, {title: string, text: string, symbol: string}>} */
const ENDS = {
  paired: { title: 'Connected', text: 'Photos you pick in that browser are protected from now on.', symbol: 'check' },
  refused: { title: 'Refused', text: 'That browser was not connected.', symbol: 'cross' },
  expired: { title: 'The time is up', text: 'Nobody answered in time, or the code was wrong too often.', symbol: 'clock' },
};

/** @param {HTMLElement} body @param {PairingState} came @param {() => void} again @param {Way} way */
function showEnd(body, { state }, again, { closing, ended }) {
  const { title, text, symbol } = ENDS[state] ?? { title: 'It did not come about', text: 'Start again.', symbol: 'alert' };
  fill(
    body,
    h('div', { class: `pairing-end ${state}` }, icon(symbol), h('p', { class: 'question' }, title), h('p', { class: 'soft' }, text)),
    h('div', { class: 'row end' }, state !== 'paired' && button('Try again', again), closing),
  );
  ended(state);
}
