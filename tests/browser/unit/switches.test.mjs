/**
 * Where Photoveil is on: the nearest domain's switch counts. And what a report comes to, on the scale of docs/report.md.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { aboutOf } from '../../../extension/background/report.js';
import { isOn, listsOf, nearest, switchFor, turned } from '../../../extension/background/switches.js';
import { ROOT } from '../support/browsers.mjs';

const lists = { off: ['example.org', 'net'], on: ['pictures.example.org'] };

test('the nearest switch counts, and without one it is on', () => {
  const hosts = ['example.org', 'WWW.example.org', 'pictures.example.org', 'a.pictures.example.org', 'any.net', 'myexample.org', 'org', ''];
  assert.deepEqual(hosts.map((host) => isOn(lists, host)), [false, false, true, true, false, true, true, true]);
  assert.deepEqual([switchFor(lists, 'a.pictures.example.org'), switchFor(lists, 'www.example.org'), switchFor(lists, 'other.org')],
    ['pictures.example.org', 'example.org', undefined]);
});

test('names of the language are no switches', () => {
  for (const host of ['constructor', '__proto__', 'toString']) assert.deepEqual([nearest({}, host), isOn(lists, host)], [undefined, true]);
});

test('turning one leaves the others', () => {
  assert.deepEqual(turned(lists, 'example.org', true), { off: ['net'], on: ['example.org', 'pictures.example.org'] });
  assert.deepEqual(turned(lists, 'new.org', false), { off: ['example.org', 'net', 'new.org'], on: ['pictures.example.org'] });
  assert.deepEqual(listsOf({}), { off: [], on: [] });
});

/** @param {string} role @param {number | null} share */
const encoder = (role, share) => ({ role, channels: { resize1080_jpeg75: { strangers_nearer: share } } });

test('a report in short: the witnesses decide', () => {
  const report = { strength: 'strong', psnr_db: 33.1, encoders: [encoder('surrogate', 0.9), encoder('witness', 0.2), encoder('witness', 0.3)] };
  assert.deepEqual(aboutOf(report), { strength: 'strong', psnr: 33.1, headline: 'clear' });
  const levels = [0, 0.04, 0.05, 0.11, 0.12, 0.41, 0.43, 1].map((share) => aboutOf({ encoders: [encoder('witness', share)] }).headline);
  assert.deepEqual(levels, ['little', 'little', 'some', 'some', 'clear', 'clear', 'strong', 'strong']);
});

test('a report that does not say so is not made to', () => {
  for (const junk of [undefined, null, {}, { encoders: 'x' }, { encoders: [null, {}, encoder('witness', null), encoder('surrogate', 0.5)] },
    { strength: 7, psnr_db: '40' }, { psnr_db: Infinity }]) assert.deepEqual(aboutOf(junk), {});
});

test('the scale is that of the dashboard', async () => {
  const source = await readFile(path.join(ROOT, 'daemon', 'photoveil', 'api', 'dashboard', 'report.js'), 'utf8');
  const limits = [...source.matchAll(/share < ([\d.]+)\) return \{ level: '(\w+)'/g)].map(([, below, level]) => ({ below: Number(below), level }));
  assert.ok(limits.length >= 3);
  for (const { below, level } of limits) assert.equal(aboutOf({ encoders: [encoder('witness', below - 0.001)] }).headline, level);
});
