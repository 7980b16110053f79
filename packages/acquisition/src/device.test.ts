import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OmhError, Tag } from '@omh/core';
import { bench as benchOf, type Bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';

const bench = (tags: readonly Tag[] = [testTag(1, 'temperature'), testTag(2, 'humidity')], intervalMs = 1000): Bench =>
  benchOf([{ name: 'g', intervalMs, tags }]);

test('a group is read once an interval, the first time at once', async () => {
  const { clock, device, cycles, fake } = bench();
  fake.values.set('temperature', 291);
  await device.start();
  await clock.advance(10);
  assert.equal(cycles.length, 1);
  await clock.advance(60_000);
  assert.equal(cycles.length, 61);
  assert.equal(cycles[0]!.batch.num[0], 291);
  assert.equal(device.health().state, 'running');
  assert.equal(device.health().reason.text, 'Reads 2 tags every 1 s.');
  await device.stop();
  assert.equal(clock.pending, 0);
});

test('what is asked of every device each second asks nothing of its driver', async () => {
  const { clock, device } = bench();
  await device.start();
  await clock.advance(1500);
  device.driver.stats = () => assert.fail('the driver was asked');
  const { name, driver, endpoint, health, tags, counts } = device.brief();
  assert.deepEqual([name, driver, endpoint, tags, counts], ['demo', 'fake', 'fake:1', 2, { good: 2, uncertain: 0, bad: 0 }]);
  assert.equal(health.state, 'running');
  assert.equal(device.values, 4);
  assert.deepEqual([device.intervalMs('g'), device.intervalMs('other')], [1000, undefined]);
  await device.stop();
});

test('when the link is lost the first missed cycle is uncertain, the second bad, and the value keeps its own time', async () => {
  const { clock, fake, device, values, words } = bench();
  fake.values.set('temperature', 300);
  await device.start();
  await clock.advance(2500);
  const read = values.byTag('demo', 'g', 'temperature')!;
  fake.reachable = false;
  fake.cut();
  assert.equal(device.health().state, 'lost');
  await clock.advance(2000);
  assert.deepEqual(words(), ['good', 'good', 'good', 'uncertain', 'bad']);
  const now = values.byTag('demo', 'g', 'temperature')!;
  assert.equal(now.value, 300);
  assert.equal(now.valueTime, read.valueTime);
  assert.equal(now.quality, 'bad');
  assert.match(now.reason!, /refuses the connection|closed the connection/);
  assert.ok(device.health().nextTry! > clock.now());
  await device.stop();
});

test('a silent device is uncertain after one cycle and bad after two, without a skipped cycle', async () => {
  const { clock, fake, device, words } = bench();
  await device.start();
  await clock.advance(1500);
  fake.answers = false;
  await clock.advance(3000);
  assert.deepEqual(words().slice(0, 4), ['good', 'good', 'uncertain', 'bad']);
  assert.equal(device.status().groups[0]!.skipped, 0);
  await device.stop();
});

test('a device that comes back is good within five seconds, however long it was away', async () => {
  const { clock, fake, device, values } = bench();
  fake.reachable = false;
  await device.start();
  await clock.advance(600_000);
  fake.reachable = true;
  await clock.advance(5000);
  assert.equal(values.byTag('demo', 'g', 'humidity')!.quality, 'good');
  await device.stop();
});

test('a device that takes the connection and never answers is at no time told as running', async () => {
  const { clock, fake, device } = bench();
  fake.answers = false;
  await device.start();
  const states = new Set<string>();
  for (let i = 0; i < 300; i++) {
    if (i % 50 === 25) fake.cut();
    await clock.advance(100);
    states.add(device.health().state);
  }
  assert.ok(!states.has('running'), [...states].join());
  assert.ok(states.has('degraded') && states.has('lost'), [...states].join());
  fake.answers = true;
  await clock.advance(6000);
  assert.equal(device.health().state, 'running');
  await device.stop();
});

test('a device that breaks each connection at its first request is asked less and less often', async () => {
  const { clock, fake, device } = bench();
  fake.answers = false;
  await device.start();
  for (let i = 0; i < 600; i++) {
    await clock.advance(100);
    fake.cut();
  }
  assert.ok(fake.opens >= 10 && fake.opens <= 30, `${fake.opens} connections in a minute`);
  await device.stop();
});

test('attempts to connect back off to five seconds', async () => {
  const { clock, fake, device } = bench();
  fake.reachable = false;
  await device.start();
  await clock.advance(60_000);
  assert.ok(fake.opens >= 12 && fake.opens <= 22, `${fake.opens} attempts in a minute`);
  await device.stop();
});

test('one refused register costs the good ones nothing', async () => {
  const { clock, fake, device, words } = bench();
  fake.refused.add('humidity');
  await device.start();
  await clock.advance(2500);
  assert.deepEqual(words(0), ['good', 'good', 'good']);
  assert.deepEqual(words(1), ['bad', 'bad', 'bad']);
  assert.equal(device.health().state, 'degraded');
  assert.match(device.health().reason.text, /1 of 2 tags are good/);
  await device.stop();
});

test('a cycle that takes longer than its interval makes the next one skipped and counted, never queued', async () => {
  const { clock, fake, device, cycles } = bench();
  fake.delayMs = 1500;
  await device.start();
  await clock.advance(10_000);
  const { skipped, cycles: done } = device.status().groups[0]!;
  assert.equal(skipped, 5);
  assert.equal(done, cycles.length);
  assert.ok(done >= 4 && done <= 5, `${done} cycles`);
  await device.stop();
});

test('a written value is scaled back, checked and answered by the device', async () => {
  const setpoint = testTag(1, 'setpoint', { access: 'readwrite', decimal: 0.1, unit: 'bar' });
  const { clock, fake, device } = bench([setpoint, testTag(2, 'fixed'), testTag(3, 'input', { access: 'readwrite', address: 'ro1' })]);
  await device.start();
  await clock.advance(10);
  const code = async (tag: Tag, value: unknown): Promise<string> => {
    const done = device.write(tag, value).then(
      () => 'ok',
      (thrown: OmhError) => thrown.code,
    );
    await clock.advance(50);
    return done;
  };
  assert.equal(await code(setpoint, 23.4), 'ok');
  assert.equal(fake.writes[0]!.value, 234);
  assert.equal(await code(setpoint, 5000), 'ACQUISITION_OUT_OF_RANGE');
  assert.equal(await code(setpoint, 'hot'), 'ACQUISITION_WRONG_TYPE');
  assert.equal(await code(testTag(2, 'fixed'), 1), 'ACQUISITION_NOT_WRITABLE');
  assert.equal(await code(testTag(3, 'input', { access: 'readwrite', address: 'ro1' }), 1), 'ACQUISITION_ADDRESS_NOT_WRITABLE');
  fake.refused.add('setpoint');
  assert.equal(await code(setpoint, 1), 'ACQUISITION_WRITE_REFUSED');
  fake.reachable = false;
  fake.cut();
  assert.equal(await code(setpoint, 1), 'ACQUISITION_LINK_DOWN');
  assert.equal(fake.writes.length, 2);
  await device.stop();
});

test('a write goes before the reads that wait', async () => {
  const tags = [testTag(1, 'a', { access: 'readwrite' })];
  const { clock, fake, device } = bench(tags, 100);
  fake.delayMs = 50;
  await device.start();
  await clock.advance(10);
  const order: string[] = [];
  const write = device.write(tags[0]!, 7).then(() => order.push('write'));
  await clock.advance(200);
  await write;
  assert.deepEqual(order, ['write']);
  assert.equal(fake.writes.length, 1);
  await device.stop();
});

test('stopping in every state leaves no timer', async () => {
  for (const prepare of [
    async (): Promise<Bench> => {
      const b = bench();
      await b.device.start();
      return b;
    },
    async (): Promise<Bench> => {
      const b = bench();
      b.fake.reachable = false;
      await b.device.start();
      await b.clock.advance(3000);
      return b;
    },
    async (): Promise<Bench> => {
      const b = bench();
      await b.device.start();
      await b.clock.advance(1000.5);
      return b;
    },
  ]) {
    const { clock, device, cycles } = await prepare();
    await device.stop();
    const seen = cycles.length;
    await clock.advance(10_000);
    assert.equal(cycles.length, seen);
    assert.equal(device.health().state, 'stopped');
    assert.equal(clock.pending, 0);
  }
});
