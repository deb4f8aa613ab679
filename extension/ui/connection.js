/**
 * Is Photoveil there, and does it know this browser? With the way to connect the two; popup and options show the same.
 */

import { browserName } from '../background/names.js';
import { Asking } from './asking.js';
import { ask, byId, failureWords, onPress, say, setVisible, text } from './page.js';

const REFRESH_MS = 1_500;

/** Each of five ports may take eight seconds to say nothing; then the background was ended, whatever becomes of its answer. */
const PAIRING_MS = 60_000;

/** @typedef {'connected' | 'trouble' | 'pairing' | 'waiting'} Part */

/** What else is to be shown of the state, and when it was asked for. @type {(connection: ConnectionState, asked: number) => void} */
let told = () => undefined;

/** While the user has yet to confirm, it is asked again and again. @type {ReturnType<typeof setTimeout> | undefined} */
let next;

const state = new Asking(askState, { answered, silent: () => showTrouble({ code: 'unanswered' }) });

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

/** Ask how things stand and show it; over when that is shown, or that there is no answer yet. */
export function refresh() {
  return state.ask();
}

/** @returns {Promise<ConnectionState | undefined>} */
async function askState() {
  const answer = await ask({ kind: 'state' });
  // Whatever went wrong in the background itself has a failure, too, and no state.
  return answer?.failure ? { state: 'failed', failure: answer.failure } : answer;
}

/** @param {ConnectionState} connection @param {number} asked */
function answered(connection, asked) {
  show(connection);
  clearTimeout(next);
  const isWaiting = connection.state === 'unpaired' && connection.pairing.state === 'waiting';
  if (isWaiting) next = setTimeout(() => void refresh(), REFRESH_MS);
  told(connection, asked);
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
  say('trouble-remedy', remedyFor(code));
  setVisible('allow', code === 'forbidden');
  setVisible('try-again', code !== 'forbidden');
  showOnly('trouble');
}

/** @param {FailureCode} code */
function remedyFor(code) {
  if (code === 'forbidden') return text('popup_forbidden_remedy');
  return code === 'unanswered' ? failureWords(code, 'remedy') : text('popup_remedy');
}

/** @param {Event} event */
async function onPair(event) {
  event.preventDefault();
  const button = byId('connect', HTMLButtonElement);
  say('pair-error', '');
  button.disabled = true;
  const begun = await within(PAIRING_MS, ask({ kind: 'pair', code: byId('code', HTMLInputElement).value, name: browserName() }));
  if (begun?.state) showPairing(begun);
  else say('pair-error', failureWords(begun?.failure?.code ?? 'unanswered', 'title'));
  await refresh();
  button.disabled = false;
}

/** An answer that comes in time; undefined where none does. @param {number} ms @param {Promise<any>} answer */
function within(ms, answer) {
  return Promise.race([answer, new Promise((resolve) => setTimeout(resolve, ms))]);
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
