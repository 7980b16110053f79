import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, formatAddress } from './address.ts';
import { notations, type AddressedTag } from './addressing.ts';
import { queryFault } from './query.ts';
import { encodeDiagnostics, encodeFifo, encodeReadWrite } from './request-rare.ts';

const fifo: AddressedTag = { type: 'uint16', access: 'read', count: 8 };
const counter: AddressedTag = { type: 'uint16', access: 'read' };

test('a queue and a counter are written alike in every notation', () => {
  for (const addressing of notations) {
    const queue = parseAddress('3!fifo:0x0078', fifo, { addressing });
    assert.ok(queue.ok);
    const { unit, query, start, elements } = queue.value;
    assert.deepEqual({ unit, query, start, elements }, { unit: 3, query: 'fifo', start: 120, elements: 8 });
    assert.equal(formatAddress(queue.value, { addressing }), '3!fifo:120');
    const bus = parseAddress('3!Diagnostic:11', counter, { addressing });
    assert.ok(bus.ok && bus.value.query === 'diagnostic' && bus.value.start === 11);
    assert.equal(formatAddress(bus.value, { addressing }), '3!diagnostic:11');
  }
});

test('a query that makes no sense is one sentence, and what changes a device is none', () => {
  const fault = (address: string, tag: AddressedTag): string => {
    const result = parseAddress(address, tag);
    assert.ok(!result.ok, address);
    return result.error[0]!.message;
  };
  assert.match(fault('1!fifo:x', fifo), /comes a number from 0 to 65535/);
  assert.match(fault('1!fifo:70000', fifo), /comes a number from 0 to 65535/);
  assert.match(fault('1!fifo:1', { ...fifo, count: 32 }), /from 1 to 31/);
  assert.match(fault('1!fifo:1', counter), /is an array/);
  assert.match(fault('1!fifo:1', { ...fifo, type: 'float' }), /type float does not fit/);
  assert.match(fault('1!fifo:1', { ...fifo, access: 'readwrite' }), /only be read/);
  assert.match(fault('1!diagnostic:11', { ...counter, access: 'write' }), /only be read/);
  assert.match(fault('1!diagnostic:11', fifo), /is one value/);
  assert.match(fault('1!diagnostic:11', { ...counter, type: 'int32' }), /16 bits/);
  for (const code of [0, 1, 3, 4, 10, 19, 20, 21]) assert.match(fault(`1!diagnostic:${code}`, counter), /2 and 11 to 18/);
  assert.match(fault('fifo:1', fifo), /has no unit/);
});

test('an answer to a query is checked before it is taken', () => {
  const sound = encodeFifo([1, 2, 3]);
  assert.equal(queryFault(sound, 0, sound.length, 'fifo'), undefined);
  assert.match(queryFault(sound, 0, sound.length - 1, 'fifo')!, /has 5 bytes of data where 6 belong/);
  assert.match(queryFault(sound, 0, 4, 'fifo')!, /ends before its count/);
  assert.match(queryFault(Uint8Array.of(24, 0, 66, 0, 32), 0, 5, 'fifo')!, /announces 32 values/);
  assert.equal(queryFault(encodeDiagnostics(11, 7), 0, 5, 'diagnostic'), undefined);
  assert.match(queryFault(encodeDiagnostics(11, 7), 0, 4, 'diagnostic')!, /has 4 bytes where 5 belong/);
});

test('function 17 as the standard shows it', () => {
  assert.deepEqual(
    [...encodeReadWrite(0x0e, Uint8Array.of(0, 0xff, 0, 0xfe), 2)],
    [0x17, 0, 0x0e, 0, 2, 0, 0x0e, 0, 2, 4, 0, 0xff, 0, 0xfe],
  );
});
