/**
 * What became of the last photos, and where an original was used. Kept until the browser is closed; the second for longer.
 */

import { ask, byId, clock, decimal, make, say, setVisible, strengthName, text, wordsFor } from './page.js';

/** So many are seen at first. */
const FIRST = 2;

const SIGNS = Object.freeze({ protected: '✓', unchanged: '=', failed: '!' });

export async function refresh() {
  const told = /** @type {{recent: Recent[], originals: OriginalUse[]} | undefined} */ (await ask({ kind: 'recent' }));
  if (!told?.recent) return;
  const { recent, originals } = told;
  byId('recent-list', HTMLElement).replaceChildren(...recent.slice(0, FIRST).map(photoItem));
  byId('more-list', HTMLElement).replaceChildren(...recent.slice(FIRST).map(photoItem));
  say('more-title', text('recent_more', recent.length - FIRST));
  setVisible('more', recent.length > FIRST);
  setVisible('recent-none', recent.length === 0);
  say('originals-title', text('originals_title', originals.reduce((sum, { count }) => sum + count, 0)));
  byId('originals-list', HTMLElement).replaceChildren(...originals.map(originalItem));
  setVisible('originals', originals.length > 0);
}

/** @param {Recent} photo */
function photoItem(photo) {
  const { site, name, outcome, at } = photo;
  const sign = make('span', `sign ${outcome}`, SIGNS[outcome]);
  sign.setAttribute('aria-hidden', 'true');
  const title = make('strong', 'name', name || '–');
  title.title = name;
  const facts = [outcomeWords(photo), site].filter(Boolean).join(' · ');
  const parts = [make('span', 'row top', title, make('span', 'soft small', clock(at))), make('span', 'soft small', facts)];
  const result = resultOf(photo);
  if (result) parts.push(make('span', 'soft small', result));
  // Neither the browser nor the daemon keeps a photo that was not sent; only the page may still hold it.
  if (outcome === 'failed') parts.push(make('span', 'soft small', text('recent_not_kept')));
  return make('li', '', sign, make('div', 'grow', ...parts));
}

/** @param {Recent} photo */
function outcomeWords({ outcome, strength, hidden }) {
  if (outcome === 'protected' && hidden === 0) return text('outcome_bare');
  if (outcome === 'protected' && hidden) return text('outcome_hidden', hidden);
  if (outcome === 'protected' && strength) return text('outcome_protected_at', strengthName(strength));
  return text(`outcome_${outcome}`);
}

/** What was measured, or why there is nothing to measure. @param {Recent} photo */
function resultOf({ outcome, reason, failure, headline, psnr }) {
  if (outcome === 'failed') return failure ? wordsFor(failure).title : '';
  if (outcome === 'unchanged') return reason ? text(`unchanged_${reason}`) : '';
  const verdict = headline ? text(`verdict_${headline}`) : '';
  return [verdict, psnr === undefined ? '' : text('recent_psnr', decimal(psnr))].filter(Boolean).join(' · ');
}

/** @param {OriginalUse} use */
function originalItem({ site, count, at }) {
  return make('li', '', make('span', 'grow', site || '–'), make('span', 'soft small', `${text('originals_item', count)} · ${clock(at)}`));
}
