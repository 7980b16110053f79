import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, type GroupCycle, type Micros } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { LastValues } from './last-values.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';

const tags = [testTag(1, 'a'), testTag(2, 'b')];
function cycle(time: number, quality: number, value: number): GroupCycle {
  const batch = createBatch(2, time as Micros);
  batch.ids.set([1, 2]);
  batch.quality.fill(quality);
  batch.num.fill(value);
  return { device: 'demo', group: 'g', tags, batch };
}

test('a tag that was never read is bad and says so', () => {
  const values = new LastValues();
  values.configure(tags, 5 as Micros);
  const a = values.byKey('demo/g/a')!;
  assert.deepEqual([a.value, a.valueTime, a.quality, a.reason], [undefined, undefined, 'bad', 'No value was read yet.']);
});

test('since moves when the quality changes and only then', () => {
  const values = new LastValues();
  values.configure(tags, 0 as Micros);
  values.update(cycle(10, Quality.good, 1));
  values.update(cycle(20, Quality.good, 2));
  assert.equal(values.get(1)!.since, 10);
  values.update(cycle(30, Quality.badTimeout, Number.NaN));
  const a = values.byPath('site/demo/a')!;
  assert.deepEqual([a.value, a.valueTime, a.since, a.quality, a.reason], [2, 20, 30, 'bad', 'The device does not answer.']);
  assert.deepEqual(values.counts(), { good: 0, uncertain: 0, bad: 2 });
});

test('a new configuration keeps what is known of tags that stay and forgets the others', () => {
  const values = new LastValues();
  values.configure(tags, 0 as Micros);
  values.update(cycle(10, Quality.good, 1));
  values.configure([testTag(1, 'a', { path: 'elsewhere/a' }), testTag(3, 'c')], 20 as Micros);
  assert.equal(values.byPath('elsewhere/a')!.value, 1);
  assert.equal(values.byKey('demo/g/b'), undefined);
  values.update(cycle(30, Quality.good, 9));
  assert.equal(values.get(2), undefined);
});

test('counts follow each device through cycles and configurations', () => {
  const values = new LastValues();
  const other = testTag(3, 'c', { device: 'other' });
  values.configure([...tags, other], 0 as Micros);
  values.update(cycle(10, Quality.good, 1));
  assert.deepEqual(values.counts('demo'), { good: 2, uncertain: 0, bad: 0 });
  assert.deepEqual(values.counts('other'), { good: 0, uncertain: 0, bad: 1 });
  assert.deepEqual(values.counts(), { good: 2, uncertain: 0, bad: 1 });
  values.configure([tags[0]!, other], 20 as Micros);
  assert.deepEqual(values.counts('demo'), { good: 1, uncertain: 0, bad: 0 });
  values.update(cycle(30, Quality.uncertainNoCommunicationLastUsable, 1));
  assert.deepEqual(values.counts('demo'), { good: 0, uncertain: 1, bad: 0 });
  assert.deepEqual(values.counts('nowhere'), { good: 0, uncertain: 0, bad: 0 });
});

test('listeners hear the changed ids once a cycle and can leave', () => {
  const values = new LastValues();
  values.configure(tags, 0 as Micros);
  const heard: number[][] = [];
  const leave = values.onChange((ids) => heard.push([...ids]));
  values.update(cycle(10, Quality.good, 1));
  leave();
  values.update(cycle(20, Quality.good, 1));
  assert.deepEqual(heard, [[1, 2]]);
});

test('tags that swap names and paths are found under their new ones', () => {
  const values = new LastValues();
  values.configure(tags, 0 as Micros);
  values.configure([testTag(1, 'b'), testTag(2, 'a')], 10 as Micros);
  assert.deepEqual([values.byKey('demo/g/a')!.tag.id, values.byKey('demo/g/b')!.tag.id], [2, 1]);
  assert.deepEqual([values.byPath('site/demo/a')!.tag.id, values.byPath('site/demo/b')!.tag.id], [2, 1]);
  values.configure([testTag(2, 'b')], 20 as Micros);
  assert.deepEqual([values.byKey('demo/g/a'), values.byKey('demo/g/b')!.tag.id, values.get(1)], [undefined, 2, undefined]);
  values.configure([testTag(2, 'b'), testTag(1, 'a', { type: 'double' })], 30 as Micros);
  assert.deepEqual([values.byPath('site/demo/a')!.tag.id, values.byKey('demo/g/b')!.tag.id], [1, 2]);
});

test('tags that are introduced before their configuration are counted with it, and forgotten without it', () => {
  const values = new LastValues();
  values.configure(tags, 0 as Micros);
  values.introduce([tags[0]!, testTag(3, 'c')], 5 as Micros);
  assert.deepEqual([values.size, values.counts()], [2, { good: 0, uncertain: 0, bad: 2 }]);
  values.configure([...tags, testTag(3, 'c')], 10 as Micros);
  assert.deepEqual([values.size, values.counts().bad, values.byKey('demo/g/c')!.since], [3, 3, 5]);
  values.introduce([testTag(4, 'd')], 15 as Micros);
  values.configure(tags, 20 as Micros);
  assert.deepEqual([values.byKey('demo/g/c'), values.byKey('demo/g/d'), values.byPath('site/demo/d')], [undefined, undefined, undefined]);
});

