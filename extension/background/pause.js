/**
 * A pause: until it ends Photoveil holds nothing back on any page. Content scripts read its end from storage.local and
 * need no word when it has come; only the button has to be woken for that.
 */

import { show } from './badge.js';
import { UNTIL_RESUMED, load, update } from './settings.js';

const ALARM = 'pause-ends';

/** A pause that nobody remembers would leave every photo unprotected; a day is the longest that ends by itself. */
const LONGEST_MINUTES = 24 * 60;

/** @param {unknown} minutes null: until it is resumed; 0: resume @returns {Promise<{pausedUntil: number}>} */
export async function pause(minutes) {
  const pausedUntil = minutes === null ? UNTIL_RESUMED : endOf(Number(minutes));
  await update(() => ({ pausedUntil }));
  await watchPause();
  return { pausedUntil };
}

/** @param {number} minutes */
function endOf(minutes) {
  return minutes > 0 ? Date.now() + Math.min(minutes, LONGEST_MINUTES) * 60_000 : 0;
}

/** Show on the button whether there is a pause, now and when it ends. */
export async function watchPause() {
  const { pausedUntil } = await load();
  await chrome.alarms.clear(ALARM);
  if (Date.now() < pausedUntil && pausedUntil < UNTIL_RESUMED) await chrome.alarms.create(ALARM, { when: pausedUntil });
  await show();
}

/** @param {() => void} onEnd called when a pause is over, also after the background was asleep */
export function onPauseEnd(onEnd) {
  chrome.alarms.onAlarm.addListener(({ name }) => {
    if (name === ALARM) onEnd();
  });
}
