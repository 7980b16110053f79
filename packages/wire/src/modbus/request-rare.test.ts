import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeDiagnostics,
  decodeServerId,
  DiagnosticCode,
  encodeDiagnostics,
  encodeFifo,
  encodeReadFifo,
  encodeReportServerId,
  encodeServerId,
} from './request-rare.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// The examples of Modbus Application Protocol V1.1b3, sections 6.8, 6.13 and 6.18.
test('requests are the bytes of the specification', () => {
  assert.equal(hex(encodeReadFifo(0x04de)), '1804de');
  assert.equal(hex(encodeDiagnostics(DiagnosticCode.returnQueryData, 0xa537)), '080000a537');
  assert.equal(hex(encodeReportServerId()), '11');
});

test('answers are decoded as the specification has them', () => {
  assert.equal(hex(encodeFifo([0x01b8, 0x1284])), '180006000201b81284');
  assert.deepEqual(decodeDiagnostics(bytes('080000a537')), { code: 0, data: 0xa537 });
  assert.deepEqual(decodeServerId(encodeServerId(bytes('4142'), true)), { id: bytes('4142'), isRunning: true });
  assert.deepEqual(decodeServerId(bytes('11024142')), { id: bytes('4142'), isRunning: undefined });
});

test('decoding gives back what was encoded, and what is cut off is nothing', () => {
  const id = encodeServerId(bytes('010203'), false);
  for (const [answer, decode] of [
    [id, decodeServerId],
    [encodeDiagnostics(11, 5), decodeDiagnostics],
  ] as const) {
    for (let i = 0; i < answer.length; i++) assert.equal(decode(answer.subarray(0, i)), undefined);
  }
});

test('random bytes never throw', () => {
  let seed = 3;
  const next = (n: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (let i = 0; i < 20_000; i++) {
    const pdu = Uint8Array.from({ length: next(30) }, () => next(256));
    pdu[0] = [0x08, 0x11][next(2)]!;
    assert.doesNotThrow(() => [decodeDiagnostics(pdu), decodeServerId(pdu)]);
  }
});
