import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slope, soak } from '../../../test/support/broker-soak.mjs';

// OMH_SOAK_SECONDS is how long the load lasts; OMH_SEED repeats its plan.
const seconds = Number(process.env.OMH_SOAK_SECONDS ?? 600);
const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);
/** Growth of the second half, per minute, that is no leak: pools and compiled code still settle. */
const steadyMb = 1;
console.log(`broker soak: OMH_SEED=${seed} OMH_SOAK_SECONDS=${seconds}`);

void test(`after ${seconds} s of everything at once all counters return and memory is flat`, async () => {
  const { faults, samples, did, stats, logBytes } = await soak(seconds, seed);
  const half = samples.slice(Math.floor(samples.length / 2));
  const heap = slope(half, 'heapUsed');
  const rss = slope(half, 'rss');
  const mb = (bytes) => (bytes / 1e6).toFixed(1);
  console.log(`done: ${JSON.stringify(did)}; broker: ${stats?.messagesIn} in, ${stats?.messagesOut} out, ${stats?.dropped} dropped`);
  console.log(
    `RSS ${samples.map((s) => mb(s.rss)).join(' ')} MB; heap ${samples.map((s) => mb(s.heapUsed)).join(' ')} MB; log ${mb(logBytes)} MB`,
  );
  console.log(`slope of the second half: RSS ${rss.toFixed(2)} MB/min, heap ${heap.toFixed(2)} MB/min`);
  assert.deepEqual(faults, []);
  if (seconds >= 300) assert.ok(heap < steadyMb, `the heap grows by ${heap.toFixed(2)} MB per minute`);
  if (seconds >= 300) assert.ok(rss < 3 * steadyMb, `memory grows by ${rss.toFixed(2)} MB per minute`);
});
