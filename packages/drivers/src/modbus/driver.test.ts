import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Quality, qualityName, silentLogger, systemClock, valueAt, type Driver, type Reason, type Tag } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ModbusPeer } from '../testing/modbus-peer.ts';
import { tag } from '../testing/tag.ts';
import { modbusTcp } from './module.ts';
import type { ModbusTcpSettings } from './settings.ts';

interface Stage {
  readonly peer: ModbusPeer;
  readonly driver: Driver;
  readonly lost: Reason[];
  readonly frames: string[];
  readonly sentAtMs: readonly number[];
}

async function stage(t: TestContext, settings: Partial<ModbusTcpSettings> = {}, clock = systemClock): Promise<Stage> {
  const peer = await ModbusPeer.listen();
  const lost: Reason[] = [];
  const frames: string[] = [];
  const sentAtMs: number[] = [];
  const driver = modbusTcp.create(
    { ...peer.settings, ...settings },
    {
      device: 'demo',
      clock,
      log: silentLogger,
      onLost: (reason) => {
        lost.push(reason);
      },
      trace: (direction, frame) => {
        frames.push(`${direction} ${Buffer.from(frame).toString('hex')}`);
        if (direction === 'tx') sentAtMs.push(systemClock.monotonicMs());
      },
    },
  );
  t.after(async () => {
    await driver.close();
    await peer.close();
  });
  await driver.open(new AbortController().signal);
  return { peer, driver, lost, frames, sentAtMs };
}
const names = (quality: Uint16Array): string[] => Array.from(quality, qualityName);
const places = (peer: ModbusPeer): string[] => peer.seen.map((r) => `${r.unit}:${r.start}+${r.count}`);
/** A device whose holding block has `size` registers and refuses every read that leaves it. */
const sized = (peer: ModbusPeer, size: number): void => {
  peer.respond = (_unit, request) => (request.kind === 'read' && request.start + request.count > size ? 2 : 'own');
};

test('neighbours are read together, gaps only as far as the device allows', async (t) => {
  const { driver } = await stage(t, { maxGap: 0 });
  const { driver: wide } = await stage(t, { maxGap: 5 });
  const { driver: narrow } = await stage(t, { maxGap: 0, maxRegisters: 2 });
  const tags = [
    tag(3, '1!40009'),
    tag(1, '1!40001', 'float'),
    tag(2, '1!40003'),
    tag(4, '2!40001'),
    tag(5, '1!30001'),
    tag(6, '1!40002', 'uint16'),
  ];
  const text = (d: Driver): string[] => d.compile(tags).requests.map((r) => `${r.unit} ${r.area} ${r.start}+${r.count}`);
  assert.deepEqual(text(driver), ['1 input 0+1', '1 holding 0+3', '1 holding 8+1', '2 holding 0+1']);
  assert.deepEqual(text(wide), ['1 input 0+1', '1 holding 0+9', '2 holding 0+1']);
  assert.deepEqual(text(narrow), ['1 input 0+1', '1 holding 0+2', '1 holding 2+1', '1 holding 8+1', '2 holding 0+1']);
  const long = driver.compile(Array.from({ length: 300 }, (_, i) => tag(i + 1, `1!4${i + 1}`)));
  assert.deepEqual(
    long.requests.map((r) => r.count),
    [125, 125, 50],
  );
  const bits = driver.compile(Array.from({ length: 2001 }, (_, i) => tag(i + 1, `1!0${i + 1}`, 'bit')));
  assert.deepEqual(
    bits.requests.map((r) => r.count),
    [2000, 1],
  );
});

test('a large group compiled in slices asks the same as one compiled at once', async (t) => {
  const { driver } = await stage(t);
  const tags = Array.from({ length: 3500 }, (_, i) => tag(i + 1, i % 500 === 7 ? '9!x' : `${1 + (i % 3)}!4${1 + ((i * 37) % 5000)}`));
  let pauses = 0;
  const slow = await driver.compileInSlices!(tags, async () => void pauses++);
  const quick = driver.compile(tags);
  assert.deepEqual([slow.requests, slow.tags], [quick.requests, quick.tags]);
  assert.equal(pauses, 4);
});

