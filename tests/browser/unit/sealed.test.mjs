/**
 * What is said of a sealed picture that does not open: every kind of error that means "there is a seal" is told.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { countOf } from '../../../extension/background/sealed.js';

const ERRORS = new URL('../../../daemon/photoveil/seal/errors.py', import.meta.url);

test('seals that were found and did not open are told by kind, and no other failure is', async () => {
  const codes = [...(await readFile(ERRORS, 'utf8')).matchAll(/code = "(seal[a-z-]*)"/g)].map(([, code]) => String(code));
  const counts = Object.fromEntries(codes.map((daemon) => [daemon, countOf({ code: 'daemon', daemon })]));
  const told = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 'looked'));
  assert.deepEqual(told, { 'seal-key': 'others', 'seal-newer': 'newer', 'seal-tampered': 'damaged' });
  assert.equal(countOf({ code: 'odd-answer' }), 'looked');
});
