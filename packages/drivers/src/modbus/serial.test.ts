import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isGood, silentLogger, systemClock, type Driver, type Reason } from '@omh/core';
import { ModbusPeer } from '../testing/modbus-peer.ts';
import { hasSocat } from '../testing/peer-way.ts';
import { tag } from '../testing/tag.ts';
import { modbusSerial } from './module.ts';
import type { ModbusSerialSettings } from './settings.ts';

const signal = new AbortController().signal;
const without = hasSocat() ? false : 'socat not found: apt-get install socat';

function make(t: TestContext, settings: unknown, shared = new Map<string, unknown>()): { driver: Driver; lost: Reason[] } {
  const lost: Reason[] = [];
  const driver = modbusSerial.create(settings as ModbusSerialSettings, {
    device: 'demo',
    clock: systemClock,
    log: silentLogger,
    onLost: (reason) => void lost.push(reason),
    shared,
  });
  t.after(() => driver.close());
  return { driver, lost };
}
async function peerOf(t: TestContext, framing: 'rtu' | 'ascii' = 'rtu'): Promise<ModbusPeer> {
  const peer = await ModbusPeer.listen({ way: 'pty', framing });
  t.after(() => peer.close());
  return peer;
}

test('a port that is not there, and one that is none, are plain sentences', async (t) => {
  await assert.rejects(make(t, { port: '/dev/omh-no-such-port' }).driver.open(signal), { code: 'DRIVERS_MODBUS_SERIAL_MISSING' });
  await assert.rejects(make(t, { port: '/dev/null' }).driver.open(signal), { code: 'DRIVERS_MODBUS_SERIAL_FAILED' });
});

test('two devices on one serial port take turns, and the port is given back', { skip: without }, async (t) => {
  const peer = await peerOf(t);
  const shared = new Map<string, unknown>();
  const [a, b] = [make(t, peer.settings, shared).driver, make(t, peer.settings, shared).driver];
  await Promise.all([a.open(signal), b.open(signal)]);
  const reads = [a.read(a.compile([tag(1, '1!40001')]), { timeoutMs: 500 }), b.read(b.compile([tag(2, '2!40001')]), { timeoutMs: 500 })];
  for (const batch of await Promise.all(reads)) assert.ok(isGood(batch.quality[0]!));
  await a.close();
  await b.close();
  assert.equal(shared.size, 0);
  await a.open(signal);
  await assert.rejects(make(t, peer.settings).driver.open(signal), { code: 'DRIVERS_MODBUS_SERIAL_BUSY' });
});

test('an adapter that is unplugged is a sentence', { skip: without }, async (t) => {
  const peer = await peerOf(t);
  const { driver, lost } = make(t, peer.settings);
  await driver.open(signal);
  peer.hangUp();
  const plan = driver.compile([tag(1, '1!40001')]);
  for (let i = 0; i < 100 && lost.length === 0; i++) await driver.read(plan, { timeoutMs: 20 });
  assert.match(lost[0]!.text, /^The serial port .* is gone\.$/);
});

test('an adapter that is unplugged and plugged in again serves all its devices', { skip: without }, async (t) => {
  const peer = await peerOf(t);
  const shared = new Map<string, unknown>();
  const made = [make(t, peer.settings, shared), make(t, peer.settings, shared)];
  const plans = made.map(({ driver }, i) => driver.compile([tag(i + 1, `${i + 1}!40001`)]));
  const read = async (): Promise<boolean[]> => {
    const batches = await Promise.all(made.map(({ driver }, i) => driver.read(plans[i]!, { timeoutMs: 200 })));
    return batches.map((batch) => isGood(batch.quality[0]!));
  };
  const open = (): Promise<PromiseSettledResult<void>[]> => Promise.allSettled(made.map(({ driver }) => driver.open(signal)));
  await open();
  assert.deepEqual(await read(), [true, true]);
  await peer.unplug();
  for (let i = 0; i < 100 && made.some(({ lost }) => lost.length === 0); i++) await read();
  assert.deepEqual(
    made.map(({ lost }) => lost.map((reason) => reason.code)),
    [['DRIVERS_MODBUS_SERIAL_GONE'], ['DRIVERS_MODBUS_SERIAL_GONE']],
  );
  for (const result of await open()) assert.equal(result.status === 'rejected' && result.reason.code, 'DRIVERS_MODBUS_SERIAL_MISSING');
  const [batch] = await Promise.all(made.map(({ driver }, i) => driver.read(plans[i]!, { timeoutMs: 50 })));
  assert.match(batch!.reasons![0]!.text, /^There is no serial port /);
  await peer.plugIn();
  assert.deepEqual(
    (await open()).map((result) => result.status),
    ['fulfilled', 'fulfilled'],
  );
  assert.deepEqual(await read(), [true, true]);
  assert.deepEqual(
    made.map(({ driver }) => driver.stats().connects),
    [2, 2],
  );
});

test('an adapter that hears itself is told apart from the device', { skip: without }, async (t) => {
  const peer = await peerOf(t);
  peer.echoes = true;
  peer.holding[0] = 77;
  const { driver } = make(t, { ...peer.settings, echo: true });
  await driver.open(signal);
  const write = await driver.write([{ tag: tag(2, '1!40002', 'int16', 'readwrite'), value: 5 }], { timeoutMs: 500 });
  assert.ok(isGood(write[0]!.quality));
  const batch = await driver.read(driver.compile([tag(1, '1!40001')]), { timeoutMs: 500 });
  assert.deepEqual([batch.num[0], driver.stats().strays], [77, 0]);
});
