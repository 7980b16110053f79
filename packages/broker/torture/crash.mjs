import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashRun } from '../../../test/support/broker-crash.mjs';

// OMH_SEED repeats a run; OMH_ROUNDS is how often the broker is killed per mode.
const seed = Number(process.env.OMH_SEED ?? Date.now() % 1e9);
const rounds = Number(process.env.OMH_ROUNDS ?? 160);
const killsPerRun = 20;
console.log(`broker crash torture: OMH_SEED=${seed} OMH_ROUNDS=${rounds}`);

for (const mode of ['os', 'strict']) {
  void test(`${rounds} kills in mode ${mode} cost nothing that was acknowledged`, async () => {
    let messages = 0;
    let deliveries = 0;
    for (let done = 0; done < rounds; done += killsPerRun) {
      const own = seed + done;
      const run = await crashRun(mode, own, Math.min(killsPerRun, rounds - done));
      assert.deepEqual(run.faults, [], `seed ${own}`);
      messages += run.messages;
      deliveries += run.deliveries;
      console.log(
        `mode ${mode}: ${Math.min(done + killsPerRun, rounds)} kills, ${messages} messages, ${deliveries} deliveries, seed ${own}`,
      );
    }
  });
}
