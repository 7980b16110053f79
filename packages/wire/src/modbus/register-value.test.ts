import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataType, TagValue } from '@omh/core';
import { byteOrders, byteOrders64, orderMask, suffixesFor } from './byte-order.ts';
import { decodeBit, decodeInt64, decodeNumber, decodeText, encodeValue } from './register-value.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const letters = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0) - 64);
const text = { length: 0, layout: 'H' } as const;
const encode = (type: DataType, value: TagValue, size: number, mask = 0): string => {
  const out = new Uint8Array(size);
  assert.equal(encodeValue(type, value, out, mask, text), undefined);
  return Buffer.from(out).toString('hex');
};

test('each order of 32 bits picks the bytes its letters name', () => {
  for (const order of byteOrders)
    assert.equal(decodeNumber('uint32', letters(order), 0, orderMask(4, undefined, order, 'ABCDEFGH')), 0x01020304, order);
});

test('each order of 64 bits picks the bytes its letters name', () => {
  for (const order of byteOrders64)
    assert.equal(decodeInt64(letters(order), 0, orderMask(8, undefined, 'ABCD', order)), 0x0102030405060708n, order);
});

test("a suffix overrides the device: Neuron's table", () => {
  const mask = (size: 2 | 4 | 8, suffix: never): number => orderMask(size, suffix, 'DCBA', 'HGFEDCBA');
  for (const [suffix, wire] of [
    ['LL', 'ABCD'],
    ['LB', 'BADC'],
    ['BL', 'CDAB'],
    ['BB', 'DCBA'],
  ] as const) {
    assert.equal(decodeNumber('int32', letters(wire), 0, mask(4, suffix as never)), 0x01020304, suffix);
  }
  for (const [suffix, wire] of [
    ['L', 'ABCDEFGH'],
    ['B', 'HGFEDCBA'],
    ['LL', 'ABCDEFGH'],
    ['LB', 'BADCFEHG'],
    ['BL', 'GHEFCDAB'],
    ['BB', 'HGFEDCBA'],
    ['WS', 'CDABGHEF'],
    ['WR', 'EFGHABCD'],
  ] as const) {
    assert.equal(decodeInt64(letters(wire), 0, mask(8, suffix as never)), 0x0102030405060708n, suffix);
  }
  assert.equal(decodeNumber('uint16', letters('AB'), 0, mask(2, 'L' as never)), 0x0102);
  assert.equal(decodeNumber('uint16', letters('BA'), 0, mask(2, 'B' as never)), 0x0102);
  assert.equal(
    decodeNumber('uint16', letters('AB'), 0, orderMask(2, undefined, 'DCBA', 'ABCDEFGH')),
    0x0102,
    'the order of 32 bits leaves 16 alone',
  );
});

test('known bytes decode to known values', () => {
  assert.equal(decodeNumber('float', hex('00 00 42f6 e979'), 2, 0), Math.fround(123.456));
  assert.equal(decodeNumber('double', hex('3ff8000000000000'), 0, 0), 1.5);
  assert.equal(decodeNumber('int16', hex('fffe'), 0, 0), -2);
  assert.equal(decodeNumber('int8', hex('12ff'), 0, 0), -1);
  assert.equal(decodeNumber('uint8', hex('12ff'), 0, 0), 255);
  assert.equal(decodeNumber('uint32', hex('ffffffff'), 0, 0), 4294967295);
  assert.equal(decodeNumber('bool', hex('0002'), 0, 0), 1);
  assert.equal(decodeBit(hex('8001'), 0, 0, 0), 1);
  assert.equal(decodeBit(hex('8001'), 0, 0, 15), 1);
  assert.equal(decodeBit(hex('8001'), 0, 0, 7), 0);
  assert.equal(decodeBit(hex('0180'), 0, 1, 15), 1);
});

test('decoding gives back what was encoded, in every order', () => {
  const samples: readonly [DataType, 2 | 4 | 8, readonly TagValue[]][] = [
    ['int8', 2, [-128, 127]],
    ['uint8', 2, [0, 255]],
    ['int16', 2, [-32768, 32767]],
    ['uint16', 2, [0, 65535]],
    ['bool', 2, [0, 1]],
    ['int32', 4, [-2147483648, 2147483647]],
    ['uint32', 4, [0, 4294967295]],
    ['float', 4, [Math.fround(0.1), -0, Infinity, NaN]],
    ['double', 8, [Math.PI, -5e-324, NaN]],
    ['int64', 8, [-(2n ** 63n), 2n ** 63n - 1n]],
    ['uint64', 8, [2n ** 63n - 1n]],
  ];
  for (const [type, size, values] of samples) {
    for (const suffix of [undefined, ...suffixesFor(size)]) {
      const mask = orderMask(size, suffix, 'ABCD', 'ABCDEFGH');
      for (const value of values) {
        const out = new Uint8Array(size);
        assert.equal(encodeValue(type, value, out, mask, text), undefined);
        assert.deepEqual(
          size === 8 && type !== 'double' ? decodeInt64(out, 0, mask) : decodeNumber(type, out, 0, mask),
          value,
          `${type} #${suffix}`,
        );
      }
    }
  }
});

test('a value that does not fit is refused, not cut', () => {
  const out = new Uint8Array(8);
  const fault = (type: DataType, value: TagValue): unknown => encodeValue(type, value, out, 0, { length: 4, layout: 'H' });
  for (const [type, value] of [
    ['int16', 32768],
    ['int16', 1.5],
    ['uint16', -1],
    ['uint8', 256],
    ['int32', 2 ** 31],
    ['int16', NaN],
    ['uint64', -1n],
    ['int64', 2n ** 63n],
    ['int64', 1.5],
    ['float', 1e39],
    ['string', 'abcde'],
  ] as const) {
    assert.equal(fault(type, value), 'range', `${type} ${value}`);
  }
  for (const [type, value] of [
    ['int16', 'x'],
    ['int16', true],
    ['string', 5],
    ['bytes', 'x'],
    ['int64', 'x'],
    ['bool', 2],
  ] as const)
    assert.equal(fault(type, value), 'type', type);
  assert.equal(encode('int64', 5, 8), '0000000000000005');
  assert.equal(encode('int8', -1, 2), 'ffff');
});

test('text lies in registers in four ways', () => {
  for (const [layout, wire] of [
    ['H', '6162 6300'],
    ['L', '6261 0063'],
    ['D', '0061 0062 0063'],
    ['E', '6100 6200 6300'],
  ] as const) {
    assert.equal(decodeText(hex(wire), 0, 3, layout), 'abc', layout);
    const out = new Uint8Array(hex(wire).length);
    encodeValue('string', 'abc', out, 0, { length: 3, layout });
    assert.equal(Buffer.from(out).toString('hex'), wire.replaceAll(' ', ''), layout);
  }
  assert.equal(decodeText(hex('6100 6262'), 0, 4, 'H'), 'a', 'it ends at NUL');
  assert.equal(decodeText(hex('61ff'), 0, 2, 'H'), 'a?');
  assert.equal(decodeText(hex('c3bc'), 0, 2, 'H'), 'ü');
});
