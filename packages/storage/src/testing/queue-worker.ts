import { writeSync } from 'node:fs';
import type { EntryResult } from '@omh/core';
import { openDeliveryQueue } from '../delivery-queue/delivery-queue.ts';
import { queueRoundOptions } from './queue-round.ts';

// The process that gets killed: `folder mode life seed`. Prints `open`, `k <key> <n>` for what is durable, `r <key> <n>` for what the
// target has: a target that has something has it, whatever becomes of this process.
const [folder, mode, life, seed] = process.argv.slice(2) as [string, 'os' | 'strict', string, string];
let state = Number(seed) >>> 0 || 1;
const random = (): number => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const away = { retry: { code: 'AWAY', params: {}, text: 'The target is away.' } };
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const queue = await openDeliveryQueue(folder, { name: 'killed', mode, ...queueRoundOptions });
writeSync(1, 'open\n');
queue.start(async (batch) => {
  if (random() < 0.05) return away;
  const failed = new Set<string>();
  const results: EntryResult[] = [];
  for (const entry of batch) {
    if (random() < 0.2) await turn();
    if (failed.has(entry.key) || random() < 0.02) {
      failed.add(entry.key);
      results.push(away);
      continue;
    }
    writeSync(1, `r ${Buffer.from(entry.record).toString('latin1').split(' ', 2).join(' ')}\n`);
    results.push('done');
  }
  return results;
});
for (let n = Number(life) * 1_000_000; ; ) {
  const waiting: Promise<void>[] = [];
  for (let i = Math.ceil(random() * 20); i > 0; i--) {
    const key = `k${Math.floor(random() * 5)}`;
    const text = `${key} ${n++}`;
    const taken = queue.offer(Buffer.from(`${text} ${'x'.repeat(Math.floor(random() * 300))}`, 'latin1'), { time: 0 as never, key });
    if (typeof taken !== 'number') throw new Error(taken.text);
    waiting.push(queue.durable(taken).then(() => void writeSync(1, `k ${text}\n`)));
  }
  await (random() < 0.5 ? Promise.all(waiting) : waiting[0]);
}
