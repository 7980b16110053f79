import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, type GroupCycle, type Micros } from '@omh/core';
import { LastValues } from './last-values.ts';
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
