import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, type Bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';
import { MemoryControls } from './testing/surroundings.ts';

const groups = () => [
  { name: 'g', intervalMs: 1000, tags: [testTag(1, 'a')] },
  { name: 'h', intervalMs: 1000, tags: [testTag(2, 'b', { group: 'h' })] },
];
async function running(controls = new MemoryControls()): Promise<Bench> {
  const b = bench(groups(), { controls });
  await b.device.start();
  await b.clock.advance(10);
  return b;
}

test('a stopped device has no link, says who stopped it, takes no writes and starts again', async () => {
  const b = await running();
  assert.equal(b.device.status().link, 'up');
  await b.device.control('stop', { by: 'anna', comment: 'pump is out.' });
  assert.deepEqual([b.fake.links, b.device.status().link, b.device.health().state], [0, 'stopped', 'stopped']);
  assert.equal(b.device.health().reason.text, 'Stopped by anna: pump is out.');
  assert.deepEqual([b.quality('a'), b.reason('a')], ['bad', 'Stopped by anna: pump is out.']);
  assert.equal(await b.outcome(b.device.write(testTag(1, 'a', { access: 'readwrite' }), 1)), 'ACQUISITION_OUT_OF_SERVICE');
  const reads = b.fake.reads;
  await b.clock.advance(60_000);
  assert.deepEqual([b.fake.reads, b.clock.pending], [reads, 0]);
  await b.device.control('start', { by: 'ben' });
  await b.clock.advance(10);
  assert.deepEqual([b.quality('a'), b.device.health().state, b.device.status().control], ['good', 'running', {}]);
  await b.device.stop();
});

test('a start while the link is still being closed waits for the close, and the device runs', async () => {
  const b = await running();
  b.fake.closeMs = 500;
  const stopping = b.device.control('stop', { by: 'anna' });
  await b.clock.advance(100);
  const starting = b.device.control('start', { by: 'ben' });
  await b.clock.advance(100);
  assert.equal(b.fake.opens, 1);
  await b.clock.advance(1000);
  await Promise.all([stopping, starting]);
  assert.deepEqual([b.fake.opens, b.fake.mostLinks], [2, 1]);
  assert.deepEqual([b.quality('a'), b.device.health().state, b.device.status().link], ['good', 'running', 'up']);
  const stopped = b.device.stop();
  await b.clock.advance(1000);
  await stopped;
  assert.deepEqual([b.fake.links, b.clock.pending], [0, 0]);
});

test('a device that is stopped and started as a part while its link closes runs', async () => {
  const b = await running();
  b.fake.closeMs = 500;
  const stopping = b.device.stop();
  await b.device.start();
  await b.clock.advance(2000);
  await stopping;
  assert.deepEqual([b.fake.mostLinks, b.device.health().state, b.quality('a')], [1, 'running', 'good']);
  const stopped = b.device.stop();
  await b.clock.advance(1000);
  await stopped;
});

test('stop and start while an attempt to connect is under way never open two links', async () => {
  const b = bench(groups());
  b.fake.openMs = 300;
  b.fake.closeMs = 50;
  await b.device.start();
  for (let i = 0; i < 50; i++) {
    const done = Promise.all([b.device.control('stop', { by: 'anna' }), b.device.control('start', { by: 'anna' })]);
    await b.clock.advance((i * 37) % 400);
    await b.clock.advance(100);
    await done;
  }
  await b.clock.advance(5000);
  assert.deepEqual([b.fake.mostLinks, b.fake.links, b.device.status().link], [1, 1, 'up']);
  const stopped = b.device.stop();
  await b.clock.advance(100);
  await stopped;
  assert.deepEqual([b.fake.links, b.clock.pending], [0, 0]);
});

