/**
 * The toolbar button says when the user is needed, and why; that Photoveil is paused; and, on a tab, that it is off there.
 */

import { UNTIL_RESUMED, load } from './settings.js';
import { loadWords, text } from './words.js';

/** Failures that need the user; the others concern one photo and are told in the page. @type {Partial<Record<FailureCode, string>>} */
const REASONS = {
  absent: 'failure_absent_title',
  impostor: 'failure_impostor_title',
  forbidden: 'failure_forbidden_title',
  revoked: 'failure_revoked_title',
  locked: 'failure_locked_title',
  stopped: 'failure_stopped_title',
  unpaired: 'failure_unpaired_title',
};

const RED = '#b3261e';
const GREY = '#5f6368';

/** What is known of the daemon since the background started. @type {FailureCode | undefined} */
let trouble;

/** @param {FailureCode | undefined} code undefined: all is well */
export async function showState(code) {
  if (code && !REASONS[code]) return;
  trouble = code;
  await show();
}

/** The button for all tabs: a pause comes first, as then nothing is held back. */
export async function show() {
  await loadWords();
  const { pausedUntil } = await load();
  if (Date.now() < pausedUntil) return paint('II', GREY, pauseWords(pausedUntil));
  const key = trouble && REASONS[trouble];
  return paint(key ? '!' : '', RED, key ? `Photoveil: ${text(key)}` : 'Photoveil');
}

/** @param {string} sign @param {string} color @param {string} title */
async function paint(sign, color, title) {
  await chrome.action.setBadgeBackgroundColor({ color });
  await chrome.action.setBadgeText({ text: sign });
  await chrome.action.setTitle({ title });
}

/** @param {number} until */
function pauseWords(until) {
  if (until >= UNTIL_RESUMED) return text('badge_paused');
  const time = new Date(until).toLocaleTimeString(chrome.i18n.getUILanguage(), { hour: '2-digit', minute: '2-digit' });
  return text('badge_paused_until', time);
}

/** Say on one tab that Photoveil is off there, until it is on again or the tab goes elsewhere. @param {number} tabId @param {boolean} enabled */
export async function showSite(tabId, enabled) {
  try {
    // Null gives the tab the button's own text back, which an empty one would hide.
    await loadWords();
    const words = /** @type {string} */ (enabled ? null : text('badge_off'));
    await chrome.action.setBadgeText({ tabId, text: words });
    if (enabled) return;
    await chrome.action.setBadgeBackgroundColor({ tabId, color: GREY });
    await chrome.action.setTitle({ tabId, title: text('badge_off_title') });
  } catch {
    // The tab was closed just now.
  }
}
