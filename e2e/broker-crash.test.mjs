// The broker as a process, killed again and again under load: what it acknowledged is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRun } from '../test/support/broker-crash.mjs';

for (const [mode, kills] of [
  ['os', 12],
  ['strict', 8],
]) {
  test(`a broker killed ${kills} times in mode ${mode} loses nothing it acknowledged and doubles no QoS 2 message`, {
    timeout: 90_000,
  }, async (t) => {
    const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);
    const { faults, messages, deliveries } = await crashRun(mode, seed, kills);
    t.diagnostic(`OMH_SEED=${seed}: ${kills} kills, ${messages} messages, ${deliveries} deliveries`);
    assert.deepEqual(faults, [], `OMH_SEED=${seed} repeats it`);
    assert.ok(messages > 20);
  });
}
