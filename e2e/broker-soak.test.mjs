import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from '../test/support/broker-soak.mjs';

const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);

test('after clients of all kinds came and went every counter is where it was', { timeout: 90_000 }, async () => {
  const { faults, did } = await soak(5, seed);
  assert.deepEqual(faults, [], `OMH_SEED=${seed}`);
  assert.ok(did.received > 0 && did.dropped > 0 && did.kept > 0);
});
