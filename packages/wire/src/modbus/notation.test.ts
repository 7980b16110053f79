import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataTypes, type DataType } from '@omh/core';
import { formatAddress, parseAddress, type Address } from './address.ts';
import { notations, type Addressing, type Notation } from './addressing.ts';
import { areas, isBitArea, readFunctionOf, type Area } from './function-code.ts';
import { encodeRead } from './request.ts';

const parse = (text: string, type: DataType, addressing: Addressing): Address => {
  const result = parseAddress(text, { type, access: 'read' }, addressing);
  assert.ok(result.ok, `${addressing.addressing} ${text}: ${result.ok ? '' : result.error[0]!.message}`);
  return result.value;
};
const fault = (text: string, addressing: Addressing, type: DataType = 'int16', access: 'read' | 'write' = 'read'): string => {
  const result = parseAddress(text, { type, access }, addressing);
  assert.ok(!result.ok, `${text} is refused`);
  return `${result.error[0]!.message} ${result.error[0]!.fix}`;
};
const of = (addressing: Notation, more: Addressing = {}): Addressing => ({ addressing, ...more });
const isBit = (area: Area): DataType => (isBitArea(area) ? 'bit' : 'uint16');

test('one register has the same request bytes in every notation', () => {
  const request = (text: string, addressing: Addressing): string => {
    const { unit, area, start, count } = parse(text, 'float', addressing);
    return `${unit} ${Buffer.from(encodeRead(readFunctionOf[area], start, count)).toString('hex')}`;
  };
  for (const [text, addressing] of [
    ['1!44097', of('neuron')],
    ['1!404097', of('neuron')],
    ['1!44096', of('neuron', { addressBase: 0 })],
    ['44097', of('neuron', { unit: 1 })],
    ['44097', of('modicon')],
    ['404097', of('modicon')],
    ['1!404096', of('modicon', { addressBase: 0 })],
    ['holding:4096', of('zero')],
    ['hr4096', of('zero')],
    ['HR:0x1000', of('zero')],
    ['0x1000', of('zero')],
    ['D0', of('delta')],
    ['d4096', of('inovance')],
    ['D4096', of('xinje')],
    ['%MW1096', of('hollysys')],
    ['%MW4096', of('schneider')],
    ['%MF4096', of('schneider')],
  ] as const) {
    assert.equal(request(text, addressing), '1 0310000002', `${addressing.addressing} ${text}`);
  }
});

