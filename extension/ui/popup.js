/**
 * The popup: is Photoveil there, does it know this browser, what about this site, and what became of the last photos.
 */

import { loadWords } from '../background/words.js';
import * as connection from './connection.js';
import * as now from './now.js';
import { byId, localise, onPress } from './page.js';
import * as pause from './pause.js';
import * as recent from './recent.js';
import * as sealed from './sealed.js';
import * as site from './site.js';

/** @param {ConnectionState} state @param {number} asked */
function onState(state, asked) {
  if (state.state === 'connected') {
    now.show(state.status, asked);
    now.hear(() => void connection.refresh());
  }
  // Who has yet to connect has nothing to look back on.
  byId('popup', HTMLElement).classList.toggle('is-new', state.state === 'unpaired');
  void recent.refresh();
  // With the daemon come the choices for the site.
  void siteShown.then(site.refresh);
  void sealed.show(state.state === 'connected');
}

await loadWords();
localise();
onPress('open-options', () => chrome.runtime.openOptionsPage().then(() => window.close()));
void pause.start(() => void siteShown.then(site.refresh));
// What could not be asked now is asked with the next state.
const siteShown = site.start().catch(() => undefined);
void connection.start(onState);
