/**
 * A question that is asked until there is an answer: none, late, in another order, and after failures.
 */
import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';

import { Asking } from '../../../extension/ui/asking.js';

const TIMES = { again: 500, patience: [6_000, 10_000] };

/** How each question put so far can be answered. @type {Array<{resolve: (answer?: {words: string}) => void, reject: (error: Error) => void}>} */
let put = [];
/** @type {string[]} */
let told = [];
/** @type {Asking<{words: string}>} */
let asking;

/** Let the clock go on, and everything that follows from it. @param {number} ms */
async function pass(ms) {
  mock.timers.tick(ms);
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

beforeEach((context) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  /** @type {import('node:test').TestContext} */ (context).after(() => mock.timers.reset());
  [put, told] = [[], []];
  asking = new Asking(
    () => new Promise((resolve, reject) => put.push({ resolve, reject })),
    { answered: ({ words }) => told.push(words), silent: () => told.push('(silence)') },
    TIMES,
  );
});

test('an answer is told once, and nothing is asked afterwards', async () => {
  const over = asking.ask();
  put[0]?.resolve({ words: 'well' });
  await over;
  await pass(60_000);
  assert.deepEqual([told, put.length], [['well'], 1]);
});

test('silence is told, the question asked again, more and more patiently, and a late answer still counts', async () => {
  const over = asking.ask();
  await pass(5_999);
  assert.deepEqual([told, put.length], [[], 1]);
  await pass(1);
  await over;
  assert.deepEqual([told, put.length], [['(silence)'], 2]);
  await pass(9_999);
  assert.equal(put.length, 2);
  await pass(1);
  await pass(10_000);
  assert.deepEqual([told, put.length], [['(silence)', '(silence)', '(silence)'], 4]);
  put[1]?.resolve({ words: 'late' });
  await pass(0);
  assert.deepEqual(told.slice(3), ['late']);
  put[3]?.resolve({ words: 'later' });
  put[2]?.resolve({ words: 'out of date' });
  await pass(0);
  await pass(60_000);
  assert.deepEqual([told.slice(3), put.length], [['late', 'later'], 4]);
});

test('where nobody was there it is asked again soon, and silence is told in its time', async () => {
  const over = asking.ask();
  put[0]?.reject(new Error('Receiving end does not exist.'));
  await pass(0);
  await pass(500);
  put[1]?.resolve(undefined);
  await pass(0);
  await pass(499);
  assert.deepEqual([told, put.length], [[], 2]);
  await pass(1);
  assert.equal(put.length, 3);
  await pass(5_000);
  assert.deepEqual(told, ['(silence)']);
  await over;
  put[2]?.reject(new Error('closed'));
  put[3]?.resolve({ words: 'here again' });
  await pass(0);
  await pass(60_000);
  assert.deepEqual([told, put.length], [['(silence)', 'here again'], 4]);
});

test('a question that has no answer is not settled by the answer to an older one', async () => {
  void asking.ask();
  void asking.ask();
  put[0]?.resolve({ words: 'old' });
  await pass(0);
  await pass(6_000);
  assert.deepEqual([told, put.length], [['old', '(silence)'], 3]);
});
