/**
 * Hearing the daemon over real connections: one stream for all, opened again when it breaks, closed when nobody listens; and
 * a job followed by it to its end, with hardly a question.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Ear, follow } from '../../../extension/background/follow.js';
import { Live } from '../../../extension/background/live.js';
import { until } from '../support/flows.mjs';

/** A busy machine may keep everybody waiting; only where silence is the point does it end soon. */
const TIMES = { first: 20_000, silence: 20_000, linger: 40, pauses: [20, 40, 80], good: 200 };
const SOON = { ...TIMES, silence: 300 };
const BEAT_MS = 75;

/** @type {Set<http.ServerResponse>} */
const streams = new Set();
let opened = 0;
let most = 0;
/** @type {'talks' | 'falls silent' | 'is silent' | 'is older'} */
let daemon = 'talks';
/** Ends what a test that fails leaves behind. @type {Array<() => void>} */
const endings = [];
const server = http.createServer((_, response) => {
  opened++;
  if (daemon === 'is older') {
    response.writeHead(404).end();
    return;
  }
  streams.add(response);
  most = Math.max(most, streams.size);
  response.once('close', () => streams.delete(response));
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  if (daemon === 'is silent') response.flushHeaders();
  else response.write(': listening\n\n');
  if (daemon !== 'talks') return;
  const beat = setInterval(() => response.write(': still here\n\n'), BEAT_MS);
  response.once('close', () => clearInterval(beat));
});
let url = '';

