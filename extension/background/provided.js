/**
 * The copy of the extension that a package put into the browser, beside a program that the browser starts for it (native
 * messaging). Nobody has to carry a code: the program runs as the user and asks the user's own daemon for one, which no other
 * program on the daemon's port could have sent. The user still says yes, on the daemon's page.
 *
 * It is in the browsers of everybody who uses the computer. Who has never connected it has not asked for it: it sleeps until then.
 */

import { stayAwake } from './awake.js';
import { watchPairing } from './connection.js';
import { openSession } from './daemon.js';
import { failureOf } from './failure.js';
import * as keys from './keys.js';
import { browserName } from './names.js';
import { pair, pairingState } from './pairing.js';
import { update } from './settings.js';
import { PORTS } from './wire.js';
import { loadWords } from './words.js';

const PROGRAM = 'app.photoveil.browser';

/** Whether this is that copy: no other may start programs. */
export const isProvided = chrome.runtime.getManifest().permissions?.includes('nativeMessaging') === true;

/** At the very first start: nothing is held back before the user has connected it. Later ones change nothing. */
export async function sleepUntilConnected() {
  if (!isProvided) return;
  const { asleep } = await chrome.storage.local.get({ asleep: null });
  if (asleep !== null) return;
  const pairing = await keys.confirmed();
  await update(() => ({ asleep: pairing === undefined }));
}

let isAsking = false;

/** The daemon's page about browsers is open. @param {string | undefined} url of the page */
export async function askToBeConnected(url) {
  const port = Number(/^http:\/\/127\.0\.0\.1:(\d+)\//.exec(url ?? '')?.[1]);
  if (!isProvided || isAsking || !PORTS.includes(port) || pairingState().state === 'waiting') return;
  isAsking = true;
  const sleep = stayAwake();
  try {
    if (await isConnected()) return;
    const answer = await chrome.runtime.sendNativeMessage(PROGRAM, { ask: 'code' });
    await loadWords();
    if (typeof answer?.code === 'string') watchPairing(await pair(answer.code, browserName()));
  } catch {
    // There is no such program, or it found no daemon: the page goes on waiting, and the code is another way.
  } finally {
    isAsking = false;
    sleep();
  }
}

/** Whether the daemon knows this browser, or cannot be asked. */
async function isConnected() {
  const pairing = await keys.confirmed();
  if (!pairing) return false;
  return openSession(pairing).then(() => true, (error) => failureOf(error).code !== 'revoked');
}