test("the device's byte order, base and the tag's suffix decide", async (t) => {
  const { peer, driver } = await stage(t, { byteOrder: 'CDAB', byteOrder64: 'EFGHABCD', addressBase: 0 });
  peer.holding.set([0x0203, 0x0001, 0, 1, 0, 2], 10);
  const tags = [
    tag(1, '1!40010', 'uint32'),
    tag(2, '1!40010#LL', 'uint32'),
    tag(3, '1!40012', 'uint64'),
    tag(4, '1!40010.9', 'bit'),
    tag(5, '1!40010.4', 'bytes'),
    tag(6, '1!40010#B', 'uint16'),
  ];
  const batch = await driver.read(driver.compile(tags), { timeoutMs: 1000 });
  const values = tags.map((x, i) => valueAt(batch, i, x));
  assert.deepEqual(values, [0x00010203, 0x02030001, 0x0000000200000001n, true, Uint8Array.of(2, 3, 0, 1), 0x0302]);
});

test('a read past the end of the device costs no good tag', async (t) => {
  const { peer, driver, lost } = await stage(t);
  peer.holding.set([281, 702], 0);
  sized(peer, 2);
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!40002'), tag(3, '1!40003')]);
  const first = await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual(names(first.quality), ['good', 'good', 'badAddressRefused']);
  assert.deepEqual([...first.num.slice(0, 2)], [281, 702]);
  assert.equal(first.reasons![2]!.text, 'demo refuses to read 1!40003: it has no such address (exception 2).');
  assert.equal(first.reasons![0], undefined);
  peer.seen.length = 0;
  const second = await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual(names(second.quality), ['good', 'good', 'badAddressRefused']);
  assert.deepEqual(places(peer), ['1:0+2'], 'what is good is one request again, what is refused is not asked');
  assert.equal(lost.length, 0);
});

test('a refused tag is asked again after ten minutes, and one request is enough again when it is there', async (t) => {
  const clock = new VirtualClock();
  const { peer, driver } = await stage(t, {}, clock);
  sized(peer, 2);
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!40002'), tag(3, '1!40003')]);
  await driver.read(plan, { timeoutMs: 1000 });
  peer.respond = () => 'own';
  await clock.advance(599_000);
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 1000 })).quality), ['good', 'good', 'badAddressRefused']);
  await clock.advance(2_000);
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 1000 })).quality), ['good', 'good', 'good']);
  peer.seen.length = 0;
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 1000 })).quality), ['good', 'good', 'good']);
  assert.deepEqual(places(peer), ['1:0+3']);
});

test('a device that answers fewer registers than allowed is asked for as many as it gives', async (t) => {
  const { peer, driver } = await stage(t);
  peer.respond = (_unit, request) => (request.kind === 'read' && request.count > 30 ? 3 : 'own');
  const plan = driver.compile(Array.from({ length: 100 }, (_, i) => tag(i + 1, `1!4${i + 1}`)));
  for (let i = 0; i < 3; i++) assert.ok((await driver.read(plan, { timeoutMs: 1000 })).quality.every((q) => q === Quality.good));
  assert.deepEqual(
    plan.requests.map((r) => r.count),
    [30, 30, 30, 10],
  );
});

test('every good tag survives among many refused ones, whatever their places', async (t) => {
  const { peer, driver } = await stage(t);
  const holes = new Set([3, 17, 18, 60, 99]);
  peer.respond = (_unit, request) => {
    if (request.kind !== 'read') return 'own';
    for (let i = 0; i < request.count; i++) if (holes.has(request.start + i)) return 2;
    return 'own';
  };
  const plan = driver.compile(Array.from({ length: 100 }, (_, i) => tag(i + 1, `1!4${i + 1}`)));
  for (let i = 0; i < 3; i++) {
    const batch = await driver.read(plan, { timeoutMs: 1000 });
    for (let row = 0; row < 100; row++)
      assert.equal(qualityName(batch.quality[row]!), holes.has(row) ? 'badAddressRefused' : 'good', `${row} in cycle ${i}`);
  }
  peer.seen.length = 0;
  await driver.read(plan, { timeoutMs: 1000 });
  assert.ok(peer.seen.length <= 12, `${peer.seen.length} requests`);
});

test('a device that refuses everything gets a bounded number of requests per cycle', async (t) => {
  const { peer, driver } = await stage(t);
  peer.respond = () => 2;
  const plan = driver.compile(Array.from({ length: 1000 }, (_, i) => tag(i + 1, `1!4${i + 1}`)));
  for (let i = 0; i < 3; i++) {
    peer.seen.length = 0;
    const batch = await driver.read(plan, { timeoutMs: 1000 });
    assert.ok(batch.quality.every((q) => q === Quality.badAddressRefused));
    assert.ok(peer.seen.length < 650, `${peer.seen.length} requests`);
  }
});

