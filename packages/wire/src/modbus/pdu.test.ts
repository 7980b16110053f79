import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeIdentification, encodeIdentification } from './identification.ts';
import { exceptionMeaning } from './exception.ts';
import {
  decodeRequest,
  encodeIdentify,
  encodeMaskWrite,
  encodeRead,
  encodeWriteCoil,
  encodeWriteCoils,
  encodeWriteRegister,
  encodeWriteRegisters,
} from './request.ts';
import { confirmsWrite, encodeReadResponse, encodeWriteResponse, exceptionIn, readResponseFault } from './response.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// The examples of Modbus Application Protocol V1.1b3, section 6.
test('requests are the bytes of the specification', () => {
  assert.equal(hex(encodeRead(1, 0x13, 0x13)), '0100130013');
  assert.equal(hex(encodeRead(3, 0x6b, 3)), '03006b0003');
  assert.equal(hex(encodeWriteCoil(0xac, true)), '0500acff00');
  assert.equal(hex(encodeWriteRegister(1, Uint8Array.of(0, 3))), '0600010003');
  assert.equal(hex(encodeWriteCoils(0x13, [1, 0, 1, 1, 0, 0, 1, 1, 1, 0].map(Boolean))), '0f0013000a02cd01');
  assert.equal(hex(encodeWriteRegisters(1, bytes('000a 0102'))), '100001000204000a0102');
  assert.equal(hex(encodeMaskWrite(4, 0xf2, 0x25)), '16000400f20025');
  assert.equal(hex(encodeIdentify(1, 0)), '2b0e0100');
});

test('a server decodes what a client encodes', () => {
  assert.deepEqual(decodeRequest(encodeRead(4, 8, 1)), { kind: 'read', function: 4, start: 8, count: 1 });
  assert.deepEqual(decodeRequest(encodeWriteCoil(3, false)), { kind: 'writeCoil', function: 5, start: 3, on: false });
  assert.deepEqual(decodeRequest(encodeWriteRegister(3, Uint8Array.of(1, 2))), {
    kind: 'writeRegister',
    function: 6,
    start: 3,
    value: 258,
  });
  assert.deepEqual(decodeRequest(encodeWriteCoils(2, [true, false, true])), {
    kind: 'writeCoils',
    function: 15,
    start: 2,
    count: 3,
    data: Uint8Array.of(5),
  });
  assert.deepEqual(decodeRequest(encodeWriteRegisters(1, bytes('000a0102'))), {
    kind: 'writeRegisters',
    function: 16,
    start: 1,
    count: 2,
    data: bytes('000a0102'),
  });
  assert.deepEqual(decodeRequest(encodeMaskWrite(4, 0xf2, 0x25)), { kind: 'mask', function: 22, start: 4, and: 0xf2, or: 0x25 });
  assert.deepEqual(decodeRequest(encodeIdentify(4, 6)), { kind: 'identify', function: 43, code: 4, object: 6 });
});

test('a wrong request is refused with the right exception', () => {
  const refused = (text: string): number | undefined => {
    const request = decodeRequest(bytes(text));
    return request.kind === 'refuse' ? request.exception : undefined;
  };
  assert.equal(refused('41'), 1);
  assert.equal(refused(''), 1);
  assert.equal(refused('2b0d0000'), 1);
  for (const text of [
    '03',
    '0300000000',
    '030000007e',
    '01000007d1',
    '0300000001ff',
    '0500000001',
    '0f0000000102ff00',
    '10000000020400',
    '1000007c007cf8',
    '16000000ff',
    '2b0e0900',
  ]) {
    assert.equal(refused(text), 3, text);
  }
});

test('answers are checked against their request', () => {
  const answer = encodeReadResponse(3, bytes('00010002'));
  assert.equal(readResponseFault(answer, 0, answer.length, 3, 2), undefined);
  assert.match(readResponseFault(answer, 0, answer.length, 3, 3)!, /announces 4 bytes where 6 belong/);
  assert.match(readResponseFault(answer, 0, answer.length - 1, 3, 2)!, /has 3 bytes/);
  assert.match(readResponseFault(answer, 0, 1, 3, 2)!, /ends before/);
  assert.equal(readResponseFault(bytes('010205ff'), 0, 4, 1, 10), undefined);
  assert.equal(exceptionIn(bytes('8302'), 0), 2);
  assert.equal(exceptionIn(answer, 0), 0);
  const write = encodeWriteRegisters(1, bytes('000a0102'));
  const reply = encodeWriteResponse(write);
  assert.equal(hex(reply), '1000010002');
  assert.ok(confirmsWrite(reply, 0, reply.length, write));
  assert.ok(!confirmsWrite(reply, 0, reply.length - 1, write));
  assert.ok(!confirmsWrite(bytes('1000010003'), 0, 5, write));
});

test('a device says who it is, in pieces where it must', () => {
  const all = new Map([
    [0, 'Vendor'],
    [1, 'P1'],
    [2, '1.5'],
    [4, 'Name'],
  ]);
  assert.deepEqual(decodeIdentification(encodeIdentification(all, 1, 0)!), {
    objects: new Map([
      [0, 'Vendor'],
      [1, 'P1'],
      [2, '1.5'],
    ]),
    next: undefined,
  });
  assert.deepEqual(decodeIdentification(encodeIdentification(all, 2, 0)!)!.objects, all);
  assert.deepEqual(decodeIdentification(encodeIdentification(all, 4, 4)!)!.objects, new Map([[4, 'Name']]));
  assert.equal(encodeIdentification(all, 4, 9), undefined);
  const long = new Map([
    [0, 'a'.repeat(200)],
    [1, 'b'.repeat(200)],
  ]);
  const first = decodeIdentification(encodeIdentification(long, 1, 0)!)!;
  assert.deepEqual([first.objects.size, first.next], [1, 1]);
  assert.equal(decodeIdentification(encodeIdentification(long, 1, first.next!)!)!.objects.get(1), 'b'.repeat(200));
  for (let i = 0; i < 7; i++) assert.equal(decodeIdentification(encodeIdentification(all, 1, 0)!.subarray(0, i)), undefined);
});

test('every exception code has a meaning', () => {
  for (let code = 0; code < 256; code++) assert.ok(exceptionMeaning(code).because.length > 5);
  assert.equal(exceptionMeaning(2).because, 'it has no such address');
});

test('what a device says of itself is read as UTF-8, and where it is none as the characters of western Europe', () => {
  const objects = new Map([[0, 'Müller 测控']]);
  assert.deepEqual(decodeIdentification(encodeIdentification(objects, 1, 0)!)!.objects, objects);
  const latin = Uint8Array.of(0x2b, 0x0e, 1, 1, 0, 0, 1, 0, 2, 0x4d, 0xfc);
  assert.equal(decodeIdentification(latin)!.objects.get(0), 'Mü');
});