test('a paused device keeps its link and reads nothing; it says by whom', async () => {
  const b = await running();
  await b.device.control('pause', { by: 'anna' });
  const reads = b.fake.reads;
  await b.clock.advance(10_000);
  assert.deepEqual([b.fake.reads, b.fake.links, b.device.status().link], [reads, 1, 'up']);
  assert.deepEqual([b.reason('a'), b.reason('b', 'h')], ['Paused by anna.', 'Paused by anna.']);
  assert.deepEqual([b.device.health().state, b.device.health().reason.text], ['degraded', 'Paused by anna.']);
  assert.equal(b.device.status().control.paused!.by, 'anna');
  await b.device.control('resume', { by: 'ben' });
  await b.clock.advance(10);
  assert.deepEqual([b.quality('a'), b.quality('b', 'h'), b.device.health().state], ['good', 'good', 'running']);
  await b.device.stop();
});

test('a paused group leaves the others as they are', async () => {
  const b = await running();
  await b.device.control('pause', { by: 'anna', group: 'h' });
  const before = b.device.status().groups.map(({ cycles }) => cycles);
  await b.clock.advance(10_000);
  const [g, h] = b.device.status().groups;
  assert.deepEqual([g!.cycles - before[0]!, h!.cycles - before[1]!], [10, 0]);
  assert.deepEqual([h!.paused!.by, h!.skipped, g!.paused], ['anna', 0, undefined]);
  assert.deepEqual([b.quality('a'), b.reason('b', 'h')], ['good', 'Paused by anna.']);
  assert.match(b.device.health().reason.text, /1 of 2 tags are good; group h is paused by anna/);
  await b.device.control('resume', { by: 'ben', group: 'h' });
  await b.clock.advance(10);
  assert.equal(b.quality('b', 'h'), 'good');
  assert.equal(await b.outcome(b.device.control('pause', { by: 'anna', group: 'x' })), 'ACQUISITION_NO_SUCH_GROUP');
  await b.device.stop();
});

test('what was switched off stands over a restart and says so', async () => {
  const controls = new MemoryControls();
  const first = await running(controls);
  await first.device.control('pause', { by: 'anna', group: 'h' });
  await first.device.stop();
  const second = await running(controls);
  assert.deepEqual([second.quality('a'), second.reason('b', 'h')], ['good', 'Paused by anna.']);
  await second.device.control('stop', { by: 'ben' });
  await second.device.stop();
  const third = await running(controls);
  assert.deepEqual([third.fake.opens, third.device.health().reason.text, third.reason('a')], [0, 'Stopped by ben.', 'Stopped by ben.']);
  await third.device.control('start', { by: 'ben' });
  await third.clock.advance(10);
  assert.deepEqual([third.quality('a'), third.reason('b', 'h')], ['good', 'Paused by anna.']);
  await third.device.stop();
});

test('a group that is regrouped while it is paused stays paused and says so', async () => {
  const b = await running();
  await b.device.control('pause', { by: 'anna', group: 'h' });
  const [g, h] = groups();
  const c = testTag(3, 'c', { group: 'h' });
  b.values.configure([...g!.tags, ...h!.tags, c], b.clock.now());
  b.device.regroup({ path: 'site/demo', groups: [g!, { ...h!, tags: [...h!.tags, c] }] });
  await b.clock.advance(3000);
  assert.deepEqual([b.quality('a'), b.reason('c', 'h')], ['good', 'Paused by anna.']);
  await b.device.stop();
});

test('the state of the link follows it', async () => {
  const b = bench(groups());
  b.fake.openMs = 100;
  const link = (): string => b.device.status().link;
  assert.equal(link(), 'stopped');
  await b.device.start();
  assert.equal(link(), 'connecting');
  await b.clock.advance(10);
  await b.clock.advance(150);
  assert.equal(link(), 'up');
  b.fake.reachable = false;
  b.fake.cut();
  assert.equal(link(), 'down');
  await b.device.stop();
  assert.equal(link(), 'stopped');
  const names = [...b.device.metrics()].map(({ name }) => name);
  assert.ok(names.includes('omh_device_rtt_p50_seconds'), String(names));
});
