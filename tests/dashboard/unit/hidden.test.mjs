/**
 * What was hidden for an AI assistant, in words.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { foundWords, howWords, usefulWords } from '../../../daemon/photoveil/api/dashboard/hidden.js';
import { hidden } from '../support/hidden.mjs';

test('what was found is counted by kind', () => {
  assert.equal(foundWords(hidden()), '2 faces and 1 code');
  assert.equal(foundWords({ regions: hidden().regions.slice(0, 1) }), '1 face');
  assert.equal(foundWords({ regions: [] }), 'nothing');
  assert.equal(foundWords({ regions: [{ kind: 'plate', box: [], score: 1 }] }), '1 plate', 'a kind of tomorrow');
});

test('how it was hidden, and what was done to all of the photo', () => {
  assert.equal(howWords(hidden()), 'faces blurred, codes made of coarse squares, the photo’s tones changed');
});

test('who says how useful it still is', () => {
  assert.match(usefulWords(hidden()), /encoders; no model was asked/);
  assert.match(usefulWords(hidden({ answers_kept: 0.9, asked: 'tiny at http://127.0.0.1:11434/v1' })), /answers stayed the same, says tiny at/);
});
