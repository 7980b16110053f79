import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { qualityName, silentLogger, systemClock, type Driver, type Tag } from '@omh/core';
import { modbus } from '@omh/wire';
import { ModbusPeer, type PeerOptions } from '../testing/modbus-peer.ts';
import { tag } from '../testing/tag.ts';
import { modbusTcp } from './module.ts';

async function stage(t: TestContext, options: PeerOptions = {}): Promise<{ peer: ModbusPeer; driver: Driver }> {
  const peer = await ModbusPeer.listen(options);
  const driver = modbusTcp.create(peer.settings, { device: 'demo', clock: systemClock, log: silentLogger, onLost: () => {} });
  t.after(async () => {
    await driver.close();
    await peer.close();
  });
  await driver.open(new AbortController().signal);
  return { peer, driver };
}
const options = { timeoutMs: 1000 };
const queue = (id: number, address: string, count: number): Tag => ({ ...tag(id, address, 'uint16'), count });
const { FunctionCode, ExceptionCode } = modbus;

for (const framing of ['mbap', 'rtu', 'ascii'] as const) {
  test(`a FIFO queue and the counters of the diagnostics are tags beside others (${framing})`, async (t) => {
    const { peer, driver } = await stage(t, { framing });
    peer.holding[0] = 77;
    peer.rare = (pdu) => {
      if (pdu[0] === FunctionCode.readFifoQueue)
        return pdu[2] === 120 ? modbus.encodeFifo([5, 6, 65535]) : ExceptionCode.illegalDataAddress;
      return pdu[0] === FunctionCode.diagnostics ? modbus.encodeDiagnostics(pdu[2]!, 1000 + pdu[2]!) : ExceptionCode.illegalFunction;
    };
    const plan = driver.compile([
      tag(1, '1!40001', 'uint16'),
      queue(2, '1!fifo:120', 31),
      queue(3, '1!fifo:120', 2),
      queue(4, '1!fifo:7', 4),
      tag(5, '1!diagnostic:11', 'uint16'),
      tag(6, '1!diagnostic:12', 'uint16'),
      tag(7, '1!30012', 'uint16'),
    ]);
    for (let i = 0; i < 3; i++) {
      peer.seen.length = 0;
      const batch = await driver.read(plan, options);
      assert.deepEqual(Array.from(batch.quality, qualityName), ['good', 'good', 'good', 'badAddressRefused', 'good', 'good', 'good']);
      assert.deepEqual([batch.num[0], batch.any![1], batch.any![2], batch.num[4], batch.num[5]], [77, [5, 6, 65535], [5, 6], 1011, 1012]);
      assert.equal(batch.reasons![3]!.text, 'demo refuses to read 1!fifo:7: it has no such address (exception 2).');
      assert.equal(peer.seen.length, i === 0 ? 6 : 5, 'what is refused is not asked again');
    }
  });
}

test('a device without these functions keeps all its other tags', async (t) => {
  const { driver } = await stage(t);
  const plan = driver.compile([
    tag(1, '1!40001', 'uint16'),
    queue(2, '1!fifo:120', 31),
    tag(3, '1!diagnostic:11', 'uint16'),
    tag(4, '1!30011'),
  ]);
  for (let i = 0; i < 5; i++) {
    const { quality } = await driver.read(plan, options);
    assert.deepEqual(Array.from(quality, qualityName), ['good', 'badAddressRefused', 'badAddressRefused', 'good']);
  }
  assert.deepEqual(
    driver.stats().holes!.map((hole) => hole.area),
    ['diagnostic', 'fifo'],
  );
});

test('an answer to a query that is cut short is bad decoding', async (t) => {
  const { peer, driver } = await stage(t);
  peer.rare = () => modbus.encodeFifo([1, 2, 3]).slice(0, 7);
  const batch = await driver.read(driver.compile([queue(1, '1!fifo:1', 3)]), options);
  assert.equal(qualityName(batch.quality[0]!), 'badDecoding');
});

test('a device that does not know the question who it is says its server id', async (t) => {
  const { peer, driver } = await stage(t);
  const id = (bytes: Uint8Array): void => {
    peer.rare = (pdu) => (pdu[0] === FunctionCode.reportServerId ? modbus.encodeServerId(bytes, true) : ExceptionCode.illegalFunction);
  };
  id(new TextEncoder().encode('HP-250 '));
  assert.deepEqual(await driver.identify!(1, options), { ServerId: 'HP-250', RunIndicator: 'on' });
  id(Uint8Array.of(0x07, 0xa0));
  assert.deepEqual(await driver.identify!(1, options), { ServerId: '07 a0', RunIndicator: 'on' });
});

test('registers are written by function 17 where the device knows no other, and that is remembered', async (t) => {
  const { peer, driver } = await stage(t);
  peer.respond = (_unit, request) => (request.function === 3 ? 'own' : ExceptionCode.illegalFunction);
  peer.rare = (pdu) => {
    if (pdu[0] !== FunctionCode.readWriteRegisters) return ExceptionCode.illegalFunction;
    const view = new DataView(pdu.buffer, pdu.byteOffset);
    const [start, count] = [view.getUint16(5), view.getUint16(7)];
    for (let i = 0; i < count; i++) peer.holding[start + i] = view.getUint16(10 + i * 2);
    return modbus.encodeReadResponse(pdu[0], pdu.slice(10));
  };
  const write = async (address: string, type: 'uint16' | 'float' | 'bit', value: number | boolean): Promise<string> =>
    qualityName((await driver.write([{ tag: tag(1, address, type, 'readwrite'), value }], options))[0]!.quality);
  assert.equal(await write('1!40011', 'uint16', 4711), 'good');
  assert.deepEqual(
    peer.seen.map((r) => r.function),
    [6, 16, 23],
  );
  peer.seen.length = 0;
  assert.equal(await write('1!40021', 'float', 1.5), 'good');
  assert.equal(await write('1!40011.15', 'bit', true), 'good');
  assert.deepEqual(
    peer.seen.map((r) => r.function),
    [23, 22, 3, 23],
  );
  assert.deepEqual([peer.holding[10], peer.holding[20], peer.holding[21]], [4711 | 0x8000, 0x3fc0, 0]);
  assert.equal(await write('1!00001', 'bit', true), 'badAddressRefused');
});