test('busy and gateway answers are no refusal of the address', async (t) => {
  const { peer, driver } = await stage(t);
  let code = 6;
  peer.respond = () => code;
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!40002')]);
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 1000 })).quality), ['badDeviceFailure', 'badDeviceFailure']);
  code = 0x0b;
  const batch = await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual(names(batch.quality), ['badNoCommunication', 'badNoCommunication']);
  assert.match(batch.reasons![0]!.text, /gateway gets no answer from this unit/);
  assert.equal(peer.seen.length, 2, 'neither is split');
});

test('one silent unit costs one time-out and leaves the others alone', async (t) => {
  const { peer, driver, lost } = await stage(t, { window: 1, degradeAfter: 0 });
  peer.respond = (unit) => (unit === 2 ? undefined : 'own');
  const tags = [tag(1, '1!40001'), ...Array.from({ length: 20 }, (_, i): Tag => tag(2 + i, `2!4${1 + i * 10}`)), tag(50, '3!40001')];
  const plan = driver.compile(tags);
  for (let i = 0; i < 4; i++) {
    peer.seen.length = 0;
    const batch = await driver.read(plan, { timeoutMs: 20 });
    assert.deepEqual(names(batch.quality), ['good', ...Array<string>(20).fill('badTimeout'), 'good']);
    assert.equal(batch.reasons![1]!.text, 'Unit 2 of demo does not answer within 20 ms.');
    assert.equal(peer.seen.filter((r) => r.unit === 2).length, 1);
  }
  assert.equal(lost.length, 0);
  peer.respond = () => 'own';
  assert.ok((await driver.read(plan, { timeoutMs: 1000 })).quality.every((q) => q === Quality.good));
});

test('a unit that was silent is tried with one request before the window fills with its others', async (t) => {
  const { peer, driver } = await stage(t, { window: 4 });
  peer.respond = (unit) => (unit === 2 ? undefined : 'own');
  const plan = driver.compile([tag(99, '3!40001'), ...Array.from({ length: 20 }, (_, i): Tag => tag(2 + i, `2!4${1 + i * 10}`))]);
  await driver.read(plan, { timeoutMs: 20 });
  assert.equal(peer.seen.filter((r) => r.unit === 2).length, 4);
  peer.seen.length = 0;
  await driver.read(plan, { timeoutMs: 20 });
  assert.deepEqual(places(peer), ['2:0+1', '3:0+1']);
});

test('a silent device is bad, its late answers are dropped, and the next cycle is right', async (t) => {
  const { peer, driver } = await stage(t, { window: 4 });
  const plan = driver.compile([tag(1, '1!40001'), tag(2, '1!40101')]);
  peer.holding[0] = 1;
  peer.behave({ kind: 'hold' });
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 20 })).quality), ['badTimeout', 'badTimeout']);
  peer.holding[0] = 2;
  peer.behave({ kind: 'answer' });
  peer.release();
  const batch = await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual([...batch.num], [2, 0]);
  assert.equal(driver.stats().strays, 2);
});

test('answers that came while this process stood still are taken, not timed out', async (t) => {
  const { peer, driver } = await stage(t);
  peer.holding[0] = 7;
  peer.delayMs = 5;
  const plan = driver.compile([tag(1, '1!40001')]);
  const reading = driver.read(plan, { timeoutMs: 60 });
  while (peer.seen.length === 0) await systemClock.sleep(1);
  const until = performance.now() + 150;
  while (performance.now() < until);
  const batch = await reading;
  assert.deepEqual([batch.quality[0], batch.num[0]], [Quality.good, 7]);
});

test('after three silent reads the link is given up, once, and a new one works', async (t) => {
  const { peer, driver, lost } = await stage(t);
  const plan = driver.compile([tag(1, '1!40001')]);
  peer.behave({ kind: 'silent' });
  for (let i = 0; i < 3; i++) {
    assert.equal(lost.length, 0);
    assert.deepEqual(names((await driver.read(plan, { timeoutMs: 15 })).quality), ['badTimeout']);
  }
  assert.deepEqual(
    lost.map((r) => r.code),
    ['DRIVERS_MODBUS_SILENT'],
  );
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 15 })).quality), ['badNoCommunication']);
  peer.behave({ kind: 'answer' });
  await driver.open(new AbortController().signal);
  assert.deepEqual(names((await driver.read(plan, { timeoutMs: 1000 })).quality), ['good']);
  assert.equal(driver.stats().connects, 2);
  assert.equal(lost.length, 1);
});

