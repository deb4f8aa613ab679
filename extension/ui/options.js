/**
 * Options, and the page of the first run: the connection, the sites, and what holds when a photo cannot be protected.
 */

import * as settings from '../background/settings.js';
import { loadWords } from '../background/words.js';
import * as connection from './connection.js';
import { ask, localise, onPress, say, setVisible, text } from './page.js';
import * as siteList from './site_list.js';

/** @param {ConnectionState} state */
function onState(state) {
  setVisible('welcome', state.state === 'unpaired' && state.pairing.state !== 'waiting');
  // One thing at a time: what can be set is of no use before the two know each other.
  for (const id of ['away', 'connection', 'sites']) setVisible(id, state.state !== 'unpaired');
  if (state.state === 'connected') say('forgotten', '');
}

async function showAway() {
  const { away } = await settings.load();
  for (const box of document.querySelectorAll('input[name="away"]')) {
    if (!(box instanceof HTMLInputElement)) continue;
    box.checked = box.value === away;
    box.addEventListener('change', () => void settings.update(() => ({ away: box.value === 'block' ? 'block' : 'ask' })));
  }
}

async function onForget() {
  const left = await ask({ kind: 'forget' });
  await connection.refresh();
  if (left?.state) say('forgotten', text('options_forgotten'));
}

await loadWords();
localise();
document.title = text('options_title');
onPress('forget', onForget);
void siteList.start();
void showAway();
void connection.start(onState);
