/**
 * Taking turns: no more at once than allowed, fairly between tabs, at a bearable rate; the same work done once for all.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Lane, Pace } from '../../../extension/background/lanes.js';
import { SharedWork } from '../../../extension/background/shared.js';
import { until } from '../support/flows.mjs';

const never = new AbortController().signal;

/** Work that lasts until it is told to end. */
function makeWork() {
  /** @type {string[]} */
  const started = [];
  /** @type {Array<() => void>} */
  const ends = [];
  const work = (/** @type {string} */ name) => () => new Promise((resolve) => {
    started.push(name);
    ends.push(() => resolve(name));
  });
  return { started, work, endFirst: () => ends.shift()?.() };
}

test('so many at once, and of those that wait one of each tab in turn', async () => {
  const lane = new Lane(2);
  const { started, work, endFirst } = makeWork();
  const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((name) => lane.run(String(name[0]), work(name), never));
  await sleep(0);
  assert.deepEqual(started, ['a1', 'a2']);
  for (let ended = 0; ended < all.length; ended++) {
    endFirst();
    await sleep(0);
    assert.ok(started.length <= ended + 3);
  }
  assert.deepEqual(started, ['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2']);
  assert.deepEqual(await Promise.all(all), ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2']);
});

test('who gives up waiting leaves no gap, and what fails makes room', async () => {
  const lane = new Lane(1);
  const { started, work, endFirst } = makeWork();
  const first = lane.run('a', work('first'), never);
  const leaving = new AbortController();
  const second = lane.run('a', work('second'), leaving.signal);
  const broken = lane.run('b', () => Promise.reject(new Error('broken')), never);
  const last = lane.run('c', work('last'), never);
  leaving.abort();
  await assert.rejects(second, { message: 'cancelled' });
  await assert.rejects(lane.run('d', work('never'), leaving.signal), { message: 'cancelled' });
  endFirst();
  await assert.rejects(broken, /broken/);
  await until(() => started.length === 2, 'the last one');
  endFirst();
  assert.deepEqual([await first, await last, started], ['first', 'last', ['first', 'last']]);
});

test('a burst at once, then a steady rate; everybody has a bucket, and cancelling ends the wait', async () => {
  const burst = new Pace(0.001, 5);
  for (let i = 0; i < 5; i++) await burst.take('a'); // with any wait this would take hours
  await burst.take('b');
  const pace = new Pace(100, 5);
  const began = performance.now();
  for (let i = 0; i < 5; i++) await pace.take('a');
  for (let i = 0; i < 10; i++) await pace.take('a');
  assert.ok(performance.now() - began >= 90, 'ten more take 100 ms');
  const cancelling = new AbortController();
  const slow = new Pace(0.01, 1);
  await slow.take('a');
  const waiting = slow.take('a', cancelling.signal);
  cancelling.abort();
  await assert.rejects(waiting, { message: 'cancelled' });
});

test('the same work is done once, with word of it for everybody', async () => {
  /** @type {SharedWork<string>} */
  const shared = new SharedWork();
  let starts = 0;
  /** @type {(value: string) => void} */
  let end = () => undefined;
  /** @type {import('../../../extension/background/shared.js').OnProgress} */
  let tell = () => undefined;
  const start = (/** @type {typeof tell} */ onProgress) => {
    starts++;
    tell = onProgress;
    return new Promise((/** @type {(value: string) => void} */ resolve) => (end = resolve));
  };
  /** @type {Record<string, number[]>} */
  const heard = { first: [], second: [] };
  const first = shared.join('photo', start, (_, fraction) => heard['first']?.push(fraction), never);
  tell('working', 0.5);
  const second = shared.join('photo', start, (_, fraction) => heard['second']?.push(fraction), never);
  tell('working', 0.7);
  end('done');
  assert.deepEqual([await first, await second, starts, heard], ['done', 'done', 1, { first: [0, 0.5, 0.7], second: [0.5, 0.7] }]);
  const third = shared.join('photo', start, () => undefined, never);
  end('again');
  assert.deepEqual([await third, starts], ['again', 2]);
});

test('it is given up when the last one leaves, and not before', async () => {
  /** @type {SharedWork<string>} */
  const shared = new SharedWork();
  let starts = 0;
  let isGivenUp = false;
  /** @param {unknown} _ @param {AbortSignal} signal @returns {Promise<string>} */
  const start = (_, signal) => new Promise((resolve, reject) => {
    starts++;
    signal.addEventListener('abort', () => {
      isGivenUp = true;
      reject(new Error('given up'));
    });
    if (starts === 2) resolve('fresh');
  });
  const [one, two] = [new AbortController(), new AbortController()];
  const first = shared.join('photo', start, () => undefined, one.signal);
  const second = shared.join('photo', start, () => undefined, two.signal);
  one.abort();
  await assert.rejects(first, { message: 'cancelled' });
  assert.equal(isGivenUp, false);
  two.abort();
  await assert.rejects(second, { message: 'cancelled' });
  assert.equal(isGivenUp, true);
  assert.deepEqual([await shared.join('photo', start, () => undefined, never), starts], ['fresh', 2], 'who comes then starts anew');
});