before(async () => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  url = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`;
});
beforeEach(() => {
  opened = most = 0;
  daemon = 'talks';
});
afterEach(() => endings.splice(0).forEach((end) => end()));
after(() => {
  server.closeAllConnections();
  server.close();
});

/** @param {typeof TIMES} [times] @param {() => void} [asked] */
function makeLive(times = TIMES, asked = () => undefined) {
  return new Live(async (signal) => {
    asked();
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    return response.body;
  }, times);
}

/** @param {string} kind @param {object} facts */
function tell(kind, facts) {
  for (const stream of streams) stream.write(`event: ${kind}\ndata: ${JSON.stringify(facts)}\n\n`);
}

/** @param {Live} live */
function makeListener(live) {
  /** @type {LiveEvent[]} */
  const heard = [];
  /** @type {boolean[]} */
  const turns = [];
  const stop = live.listen({ heard: (event) => heard.push(event), changed: (isLive) => turns.push(isLive) });
  endings.push(stop);
  return { heard, turns, stop };
}

test('one stream for all, closed a moment after the last has gone, opened again for the next', async () => {
  const live = makeLive();
  const [first, second] = [makeListener(live), makeListener(live)];
  await until(() => live.isLive, 'the stream');
  tell('queue', { queued: 1 });
  await until(() => first.heard.length + second.heard.length === 2, 'both to hear it');
  first.stop();
  await sleep(3 * TIMES.linger);
  assert.equal(streams.size, 1, 'the other still listens');
  second.stop();
  const third = makeListener(live);
  await sleep(3 * TIMES.linger);
  assert.deepEqual([opened, most], [1, 1], 'whoever comes in time takes the stream over');
  third.stop();
  await until(() => streams.size === 0 && live.state === 'off', 'the stream to be closed');
  const fourth = makeListener(live);
  await until(() => live.isLive, 'the next one, at once');
  fourth.stop();
  await until(() => streams.size === 0, 'the end');
  assert.deepEqual([opened, most], [2, 1]);
});

test('a broken stream is told of and opened again, never two at once', async () => {
  const live = makeLive();
  const { heard, turns, stop } = makeListener(live);
  for (let round = 1; round <= 5; round++) {
    await until(() => streams.size === 1 && live.isLive, 'the stream');
    tell('queue', { round });
    await until(() => heard.length === round, 'the event');
    for (const stream of streams) stream.destroy();
    await until(() => turns.length >= 2 * round, 'the loss');
  }
  await until(() => turns.length > 10, 'the stream');
  assert.deepEqual(turns, [true, false, true, false, true, false, true, false, true, false, true]);
  assert.equal(most, 1);
  stop();
  await until(() => streams.size === 0, 'the end');
});

test('what is no event stream is left, and tried again', async () => {
  const live = makeLive();
  const { turns, stop } = makeListener(live);
  await until(() => live.isLive, 'the stream');
  for (const stream of streams) stream.write('data: nonsense\n\n');
  await until(() => turns.length >= 3, 'another one');
  stop();
  await until(() => streams.size === 0, 'the end');
});

test('one that falls silent is left', async () => {
  daemon = 'falls silent';
  const live = makeLive(SOON);
  const { turns, stop } = makeListener(live);
  await until(() => turns.length >= 2, 'the loss');
  assert.deepEqual(turns.slice(0, 2), [true, false]);
  stop();
  daemon = 'is silent';
  const other = makeLive({ ...SOON, first: 500 });
  const never = makeListener(other);
  await until(() => never.turns.length > 0, 'the end of the try');
  assert.equal(never.turns[0], false);
  never.stop();
  await until(() => streams.size === 0, 'the end');
});

test('an older daemon is asked for a stream ever more seldom, however many photos come', async () => {
  daemon = 'is older';
  /** @type {number[]} */
  const times = [];
  const live = makeLive(TIMES, () => times.push(performance.now()));
  await until(async () => {
    const { stop } = makeListener(live);
    await sleep(5);
    stop();
    return times.length === 5;
  }, 'five tries');
  const pauses = times.slice(1).map((time, index) => time - Number(times[index]));
  const least = [...TIMES.pauses, Number(TIMES.pauses.at(-1))];
  // A timer may be a millisecond early.
  assert.ok(pauses.every((pause, index) => pause > Number(least[index]) - 2), `pauses of ${pauses.map(Math.round)} ms`);
});

/** What the daemon says when asked, in turn, the last answer for good; and what was asked. @param {object[]} answers */
function makeSession(...answers) {
  /** @type {Array<{verb: string, body: any}>} */
  const asked = [];
  const json = async (/** @type {string} */ verb, /** @type {any} */ body, /** @type {{signal?: AbortSignal}} */ { signal } = {}) => {
    asked.push({ verb, body });
    if (body.wait_ms) await sleep(Math.min(body.wait_ms, 60), undefined, signal ? { signal } : {});
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  };
  return { asked, session: /** @type {import('../../../extension/background/daemon.js').Session} */ (/** @type {unknown} */ ({ json })) };
}

const running = { state: 'running', stage: 'protecting', progress: 0.1 };
const done = { state: 'done', stage: '', progress: 1, result: { sha256: 'x' } };

/** @param {number} progress @param {string} [state] */
const tellJob = (progress, state = 'running') => tell('job', { job: 'mine', client: 'me', kind: 'upload', state, stage: '', progress });

/** @param {Live} live @param {ReturnType<typeof makeSession>} daemonSide @param {AbortController} [cancelling] */
function start(live, { session }, cancelling = new AbortController()) {
  /** @type {number[]} */
  const fractions = [];
  const ear = new Ear(live, cancelling.signal);
  endings.push(ear.stop);
  const end = follow(session, 'mine', ear, (fraction) => fractions.push(fraction), cancelling.signal).finally(ear.stop);
  return { end, fractions };
}

test('progress comes by the stream: two questions for a whole job, and no word of others', async () => {
  const live = makeLive();
  const side = makeSession(running, done);
  const { end, fractions } = start(live, side);
  await until(() => side.asked.length === 1, 'the first question');
  assert.equal(live.isLive, true, 'it waited for the stream');
  tell('job', { job: 'other', client: 'me', state: 'done', progress: 1 });
  for (const progress of [0.2, 0.5, 0.4, 0.9]) {
    tellJob(progress);
    await sleep(20);
  }
  assert.equal(side.asked.length, 1);
  tellJob(1, 'done');
  assert.deepEqual(await end, done);
  assert.deepEqual(side.asked.map(({ body }) => body.wait_ms), [0, 0]);
  assert.deepEqual([...new Set(fractions)], [0.1, 0.2, 0.5, 0.9, 1], 'it never falls');
  await until(() => streams.size === 0, 'the stream to be closed');
});

test('after a gap it asks', async () => {
  const live = makeLive();
  const side = makeSession(running, running, done);
  const { end } = start(live, side);
  await until(() => side.asked.length === 1, 'the first question');
  tell('resync', {});
  await until(() => side.asked.length === 2, 'the second');
  await sleep(50);
  assert.equal(side.asked.length, 2);
  for (const stream of streams) stream.destroy();
  assert.deepEqual(await end, done);
});

test('without a stream it asks and waits, as before', async () => {
  daemon = 'is older';
  const side = makeSession(running, running, running, done);
  const { end } = start(makeLive(), side);
  assert.deepEqual(await end, done);
  assert.deepEqual([...new Set(side.asked.map(({ body }) => body.wait_ms))], [1_500]);
});

test('the stream breaks, and questions take over', async () => {
  const live = makeLive();
  const side = makeSession(running, running, running, running, done);
  const { end } = start(live, side);
  await until(() => side.asked.length === 1, 'the first question');
  daemon = 'is older';
  for (const stream of streams) stream.destroy();
  assert.deepEqual(await end, done);
  assert.deepEqual(side.asked.map(({ body }) => body.wait_ms).slice(-1), [1_500]);
});

test('a failure keeps the daemon\'s words', async () => {
  const live = makeLive();
  const side = makeSession(running, { state: 'failed', progress: 1, error: { title: 'Damaged', reason: 'Cut off.', remedy: 'Again.' } });
  const { end } = start(live, side);
  await until(() => side.asked.length === 1, 'the first question');
  tellJob(1, 'failed');
  const failure = { code: 'daemon', title: 'Damaged', reason: 'Cut off.', remedy: 'Again.' };
  await assert.rejects(end, (/** @type {any} */ error) => assert.deepEqual(error.failure, failure) ?? true);
});

test('a cancelled job is cancelled at the daemon at once', async () => {
  const live = makeLive();
  const side = makeSession(running);
  const cancelling = new AbortController();
  const { end } = start(live, side, cancelling);
  await until(() => side.asked.length === 1, 'the first question');
  await sleep(30);
  cancelling.abort();
  await assert.rejects(end, (/** @type {any} */ error) => error.failure.code === 'cancelled');
  assert.deepEqual(side.asked.at(-1), { verb: 'cancel', body: { job: 'mine' } });
});
