import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { isGood, qualityName, silentLogger, systemClock, type Driver, type Reason, type Tag } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { ModbusPeer, type PeerOptions } from '../testing/modbus-peer.ts';
import { certificate, freePort } from '../testing/peer-way.ts';
import { tag } from '../testing/tag.ts';
import { modbusTcp } from './module.ts';
import type { ModbusTcpSettings } from './settings.ts';

const signal = new AbortController().signal;

interface Made {
  readonly driver: Driver;
  readonly lost: Reason[];
}
function make(
  t: TestContext,
  settings: ModbusTcpSettings,
  more: { device?: string; shared?: Map<string, unknown>; clock?: VirtualClock } = {},
): Made {
  const lost: Reason[] = [];
  const { device = 'demo', shared, clock = systemClock } = more;
  const driver = modbusTcp.create(settings, {
    device,
    clock,
    log: silentLogger,
    onLost: (reason) => void lost.push(reason),
    ...(shared !== undefined && { shared }),
  });
  t.after(() => driver.close());
  return { driver, lost };
}
async function peerOf(t: TestContext, options: PeerOptions = {}): Promise<ModbusPeer> {
  const peer = await ModbusPeer.listen(options);
  t.after(() => peer.close());
  return peer;
}
const settingsOf = (peer: ModbusPeer, more: Partial<ModbusTcpSettings> = {}): ModbusTcpSettings => ({ ...peer.settings, ...more });
const spread = (n: number, unit = 1): Tag[] => Array.from({ length: n }, (_, i) => tag(i + 1, `${unit}!4${1 + i * 10}`));
const names = (quality: Uint16Array): string[] => Array.from(quality, qualityName);
const allGood = (quality: Uint16Array): boolean => quality.every(isGood);

test('the window grows where the device answers many at once', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  peer.delayMs = 5;
  const plan = driver.compile(spread(64));
  for (let i = 0; i < 12; i++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 1000 })).quality));
  assert.ok(driver.stats().window! >= 8, `${driver.stats().window}`);
});

test('the window settles at one where the device answers one after the other', async (t) => {
  const peer = await peerOf(t);
  let busyUntil = 0;
  peer.delayMs = 1;
  peer.respond = () => {
    // A processor that is busy with one request holds the others up.
    const now = performance.now();
    busyUntil = Math.max(now, busyUntil) + 8;
    peer.delayMs = busyUntil - now;
    return 'own';
  };
  const sizes: (number | undefined)[] = [];
  // Round trips of a machine that stands still in between say nothing: then it is tried on another connection.
  for (let i = 0; i < 4 && !sizes.includes(1); i++) {
    const { driver } = make(t, settingsOf(peer));
    await driver.open(signal);
    const plan = driver.compile(spread(16));
    for (let n = 0; n < 4; n++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 2000 })).quality));
    sizes.push(driver.stats().window);
    await driver.close();
  }
  assert.ok(sizes.includes(1), sizes.join());
});

test('a device that drops what overlaps loses no read: the request is repeated alone and the window goes back', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  let open = 0;
  peer.delayMs = 3;
  peer.respond = () => {
    if (open > 0) return undefined;
    open++;
    setTimeout(() => {
      open--;
    }, 2);
    return 'own';
  };
  const plan = driver.compile(spread(12));
  for (let i = 0; i < 4; i++) assert.ok(allGood((await driver.read(plan, { timeoutMs: 60 })).quality), `cycle ${i}`);
  assert.equal(driver.stats().window, 1);
  assert.ok(driver.stats().timeouts >= 1);
});

test('a fixed window stays, and round trips and faults are counted', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer, { window: 3 }));
  assert.equal(driver.stats().rttP50Ms, undefined);
  await driver.open(signal);
  peer.respond = (_unit, request) => ('start' in request && request.start === 0 ? 4 : 'own');
  await driver.read(driver.compile(spread(8)), { timeoutMs: 1000 });
  peer.behave({ kind: 'silent' });
  await driver.read(driver.compile([tag(90, '1!40901')]), { timeoutMs: 15 });
  const stats = driver.stats();
  assert.equal(stats.window, 3);
  assert.ok(stats.rttP50Ms! > 0 && stats.rttP99Ms! >= stats.rttP50Ms!);
  assert.deepEqual(stats.faults, { DRIVERS_MODBUS_REFUSES: 1, DRIVERS_MODBUS_NO_ANSWER: 1 });
});

