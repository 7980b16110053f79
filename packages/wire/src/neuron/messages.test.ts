import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeDataReport,
  decodeReadRequest,
  decodeWriteRequest,
  encodeDataReport,
  encodeNodeStateReport,
  encodeReadResponse,
  encodeWriteResponse,
  type DataItem,
} from './messages.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const report = (tags: DataItem[]): Uint8Array => encodeDataReport({ node: 'n', group: 'g', timestamp: 1, tags });
const roundTrip = (tags: DataItem[]): DataItem[] | undefined => decodeDataReport(report(tags))?.tags;

test('the bytes of a report are those of the encoding, field by field', () => {
  const made = encodeDataReport({
    node: 'demo',
    group: 'g',
    timestamp: 300,
    tags: [
      { name: 'a', value: 150 },
      { name: 'b', error: 3002 },
      { name: 'c', value: -1 },
      { name: 'd', value: 1.5, q: 3, t: 5 },
      { name: 'e', value: true },
      { name: 'f', value: 'xy' },
    ],
  });
  const parts = [
    '0a0464656d6f', // node
    '120167', // group
    '18ac02', // timestamp 300
    '22080a01611203089601', // a: int_value 150
    '22060a016218ba17', // b: error 3002
    '22100a0163120b08ffffffffffffffffff01', // c: int_value -1
    '220e0a01641205150000c03f20032805', // d: float_value 1.5, q 3, t 5
    '22070a016512022001', // e: bool_value
    '22090a016612041a027879', // f: string_value
  ];
  assert.equal(hex(made), parts.join(''));
});

test('what is encoded is decoded again', () => {
  const long = 'ä'.repeat(20_000);
  const tags: DataItem[] = [
    { name: 'int', value: 0 },
    { name: 'big', value: 9007199254740993n },
    { name: 'least', value: -(2n ** 63n) },
    { name: 'float', value: 0.5 },
    { name: 'text', value: long },
    { name: '', value: '' },
    { name: 'off', value: false },
    { name: 'lost', error: 3002, q: 0, t: 1_700_000_000_123 },
    { name: '温度', value: 'é' },
  ];
  assert.deepEqual(roundTrip(tags), tags);
  const ten = Array.from({ length: 10_000 }, (_, i) => ({ name: `t${i}`, value: i }));
  assert.deepEqual(roundTrip(ten), ten);
});

test('a whole number that is a float stays one', () => {
  assert.match(hex(report([{ name: 'a', value: 2, float: true }])), /1500000040$/);
});

test('requests and answers', () => {
  const read = Buffer.from('0a027531120464656d6f1a0167220161220162', 'hex');
  assert.deepEqual(decodeReadRequest(read), { uuid: 'u1', node: 'demo', group: 'g', tags: ['a', 'b'] });
  const write = Buffer.from('0a027531120464656d6f1a016722080a01611203089601', 'hex');
  assert.deepEqual(decodeWriteRequest(write), { uuid: 'u1', node: 'demo', group: 'g', tags: [{ name: 'a', value: 150 }] });
  assert.equal(hex(encodeWriteResponse('u', [{ name: 'a', error: 0 }])), '0a017512050a01611000');
  assert.equal(hex(encodeReadResponse('u', [{ name: 'a', error: 1 }])), '0a017512050a01611801');
  assert.equal(hex(encodeNodeStateReport(1, [{ node: 'd', link: 1, running: 3 }])), '080112070a016410011803');
});

test('bytes that are no message are no message, whatever they are', () => {
  for (const bytes of ['0a', '0a05ab', 'ff', '0b', '22020a05', '00', 'ffffffffffffffffffffff', '2203120108'])
    assert.equal(decodeWriteRequest(Buffer.from(bytes, 'hex')), undefined, bytes);
  let seed = 7;
  const random = (): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x80000000;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
    decodeWriteRequest(bytes);
    decodeReadRequest(bytes);
    decodeDataReport(bytes);
  }
});
