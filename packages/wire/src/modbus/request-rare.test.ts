import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeDiagnostics,
  decodeFifo,
  decodeFileRecords,
  decodeServerId,
  DiagnosticCode,
  encodeDiagnostics,
  encodeFifo,
  encodeFileRecords,
  encodeReadFifo,
  encodeReadFile,
  encodeReportServerId,
  encodeServerId,
  encodeWriteFile,
} from './request-rare.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// The examples of Modbus Application Protocol V1.1b3, sections 6.8, 6.13, 6.14, 6.15 and 6.18.
test('requests are the bytes of the specification', () => {
  assert.equal(hex(encodeReadFifo(0x04de)), '1804de');
  assert.equal(hex(encodeDiagnostics(DiagnosticCode.returnQueryData, 0xa537)), '080000a537');
  assert.equal(hex(encodeReportServerId()), '11');
  assert.equal(
    hex(
      encodeReadFile([
        { file: 4, record: 1, count: 2 },
        { file: 3, record: 9, count: 2 },
      ]),
    ),
    '140e0600040001000206000300090002',
  );
  assert.equal(hex(encodeWriteFile([{ file: 4, record: 7, data: bytes('06af04be100d') }])), '150d0600040007000306af04be100d');
});

test('answers are decoded as the specification has them', () => {
  assert.deepEqual(decodeFifo(bytes('18 0006 0002 01b8 1284')), [0x01b8, 0x1284]);
  assert.deepEqual(decodeDiagnostics(bytes('080000a537')), { code: 0, data: 0xa537 });
  assert.deepEqual(decodeFileRecords(bytes('140c 0506 0dfe0020 0506 33cd0040'))!.map(hex), ['0dfe0020', '33cd0040']);
  assert.deepEqual(decodeServerId(encodeServerId(bytes('4142'), true)), { id: bytes('4142'), isRunning: true });
  assert.deepEqual(decodeServerId(bytes('11024142')), { id: bytes('4142'), isRunning: undefined });
});

test('decoding gives back what was encoded, and what is cut off is nothing', () => {
  const fifo = encodeFifo([1, 2, 65535]);
  const files = encodeFileRecords([bytes('0102'), bytes('03040506')]);
  const id = encodeServerId(bytes('010203'), false);
  assert.deepEqual(decodeFifo(fifo), [1, 2, 65535]);
  assert.deepEqual(decodeFileRecords(files)!.map(hex), ['0102', '03040506']);
  for (const [answer, decode] of [
    [fifo, decodeFifo],
    [files, decodeFileRecords],
    [id, decodeServerId],
    [encodeDiagnostics(11, 5), decodeDiagnostics],
  ] as const) {
    for (let i = 0; i < answer.length; i++) assert.equal(decode(answer.subarray(0, i)), undefined);
  }
  assert.equal(decodeFifo(bytes('180042 0020')), undefined);
});

test('random bytes never throw', () => {
  let seed = 3;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (let i = 0; i < 20_000; i++) {
    const pdu = Uint8Array.from({ length: next(30) }, () => next(256));
    pdu[0] = [0x08, 0x11, 0x14, 0x18][next(4)]!;
    assert.doesNotThrow(() => [decodeFifo(pdu), decodeDiagnostics(pdu), decodeServerId(pdu), decodeFileRecords(pdu)]);
  }
});
