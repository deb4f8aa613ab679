/**
 * What a model would still learn from a photo made unlearnable.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { leftToLearn } from '../../../daemon/photoveil/api/dashboard/report.js';
import { unlearnable } from '../support/unlearnable.mjs';

test('what is left is told after a platform, as a share of the original’s lesson', () => {
  const { together, alone } = leftToLearn(unlearnable());
  assert.ok(Math.abs(together - 0.2) < 1e-9);
  assert.ok(Math.abs(alone - 0.7) < 1e-9);
});

test('what was not measured counts as not protected', () => {
  assert.deepEqual(leftToLearn(unlearnable({ answer_loss: {}, answer_loss_with_words: {} })), { together: 1, alone: 1 });
  assert.equal(leftToLearn(unlearnable({ answer_loss_with_words: {} })).together, 1);
});
