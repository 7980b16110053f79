import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modbus } from '@omh/wire';
import { describeFrame } from './describe-frame.ts';

const frame = (framing: modbus.FramingName, ...pdu: number[]): Uint8Array => {
  const out = new Uint8Array(modbus.framings[framing].frameLength(pdu.length));
  modbus.framings[framing].put(out, 0, 7, 1, Uint8Array.from(pdu), 0, pdu.length);
  return out;
};

test('requests, answers and refusals are told alike in every framing', () => {
  for (const framing of modbus.framingNames) {
    const transaction = framing === 'mbap' ? { transaction: 7 } : {};
    const head = { unit: 1, ...transaction, function: 3, functionName: 'read holding registers' };
    assert.deepEqual(describeFrame(frame(framing, 3, 0, 100, 0, 10), 'tx', framing), {
      ...head,
      address: 100,
      count: 10,
      text: 'read holding registers 100–109',
    });
    assert.deepEqual(describeFrame(frame(framing, 3, 4, 0, 1, 0, 2), 'rx', framing), {
      ...head,
      count: 2,
      text: 'read holding registers: answer',
    });
    assert.deepEqual(describeFrame(frame(framing, 0x83, 2), 'rx', framing), {
      ...head,
      exception: 2,
      text: 'read holding registers: illegal data address',
    });
  }
});

test('writes tell what is written', () => {
  const text = (...pdu: number[]) => describeFrame(frame('mbap', ...pdu), 'tx', 'mbap')?.text;
  assert.equal(text(6, 0, 5, 1, 0), 'write single register 5 = 256');
  assert.equal(text(5, 0, 5, 0xff, 0), 'write single coil 5 = on');
  assert.equal(text(16, 0, 5, 0, 2, 4, 0, 1, 0, 2), 'write multiple registers 5–6');
  assert.equal(text(0x2b, 0x0e, 1, 0), 'read device identification');
});

test('what is no frame is not described, and nothing throws', () => {
  for (const framing of modbus.framingNames)
    for (let length = 0; length < 40; length++)
      for (const fill of [0, 1, 0x3a, 0xff]) describeFrame(new Uint8Array(length).fill(fill), 'rx', framing);
  assert.equal(describeFrame(Uint8Array.of(1, 2, 3), 'tx', 'mbap'), undefined);
  assert.equal(describeFrame(frame('mbap', 3, 0, 0, 0, 1).subarray(0, 9), 'tx', 'mbap'), undefined);
});
