/**
 * What counts as a photo: by type at once, by first bytes after.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import '../../../extension/content/files.js';

const { files } = globalThis.photoveil;

/** @param {string} text */
const bytes = (text) => Uint8Array.from(text.padEnd(64, '\x01'), (char) => char.charCodeAt(0));

const HELD = ['image/jpeg', 'image/heic', 'IMAGE/PNG', 'image/x-canon-cr2', 'image/anything', '', 'application/octet-stream', 'binary/x', 'x'];
for (const type of HELD) {
  test(`held until seen: “${type}”`, () => assert.equal(files.isCandidate({ type, name: 'a' }), true));
}

for (const type of ['video/mp4', 'audio/ogg', 'text/plain', 'application/pdf', 'application/zip', 'application/vnd.ms-excel']) {
  test(`passed at once: ${type}`, () => assert.equal(files.isCandidate({ type, name: 'a' }), false));
}

const PHOTOS = {
  JPEG: '\xff\xd8\xff\xe0', PNG: '\x89PNG\r\n\x1a\n', GIF: 'GIF89a', WebP: 'RIFF\x10\0\0\0WEBPVP8 ', HEIC: '\0\0\0\x18ftypheic',
  AVIF: '\0\0\0\x1cftypavif', TIFF: 'II*\0', 'TIFF, big endian': 'MM\0*', BMP: 'BM\x10\0\0\0\0\0\0\0', 'JPEG XL': '\xff\x0a',
};
for (const [name, head] of Object.entries(PHOTOS)) {
  test(`a photo: ${name}`, () => assert.equal(files.kind(bytes(head)), 'photo'));
}

test('a drawing has no pixels to protect', () => {
  for (const head of ['<svg xmlns', '<?xml version="1.0"?><svg', '\xef\xbb\xbf\n <svg']) assert.equal(files.kind(bytes(head)), 'drawing');
});

const OTHERS = {
  'a PDF': '%PDF-1.7', 'a video': '\0\0\0\x18ftypmp42', 'a sound': 'RIFF\x10\0\0\0WAVE', 'text': 'BMW is a car', 'a zip': 'PK\x03\x04',
};
for (const [name, head] of Object.entries(OTHERS)) {
  test(`no photo: ${name}`, () => assert.equal(files.kind(bytes(head)), 'other'));
}

test('an empty file', () => assert.equal(files.kind(new Uint8Array(0)), 'other'));
