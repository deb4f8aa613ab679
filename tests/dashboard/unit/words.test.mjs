/**
 * Figures and states as words; the headline as the daemon itself words it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

import * as report from '../../../daemon/photoveil/api/dashboard/report.js';
import * as words from '../../../daemon/photoveil/api/dashboard/words.js';
import { ROOT } from '../../browser/support/browsers.mjs';
import { report as made } from '../support/data.mjs';

const run = promisify(execFile);

/** @param {Array<number | null>} against @param {Array<number | null>} witnesses */
function withStrangers(against, witnesses) {
  const encoder = (/** @type {string} */ role) => (/** @type {number | null} */ share) => ({
    name: role,
    role,
    anchor_shift: 0,
    token_anchor_shift: 0,
    cosine: 1,
    strangers_nearer: share,
    channels: { [report.CHANNEL]: { anchor_shift: 0, token_anchor_shift: 0, cosine: 1, strangers_nearer: share } },
  });
  return made(0, { encoders: [...against.map(encoder('surrogate')), ...witnesses.map(encoder('witness'))] });
}

test('the headline is the daemon’s, word for word', async () => {
  const shares = [0, 0.005, 0.0125, 0.015, 0.025, 0.045, 0.125, 0.245, 0.3333, 0.375, 0.5, 0.745, 0.995, 1];
  const reports = [
    ...shares.flatMap((share) => [withStrangers([share], [share]), withStrangers([share, 0.5], [share, 0.25])]),
    withStrangers([0.4], []),
    withStrangers([null], [null]),
    withStrangers([null, 0.3], [null]),
    withStrangers([], []),
    made(1),
  ];
  const script =
    'import json, sys; from photoveil.protection.headline import sentence; print(json.dumps([sentence(r) for r in json.load(sys.stdin)]))';
  const asked = run(`${ROOT}/.venv/bin/python`, ['-c', script]);
  asked.child.stdin?.end(JSON.stringify(reports));
  assert.deepEqual(reports.map(report.sentence), JSON.parse((await asked).stdout));
});

test('the scale is that of docs/report.md', () => {
  const titles = [0.01, 0.014, 0.08, 0.15, 0.24, 0.6].map((share) => report.verdict(share).title);
  assert.deepEqual(titles, [
    'Little protection',
    'Little protection',
    'Some protection',
    'Clear protection',
    'Clear protection',
    'Strong protection',
  ]);
  assert.ok([0, 1].every((share) => report.verdict(share).leak));
  const icons = [0.01, 0.08, 0.15, 0.24, 0.6].map((share) => report.verdict(share).icon);
  assert.deepEqual(icons, ['shield-weak', 'shield-part', 'shield', 'shield', 'shield'], 'a tick where there is something to be glad of');
});

test('what the eye sees follows the floors of the strengths', () => {
  const seen = [100, 40, 34.2, 31.5, 24].map((psnr) => report.lookWords(made(0, { psnr_db: psnr })));
  assert.equal(new Set(seen).size, 5);
  assert.match(String(seen[3]), /slight tint/);
});

test('sizes', () => {
  const told = [0, 1, 1023, 1024, 1_500_000, 52_428_800, 4096 * 2 ** 20].map(words.size);
  assert.deepEqual(told, ['0 bytes', '1 byte', '1,023 bytes', '1 kB', '1.4 MB', '50 MB', '4.0 GB']);
});

test('moments', () => {
  const now = new Date(2026, 10, 21, 15, 30);
  const at = (/** @type {number[]} */ ...parts) => new Date(2026, 10, ...parts).toISOString();
  assert.equal(words.when(null), 'never');
  assert.equal(words.when('junk'), 'never');
  assert.equal(words.when(at(21, 15, 29, 40), now), 'just now');
  assert.equal(words.when(at(21, 15, 28), now), '2 minutes ago');
  assert.match(words.when(at(21, 9, 5), now), /^today, /);
  assert.match(words.when(at(20, 23, 59), now), /^yesterday, /);
  assert.equal(words.when(at(2, 12), now), '2 November');
  assert.equal(words.when(new Date(2025, 0, 3, 12).toISOString(), now), '3 January 2025');
  assert.equal(words.until(null, now), 'until you resume');
  assert.match(words.until(at(21, 16, 30), now), /^until \d/);
  assert.match(words.until(at(22, 16, 30), now), /^until tomorrow, /);
});

test('one sentence says what goes on', () => {
  const plain = {
    queue: { queued: 0, running: 0, waiting: 0 },
    paused: false,
    until: null,
    waiting_for: null,
    state: 'idle',
    notices: [],
    counts: { protected_total: 3, protected_today: 0, failed_today: 0 },
  };
  const say = (/** @type {object} */ more) => words.doing(/** @type {any} */ ({ ...plain, ...more }));
  assert.equal(say({}), 'All is calm. Every photo is done.');
  assert.equal(say({ counts: { ...plain.counts, protected_total: 0 } }), 'Ready for your first photo.');
  assert.equal(say({ queue: { queued: 1204, running: 1, waiting: 0 } }), 'Protecting 1 photo, 1,204 more in line.');
  assert.equal(say({ paused: true }), 'Paused until you resume.');
  assert.equal(say({ state: 'attention', notices: [{}] }), 'One thing needs your attention.');
  assert.equal(say({ waiting_for: 'on battery', queue: { queued: 0, running: 0, waiting: 12 } }), '12 photos from folders wait.');
});
