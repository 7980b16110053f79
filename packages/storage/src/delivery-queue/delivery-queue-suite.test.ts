import { appendLogSuite, deliveryQueueSuite, suiteFolder } from '@omh/core/testing';
import type { Micros } from '@omh/core';
import { queueRound } from '../testing/queue-round.ts';
import { SimulatedFiles } from '../testing/simulated-files.ts';
import { openDeliveryQueue } from './delivery-queue.ts';

for (const [mode, outlives] of [
  ['os', 'kill'],
  ['strict', 'power'],
] as const) {
  deliveryQueueSuite(`on the append log, mode ${mode}`, {
    disk: () => new SimulatedFiles(),
    open: (files, clock, options) => openDeliveryQueue(suiteFolder, { name: 'suite', mode, files, clock, ...options }),
    outlives,
    kill: (random) => queueRound(mode, random),
    kills: 5,
  });

  appendLogSuite(`delivery queue that waits, mode ${mode}`, {
    disk: () => new SimulatedFiles(),
    open: async (files, folder, clock) => {
      const queue = await openDeliveryQueue(folder, { name: 'suite', mode, files, clock, maxBytes: 16 * 4096 });
      return {
        add: async (entry) => {
          const taken = queue.offer(Buffer.from(entry), { time: 0 as Micros });
          if (typeof taken !== 'number') throw new Error(taken.text);
          await queue.durable(taken);
        },
        entries: async () => (await queue.entries({ limit: 10_000 })).map(({ record }) => Buffer.from(record).toString()),
        close: () => queue.close(),
      };
    },
    outlives,
  });
}
