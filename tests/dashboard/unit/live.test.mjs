/**
 * The overview is kept fresh: whoever asks has an answer at least as new as the question, whatever else is asked meanwhile.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

/** All that it takes of a browser: somewhere to hear of what it never hears of here. */
Object.assign(globalThis, {
  addEventListener: () => undefined,
  document: { addEventListener: () => undefined, visibilityState: 'visible' },
  location: new URL('http://127.0.0.1:8757/'),
});
const { Live } = await import('../../../daemon/photoveil/api/dashboard/live.js');

/** A daemon whose answers wait to be given. */
function slow() {
  /** @type {Array<(told: string) => void>} */
  const answers = [];
  const daemon = { ask: () => new Promise((resolve) => answers.push((model_set) => resolve({ model_set }))) };
  const live = new Live(/** @type {any} */ (daemon));
  const told = () => live.overview?.model_set;
  return { live, answers, told };
}

test('who asked is told, though the next question is under way', async () => {
  const { live, answers, told } = slow();
  const first = live.refresh();
  const second = live.refresh();
  answers[0]?.('one');
  await first;
  assert.equal(told(), 'one');
  answers[1]?.('two');
  await second;
  assert.equal(told(), 'two');
});

test('an older answer that comes late says nothing', async () => {
  const { live, answers, told } = slow();
  let changes = 0;
  live.watch(() => (changes += 1));
  const first = live.refresh();
  const second = live.refresh();
  answers[1]?.('two');
  await second;
  answers[0]?.('one');
  await first;
  assert.equal(told(), 'two');
  assert.equal(changes, 1);
});