/** Wire places as the manufacturers print them. */
const vectors: readonly [Notation, DataType, string, Area, number][] = [
  ['delta', 'uint16', 'D4095', 'holding', 0x1fff],
  ['delta', 'uint16', 'D4096', 'holding', 0x9000],
  ['delta', 'uint16', 'D9999', 'holding', 0xa70f],
  ['delta', 'bit', 'M0', 'coil', 0x0800],
  ['delta', 'bit', 'M1536', 'coil', 0xb000],
  ['delta', 'bit', 'X10', 'discrete', 0x0408],
  ['delta', 'bit', 'Y377', 'coil', 0x05ff],
  ['delta', 'bit', 'S1023', 'coil', 0x03ff],
  ['delta', 'bit', 'T3', 'coil', 0x0603],
  ['delta', 'uint16', 'T3', 'holding', 0x0603],
  ['delta', 'bit', 'C200', 'coil', 0x0ec8],
  ['delta', 'int32', 'C201', 'holding', 0x0702],
  ['delta', 'bit', 'D100.7', 'holding', 0x1064],
  ['inovance', 'uint16', 'D100', 'holding', 100],
  ['inovance', 'uint16', 'R0', 'holding', 0x3000],
  ['inovance', 'uint16', 'SD1', 'holding', 0x2401],
  ['inovance', 'bit', 'M7999', 'coil', 0x1f3f],
  ['inovance', 'bit', 'SM0', 'coil', 0x2400],
  ['inovance', 'bit', 'S0', 'coil', 0xe000],
  ['inovance', 'bit', 'X10', 'coil', 0xf808],
  ['inovance', 'bit', 'Y1777', 'coil', 0xffff],
  ['inovance', 'bit', 'B0', 'coil', 0x3000],
  ['xinje', 'uint16', 'HD0', 'holding', 41088],
  ['xinje', 'uint16', 'SD0', 'holding', 28672],
  ['xinje', 'uint16', 'TD1', 'holding', 0x8001],
  ['xinje', 'uint16', 'FD0', 'holding', 50368],
  ['xinje', 'bit', 'M10', 'coil', 10],
  ['xinje', 'bit', 'X20', 'coil', 20496],
  ['xinje', 'bit', 'Y10', 'coil', 0x6008],
  ['xinje', 'bit', 'HM0', 'coil', 0xc100],
  ['hollysys', 'bit', '%QX1.5', 'coil', 13],
  ['hollysys', 'bit', 'IX0.7', 'discrete', 7],
  ['hollysys', 'bit', '%MX2.1', 'coil', 3017],
  ['hollysys', 'uint16', '%MW0', 'holding', 3000],
  ['hollysys', 'uint16', 'QW7', 'holding', 7],
  ['hollysys', 'int16', '%IW3', 'input', 3],
  ['hollysys', 'bit', '%MW4.15', 'holding', 3004],
  ['schneider', 'uint16', '%MW100', 'holding', 100],
  ['schneider', 'int32', '%MD100', 'holding', 100],
  ['schneider', 'bit', '%MW100:X3', 'holding', 100],
  ['schneider', 'bit', '%MW100.3', 'holding', 100],
  ['schneider', 'bit', '%M10', 'coil', 10],
  ['schneider', 'uint16', '%IW2', 'input', 2],
  ['schneider', 'uint16', '%QW2', 'holding', 2],
];

test("a PLC's own names stand where its manual says", () => {
  for (const [addressing, type, text, area, start] of vectors) {
    const address = parse(text, type, { addressing });
    assert.deepEqual([address.unit, address.area, address.start], [1, area, start], `${addressing} ${text}`);
    assert.deepEqual(parse(`17!${text}`, type, { addressing }), { ...address, unit: 17 });
  }
});

test('suffixes mean the same in every notation', () => {
  for (const [place, addressing] of [
    ['40101', of('modicon')],
    ['hr100', of('zero')],
    ['D100', of('delta')],
    ['D100', of('inovance')],
    ['HD100', of('xinje')],
    ['%MW100', of('hollysys')],
    ['%MW100', of('schneider')],
  ] as const) {
    assert.equal(parse(`${place}.7`, 'bit', addressing).bit, 7, place);
    assert.deepEqual([parse(`2!${place}.20L`, 'string', addressing).layout, parse(`2!${place}.20L`, 'string', addressing).unit], ['L', 2]);
    assert.equal(parse(`${place}.8`, 'bytes', addressing).count, 4);
    assert.equal(parse(`${place}#BL`, 'float', addressing).endian, 'BL');
    assert.match(fault(`${place}.16`, addressing, 'bit'), /bits 0 to 15.*\.3\./);
    assert.match(fault(place, addressing, 'string'), new RegExp(`For example ${place}\\.20\\.`));
  }
  assert.equal(parse('%MW100:X15', 'bit', of('schneider')).bit, 15);
});

test('an array counts its values from the address on', () => {
  const count = (text: string, type: DataType, n: number, addressing: Addressing = {}): number => {
    const result = parseAddress(text, { type, access: 'read', count: n }, addressing);
    assert.ok(result.ok);
    return result.value.count;
  };
  assert.equal(count('1!40001', 'float', 10), 20);
  assert.equal(count('1!00001', 'bit', 10), 10);
  assert.equal(count('1!40001.3', 'bit', 20), 2);
  assert.equal(count('1!40001.15', 'bit', 2), 2);
  assert.equal(count('1!40001.5', 'string', 3), 9);
  assert.equal(count('D100', 'uint64', 3, of('delta')), 12);
  for (const n of [0, -1, 1.5, 65537]) assert.equal(parseAddress('1!40001', { type: 'int16', access: 'read', count: n }).ok, false, `${n}`);
  assert.equal(parseAddress('1!465000', { type: 'int16', access: 'read', count: 600 }).ok, false);
});

