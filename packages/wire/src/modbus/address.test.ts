import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataTypes, type DataType, type TagAccess } from '@omh/core';
import { formatAddress, parseAddress, type Address } from './address.ts';
import type { Addressing } from './addressing.ts';

const parse = (text: string, type: DataType = 'int16', access: TagAccess = 'read', addressing?: Addressing): Address => {
  const result = parseAddress(text, { type, access }, addressing);
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.error[0]!.message}`);
  return result.value;
};
const fault = (text: string, type: DataType = 'int16', access: TagAccess = 'read', addressing?: Addressing): string => {
  const result = parseAddress(text, { type, access }, addressing);
  assert.ok(!result.ok, `${text} is refused`);
  const { message, fix } = result.error[0]!;
  assert.match(message, /\.$/);
  return `${message} ${fix}`;
};

test('40001, 400001 and 4001 after the unit are the same register', () => {
  for (const text of ['1!40001', '1!400001', '1!4001', '1!41']) {
    const address = parse(text);
    assert.equal(address.start, 0);
    assert.equal(formatAddress(address), '1!400001');
  }
});

const base0: Addressing = { addressBase: 0 };

test('the first number is 1 or 0, as the device counts', () => {
  assert.equal(parse('1!40010').start, 9);
  assert.equal(parse('1!40010', 'int16', 'read', base0).start, 10);
  assert.equal(parse('1!40000').start, 0);
  assert.equal(parse('1!465536').start, 65535);
  assert.equal(parse('1!465536', 'int16', 'read', base0).start, 65535);
  assert.match(fault('1!465535', 'float', 'read', base0), /ends past the last one/);
  assert.match(fault('1!465537'), /past the end/);
  assert.match(fault('1!465536', 'float'), /takes 2 registers and ends past/);
  assert.match(fault(`1!4${'9'.repeat(500)}`), /^.{0,220}$/);
});

test('the digit after the unit names the area', () => {
  assert.equal(parse('1!00001', 'bit').area, 'coil');
  assert.equal(parse('1!10001', 'bool').area, 'discrete');
  assert.equal(parse('255!30001', 'double').area, 'input');
  assert.equal(parse('0!40001').unit, 0);
});

test('what is wrong is said exactly, with an example', () => {
  assert.match(fault('9!x'), /After "9!" comes the area.*"x" is none of them.*9!40001/);
  assert.match(fault('40001'), /no unit.*1!40001/);
  assert.match(fault(''), /no unit/);
  assert.match(fault('256!40001'), /"256" is no whole number from 0 to 255/);
  assert.match(fault('-1!40001'), /"-1"/);
  assert.match(fault('1!'), /nothing stands there/);
  assert.match(fault('1!4'), /After the area 4 comes a number; nothing stands there/);
  assert.match(fault('1!4x1'), /"x1" is none/);
  assert.match(fault('1!20001'), /"2" is none of them/);
  assert.match(fault('1!40001 '), /"0001 " is none/);
  assert.match(fault('1!40001.3'), /"\.3" does not belong to the type int16/);
  assert.match(fault('1!40001', 'bit'), /needs its number from 0 to 15.*1!40001\.3/);
  assert.match(fault('1!40001.16', 'bit'), /bits 0 to 15; "16"/);
  assert.match(fault('1!00001.1', 'bit'), /one bit already/);
  assert.match(fault('1!00001', 'int16'), /single bits/);
  assert.match(fault('1!10001', 'bit', 'readwrite'), /only be read/);
  assert.match(fault('1!30001', 'int16', 'write'), /only be read.*1!40001/);
});

test('a byte order that is unknown or of another size is refused', () => {
  assert.equal(parse('1!40001#B').endian, 'B');
  assert.equal(parse('1!40001#BL', 'float').endian, 'BL');
  assert.equal(parse('1!40001#WS', 'int64').endian, 'WS');
  assert.match(fault('1!40001#XY', 'float'), /"#XY" is unknown; float takes #LL, #LB, #BL, #BB/);
  assert.match(fault('1!40001#WS', 'float'), /does not fit the type float/);
  assert.match(fault('1!40001#', 'float'), /"#" is unknown/);
  assert.match(fault('1!40001.4#LB', 'string'), /no byte order/);
  assert.match(fault('1!00001#B', 'bit'), /no byte order/);
});

test('strings and bytes carry their length and layout', () => {
  assert.deepEqual(
    [
      parse('1!40001.5', 'string').count,
      parse('1!40001.5L', 'string').count,
      parse('1!40001.5D', 'string').count,
      parse('1!40001.5E', 'string').layout,
    ],
    [3, 3, 5, 'E'],
  );
  assert.equal(parse('1!40001.128', 'bytes').count, 64);
  assert.match(fault('1!40001', 'string'), /length from 1 to 127 after a point; none/);
  assert.match(fault('1!40001.128', 'string'), /"128" is none/);
  assert.match(fault('1!40001.5X', 'string'), /H, L, D or E; "X"/);
  assert.match(fault('1!40001.126D', 'string'), /126 registers/);
  assert.match(fault('1!40001.3', 'bytes'), /even length/);
});

test('the canonical form parses to the same address', () => {
  for (const [text, type] of [
    ['1!41.7', 'bit'],
    ['3!30007#BB', 'float'],
    ['3!3007.20L', 'string'],
    ['3!3007.20H', 'string'],
    ['7!01', 'bool'],
    ['7!41.8', 'bytes'],
  ] as const) {
    const address = parse(text, type);
    assert.deepEqual(parse(formatAddress(address), type), address);
  }
});

test('random text never throws', () => {
  const letters = '0123456789!#.HLDEBWSRx-é\0';
  let seed = 7;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: next(12) }, () => letters[next(letters.length)]).join('');
    const result = parseAddress(`1!${text}`, { type: dataTypes[i % dataTypes.length]!, access: 'read' });
    if (result.ok) assert.ok(result.value.count >= 1 && result.value.count <= 125);
    else assert.ok(result.error.length === 1);
  }
});