test('devices behind one gateway share a connection; one that closes leaves the other running', async (t) => {
  const peer = await peerOf(t, { framing: 'rtu' });
  const shared = new Map<string, unknown>();
  const a = make(t, settingsOf(peer), { device: 'a', shared });
  const b = make(t, settingsOf(peer), { device: 'b', shared });
  await Promise.all([a.driver.open(signal), b.driver.open(signal)]);
  assert.equal(peer.mostConnections, 1);
  const [planA, planB] = [a.driver.compile(spread(5)), b.driver.compile(spread(5, 2))];
  const both = await Promise.all([a.driver.read(planA, { timeoutMs: 1000 }), b.driver.read(planB, { timeoutMs: 1000 })]);
  assert.ok(both.every((batch) => allGood(batch.quality)));
  const order = peer.seen.map((r) => r.unit);
  assert.ok(order.slice(0, 6).includes(2), `they take turns: ${order.join(' ')}`);
  await a.driver.close();
  assert.ok(allGood((await b.driver.read(planB, { timeoutMs: 1000 })).quality));
  assert.equal(peer.connections, 1);
  peer.hangUp();
  while (b.lost.length === 0) await systemClock.sleep(2);
  assert.equal(a.lost.length, 0);
  await b.driver.open(signal);
  await b.driver.close();
  assert.equal(shared.size, 0, 'the last one gives the line back');
});

test('devices that want one line with different settings are told apart', async (t) => {
  const peer = await peerOf(t);
  const shared = new Map<string, unknown>();
  const a = make(t, settingsOf(peer, { sharedLink: true }), { device: 'a', shared });
  const b = make(t, settingsOf(peer, { sharedLink: true, window: 2 }), { device: 'b', shared });
  await a.driver.open(signal);
  await assert.rejects(b.driver.open(signal), { code: 'DRIVERS_MODBUS_LINE_DIFFERS' });
});

test('a write goes before the reads of every device on the line', async (t) => {
  const peer = await peerOf(t, { framing: 'rtu' });
  const shared = new Map<string, unknown>();
  const a = make(t, settingsOf(peer), { device: 'a', shared }).driver;
  const b = make(t, settingsOf(peer), { device: 'b', shared }).driver;
  await Promise.all([a.open(signal), b.open(signal)]);
  peer.delayMs = 2;
  const reading = a.read(a.compile(spread(20)), { timeoutMs: 1000 });
  await b.write([{ tag: tag(9, '2!40001', 'int16', 'readwrite'), value: 3 }], { timeoutMs: 1000 });
  assert.ok(peer.seen.length <= 3, `${peer.seen.length} requests before the write was answered`);
  assert.ok(allGood((await reading).quality));
});

test('fifty plans on one link get their turn in the order they came', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer, { window: 1 }));
  await driver.open(signal);
  const plans = Array.from({ length: 50 }, (_, i) => driver.compile([tag(i + 1, `1!4${1 + i * 10}`)]));
  await Promise.all(plans.map((plan) => driver.read(plan, { timeoutMs: 1000 })));
  assert.deepEqual(
    peer.seen.map((r) => r.start),
    Array.from({ length: 50 }, (_, i) => i * 10),
  );
});

test('a late RTU answer is never taken for the next one', async (t) => {
  const peer = await peerOf(t, { framing: 'rtu' });
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  peer.holding.set([11, 22], 0);
  const [one, two] = [tag(1, '1!40001'), tag(2, '1!40002')].map((x) => driver.compile([x]));
  peer.behave({ kind: 'hold' });
  assert.deepEqual(names((await driver.read(one!, { timeoutMs: 30 })).quality), ['badTimeout']);
  peer.behave({ kind: 'answer' });
  const next = driver.read(two!, { timeoutMs: 1000 });
  peer.release();
  const batch = await next;
  assert.deepEqual([names(batch.quality), batch.num[0]], [['good'], 22]);
  assert.equal(driver.stats().strays, 1);
});

test('a unit that stays silent is left alone, says so, and is asked once when its time is over', async (t) => {
  const clock = new VirtualClock();
  const peer = await peerOf(t);
  const { driver, lost } = make(t, settingsOf(peer, { degradeFor: '60s' }), { clock });
  await driver.open(signal);
  peer.respond = (unit) => (unit === 2 ? undefined : 'own');
  const plan = driver.compile([...spread(2), tag(3, '2!40001'), tag(4, '2!40101')]);
  const read = async (): Promise<{ quality: string[]; why: string | undefined }> => {
    peer.seen.length = 0;
    const reading = driver.read(plan, { timeoutMs: 50 });
    let isOver = false;
    void reading.then(() => (isOver = true));
    while (!isOver) {
      await systemClock.sleep(5);
      await clock.advance(20);
    }
    const batch = await reading;
    return { quality: names(batch.quality), why: batch.reasons?.[2]?.text };
  };
  const bad = ['good', 'good', 'badTimeout', 'badTimeout'];
  for (let i = 0; i < 3; i++) {
    assert.deepEqual((await read()).quality, bad);
    assert.ok(peer.seen.some((r) => r.unit === 2));
  }
  const resting = await read();
  assert.deepEqual(resting.quality, bad);
  assert.match(
    resting.why!,
    /^Unit 2 of demo is left alone after 3 cycles without an answer; it is tried again at 2026-01-01T00:01:\d\dZ\.$/,
  );
  assert.ok(peer.seen.every((r) => r.unit === 1));
  await clock.advance(60_000);
  await read();
  assert.equal(peer.seen.filter((r) => r.unit === 2).length, 1);
  await read();
  assert.ok(peer.seen.every((r) => r.unit === 1));
  await clock.advance(60_000);
  peer.respond = () => 'own';
  assert.deepEqual((await read()).quality, ['good', 'good', 'good', 'good']);
  assert.equal(lost.length, 0);
});

