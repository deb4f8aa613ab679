/**
 * Which of the user's wishes are shown for a host: those of the nearest domain, and only what is shown.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nearest } from '../../../extension/background/wishes.js';

const sites = {
  'example.org': { protect: true, persona: 'anna', strength: null, method: 'look' },
  'pictures.example.org': { protect: true, persona: null, strength: 'strong', method: null },
};

test('its own, else those of the domain above it', () => {
  assert.deepEqual(nearest(sites, 'example.org'), { persona: 'anna', strength: null });
  assert.deepEqual(nearest(sites, 'WWW.example.org'), { persona: 'anna', strength: null });
  assert.deepEqual(nearest(sites, 'a.pictures.example.org'), { persona: null, strength: 'strong' });
});

test('none for a stranger, a neighbour or a nonsense', () => {
  for (const host of ['org', 'myexample.org', 'constructor', '__proto__', '']) assert.equal(nearest(sites, host), undefined);
  for (const junk of [undefined, null, 7, 'x', { 'example.org': 7 }]) assert.equal(nearest(junk, 'example.org'), undefined);
  assert.deepEqual(nearest({ 'example.org': { persona: 7, strength: ['x'] } }, 'example.org'), { persona: null, strength: null });
});
