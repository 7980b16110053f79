import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from './crc32c.ts';

test('the checksums of RFC 3720 B.4 come out', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  assert.equal(crc32c(new Uint8Array(0)), 0);
  assert.equal(crc32c(bytes('123456789')), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c);
});

test('a checksum in pieces is the checksum of the whole, at every cut and offset', () => {
  const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) ^ 0x5a);
  for (let start = 0; start < 9; start++) {
    const whole = crc32c(bytes.slice(start));
    for (let cut = start; cut <= bytes.length; cut++) {
      assert.equal(crc32c(bytes, cut, bytes.length, crc32c(bytes, start, cut)), whole);
    }
  }
});