const expiring = [testTag(1, 'a', { expireMs: 5000 }), testTag(2, 'b', { expireMs: 60_000 })];
async function aged(): Promise<{ clock: VirtualClock; values: LastValues }> {
  const clock = new VirtualClock();
  const values = new LastValues(clock);
  values.configure(expiring, clock.now());
  values.update(cycle(clock.now(), Quality.good, 7));
  await clock.advance(6000);
  return { clock, values };
}

test('a value that became too old is bad, says its age and is told once to listeners, history and apps', async () => {
  const { clock, values } = await aged();
  const heard: number[][] = [];
  values.onChange((ids) => heard.push([...ids]));
  const told = values.expire(clock.now());
  const a = values.get(1)!;
  assert.deepEqual([a.value, a.quality, a.expired, a.reason], [7, 'bad', true, 'The last value is 6 s old.']);
  assert.deepEqual([values.get(2)!.quality, values.isExpired(expiring[1]!.id), values.isExpired(expiring[0]!.id)], ['good', false, true]);
  assert.deepEqual([heard, values.counts()], [[[1]], { good: 1, uncertain: 0, bad: 1 }]);
  assert.deepEqual(
    told.map(({ device, group, tags: of, batch }) => [device, group, of, [...batch.quality], batch.receiveTime, batch.reasons![0]!.text]),
    [['demo', 'g', [expiring[0]], [Quality.bad], clock.now(), 'The last value is 6 s old.']],
  );
  assert.deepEqual([values.expire(clock.now()), heard.length], [[], 1]);
  values.update(cycle(clock.now(), Quality.good, 8));
  assert.deepEqual([values.get(1)!.quality, values.get(1)!.expired], ['good', false]);
});

test('neither a clock that is set nor the time of a device makes a value old or keeps it young', async () => {
  const clock = new VirtualClock();
  const values = new LastValues(clock);
  values.configure(expiring, clock.now());
  const old = cycle(clock.now(), Quality.good, 7);
  values.update({ ...old, batch: { ...old.batch, sourceTime: Float64Array.of(1, Number.NaN) } });
  clock.stepWall(86_400e6);
  assert.deepEqual([values.expire(clock.now()), values.get(1)!.valueTime], [[], 1]);
  const ahead = clock.now() + 86_400e6;
  const young = cycle(clock.now(), Quality.good, 7);
  values.update({ ...young, batch: { ...young.batch, sourceTime: Float64Array.of(ahead, ahead) } });
  clock.stepWall(-86_400e6);
  await clock.advance(6000);
  assert.equal(values.expire(clock.now()).length, 1);
  assert.equal(values.get(1)!.reason, 'The last value is 6 s old.');
});

test('a tag that is bad already keeps its better reason, one that was never read and a static one never expire', async () => {
  const clock = new VirtualClock();
  const values = new LastValues(clock);
  const all = [
    expiring[0]!,
    testTag(3, 'never', { expireMs: 5000 }),
    testTag(2, 'fixed', { expireMs: 5000, source: { kind: 'static', value: 1 } }),
  ];
  values.configure(all, clock.now());
  values.update(cycle(clock.now(), Quality.good, 7));
  values.update({ ...cycle(clock.now(), Quality.badTimeout, Number.NaN), tags: [all[0]!] });
  values.update({ device: 'demo', group: 'g', tags: [all[2]!], batch: one(2, clock.now()) });
  await clock.advance(60_000);
  assert.deepEqual(values.expire(clock.now()), []);
  assert.deepEqual(
    all.map(({ id }) => [values.get(id)!.reason, values.get(id)!.expired]),
    [
      ['The device does not answer.', true],
      ['No value was read yet.', false],
      [undefined, false],
    ], // prettier-ignore
  );
});
function one(id: number, time: Micros): GroupCycle['batch'] {
  const batch = createBatch(1, time);
  batch.ids[0] = id;
  return batch;
}

test('a tag that reports on change is reported when it comes back after it expired, though its value is the same', async () => {
  const tag = testTag(1, 'a', { report: {}, expireMs: 3000 });
  const b = bench([{ name: 'g', intervalMs: 1000, tags: [tag] }]);
  b.fake.values.set('a', 7);
  await b.device.start();
  await b.clock.advance(2500);
  b.fake.delayMs = 10_000;
  await b.clock.advance(5000);
  assert.equal(b.values.expire(b.clock.now()).length, 1);
  b.fake.delayMs = 1;
  const before = b.cycles.length;
  await b.clock.advance(8000);
  assert.deepEqual([b.cycles.length - before, b.quality('a')], [1, 'good']);
  await b.device.stop();
});
