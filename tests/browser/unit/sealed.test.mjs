/**
 * Sealed pictures: which addresses a page may have us fetch, and what is said where a seal does not open.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { countOf, mannerOf } from '../../../extension/background/sealed.js';

const ERRORS = new URL('../../../daemon/photoveil/seal/errors.py', import.meta.url);

test('seals that were found and did not open are told by kind, and no other failure is', async () => {
  const codes = [...(await readFile(ERRORS, 'utf8')).matchAll(/code = "(seal[a-z_]*)"/g)].map(([, code]) => String(code));
  const counts = Object.fromEntries(codes.map((daemon) => [daemon, countOf({ code: 'daemon', daemon })]));
  const told = Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 'looked'));
  assert.deepEqual(told, { seal_key: 'others', seal_newer: 'newer', seal_tampered: 'damaged' });
  assert.equal(countOf({ code: 'odd-answer' }), 'looked');
});

test('a page has programs on this computer asked only if it comes from there itself', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'a.localhost', 'localhost.', '[::1]', '0.0.0.0']) {
    assert.equal(mannerOf(host, 'www.example.org'), undefined, host);
    assert.notEqual(mannerOf(host, '127.0.0.1'), undefined, host);
  }
});

test('cookies go to the house of the page only', () => {
  for (const host of ['example.org', 'www.example.org', 'pictures.example.org']) assert.equal(mannerOf(host, 'www.example.org'), 'include', host);
  for (const host of ['example.com', 'badexample.org', 'org']) assert.equal(mannerOf(host, 'www.example.org'), 'omit', host);
  assert.equal(mannerOf('localhost', '127.0.0.1'), 'omit');
});
