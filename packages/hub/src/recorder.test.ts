import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, silentLogger, type GroupCycle, type Historian, type Micros, type Tag, type ValueBatch } from '@omh/core';
import { Recorder } from './recorder.ts';

const tags = [1, 2].map(
  (id) => ({ id, device: 'd', group: 'g', name: `t${id}`, path: `t${id}`, address: '', type: 'int16', access: 'read' }) as unknown as Tag,
);
function cycle(qualities: [number, number], value = 7): GroupCycle {
  const batch = createBatch(2, 0 as Micros);
  batch.ids.set([1, 2]);
  batch.quality.set(qualities);
  batch.num.fill(value);
  return { device: 'd', group: 'g', tags, batch };
}

test('values are always stored, a missing value only when the quality changes', () => {
  const stored: ValueBatch[] = [];
  const recorder = new Recorder(
    {
      append: (batch: ValueBatch) => {
        stored.push(batch);
        return Promise.resolve();
      },
    } as unknown as Historian,
    silentLogger,
  );
  const { good, badTimeout, badNoCommunication } = Quality;
  for (const q of [
    [good, badTimeout],
    [good, badTimeout],
    [badTimeout, badTimeout],
    [badTimeout, badNoCommunication],
    [badTimeout, badNoCommunication],
    [good, good],
  ] as [number, number][])
    recorder.record(cycle(q));
  assert.deepEqual(
    stored.map((b) => [...b.ids]),
    [[1, 2], [1], [1], [2], [1, 2]],
  );
  assert.deepEqual(
    stored.map((b) => [...b.quality]),
    [[good, badTimeout], [good], [badTimeout], [badNoCommunication], [good, good]],
  );
});

test('samples that history does not take are counted', async () => {
  const recorder = new Recorder({ append: () => Promise.reject(new Error('full')) } as unknown as Historian, silentLogger);
  recorder.record(cycle([0, 0]));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.equal(recorder.dropped, 2);
});
