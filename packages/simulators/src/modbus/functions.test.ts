import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { RawClient, readHolding, started } from '../testing/raw-client.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

test('the rarer functions are answered as the standard says', async (t) => {
  const { port } = await started(t, {
    identity: { product: 'P-1' },
    units: {
      1: { registers: { 40001: [1, 2], 40011: [3, 100, 200, 300], 40021: 32, '00001': [true, false, true] } },
      2: { identity: { product: 'P-2', url: 'x://y' } },
    },
  });
  const client = await RawClient.to(t, port);
  const ask = async (request: string, unit = 1): Promise<string> => (await client.pdu(hex(request), unit)).toString('hex');
  assert.equal(await ask('08000012ab'), '08000012ab', 'loopback');
  assert.equal(await ask('07'), '0705', 'exception status is the first coils');
  assert.equal(await ask('11'), '1104502d31ff');
  assert.equal(await ask('11', 2), '1104502d32ff');
  assert.equal(await ask('18000a'), '1800080003006400c8012c', 'FIFO');
  assert.equal(await ask('180014'), '9803', 'more than 31 in the queue');
  assert.equal(await ask('170000000200010001020099'), '170400010099', 'written first, then read');
  assert.equal(await ask('17000000020001000103009900'), '9703');
  assert.equal(await ask('1600010000aaaa'), '1600010000aaaa');
  assert.equal((await client.pdu(readHolding(1, 1))).toString('hex'), '0302aaaa');
  assert.equal(await ask('2b0e0401', 2), '2b0e04820000010103502d32');
  assert.equal(await ask('2b0d00'), 'ab01');
  assert.equal(await ask('08000b0000'), '08000b000a', 'messages are counted');
  assert.equal(await ask('08000a0000'), '08000a0000');
  assert.equal(await ask('08000d0000'), '08000d0000');
  assert.equal(await ask('0863000000'), '8803');
  assert.equal(await ask('0b'), '0b00000002');
  assert.equal(await ask('64'), 'e401', 'an unknown function');
});

test('limits are exception 3, addresses outside 2, unknown units 0x0B', async (t) => {
  const { port } = await started(t, {
    limits: { maxRegisters: 10, maxBits: 20, maxWriteRegisters: 3, maxWriteBits: 4 },
    units: { 1: { areas: { holding: ['0-9', '100-199', '10-19'], coil: 30, input: 0, discrete: 5 } } },
  });
  const client = await RawClient.to(t, port);
  const code = async (pdu: Uint8Array, unit = 1): Promise<number> => {
    const answer = await client.pdu(pdu, unit);
    return answer[0]! & 0x80 ? answer[1]! : 0;
  };
  assert.equal(await code(readHolding(0, 10)), 0);
  assert.equal(await code(readHolding(5, 10)), 0, 'ranges that touch are one');
  assert.equal(await code(readHolding(0, 11)), 3);
  assert.equal(await code(readHolding(15, 6)), 2);
  assert.equal(await code(readHolding(195, 6)), 2);
  assert.equal(await code(readHolding(0, 126)), 3);
  assert.equal(await code(modbus.encodeRead(1, 0, 20)), 0);
  assert.equal(await code(modbus.encodeRead(1, 0, 21)), 3);
  assert.equal(await code(modbus.encodeRead(4, 0, 1)), 2);
  assert.equal(await code(modbus.encodeWriteRegisters(0, new Uint8Array(6))), 0);
  assert.equal(await code(modbus.encodeWriteRegisters(0, new Uint8Array(8))), 3);
  assert.equal(await code(modbus.encodeWriteRegisters(18, new Uint8Array(6))), 2);
  assert.equal(await code(modbus.encodeWriteCoils(0, [true, true, true, true, true])), 3);
  assert.equal(await code(readHolding(0, 1), 9), 11);
});

