import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { allGood, make, names, peerOf, settingsOf, signal, spread } from '../testing/link-stage.ts';
import { certificate, freePort } from '../testing/peer-way.ts';
import { tag } from '../testing/tag.ts';
import type { ModbusTcpSettings } from './settings.ts';

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

test('a line on which nothing answers says so, is tried every few seconds, and all its units are asked once it is back', async (t) => {
  const clock = new VirtualClock();
  const peer = await peerOf(t, { framing: 'rtu' });
  const shared = new Map<string, unknown>();
  const made = [1, 2, 3].map((unit) => make(t, settingsOf(peer), { device: `d${unit}`, shared, clock }));
  await Promise.all(made.map(({ driver }) => driver.open(signal)));
  const plans = made.map(({ driver }, i) => driver.compile([tag(1, `${i + 1}!40001`)]));
  const cycle = async (): Promise<{ quality: string[]; whys: (string | undefined)[]; asked: number[] }> => {
    peer.seen.length = 0;
    const reading = Promise.all(made.map(({ driver }, i) => driver.read(plans[i]!, { timeoutMs: 50 })));
    let isOver = false;
    void reading.then(() => (isOver = true));
    while (!isOver) {
      await systemClock.sleep(3);
      await clock.advance(20);
    }
    const batches = await reading;
    return {
      quality: batches.flatMap((b) => names(b.quality)),
      whys: batches.map((b) => b.reasons?.[0]?.text),
      asked: peer.seen.map((r) => r.unit),
    };
  };
  assert.deepEqual((await cycle()).quality, ['good', 'good', 'good']);
  peer.behave({ kind: 'silent' });
  for (let i = 0; i < 3; i++) assert.deepEqual((await cycle()).quality, ['badTimeout', 'badTimeout', 'badTimeout']);
  await clock.advance(200);
  const resting = await cycle();
  assert.deepEqual(resting.asked, []);
  assert.match(resting.whys[1]!, /^127\.0\.0\.1:\d+ is open, but nothing on it answers\.$/);
  await clock.advance(5000);
  assert.equal((await cycle()).asked.length, 1, 'one of them is asked');
  peer.behave({ kind: 'answer' });
  await clock.advance(5000);
  await cycle();
  const back = await cycle();
  assert.deepEqual(back.quality, ['good', 'good', 'good']);
  assert.ok(made.every(({ lost }) => lost.length === 0));

  // The other side may be gone without a word.
  peer.behave({ kind: 'silent' });
  for (let i = 0; i < 20 && made[0]!.lost.length === 0; i++) {
    await cycle();
    await clock.advance(5000);
  }
  for (const { lost } of made) assert.deepEqual([lost.length, lost[0]!.code], [1, 'DRIVERS_MODBUS_SILENT']);
  peer.behave({ kind: 'answer' });
  await Promise.all(made.map(({ driver }) => driver.open(signal)));
  assert.deepEqual((await cycle()).quality, ['good', 'good', 'good']);
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

test('an address that may dial in and is none is a sentence', async (t) => {
  for (const entry of ['10.0.0.0/33', '10.0.0']) {
    const { driver } = make(t, { listen: { host: '127.0.0.1', port: 0, allow: ['::1/128', entry] } });
    await assert.rejects(driver.open(signal), { code: 'DRIVERS_MODBUS_LISTEN', message: /allow names 10\.0\.0.*no address and no range/ });
  }
});

test('a device that dials in over TLS shows a certificate, and one without is turned away', async (t) => {
  const port = await freePort();
  const hub = { ca: certificate('ca.pem'), cert: certificate('server.pem'), key: certificate('server.key') };
  const { driver } = make(t, { listen: { host: '127.0.0.1', port }, transport: 'tls', tls: hub });
  const opening = driver.open(signal);
  const { connect } = await import('node:tls');
  const dial = (own: object): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: hub.ca, ...own });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed')));
      // What the server thinks of the certificate shows with its first bytes.
      socket.once('data', (chunk) => {
        const answer = modbus.encodeReadResponse(3, Uint8Array.of(0, 42));
        socket.write(modbus.frameOf((chunk[0]! << 8) | chunk[1]!, chunk[6], answer));
        resolve(socket);
      });
      t.after(() => socket.destroy());
    });
  while (
    await dial({}).then(
      () => false,
      (error: { code?: string }) => error.code === 'ECONNREFUSED',
    )
  )
    await systemClock.sleep(2);
  const dialled = dial({ cert: certificate('client.pem'), key: certificate('client.key') });
  await opening;
  const batch = await driver.read(driver.compile([tag(1, '1!40001', 'uint16')]), { timeoutMs: 1000 });
  assert.deepEqual([names(batch.quality), batch.num[0]], [['good'], 42]);
  await dialled;
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

test('a main host that takes the connection but never answers makes the backup next, and the other way round', async (t) => {
  const [main, backup] = [await peerOf(t), await peerOf(t)];
  main.behave({ kind: 'silent' });
  const { driver, lost } = make(t, settingsOf(main, { backup: backup.settings }));
  const plan = driver.compile(spread(1));
  const lose = async (): Promise<void> => {
    const before = lost.length;
    for (let i = 0; i < 3; i++) await driver.read(plan, { timeoutMs: 20 });
    assert.equal(lost.length, before + 1);
  };
  await driver.open(signal);
  await lose();
  await driver.open(signal);
  assert.ok(allGood((await driver.read(plan, { timeoutMs: 1000 })).quality));
  assert.equal(backup.requests(), 1);
  // It answered: when it is lost it is tried again itself.
  backup.hangUp();
  while (lost.length < 2) await systemClock.sleep(2);
  backup.behave({ kind: 'silent' });
  main.behave({ kind: 'answer' });
  await driver.open(signal);
  await lose();
  await driver.open(signal);
  assert.ok(allGood((await driver.read(plan, { timeoutMs: 1000 })).quality));
});

test('a device that is called off while its line opens takes nothing from the one that waits with it', async (t) => {
  const peer = await peerOf(t, { framing: 'rtu' });
  const shared = new Map<string, unknown>();
  const a = make(t, settingsOf(peer), { device: 'a', shared }).driver;
  const b = make(t, settingsOf(peer), { device: 'b', shared }).driver;
  const off = new AbortController();
  const first = a.open(off.signal);
  const second = b.open(signal);
  off.abort();
  await assert.rejects(first, { code: 'DRIVERS_MODBUS_CALLED_OFF' });
  await second;
  assert.ok(allGood((await b.read(b.compile(spread(1)), { timeoutMs: 1000 })).quality));
  assert.equal(peer.mostConnections, 1);
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
