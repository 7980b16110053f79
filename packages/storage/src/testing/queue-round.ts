import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeliveryQueueOptions } from '@omh/core';
import type { KilledQueue } from '@omh/core/testing';
import { openDeliveryQueue } from '../delivery-queue/delivery-queue.ts';

/** Small files and short waits, so that kills hit everything. */
export const queueRoundOptions: DeliveryQueueOptions = {
  order: 'key',
  batchCount: 5,
  window: 3,
  retry: { firstMs: 1, maxMs: 5 },
  maxBytes: 64 * 2 ** 20,
};

/**
 * A real process offers entries and delivers them to a target outside of it; it is killed with SIGKILL at a random moment and started
 * again over the same folder for every further life. Then what is left is drained.
 */
export async function queueRound(mode: 'os' | 'strict', random: () => number, lives = 2): Promise<KilledQueue> {
  const folder = mkdtempSync(join(tmpdir(), 'omh-queue-'));
  const durable: string[] = [];
  const received: string[] = [];
  try {
    for (let life = 0; life < lives; life++) {
      for (const line of await liveAndDie(folder, mode, life, random)) (line.startsWith('k') ? durable : received).push(line.slice(2));
    }
    const queue = await openDeliveryQueue(folder, { name: 'killed', mode, ...queueRoundOptions });
    queue.start((batch) => {
      for (const { record } of batch) received.push(Buffer.from(record).toString('latin1').split(' ', 2).join(' '));
      return Promise.resolve('done');
    });
    await queue.drained();
    await queue.close();
    return { durable, received, lives, window: queueRoundOptions.batchCount! * queueRoundOptions.window! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function liveAndDie(folder: string, mode: string, life: number, random: () => number): Promise<string[]> {
  const worker = new URL('./queue-worker.js', import.meta.url);
  const seed = String(Math.floor(random() * 2 ** 31));
  const child = spawn(process.execPath, [worker.pathname, folder, mode, String(life), seed], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let text = '';
  const delayMs = random() * 60;
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
    // Counted from its first word: starting Node takes longer than all the rest.
    if (text === '') setTimeout(() => child.kill('SIGKILL'), delayMs);
    text += chunk;
  });
  const [code] = (await exit) as [number | null];
  if (code !== null) throw new Error(`the worker ended by itself with ${code}`);
  if (!child.stdout.readableEnded) await once(child.stdout, 'close');
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => line !== 'open' && line !== '');
}
