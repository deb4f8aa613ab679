/**
 * The popup's pause: for a while, or until the user resumes. While it lasts photos go out as they are, and it is said so.
 */

import { ask, clock, isForever, say, setVisible, text } from './page.js';

/** The longest a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {() => void} onChange */
export async function start(onChange) {
  for (const button of document.querySelectorAll('button[data-minutes]')) {
    button.addEventListener('click', () => void onPress(/** @type {HTMLButtonElement} */ (button)));
  }
  chrome.storage.local.onChanged.addListener((changes) => {
    if ('pausedUntil' in changes) void refresh().then(onChange);
  });
  await refresh();
}

/** @param {HTMLButtonElement} button */
async function onPress({ dataset }) {
  const { minutes } = dataset;
  await ask({ kind: 'pause', minutes: minutes === 'always' ? null : Number(minutes) });
  await refresh();
  // The pressed button is gone; the keyboard goes on with what took its place.
  const next = document.querySelector('#paused:not([hidden]) button, #pause:not([hidden]) button');
  if (next instanceof HTMLElement) next.focus();
}

async function refresh() {
  const { pausedUntil } = await chrome.storage.local.get({ pausedUntil: 0 });
  const end = Number(pausedUntil) || 0;
  const left = end - Date.now();
  say('paused-title', isForever(end) ? text('paused') : text('paused_until', clock(Math.max(end, 0))));
  setVisible('paused', left > 0);
  setVisible('pause', left <= 0);
  clearTimeout(timer);
  if (left > 0) timer = setTimeout(() => void refresh(), Math.min(left + 50, LONGEST_MS));
}
