/**
 * Places on a photo: named, switched, drawn, moved and stretched.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { drawn, moved, nameOf, placesOf, stretched, switched } from '../../../daemon/photoveil/api/dashboard/places.js';
import { hidden } from '../support/hidden.mjs';

const places = placesOf(hidden());

test('what was hidden and what was left as it is are told apart, and each has a name', () => {
  const left = [{ kind: 'chosen', box: [0, 0, 0.5, 0.5], score: 1 }];
  const all = placesOf(hidden({ left }));
  assert.deepEqual(all.map((_, index) => nameOf(all, index)), ['Face 1', 'Face 2', 'Code 1', 'Place 1']);
  assert.deepEqual(all.map((place) => place.hidden), [true, true, true, false]);
  assert.equal(nameOf([{ kind: 'plate', box: [], hidden: true }], 0), 'plate 1', 'a kind of tomorrow');
});

test('a face is switched alone, codes together', () => {
  assert.deepEqual(switched(places, 1, false).map((place) => place.hidden), [true, false, true]);
  const codes = [...places, { kind: 'code', box: [0, 0, 0.1, 0.1], hidden: true }];
  assert.deepEqual(switched(codes, 3, false).map((place) => place.hidden), [true, true, false, false]);
  assert.ok(codes.every((place) => place.hidden), 'what was there stays as it was');
});

test('a place is drawn from any corner, within the photo, and a click is none', () => {
  assert.deepEqual(drawn([0.6, 0.5], [0.2, 0.1]), [0.2, 0.1, 0.6, 0.5]);
  assert.deepEqual(drawn([0.6, 0.5], [1.4, -0.3]), [0.6, 0, 1, 0.5]);
  assert.equal(drawn([0.5, 0.5], [0.51, 0.9]), undefined);
});

test('a place keeps its size where it is moved, and its corner where it is stretched', () => {
  assert.deepEqual(moved([0.1, 0.2, 0.3, 0.5], [0.05, -0.1]), [0.15, 0.1, 0.35, 0.4]);
  assert.deepEqual(moved([0.1, 0.2, 0.3, 0.5], [-9, 9]), [0, 0.7, 0.2, 1]);
  assert.deepEqual(stretched([0.1, 0.2, 0.3, 0.5], [0.2, -0.1]), [0.1, 0.2, 0.5, 0.4]);
  assert.deepEqual(stretched([0.1, 0.2, 0.3, 0.5], [-9, 9]), [0.1, 0.2, 0.12, 1]);
});
