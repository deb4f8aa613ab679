/**
 * Is Photoveil there, and does it know this browser? With the way to connect the two; popup and options show the same.
 */

import { browserName } from '../background/names.js';
import { Asking } from './asking.js';
import { LookingAgain } from './looking.js';
import { ask, byId, onPress, say, setVisible, text, wordsFor } from './page.js';

const REFRESH_MS = 1_500;

/** All ports are asked at once and may take eight seconds to say nothing; then the background was ended, whatever becomes of its answer. */
const PAIRING_MS = 30_000;

/** @typedef {'connected' | 'trouble' | 'pairing' | 'waiting'} Part */

/** What else is to be shown of the state, and when it was asked for. @type {(connection: ConnectionState, asked: number) => void} */
let told = () => undefined;

/** While the user has yet to confirm, it is asked again and again. @type {ReturnType<typeof setTimeout> | undefined} */
let next;

/** Nobody has pressed anything: what is shown stays as it is, unless there is news. */
let isByItself = false;

/** Questions in a row that had no answer in time. */
let silences = 0;

/** What is wrong, as far as is known. @type {FailureCode | undefined} */
let trouble;

const state = new Asking(askState, { answered, silent });
const looking = new LookingAgain(lookAgain);

/** @param {(connection: ConnectionState, asked: number) => void} [onState] */
export function start(onState) {
  told = onState ?? told;
  byId('pair-form', HTMLFormElement).addEventListener('submit', (event) => void onPair(event));
  byId('code', HTMLInputElement).addEventListener('input', onCodeInput);
  onPress('try-again', onTryAgain);
  onPress('allow', onAllow);
  onPress('start-over', () => ask({ kind: 'forget' }).then(refresh));
  document.addEventListener('visibilitychange', onVisibility);
  return refresh();
}

/** Ask how things stand and show it; over when that is shown, or that there is no answer yet. */
export function refresh() {
  isByItself = false;
  looking.end();
  return state.ask();
}

/** Photoveil may be back. */
function lookAgain() {
  isByItself = true;
  return state.ask();
}

/** A page that nobody sees asks nothing. */
function onVisibility() {
  looking.end();
  if (trouble && document.visibilityState === 'visible') void lookAgain();
}

async function onTryAgain() {
  const button = byId('try-again', HTMLButtonElement);
  setPill('', text('popup_checking'));
  button.disabled = true;
  await refresh();
  button.disabled = false;
}

/** One question of its own that is late says less than what is known. */
function silent() {
  if (++silences > 1 || !isByItself) showTrouble({ code: 'unanswered' });
}

/** @returns {Promise<ConnectionState | undefined>} */
async function askState() {
  const answer = await ask({ kind: 'state' });
  // Whatever went wrong in the background itself has a failure, too, and no state.
  return answer?.failure ? { state: 'failed', failure: answer.failure } : answer;
}

/** @param {ConnectionState} connection @param {number} asked */
function answered(connection, asked) {
  const isOld = isByItself && connection.state === 'failed' && connection.failure.code === trouble;
  silences = 0;
  trouble = undefined;
  show(connection);
  if (!isOld) looking.end();
  if (trouble && document.visibilityState === 'visible') looking.soon();
  clearTimeout(next);
  const isWaiting = connection.state === 'unpaired' && connection.pairing.state === 'waiting';
  if (isWaiting) next = setTimeout(() => void refresh(), REFRESH_MS);
  if (!isOld) told(connection, asked);
}

/** @param {'good' | 'bad' | ''} mood @param {string} words */
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
    showPairing({ state: 'none' }, wordsFor(connection.failure));
  } else {
    showTrouble(connection.failure);
  }
}

/** @param {PairingState} pairing @param {{title: string, reason: string}} [why] it is to be done again */
function showPairing(pairing, why) {
  setPill('bad', text('popup_attention'));
  say('pairing-title', why?.title ?? text('popup_pairing_title'));
  say('pairing-why', why?.reason ?? '');
  showOnly(pairing.state === 'waiting' ? 'waiting' : 'pairing');
  if (pairing.state === 'failed') say('pair-error', text(`pairing_${pairing.reason.replaceAll('-', '_')}`));
}

/** @param {Failure} failure */
function showTrouble(failure) {
  const { code } = failure;
  const { title, reason, remedy } = wordsFor(failure);
  const isForbidden = code === 'forbidden';
  trouble = code;
  setPill('bad', text(code === 'absent' ? 'popup_off' : 'popup_attention'));
  say('trouble-title', title);
  say('trouble-reason', reason);
  // Elsewhere it is said where the button is that here stands below.
  say('trouble-remedy', isForbidden ? text('popup_forbidden_remedy') : remedy);
  setVisible('trouble-looking', !isForbidden && code !== 'unanswered');
  setVisible('allow', isForbidden);
  setVisible('try-again', !isForbidden);
  showOnly('trouble');
}

/** @param {Event} event */
async function onPair(event) {
  event.preventDefault();
  const button = byId('connect', HTMLButtonElement);
  say('pair-error', '');
  say('pair-asking', text('popup_checking'));
  button.disabled = true;
  const begun = await within(PAIRING_MS, ask({ kind: 'pair', code: byId('code', HTMLInputElement).value, name: browserName() }));
  say('pair-asking', '');
  if (begun?.state) showPairing(begun);
  else say('pair-error', wordsFor(begun?.failure ?? { code: 'unanswered' }).title);
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