test('up to `window` requests are in flight, never more', async (t) => {
  for (const window of [1, 4, 16]) {
    const { peer, driver } = await stage(t, { window });
    let open = 0;
    let most = 0;
    peer.delayMs = 5;
    peer.respond = () => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
      }, 5);
      return 'own';
    };
    const plan = driver.compile(Array.from({ length: 32 }, (_, i) => tag(i + 1, `1!4${1 + i * 10}`)));
    assert.ok((await driver.read(plan, { timeoutMs: 1000 })).quality.every((q) => q === Quality.good));
    assert.equal(most, window);
  }
});

test('answers in any order reach the tags they belong to', async (t) => {
  const { peer, driver } = await stage(t, { window: 8 });
  peer.holding.set(
    Array.from({ length: 100 }, (_, i) => i),
    0,
  );
  const plan = driver.compile(Array.from({ length: 8 }, (_, i) => tag(i + 1, `1!4${1 + i * 10}`)));
  peer.behave({ kind: 'join', answers: 8 });
  const batch = await driver.read(plan, { timeoutMs: 1000 });
  assert.deepEqual([...batch.num], [0, 10, 20, 30, 40, 50, 60, 70]);
});

test('an answer of the wrong length is bad decoding for its tags only', async (t) => {
  const { peer, driver, lost } = await stage(t);
  peer.respond = (_unit, request) => (request.kind === 'read' && request.start === 0 ? Uint8Array.of(3, 4, 0, 0, 0, 0) : 'own');
  const batch = await driver.read(driver.compile([tag(1, '1!40001'), tag(2, '1!40101')]), { timeoutMs: 1000 });
  assert.deepEqual(names(batch.quality), ['badDecoding', 'good']);
  assert.equal(batch.reasons![0]!.text, 'demo answers 1!40001 with something else: the answer announces 4 bytes where 2 belong.');
  assert.equal(lost.length, 0);
});

test('a wrong address, a write-only tag and one too long for the device keep to their own rows', async (t) => {
  const { driver } = await stage(t, { maxRegisters: 3 });
  const batch = await driver.read(
    driver.compile([tag(1, '9!x'), tag(2, '1!40001', 'int16', 'write'), tag(3, '1!40001', 'double'), tag(4, '1!40002')]),
    { timeoutMs: 1000 },
  );
  assert.deepEqual(names(batch.quality), ['badConfiguration', 'badNotReadable', 'badConfiguration', 'good']);
  assert.match(batch.reasons![0]!.text, /"x" is none of them/);
  assert.match(batch.reasons![2]!.text, /takes 4 registers, and one request to demo carries 3/);
});

test('each kind of write uses its function', async (t) => {
  const { peer, driver } = await stage(t);
  peer.holding[9] = 0xff00;
  const items = [
    { tag: tag(1, '1!00001', 'bit', 'write'), value: true },
    { tag: tag(2, '1!40001', 'int16', 'readwrite'), value: -2 },
    { tag: tag(3, '1!40021#BL', 'float', 'readwrite'), value: 1.5 },
    { tag: tag(4, '1!40010.3', 'bit', 'readwrite'), value: true },
    { tag: tag(5, '1!00011', 'bool', 'readwrite'), value: true },
    { tag: tag(6, '1!00012', 'bool', 'readwrite'), value: false },
    { tag: tag(7, '1!40031', 'uint16', 'readwrite'), value: 7 },
    { tag: tag(8, '1!40032.4', 'string', 'readwrite'), value: 'ab' },
  ];
  const results = await driver.write(items, { timeoutMs: 1000 });
  assert.ok(results.every((r) => r.quality === Quality.good));
  assert.deepEqual(
    peer.seen.map((r) => r.function),
    [5, 6, 16, 22, 15, 16],
  );
  assert.deepEqual([peer.coils[0], peer.coils[10], peer.coils[11]], [1, 1, 0]);
  assert.deepEqual([...peer.holding.slice(20, 22)], [0x0000, 0x3fc0]);
  assert.equal(peer.holding[9], 0xff08);
  assert.deepEqual([...peer.holding.slice(30, 33)], [7, 0x6162, 0]);
});

test('a write the device refuses says so, and neighbours are written alone', async (t) => {
  const { peer, driver } = await stage(t);
  peer.respond = (_unit, request) => (request.kind === 'writeRegisters' || ('start' in request && request.start === 1) ? 2 : 'own');
  const [first, second] = await driver.write(
    [
      { tag: tag(1, '1!40001', 'int16', 'readwrite'), value: 5 },
      { tag: tag(2, '1!40002', 'int16', 'readwrite'), value: 6 },
    ],
    { timeoutMs: 1000 },
  );
  assert.equal(first!.quality, Quality.good);
  assert.equal(second!.quality, Quality.badAddressRefused);
  assert.equal(second!.reason!.text, 'demo refuses to write 1!40002: it has no such address (exception 2).');
  assert.equal(peer.holding[0], 5);
});

