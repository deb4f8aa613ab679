/**
 * The wire's bytes against literals derived in Python from docs/protocol.md alone (hmac, hashlib, base64), never from
 * this code: code 0123456789ABCDEF, nc = bytes 0…31, ns = bytes 32…63, client 00112233445566ff, session
 * ffeeddccbbaa9988, port 47611.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as wire from '../../../extension/background/wire.js';

const CODE = '0123456789ABCDEF';
const ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const CLIENT = '00112233445566ff';
const SESSION = 'ffeeddccbbaa9988';
const nc = Uint8Array.from({ length: 32 }, (_, i) => i);
const ns = Uint8Array.from({ length: 32 }, (_, i) => 32 + i);
const EMPTY_OBJECT_SHA256 = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
const META = 'eyJuYW1lIjoiTcO8bGxlci5qcGciLCJ0eXBlIjoiaW1hZ2UvanBlZyJ9';

const secret = await wire.importKeys(wire.concat(CODE));
const shared = await wire.deriveKeys(secret, wire.concat(nc, ns), 'photoveil/1 pair key');
const session = await wire.deriveKeys(shared, wire.concat(nc, ns), 'photoveil/1 session key');

test('pairing proofs', async () => {
  assert.equal(await wire.mac(secret, 'photoveil/1 pair client', nc, ORIGIN), '7EUNhYTHhbvGuo1IV7FDrkDlz2MWPgfiig57Y2KEkIo');
  assert.equal(await wire.mac(shared, 'photoveil/1 pair finish', CLIENT), 'w4AQ1RqDHi_PShNYKKOTsNnPMXVXfd6RKvtOZ4-9Tf0');
  const proof = 'NXz5DvntX13mpnci9CAk_Uslof9MD3VSoc3vEeBWNMA';
  assert.equal(await wire.verify(secret, proof, 'photoveil/1 pair daemon', nc, ns, CLIENT), true);
  assert.equal(await wire.verify(secret, proof, 'photoveil/1 pair daemon', ns, nc, CLIENT), false);
});

test('the proof of a session holds for its port alone', async () => {
  const proof = 'zb8h8bqxDF_sgI3wnpuWu8h3ffXOFatFq7pgRao9T98';
  assert.equal(await wire.verify(shared, proof, 'photoveil/1 session daemon', nc, ns, SESSION, '47611'), true);
  assert.equal(await wire.verify(shared, proof, 'photoveil/1 session daemon', nc, ns, SESSION, '47610'), false);
});

for (const junk of [undefined, null, 7, '', 'A', '!!!!', 'zb8h8bqxDF_sgI3wnpuWu8h3ffXOFatFq7pgRao9T9', `${'A'.repeat(43)}=`]) {
  test(`junk is no proof: ${JSON.stringify(junk)}`, async () => {
    assert.equal(await wire.verify(shared, junk, 'photoveil/1 session daemon', nc, ns, SESSION, '47611'), false);
  });
}

test('request proofs, without and with meta', async () => {
  const bare = `photoveil/1 requestlookup.7.${EMPTY_OBJECT_SHA256}.`;
  assert.equal(await wire.mac(session, bare), 'HN0Vz_eoOFdkMjTizDd2-ylkUX2HheYtXhCjCaoPcyA');
  const photo = `photoveil/1 requestprotect.8.${EMPTY_OBJECT_SHA256}.${META}`;
  assert.equal(await wire.mac(session, photo), 'mwidyKCW088DVTB7zrGH7e1HwPDRRC4_F_CLmJOQxOY');
  assert.equal(wire.toB64(wire.concat(JSON.stringify({ name: 'Müller.jpg', type: 'image/jpeg' }))), META);
  assert.equal(await wire.sha256(wire.concat('{}')), EMPTY_OBJECT_SHA256);
});

test('proofs of answers, of a stream and of a refusal', async () => {
  const nothing = await wire.sha256(new Uint8Array(0));
  for (const [about, proof] of [
    [`lookup.7.200.${EMPTY_OBJECT_SHA256}`, 'oASs_HH_S7K63zJ27ISnDh9SDmmopZSKseb6safUPfI'],
    [`events.9.200.${nothing}`, 'WHaHR6oRl7Rwk2mVDEd-qP8rKzJm2gT5DCzd8TNDq1Y'],
    [`job.10.404.${EMPTY_OBJECT_SHA256}`, 's023linGpiDwa0npTSzTS3OX-6c0wvgJfKMGbwa8iQI'],
  ]) assert.equal(await wire.verify(session, proof, `photoveil/1 answer${about}`), true);
});

test('no key can be read back', () => {
  for (const key of [secret, shared, session].flatMap(({ mac, derive }) => [mac, derive])) assert.equal(key.extractable, false);
});

test('base64url goes both ways and takes nothing else', () => {
  for (let length = 0; length < 8; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => 255 - i);
    assert.deepEqual(wire.fromB64(wire.toB64(bytes)), bytes);
  }
  for (const junk of ['+/', 'a=', 'a', 'ä', 7, null]) assert.equal(wire.fromB64(junk).length, 0);
});

test('a code is understood however it is typed', () => {
  assert.equal(wire.normaliseCode('0123-4567-89ab-cdef'), CODE);
  assert.equal(wire.normaliseCode(' oIL3 4567\t89AB  CDEF '), '0113456789ABCDEF');
  const wrong = ['', '0123', '0123-4567-89AB-CDEU', '0123-4567-89AB-CDEF-0', '0123_4567_89AB_CDEF'];
  assert.deepEqual(wrong.filter(wire.normaliseCode), []);
});
