import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import {
  createBatch,
  Quality,
  silentLogger,
  systemClock,
  type GroupCycle,
  type Historian,
  type Micros,
  type Tag,
  type ValueBatch,
} from '@omh/core';
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
    systemClock,
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

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('samples that history does not take are counted, and a change of quality among them is told again', async () => {
  const stored: number[][] = [];
  let full = true;
  const historian = {
    append: (batch: ValueBatch) => {
      if (full) return Promise.reject(new Error('full'));
      stored.push([...batch.ids]);
      return Promise.resolve();
    },
  } as unknown as Historian;
  const recorder = new Recorder(historian, systemClock, silentLogger);
  const { badTimeout } = Quality;
  recorder.record(cycle([badTimeout, badTimeout]));
  await turn();
  assert.equal(recorder.dropped, 2);
  full = false;
  recorder.record(cycle([badTimeout, badTimeout]));
  recorder.record(cycle([badTimeout, badTimeout]));
  assert.deepEqual(stored, [[1, 2]]);
});

test('tags that the historian does not take are handed to it again until it does', async () => {
  const clock = new VirtualClock();
  const asked: number[][] = [];
  let broken = true;
  const historian = {
    ensureTags: (known: readonly { id: number }[]) => {
      asked.push(known.map((tag) => tag.id));
      return broken ? Promise.reject(new Error('no room')) : Promise.resolve();
    },
  } as unknown as Historian;
  const recorder = new Recorder(historian, clock, silentLogger);
  const done = recorder.takeTags(tags);
  await turn();
  broken = false;
  await clock.advance(1000);
  await done;
  assert.deepEqual(asked, [
    [1, 2],
    [1, 2],
  ]);

  broken = true;
  const given = recorder.takeTags(tags);
  await turn();
  recorder.stop();
  await given;
  assert.equal(asked.length, 3);
});
