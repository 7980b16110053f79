import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SuiteDisk } from './append-log-suite.ts';
import { diskCases } from './delivery-queue-disk.ts';
import { sendingCases } from './delivery-queue-sending.ts';
import { assertKilledQueue, generator } from './delivery-queue-support.ts';
import type { DeliveryQueueHarness } from './delivery-queue-support.ts';
import { waitingCases } from './delivery-queue-waiting.ts';

export { assertKilledQueue, suiteFolder } from './delivery-queue-support.ts';
export type { DeliveryQueueHarness, KilledQueue } from './delivery-queue-support.ts';

/** What every delivery queue keeps to, whatever its disk, its target and its process do. */
export function deliveryQueueSuite<D extends SuiteDisk>(name: string, harness: DeliveryQueueHarness<D>): void {
  describe(`delivery queue: ${name}`, () => {
    sendingCases(harness);
    waitingCases(harness);
    diskCases(harness);

    if (harness.kill !== undefined) {
      test('killed processes leave a target that has everything durable, in order per key', async () => {
        let count = 0;
        for (let round = 1; round <= (harness.kills ?? 20); round++) {
          const killed = await harness.kill!(generator(round));
          count += killed.durable.length;
          assertKilledQueue(killed, `round ${round}`);
        }
        assert.ok(count > 0);
      });
    }
  });
}
