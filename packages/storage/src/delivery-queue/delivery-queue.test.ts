import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DeliveryQueue, Micros } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { AppendLog } from '../append-log/append-log.ts';
import { SimulatedFiles } from '../testing/simulated-files.ts';
import { openDeliveryQueue } from './delivery-queue.ts';

const textOf = ({ record }: { readonly record: Uint8Array }): string => Buffer.from(record).toString();
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const time = 1_767_225_600_000_000 as Micros;

function offer(queue: DeliveryQueue, text: string): number {
  const taken = queue.offer(Buffer.from(text), { time });
  assert.equal(typeof taken, 'number', JSON.stringify(taken));
  return taken as number;
}
async function drain(queue: DeliveryQueue): Promise<string[]> {
  const texts: string[] = [];
  queue.start((batch) => {
    texts.push(...batch.map(textOf));
    return Promise.resolve('done');
  });
  await queue.drained();
  return texts;
}

test('positions that are given again after a power cut are not taken for delivered ones', async () => {
  let again = 0;
  for (let seed = 1; seed <= 80; seed++) {
    let state = seed;
    const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
    const files = new SimulatedFiles();
    const clock = new VirtualClock();
    const open = (): Promise<DeliveryQueue> => openDeliveryQueue('/queue', { name: 'q', mode: 'os', files, clock });
    const first = await open();
    const ids = new Set<string>();
    first.start((batch) => {
      for (const { id } of batch) ids.add(id);
      return Promise.resolve('done');
    });
    for (let i = 0; i < 10; i++) {
      offer(first, `lost ${i}`);
      await turn();
      if (random() < 0.2) await clock.advance(1100);
    }
    for (let i = 0; i < 10; i++) await turn();
    files.crash(random);
    // A process that ended reaches no disk any more.
    files.fault = () => ({ code: 'EIO' });
    await first.close();
    files.fault = () => undefined;

    const second = await open();
    const position = offer(second, 'kept');
    if (position < 10) again++;
    await second.durable(position);
    files.kill();
    await second.close();

    const third = await open();
    const [entry] = (await third.entries()).filter((one) => textOf(one) === 'kept');
    assert.ok(entry !== undefined, `seed ${seed}: what was durable is there`);
    assert.ok(!ids.has(entry.id), `seed ${seed}: ${entry.id} is no id of before`);
    assert.ok((await drain(third)).includes('kept'));
    await third.close();
  }
  assert.ok(again > 10, `${again} positions given again`);
});

test('a million entries that wait are opened and delivered in bounded memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'omh-backlog-'));
  try {
    const worker = new URL('../testing/backlog-worker.js', import.meta.url);
    const run = spawnSync(process.execPath, [worker.pathname, folder, '1000000'], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const { found, delivered, mostBytes } = JSON.parse(run.stdout) as Record<string, number>;
    assert.deepEqual([found, delivered], [1_000_000, 1_000_000]);
    assert.ok(mostBytes! < 256 * 2 ** 20, `${Math.round(mostBytes! / 2 ** 20)} MiB`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what version 1 wrote is read for ever', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'omh-fixture-'));
  try {
    cpSync(new URL('../../src/delivery-queue/fixtures/version-1', import.meta.url), folder, { recursive: true });
    const queue = await openDeliveryQueue(folder, { name: 'fixture', mode: 'os' });
    assert.deepEqual(
      (await queue.entries()).map((entry) => [textOf(entry), entry.key, entry.time, entry.position]),
      [
        ['two', 'schlüssel', 1_767_225_600_000_001, 2],
        ['three', '', 1_767_225_600_000_002, 3],
      ],
    );
    const [letter] = await queue.deadLetters();
    assert.deepEqual(
      [textOf(letter!), letter!.key, letter!.time, letter!.reason, letter!.attempts],
      ['one', 'k', 1_767_225_600_000_000, { code: 'NEVER', params: { why: 'too long' }, text: 'It is too long.' }, 1],
    );
    await queue.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('entries of a newer version are refused before anything is changed, foreign bytes are counted', async () => {
  const files = new SimulatedFiles();
  const open = (): Promise<DeliveryQueue> => openDeliveryQueue('/queue', { name: 'q', mode: 'os', files });
  const log = await AppendLog.open('/queue', { mode: 'os', files });
  log.append(Uint8Array.of(1, 2, 3));
  await log.close();
  const queue = await open();
  assert.equal(queue.status().counters['dropped.other'], 1);
  await queue.close();
  const newer = await AppendLog.open('/queue', { mode: 'os', files });
  newer.append(new Uint8Array(40).fill(9));
  await newer.close();
  await assert.rejects(open(), { code: 'STORAGE_QUEUE_NEWER' });
});

test('in mode memory it is a queue like any other, gone with the process', async () => {
  const queue = await openDeliveryQueue('/nowhere', { name: 'q', mode: 'memory', maxBytes: 100_000 });
  for (let i = 0; i < 1000; i++) await queue.durable(offer(queue, `entry ${i}`));
  const texts = await drain(queue);
  assert.equal(texts.length, 1000);
  for (const round of [1, 2, 3, 4]) {
    for (let i = 0; i < 1000; i++) await queue.durable(offer(queue, `round ${round} ${i}`));
    await queue.drained();
  }
  assert.equal(texts.length, 5000);
  await queue.close();
});

test('samples carry the name of the queue and the reason of a drop', async () => {
  const queue = await openDeliveryQueue('/nowhere', { name: 'apps/uplink', mode: 'memory', maxBytes: 100 });
  offer(queue, 'x'.repeat(60));
  queue.offer(new Uint8Array(60), { time });
  const samples = new Map([...queue.metrics()].map((sample) => [`${sample.name} ${sample.labels?.reason ?? ''}`.trim(), sample]));
  assert.equal(samples.get('omh_queue_matched_total')?.value, 2);
  assert.equal(samples.get('omh_queue_dropped_total queue_full')?.value, 1);
  assert.equal(samples.get('omh_queue_entries')?.value, 1);
  assert.deepEqual(samples.get('omh_queue_entries')?.labels, { queue: 'apps/uplink' });
  await queue.close();
});
