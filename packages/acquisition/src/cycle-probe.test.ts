import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CycleProbe } from './cycle-probe.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';

test('a probe hears the steps of a cycle in their order with rising times, and nothing after it is taken away', async () => {
  const { clock, fake, device } = bench([{ name: 'g', intervalMs: 1000, tags: [testTag(1, 'a', { decimal: 0.1 })] }]);
  await device.start();
  await clock.advance(10);
  const told: [string, number][] = [];
  const probe: CycleProbe = {
    due: (_device, group, dueUs, atUs) => told.push([`due ${group} ${atUs >= dueUs}`, atUs]),
    frame: (_device, direction, _bytes, atUs) => told.push([direction, atUs]),
    decoded: (_device, _group, batch, atUs) => told.push([`decoded ${batch.num[0]}`, atUs]),
    scaled: (_device, _group, atUs) => told.push(['scaled', atUs]),
    emitting: ({ batch }, atUs) => told.push([`emitting ${batch.num[0]}`, atUs]),
    emitted: (_cycle, atUs) => told.push(['emitted', atUs]),
  };
  fake.values.set('a', 291);
  fake.delayMs = 20;
  device.probe(probe);
  await clock.advance(995);
  fake.context!.trace!('tx', Uint8Array.of(1));
  await clock.advance(100);
  assert.deepEqual(
    told.map(([step]) => step),
    ['due g true', 'tx', 'decoded 291', 'scaled', 'emitting 29.1', 'emitted'],
  );
  assert.deepEqual(
    told.map(([, at]) => at),
    told.map(([, at]) => at).sort((a, b) => a - b),
  );
  device.probe(undefined);
  await clock.advance(2000);
  assert.deepEqual([told.length, fake.context!.trace], [6, undefined]);
  await device.stop();
});