test('an offset of the settings moves a name of a profile', () => {
  const moved = of('delta', { offsets: { D: 0, MW: 5 } });
  assert.equal(parse('D100', 'uint16', moved).start, 100);
  assert.equal(parse('D5000', 'uint16', moved).start, 5000);
  assert.equal(parse('M0', 'bit', moved).start, 0x800);
  assert.equal(formatAddress(parse('D100', 'uint16', moved), moved), '1!D100');
  assert.match(fault('D11999', of('delta', { offsets: { D: 60000 } })), /past the last one/);
});

test('what is wrong is one sentence with an example in that notation', () => {
  assert.match(
    fault('Q5', of('delta')),
    /"Q5" is no place in a Delta DVP PLC: it has D, T, C, M, S, X, Y, each with a number\. For example D100/,
  );
  assert.match(fault('X8', of('delta'), 'bit'), /octal numbers 0 to 377/);
  assert.match(fault('D12000', of('delta')), /0 to 4095 and 4096 to 11999/);
  assert.match(fault('%MX5', of('hollysys'), 'bit'), /bit from 0 to 7.*%MX5\.0/);
  assert.match(fault('999!D1', of('delta')), /"999" is no whole number from 0 to 255.*1!D100/);
  assert.match(fault('X1', of('delta'), 'bit', 'write'), /only be read.*M10/);
  assert.match(fault('M1', of('delta')), /single bits/);
  assert.match(fault('foo:1', of('zero')), /coil, discrete, input, holding.*holding:0/);
  assert.match(fault('hr65536', of('zero')), /0 to 65535/);
  assert.match(fault('4001', of('modicon')), /four or five digits/);
  assert.match(fault('40000', of('modicon')), /from 1 on/);
  assert.match(fault('4x001', of('modicon')), /"x001" is none/);
  assert.match(fault('', of('modicon')), /An address begins with the area/);
});

test('what format writes, parse reads back, in every notation', () => {
  let seed = 11;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (const notation of notations) {
    const addressing = of(notation, next(2) === 0 ? {} : { addressBase: 0 });
    let tried = 0;
    for (let i = 0; i < 4000; i++) {
      const area = areas[next(4)]!;
      const start = next(65000);
      const type = isBit(area);
      const bit = type === 'uint16' && next(3) === 0 ? next(16) : undefined;
      const kind: DataType = bit === undefined ? (type === 'uint16' && next(3) === 0 ? 'string' : type) : 'bit';
      const address: Address = {
        unit: next(256),
        area,
        query: undefined,
        start,
        bit,
        length: kind === 'string' ? 1 + next(100) : 0,
        layout: kind === 'string' ? (['H', 'L', 'D', 'E'] as const)[next(4)]! : 'H',
        endian: kind === 'uint16' && next(2) === 0 ? 'B' : undefined,
        elements: undefined,
        count: 1,
      };
      const text = formatAddress(address, addressing);
      const parsed = parseAddress(text, { type: kind, access: 'read' }, addressing);
      // A PLC has no name for every place.
      if (!parsed.ok) continue;
      tried++;
      assert.deepEqual({ ...parsed.value, count: 1 }, address, `${notation} ${text}`);
      assert.equal(formatAddress(parsed.value, addressing), text);
    }
    assert.ok(tried > 300, `${notation}: ${tried}`);
  }
});

test('random text never throws in any notation', () => {
  const letters = '0123456789!#.:%DMXYSWHRhr x-é';
  let seed = 7;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: next(12) }, () => letters[next(letters.length)]).join('');
    const result = parseAddress(text, { type: dataTypes[i % dataTypes.length]!, access: 'read' }, of(notations[i % notations.length]!));
    if (result.ok) assert.ok(result.value.start >= 0 && result.value.start + result.value.count <= 65536);
    else assert.ok(result.error.length === 1 && result.error[0]!.message.endsWith('.'));
  }
});