test('a device says who it is, over as many answers as it takes', async (t) => {
  const peer = await peerOf(t);
  const { driver } = make(t, settingsOf(peer));
  await driver.open(signal);
  const texts = new Map([0, 1, 2, 3, 4, 5].map((id) => [id, `${id}`.repeat(100)]));
  peer.respond = (_unit, request) =>
    request.kind === 'identify' ? modbus.encodeIdentification(texts, request.code, request.object) : 'own';
  const identity = await driver.identify!(1, { timeoutMs: 1000 });
  assert.deepEqual(Object.keys(identity), ['VendorName', 'ProductCode', 'MajorMinorRevision', 'VendorUrl', 'ProductName', 'ModelName']);
  assert.equal(identity['ModelName'], texts.get(5));
  peer.respond = () => 1;
  await assert.rejects(driver.identify!(1, { timeoutMs: 1000 }), { code: 'DRIVERS_MODBUS_NO_IDENTITY' });
});

test('the newest connection of a device that dials in counts, and strangers are turned away', async (t) => {
  const peer = await peerOf(t, { way: 'dial' });
  const { driver, lost } = make(t, settingsOf(peer));
  await driver.open(signal);
  const { listen } = peer.settings as unknown as { listen: { host: string; port: number } };
  const { connect } = await import('node:net');
  const newer = connect(listen);
  newer.on('error', () => {});
  t.after(() => newer.destroy());
  while (lost.length === 0) await systemClock.sleep(2);
  assert.equal(lost[0]!.code, 'DRIVERS_MODBUS_REPLACED');
  await driver.open(signal);
  assert.equal(driver.stats().connects, 2);

  const port = await freePort();
  const strict = make(t, { listen: { host: '127.0.0.1', port, allow: ['10.0.0.0/8'] } }).driver;
  const off = new AbortController();
  const opening = strict.open(off.signal);
  let socket: Socket | undefined;
  for (let ended = false; !ended; ) {
    socket = connect({ host: '127.0.0.1', port });
    const outcome = await Promise.race([once(socket, 'close').then(() => 'close'), once(socket, 'error').catch(() => 'error')]).catch(
      () => 'error',
    );
    ended = outcome === 'close' && socket.bytesWritten === 0 && !socket.errored;
    if (!ended) await systemClock.sleep(2);
  }
  off.abort();
  await assert.rejects(opening, { code: 'DRIVERS_MODBUS_CALLED_OFF' });
});

test('the backup is tried after the main host, and the other way round', async (t) => {
  const peer = await peerOf(t);
  const dead = await freePort();
  const { host, port } = peer.settings;
  const { driver } = make(t, { host, port: dead, backup: { host, port } });
  await assert.rejects(driver.open(signal), { code: 'DRIVERS_MODBUS_CONNECTION_REFUSED' });
  await driver.open(signal);
  assert.ok(allGood((await driver.read(driver.compile(spread(1)), { timeoutMs: 1000 })).quality));
});

test('certificates that do not fit are said to be so', async (t) => {
  const peer = await peerOf(t, { way: 'tls' });
  const { tls } = peer.settings as unknown as Required<Pick<ModbusTcpSettings, 'tls'>>;
  const failed = async (settings: Partial<ModbusTcpSettings>): Promise<string> => {
    const { driver, lost } = make(t, settingsOf(peer, settings));
    try {
      await driver.open(signal);
      await driver.read(driver.compile(spread(1)), { timeoutMs: 1000 });
      return lost[0]?.text ?? 'open';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const { ca: _ca, ...unknown } = tls;
  assert.equal(await failed({}), 'open');
  assert.equal(await failed({ tls: unknown }), 'DRIVERS_MODBUS_TLS_UNTRUSTED');
  assert.equal(await failed({ tls: { ...tls, serverName: 'press.example' } }), 'DRIVERS_MODBUS_TLS_NAME');
  assert.equal(await failed({ tls: { ...tls, key: 'nonsense' } }), 'DRIVERS_MODBUS_TLS_OWN');
  assert.match(await failed({ tls: { ca: certificate('ca.pem') } }), /does not accept the certificate of this hub/);
});

test('plain Modbus on a port for TLS is a sentence', async (t) => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400\r\n\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { driver } = make(t, { host: '127.0.0.1', port: (server.address() as AddressInfo).port, transport: 'tls' });
  await assert.rejects(driver.open(signal), (error: Error) => {
    assert.doesNotMatch(error.message, /\bE[A-Z]{4,}\b|SSL routines/);
    return true;
  });
});
