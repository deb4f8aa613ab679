/**
 * Sealed photos of the page under the popup: shown clean at a press, shown as posted at the next.
 */

import { ask, byId, onPress, say, setVisible, text, wordsFor } from './page.js';

/** @type {number | undefined} */
let tab;

/** Where Photoveil may not read the page's pictures yet, as match patterns. @type {string[]} */
let missing = [];

/** What the button does. @type {'show' | 'allow' | 'hide'} */
let next = 'show';

let isReady = false;

/** @param {boolean} isConnected without the daemon there are no keys to look with */
export async function show(isConnected) {
  const [page] = await chrome.tabs.query({ active: true, currentWindow: true });
  tab = page?.url && /^https?:/.test(page.url) ? page.id : undefined;
  setVisible('sealed', isConnected && tab !== undefined);
  if (!isConnected || tab === undefined || isReady) return;
  isReady = true;
  onPress('sealed-act', press);
  tell(text('sealed_note'), 'show');
  const answer = await ask({ kind: 'sealed', act: 'state', tab });
  if (answer?.shown > 0) tell(shownWords(answer.shown), 'hide');
}

/** @param {string} words @param {typeof next} then */
function tell(words, then) {
  next = then;
  say('sealed-text', words);
  say('sealed-act', text(then === 'hide' ? 'sealed_hide' : then === 'allow' ? 'sealed_allow' : 'sealed_show'));
}

/** @param {number} count */
function shownWords(count) {
  return count === 1 ? text('sealed_shown_one') : text('sealed_shown_many', count);
}

async function press() {
  if (tab === undefined) return;
  say('sealed-error', '');
  const button = byId('sealed-act', HTMLButtonElement);
  // Asked first: browsers accept the question only straight from a press.
  const asked = next === 'allow' ? chrome.permissions.request({ origins: missing }) : undefined;
  button.disabled = true;
  try {
    if (next === 'hide') {
      if (!(await ask({ kind: 'sealed', act: 'hide', tab }))) throw new Error('nobody was there');
      tell(text('sealed_note'), 'show');
    } else if (asked) await allowed(asked, tab);
    else await look(tab);
  } catch {
    say('sealed-error', text('sealed_unable'));
  } finally {
    button.disabled = false;
    button.focus();
  }
}

/**
 * The popup may not outlive the question: the background is told at once, and goes on when access is there.
 * @param {Promise<boolean>} asked @param {number} page
 */
async function allowed(asked, page) {
  const shown = ask({ kind: 'sealed', act: 'show', tab: page });
  if (!(await asked)) return tell(text('sealed_note'), 'show');
  say('sealed-text', text('sealed_working'));
  tellOutcome(await shown);
}

/** @param {number} page */
async function look(page) {
  say('sealed-text', text('sealed_working'));
  const found = await ask({ kind: 'sealed', act: 'find', tab: page });
  if (found.failure) throw new Error(found.failure.code);
  missing = found.missing;
  if (missing.length > 0) {
    const hosts = missing.map((pattern) => new URL(pattern.replace('/*', '/')).hostname);
    return tell(text('sealed_allow_text', hosts.join(', ')), 'allow');
  }
  tellOutcome(await ask({ kind: 'sealed', act: 'show', tab: page }));
}

/** @param {SealedOutcome} outcome */
function tellOutcome({ shown = 0, others = 0, damaged = 0, newer = 0, failure }) {
  const words = [shown > 0 ? shownWords(shown) : text('sealed_none')];
  const also = [[others, text('sealed_others', others)], [damaged, text('sealed_damaged', damaged)], [newer, text('sealed_newer', newer)]];
  words.push(...also.filter(([count]) => Number(count) > 0).map(([, said]) => String(said)));
  tell(failure ? text('sealed_note') : words.join(' '), shown > 0 ? 'hide' : 'show');
  if (failure) say('sealed-error', wordsFor(failure).title);
}
