/**
 * Looking again by itself: ever more seldom, not for ever, and not where all is well.
 */
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { LookingAgain } from '../../../extension/ui/looking.js';

let looks = 0;
/** @type {LookingAgain} */
let looking;

beforeEach((context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  /** @type {import('node:test').TestContext} */ (context).after(() => mock.timers.reset());
  looks = 0;
  looking = new LookingAgain(() => {
    looks++;
    looking.soon();
  }, [1_000, 2_000, 5_000], 5);
});

test('soon at first, then more seldom, and not for ever', () => {
  looking.soon();
  /** @type {number[]} */
  const counts = [];
  for (const ms of [999, 1, 1_999, 1, 4_999, 1, 5_000, 5_000, 3_600_000]) {
    mock.timers.tick(ms);
    counts.push(looks);
  }
  assert.deepEqual(counts, [0, 1, 1, 2, 2, 3, 4, 5, 5]);
});

test('told twice it looks once', () => {
  looking.soon();
  looking.soon();
  mock.timers.tick(2_000);
  assert.equal(looks, 1);
});

test('when all is well it rests, and begins anew with the next trouble', () => {
  looking.soon();
  mock.timers.tick(1_000);
  mock.timers.tick(2_000);
  assert.equal(looks, 2);
  looking.end();
  mock.timers.tick(3_600_000);
  assert.equal(looks, 2);
  looking.soon();
  mock.timers.tick(1_000);
  assert.equal(looks, 3);
});
