import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  Quality,
  qualityName,
  silentLogger,
  systemClock,
  valueAt,
  type DataType,
  type Driver,
  type Tag,
  type TagValue,
  type WriteItem,
} from '@omh/core';
import { ModbusPeer } from '../testing/modbus-peer.ts';
import { tag } from '../testing/tag.ts';
import { modbusTcp } from './module.ts';
import type { ModbusTcpSettings } from './settings.ts';

async function stage(t: TestContext, settings: Partial<ModbusTcpSettings> = {}): Promise<{ peer: ModbusPeer; driver: Driver }> {
  const peer = await ModbusPeer.listen();
  const driver = modbusTcp.create(
    { ...peer.settings, ...settings },
    { device: 'demo', clock: systemClock, log: silentLogger, onLost: () => {} },
  );
  t.after(async () => {
    await driver.close();
    await peer.close();
  });
  await driver.open(new AbortController().signal);
  return { peer, driver };
}
const item = (address: string, type: DataType, value: TagValue, count?: number): WriteItem => ({
  tag: { ...tag(1, address, type, 'readwrite'), ...(count !== undefined && { count }) },
  value,
});
const write = async (driver: Driver, ...items: WriteItem[]): Promise<string[]> =>
  (await driver.write(items, { timeoutMs: 1000 })).map((r) => qualityName(r.quality));
const functions = (peer: ModbusPeer): number[] => peer.seen.map((r) => r.function);
/** A device that does not know these functions. */
const lacks = (peer: ModbusPeer, ...codes: number[]): void => {
  peer.respond = (_unit, request) => (codes.includes(request.function) ? 1 : 'own');
};

test('neighbours travel together, whatever their order in the list', async (t) => {
  const { peer, driver } = await stage(t);
  const qualities = await write(
    driver,
    item('1!40013', 'uint16', 3),
    item('1!40011', 'uint16', 1),
    item('1!40012', 'uint16', 2),
    item('1!00002', 'bit', true),
    item('1!00001', 'bit', true),
    item('1!40099', 'uint16', 9),
  );
  assert.deepEqual([...new Set(qualities)], ['good']);
  assert.deepEqual(
    peer.seen.map((r) => `${r.function} ${r.start}`),
    ['16 10', '15 0', '6 98'],
  );
  assert.deepEqual([...peer.holding.slice(10, 13)], [1, 2, 3]);
});

test('a point that is written twice keeps the last value', async (t) => {
  const { peer, driver } = await stage(t);
  await write(driver, item('1!40002', 'uint16', 1), item('1!40001', 'uint16', 5), item('1!40002', 'uint16', 2));
  assert.deepEqual([...peer.holding.slice(0, 2)], [5, 2]);
});

test('an array is written in one request and read back as it was', async (t) => {
  const { peer, driver } = await stage(t);
  const cases: readonly [string, DataType, readonly (number | bigint | boolean | string)[], number][] = [
    ['1!40001', 'int16', [-1, 2, -3], 16],
    ['1!40011#BL', 'float', [1.5, -2.5], 16],
    ['1!40021', 'uint64', [2n ** 64n - 1n, 1n], 16],
    ['1!00011', 'bit', [true, false, true, true], 15],
    ['1!40051.4', 'bit', [true, false, true], 22],
    ['1!40061.0', 'bit', Array.from({ length: 32 }, (_, i) => i % 5 === 0), 16],
    ['1!40065#B', 'int16', [258, -2], 16],
    ['1!40071.4', 'string', ['abcd', 'xy'], 16],
    ['1!40081', 'uint16', [7], 6],
  ];
  for (const [address, type, values, fn] of cases) {
    peer.seen.length = 0;
    const one = item(address, type, values, values.length);
    assert.deepEqual(await write(driver, one), ['good'], address);
    assert.deepEqual(functions(peer), [fn], address);
    const batch = await driver.read(driver.compile([one.tag]), { timeoutMs: 1000 });
    assert.deepEqual(valueAt(batch, 0, one.tag), values, address);
  }
  assert.equal(peer.holding[50], 0b101_0000);
});

