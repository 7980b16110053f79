import type { Micros } from '@omh/core';
import { openDeliveryQueue } from '../delivery-queue/delivery-queue.ts';

// `folder count`: offers so many entries, opens the queue again, delivers them, and prints what it took. A process of its own, because
// what node:test hooks into makes a million asynchronous steps four times as slow, and memory is measured alone.
const [folder, count] = [process.argv[2]!, Number(process.argv[3])];
const options = { name: 'backlog', mode: 'os', batchCount: 1000 } as const;
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const queue = await openDeliveryQueue(folder, options);
const record = new Uint8Array(60);
for (let i = 0; i < count; ) {
  if (typeof queue.offer(record, { time: i as Micros }) !== 'number') await turn();
  else if (++i % 5000 === 0) await turn();
}
await queue.close();

const began = performance.now();
const again = await openDeliveryQueue(folder, options);
const openMs = Math.round(performance.now() - began);
const found = again.status().counters.queuing;
let delivered = 0;
let mostBytes = 0;
again.start(async (batch) => {
  delivered += batch.length;
  mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  await turn();
  return 'done';
});
await again.drained();
await again.close();
process.stdout.write(`${JSON.stringify({ found, delivered, openMs, mostBytes })}\n`);