test('every type stands in its registers in every order', async (t) => {
  const value = 0x01020304;
  const at = (address: string, type: string, content: unknown) => ({ at: address, type, signal: 'constant', value: content }) as never;
  const signals = [
    at('40001#LL', 'int32', value),
    at('40003#LB', 'int32', value),
    at('40005#BL', 'int32', value),
    at('40007#BB', 'int32', value),
    at('40009', 'int32', value),
    at('40011', 'float', -1.5),
    at('40013', 'double', Math.PI),
    at('40017', 'uint64', '18446744073709551615'),
    at('40021#B', 'int16', -2),
    at('40022', 'int8', -3),
    at('40023', 'uint8', 200),
    at('40024.4', 'string', 'AB'),
    at('40026.4L', 'string', 'AB'),
    at('40028.2D', 'string', 'AB'),
    at('40030.2E', 'string', 'AB'),
    at('40032.15', 'bit', true),
    at('40033', 'bool', true),
    { at: 40034, type: 'int16', decimal: 0.1, bias: -40, signal: 'constant', value: 21.5 } as const,
  ];
  const { port } = await started(t, { units: { 1: { order: 'CDAB', order64: 'HGFEDCBA', signals } } });
  const client = await RawClient.to(t, port);
  const data = (await client.pdu(readHolding(0, 34))).subarray(2).toString('hex');
  const words = data.match(/.{4}/g)!;
  const from = (register: number, count: number): string => words.slice(register - 1, register - 1 + count).join(' ');
  assert.equal(from(1, 10), '0102 0304 0201 0403 0304 0102 0403 0201 0304 0102');
  assert.equal(from(11, 2), '0000 bfc0');
  assert.equal(from(13, 4), '182d 4454 fb21 0940');
  assert.equal(from(17, 4), 'ffff ffff ffff ffff');
  assert.equal(from(21, 3).replace(/^(....) (..)(..) (..)(..)$/, '$1 $3 $5'), 'feff fd c8');
  assert.equal(from(24, 8), '4142 0000 4241 0000 0041 0042 4100 4200');
  assert.equal(from(32, 3), '8000 0001 0267');
});

test('addresses may be written as on the wire or in the words of a controller', async (t) => {
  const { sim } = await started(t, {
    units: {
      1: { base: 0, signals: [{ at: 40005, signal: 'constant', value: 1 }] },
      2: {
        addressing: 'delta',
        signals: [
          { at: 'D10', signal: 'constant', value: 2 },
          { at: 'M0', signal: 'constant', value: true },
        ],
        areas: { holding: 5000, coil: 3000 },
      },
    },
  });
  assert.deepEqual(
    sim.signals().map(({ unit, area, address }) => [unit, area, address]),
    [
      [1, 'holding', 5],
      [2, 'holding', 4106],
      [2, 'coil', 2048],
    ],
  );
});

test('with a delay requests are worked on together, or one after the other', async (t) => {
  const run = async (requests?: number): Promise<number> => {
    const { port } = await started(t, { delay: '20ms', units: { 1: {} }, ...(requests === undefined ? {} : { limits: { requests } }) });
    const client = await RawClient.to(t, port);
    const begin = performance.now();
    for (let i = 0; i < 6; i++) client.send(readHolding(0, 1), i);
    await client.until(() => client.bytes.length === 6 * 11);
    assert.deepEqual(
      Array.from({ length: 6 }, (_, i) => client.bytes.readUInt16BE(i * 11)),
      [0, 1, 2, 3, 4, 5],
    );
    return performance.now() - begin;
  };
  assert.ok((await run(1)) >= 119);
  assert.ok((await run(3)) >= 39);
  assert.ok((await run()) >= 19);
});

test('waves are computed once in ten milliseconds, whoever reads', async (t) => {
  const clock = new VirtualClock();
  const { port } = await started(
    t,
    { units: { 1: { signals: [{ at: 40001, type: 'double', signal: 'saw', to: 1, period: '1s' }] } } },
    clock,
  );
  const client = await RawClient.to(t, port);
  const read = async (): Promise<number> => (await client.pdu(readHolding(0, 4))).readDoubleBE(2);
  await clock.advance(104);
  assert.equal(await read(), 0.1);
  await clock.advance(5);
  assert.equal(await read(), 0.1);
  await clock.advance(1);
  assert.equal(await read(), 0.11);
});
