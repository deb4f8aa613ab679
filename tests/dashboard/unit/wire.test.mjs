/**
 * The dashboard's wire speaks the same bytes as the extension's: the literals of tests/browser/unit/wire.test.mjs, and both
 * modules side by side on whatever comes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as own from '../../../daemon/photoveil/api/dashboard/wire.js';
import * as extension from '../../../extension/background/wire.js';

const SESSION = 'ffeeddccbbaa9988';
const nc = Uint8Array.from({ length: 32 }, (_, i) => i);
const ns = Uint8Array.from({ length: 32 }, (_, i) => 32 + i);
const EMPTY_OBJECT_SHA256 = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';
const META = 'eyJuYW1lIjoiTcO8bGxlci5qcGciLCJ0eXBlIjoiaW1hZ2UvanBlZyJ9';

for (const [name, wire] of Object.entries({ dashboard: own, extension })) {
  test(`${name}: sessions and requests by the vectors`, async () => {
    const shared = await wire.deriveKeys(
      await wire.importKeys(wire.concat('0123456789ABCDEF')),
      wire.concat(nc, ns),
      'photoveil/1 pair key',
    );
    const proof = 'zb8h8bqxDF_sgI3wnpuWu8h3ffXOFatFq7pgRao9T98';
    assert.equal(await wire.verify(shared, proof, 'photoveil/1 session daemon', nc, ns, SESSION, '47611'), true);
    assert.equal(await wire.verify(shared, proof, 'photoveil/1 session daemon', nc, ns, SESSION, '47610'), false);
    const session = await wire.deriveKeys(shared, wire.concat(nc, ns), 'photoveil/1 session key');
    const bare = `photoveil/1 requestlookup.7.${EMPTY_OBJECT_SHA256}.`;
    assert.equal(await wire.mac(session, bare), 'HN0Vz_eoOFdkMjTizDd2-ylkUX2HheYtXhCjCaoPcyA');
    const photo = `photoveil/1 requestprotect.8.${EMPTY_OBJECT_SHA256}.${META}`;
    assert.equal(await wire.mac(session, photo), 'mwidyKCW088DVTB7zrGH7e1HwPDRRC4_F_CLmJOQxOY');
    const answer = `photoveil/1 answerlookup.7.200.${EMPTY_OBJECT_SHA256}`;
    assert.equal(await wire.verify(session, 'oASs_HH_S7K63zJ27ISnDh9SDmmopZSKseb6safUPfI', answer), true);
    assert.equal(wire.toB64(wire.concat(JSON.stringify({ name: 'Müller.jpg', type: 'image/jpeg' }))), META);
    assert.equal(await wire.sha256(wire.concat('{}')), EMPTY_OBJECT_SHA256);
    for (const { mac, derive } of [shared, session]) assert.deepEqual([mac.extractable, derive.extractable], [false, false]);
  });
}

test('both read and write base64url alike', () => {
  for (let length = 0; length < 40; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    assert.equal(own.toB64(bytes), extension.toB64(bytes));
    assert.deepEqual(own.fromB64(own.toB64(bytes)), bytes);
  }
  for (const junk of ['+/', 'a=', 'a', 'ä', 7, null, undefined]) assert.equal(own.fromB64(junk).length, 0);
});