test('what cannot be written never reaches the wire', async (t) => {
  const { peer, driver } = await stage(t);
  const results = await driver.write(
    [
      { tag: tag(1, '1!30001', 'int16'), value: 1 },
      { tag: tag(2, '1!40001', 'int16', 'write'), value: 40_000 },
      { tag: tag(3, '1!40001', 'int16', 'write'), value: 'x' },
      { tag: tag(4, '9!x', 'int16', 'write'), value: 1 },
    ],
    { timeoutMs: 1000 },
  );
  assert.deepEqual(
    results.map((r) => qualityName(r.quality)),
    ['badNotWritable', 'badOutOfRange', 'badTypeMismatch', 'badConfiguration'],
  );
  assert.ok(results.every((r) => r.reason !== undefined));
  assert.equal(peer.seen.length, 0);
});

test('a write overtakes the reads that wait', async (t) => {
  const { peer, driver } = await stage(t, { window: 1 });
  peer.delayMs = 2;
  const reading = driver.read(driver.compile(Array.from({ length: 10 }, (_, i) => tag(i + 1, `1!4${1 + i * 10}`))), { timeoutMs: 1000 });
  await driver.write([{ tag: tag(20, '1!40001', 'int16', 'readwrite'), value: 1 }], { timeoutMs: 1000 });
  assert.ok(peer.seen.length <= 3, `${peer.seen.length} requests before the write was answered`);
  assert.ok((await reading).quality.every((q) => q === Quality.good));
});

test('two reads of one plan at the same time are both answered', async (t) => {
  const { peer, driver } = await stage(t);
  peer.holding[0] = 5;
  const plan = driver.compile([tag(1, '1!40001')]);
  const batches = await Promise.all([
    driver.read(plan, { timeoutMs: 1000 }),
    driver.read(plan, { timeoutMs: 1000 }),
    driver.read(plan, { timeoutMs: 1000 }),
  ]);
  for (const batch of batches) assert.deepEqual([batch.quality[0], batch.num[0]], [Quality.good, 5]);
  assert.equal(new Set(batches).size, 3);
});

test('frames are shown to whoever watches', async (t) => {
  const { peer, driver, frames } = await stage(t);
  peer.holding[0] = 300;
  await driver.read(driver.compile([tag(1, '1!40001')]), { timeoutMs: 1000 });
  assert.deepEqual(frames, ['tx 000100000006010300000001', 'rx 000100000005010302012c']);
});

test("the time-out of the settings goes before the caller's", async (t) => {
  const { peer, driver } = await stage(t, { timeout: '15ms' });
  peer.behave({ kind: 'silent' });
  const batch = await driver.read(driver.compile([tag(1, '1!40001')]), { timeoutMs: 60_000 });
  assert.equal(batch.reasons![0]!.text, 'Unit 1 of demo does not answer within 15 ms.');
});

test('a pause between requests is kept', async (t) => {
  const { driver, sentAtMs } = await stage(t, { interRequestDelay: 5 });
  const plan = driver.compile(Array.from({ length: 5 }, (_, i) => tag(i + 1, `1!4${1 + i * 10}`)));
  assert.ok((await driver.read(plan, { timeoutMs: 5000 })).quality.every((q) => q === Quality.good));
  const pauses = sentAtMs.slice(1).map((at, i) => at - sentAtMs[i]!);
  assert.equal(pauses.length, 4);
  // Timers may fire a fraction of a millisecond early, never more.
  assert.ok(
    pauses.every((ms) => ms >= 4),
    pauses.join(' '),
  );
});

test('a host that has no address and a refused port are plain sentences', async () => {
  const fail = async (settings: ModbusTcpSettings): Promise<string> => {
    const driver = modbusTcp.create(settings, { device: 'demo', clock: systemClock, log: silentLogger, onLost: () => {} });
    try {
      await driver.open(new AbortController().signal);
      return 'open';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const peer = await ModbusPeer.listen();
  const { port } = peer.settings;
  await peer.close();
  assert.equal(
    await fail({ host: '127.0.0.1', port }),
    `127.0.0.1:${port} refuses the connection. The device is on, but nothing listens there.`,
  );
  assert.equal(await fail({ host: 'no such host.invalid', port: 502 }), 'The name no such host.invalid has no address.');
});