test('an array with another number of values, or one that does not fit, never reaches the wire', async (t) => {
  const { peer, driver } = await stage(t);
  const results = await driver.write(
    [
      item('1!40001', 'int16', [1, 2], 3),
      item('1!40001', 'int16', 5, 3),
      item('1!40001', 'int16', [1, 2, 70_000], 3),
      item('1!40001', 'int16', new Array<number>(124).fill(0), 124),
      item('1!40001.4', 'bit', new Array<boolean>(20).fill(true), 20),
    ],
    { timeoutMs: 1000 },
  );
  assert.deepEqual(
    results.map((r) => qualityName(r.quality)),
    ['badTypeMismatch', 'badTypeMismatch', 'badOutOfRange', 'badConfiguration', 'badConfiguration'],
  );
  assert.equal(results[0]!.reason!.text, 'The value for 1!40001 is no array of 3 values of the type int16.');
  assert.match(results[4]!.reason!.text, /bits in several registers/);
  assert.equal(peer.seen.length, 0);
});

test('a bit is written by reading and writing back where the device has no function 22, and that is remembered', async (t) => {
  const { peer, driver } = await stage(t);
  lacks(peer, 22);
  peer.holding[9] = 0xff00;
  assert.deepEqual(await write(driver, item('1!40010.3', 'bit', true)), ['good']);
  assert.deepEqual(functions(peer), [22, 3, 6]);
  assert.equal(peer.holding[9], 0xff08);
  peer.seen.length = 0;
  assert.deepEqual(await write(driver, item('1!40010.15', 'bit', false)), ['good']);
  assert.deepEqual(functions(peer), [3, 6]);
  assert.equal(peer.holding[9], 0x7f08);
});

test('two bits of one register that are written at the same time are both there', async (t) => {
  const { peer, driver } = await stage(t, { maskWrite: 'never' });
  peer.delayMs = 2;
  await Promise.all(Array.from({ length: 16 }, (_, i) => write(driver, item(`1!40010.${i}`, 'bit', true))));
  assert.equal(peer.holding[9], 0xffff);
  assert.ok(!functions(peer).includes(22));
});

test('with maskWrite: only a device without function 22 refuses the bit', async (t) => {
  const { peer, driver } = await stage(t, { maskWrite: 'only' });
  lacks(peer, 22);
  assert.deepEqual(await write(driver, item('1!40010.3', 'bit', true)), ['badAddressRefused']);
  assert.deepEqual(functions(peer), [22]);
});

test('a device that knows only the functions for several values is written with these', async (t) => {
  const { peer, driver } = await stage(t);
  lacks(peer, 5, 6);
  assert.deepEqual(await write(driver, item('1!40010', 'uint16', 7)), ['good']);
  assert.deepEqual(await write(driver, item('1!40011', 'uint16', 8), item('1!00001', 'bit', true)), ['good', 'good']);
  assert.deepEqual(functions(peer), [6, 16, 16, 15]);
  assert.deepEqual([peer.holding[9], peer.holding[10], peer.coils[0]], [7, 8, 1]);
  const { peer: other, driver: strict } = await stage(t, { writeSingle: 'multiple' });
  assert.deepEqual(await write(strict, item('1!40010', 'uint16', 7)), ['good']);
  assert.deepEqual(functions(other), [16]);
});

test('what a device refuses to read is forgotten on demand, and told before', async (t) => {
  const { peer, driver } = await stage(t);
  peer.respond = (_unit, request) => (request.kind === 'read' && request.start <= 4 && request.start + request.count > 4 ? 2 : 'own');
  const plan = driver.compile(Array.from({ length: 10 }, (_, i): Tag => tag(i + 1, `1!4${String(i + 1).padStart(4, '0')}`)));
  await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual(driver.stats().holes, [{ unit: 1, area: 'holding', start: 4, count: 1, code: 2 }]);
  peer.hangUp();
  while (peer.connections > 0) await systemClock.sleep(1);
  await driver.open(new AbortController().signal);
  peer.seen.length = 0;
  await driver.read(plan, { timeoutMs: 1000 });
  assert.equal(peer.seen.length, 2, 'a new link does not ask what is refused');
  peer.respond = () => 'own';
  driver.forgetLearnt!();
  const batch = await driver.read(plan, { timeoutMs: 1000 });
  assert.ok(batch.quality.every((q) => q === Quality.good));
  assert.deepEqual(driver.stats().holes, []);
});
