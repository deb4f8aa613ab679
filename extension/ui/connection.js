/**
 * Is Photoveil there, and does it know this browser? With the way to connect the two; popup and options show the same.
 */

import { browserName } from '../background/names.js';
import { ask, byId, failureWords, onPress, say, setVisible, text } from './page.js';

const REFRESH_MS = 1_500;

/** @typedef {'connected' | 'trouble' | 'pairing' | 'waiting'} Part */

/** What else is to be shown of the state, and when it was asked for. @type {(connection: ConnectionState, asked: number) => void} */
let told = () => undefined;

/** @param {(connection: ConnectionState, asked: number) => void} [onState] */
export function start(onState) {
  told = onState ?? told;
  byId('pair-form', HTMLFormElement).addEventListener('submit', (event) => void onPair(event));
  byId('code', HTMLInputElement).addEventListener('input', onCodeInput);
  onPress('try-again', refresh);
  onPress('allow', onAllow);
  onPress('start-over', () => ask({ kind: 'forget' }).then(refresh));
  return refresh();
}

export async function refresh() {
  const asked = performance.now();
  const connection = /** @type {ConnectionState} */ (await ask({ kind: 'state' }));
  show(connection);
  told(connection, asked);
  const isWaiting = connection.state === 'unpaired' && connection.pairing.state === 'waiting';
  if (isWaiting) setTimeout(() => void refresh(), REFRESH_MS);
}

/** @param {'good' | 'bad'} mood @param {string} words */
function setPill(mood, words) {
  byId('pill', HTMLElement).className = `pill ${mood}`;
  say('pill', words);
}

/** @param {Part} which */
function showOnly(which) {
  for (const id of ['connected', 'trouble', 'pairing', 'waiting']) setVisible(id, id === which);
}

/** @param {ConnectionState} connection */
function show(connection) {
  if (connection.state === 'connected') {
    setPill('good', text('popup_connected'));
    say('version', text('popup_model', connection.status.version, connection.status.model_set));
    showOnly('connected');
  } else if (connection.state === 'unpaired') {
    showPairing(connection.pairing);
  } else if (connection.failure.code === 'revoked') {
    showPairing({ state: 'none' });
    say('pair-error', text('failure_revoked_reason'));
  } else {
    showTrouble(connection.failure);
  }
}

/** @param {PairingState} pairing */
function showPairing(pairing) {
  setPill('bad', text('popup_attention'));
  showOnly(pairing.state === 'waiting' ? 'waiting' : 'pairing');
  if (pairing.state === 'failed') say('pair-error', text(`pairing_${pairing.reason.replaceAll('-', '_')}`));
}

/** @param {Failure} failure */
function showTrouble({ code }) {
  setPill('bad', text(code === 'absent' ? 'popup_off' : 'popup_attention'));
  say('trouble-title', failureWords(code, 'title'));
  say('trouble-reason', failureWords(code, 'reason'));
  say('trouble-remedy', text(code === 'forbidden' ? 'popup_forbidden_remedy' : 'popup_remedy'));
  setVisible('allow', code === 'forbidden');
  setVisible('try-again', code !== 'forbidden');
  showOnly('trouble');
}

/** @param {Event} event */
async function onPair(event) {
  event.preventDefault();
  const button = byId('connect', HTMLButtonElement);
  say('pair-error', '');
  button.disabled = true;
  try {
    showPairing(await ask({ kind: 'pair', code: byId('code', HTMLInputElement).value, name: browserName() }));
    await refresh();
  } finally {
    button.disabled = false;
  }
}

/** Groups of four, as the daemon shows it. */
function onCodeInput() {
  const input = byId('code', HTMLInputElement);
  if (input.selectionStart !== input.value.length) return;
  const plain = input.value.replace(/[\s-]/g, '').toUpperCase().slice(0, 16);
  input.value = plain.replace(/(.{4})(?=.)/g, '$1-');
}

async function onAllow() {
  await chrome.permissions.request({ origins: ['http://127.0.0.1/*'] });
  await refresh();
}
