import assert from 'node:assert/strict';
import type { Clock } from '../clock.ts';
import type { DeliveryQueue, DeliveryQueueOptions, EntryResult, QueueEntry, Send } from '../delivery-queue.ts';
import type { Reason } from '../errors.ts';
import type { SuiteDisk } from './append-log-suite.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface DeliveryQueueHarness<D extends SuiteDisk> {
  disk(): D;
  /** Opens the queue `suite` over what the disk holds. */
  open(disk: D, clock: Clock, options: DeliveryQueueOptions): Promise<DeliveryQueue>;
  /** What a durable entry outlives: the process, or a power cut. */
  readonly outlives: 'kill' | 'power';
  /** Starts real processes that offer and deliver, kills them at moments chosen by `random`, and drains what they left behind. */
  kill?(random: () => number): Promise<KilledQueue>;
  /** How often; 20 when absent. */
  readonly kills?: number;
}

/** `text` begins with `<key> <number>`, numbers rise with every offer. */
export interface KilledQueue {
  readonly durable: readonly string[];
  /** In the order of their receipt, with repetitions. */
  readonly received: readonly string[];
  readonly lives: number;
  /** `window` × `batchCount`. */
  readonly window: number;
}

export const away: Reason = { code: 'AWAY', params: {}, text: 'The target is away.' };
export const never: Reason = { code: 'NEVER', params: {}, text: 'The target never takes it.' };
export const retry = { firstMs: 1000, maxMs: 60_000, jitter: 0 };

/** A target that takes everything unless told otherwise, and remembers. */
export class Target {
  readonly texts: string[] = [];
  readonly batches: string[][] = [];
  readonly entries: QueueEntry[] = [];
  /** Replays of what it took, by text. */
  readonly replays = new Map<string, boolean>();
  isAway = false;
  answer: (entry: QueueEntry) => EntryResult = () => 'done';

  readonly send: Send = async (batch) => {
    this.batches.push(batch.map(textOf));
    if (this.isAway) return { retry: away };
    const results = batch.map((entry) => this.answer(entry));
    batch.forEach((entry, i) => {
      if (results[i] !== 'done') return;
      this.texts.push(textOf(entry));
      this.entries.push(entry);
      this.replays.set(textOf(entry), entry.replay);
    });
    return results;
  };
}

/** Opens a queue on an empty disk, with a clock and a target of its own. */
export const openerOf =
  <D extends SuiteDisk>(harness: DeliveryQueueHarness<D>) =>
  async (options: DeliveryQueueOptions = {}): Promise<{ disk: D; clock: VirtualClock; queue: DeliveryQueue; target: Target }> => {
    const disk = harness.disk();
    const clock = new VirtualClock();
    return { disk, clock, queue: await harness.open(disk, clock, { retry, ...options }), target: new Target() };
  };

/** What a round of kills must leave behind; also for torture runs. */
export function assertKilledQueue({ durable, received, lives, window }: KilledQueue, what: string): void {
  const got = new Set(received);
  for (const text of durable) assert.ok(got.has(text), `${what}: ${text} arrives`);
  assertOrderPerKey(received, what);
  const twice = received.length - got.size;
  assert.ok(twice <= lives * 3 * window, `${what}: ${twice} arrive again after ${lives} kills`);
}

/** Where the harness opens its queue. */
export const suiteFolder = '/queue';

export const textOf = ({ record }: { readonly record: Uint8Array }): string => Buffer.from(record).toString();
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
/** Everything that needs no time happens. */
export async function idle(turns = 40): Promise<void> {
  for (let i = 0; i < turns; i++) await turn();
}

export function offer(queue: DeliveryQueue, clock: Clock, text: string, key = ''): number {
  const position = queue.offer(Buffer.from(text), { time: clock.now(), key });
  assert.equal(typeof position, 'number', JSON.stringify(position));
  return position as number;
}
/** `a 0`, `b 1`, … with the letter as key. */
export function offerMany(queue: DeliveryQueue, clock: Clock, count: number, keys = 'abcdefgh'): string[] {
  return Array.from({ length: count }, (_, i) => {
    const key = keys[i % keys.length]!;
    offer(queue, clock, `${key} ${i}`, key);
    return `${key} ${i}`;
  });
}
/** Its text is in `durable` as soon as it is. */
export function offerDurably(queue: DeliveryQueue, clock: Clock, text: string, durable: Set<string>): void {
  void queue.durable(offer(queue, clock, text, text.slice(0, 1))).then(
    () => durable.add(text),
    () => {},
  );
}

/** A sender that keeps the order of keys: behind a failed entry nothing of its key is taken. */
export const inOrder =
  (target: Target): Send =>
  async (batch, signal) => {
    const failed = new Set<string>();
    const results: EntryResult[] = [];
    for (const entry of batch) {
      const answer = failed.size > 0 ? { retry: away } : await target.send([entry], signal);
      const one = (Array.isArray(answer) ? answer[0] : answer) as EntryResult;
      if (one !== 'done') failed.add(entry.key);
      results.push(one);
    }
    return results;
  };

/** First receipts of each key have rising numbers. */
export function assertOrderPerKey(texts: readonly string[], what = ''): void {
  const last = new Map<string, number>();
  for (const text of new Set(texts)) {
    const [key, number] = [text.slice(0, text.indexOf(' ')), Number.parseInt(text.slice(text.indexOf(' ') + 1), 10)];
    assert.ok(number > (last.get(key) ?? -1), `${what}: ${text} after ${last.get(key)}`);
    last.set(key, number);
  }
}

export function assertCounts(queue: DeliveryQueue, expected: Partial<Record<string, number>>): void {
  const { counters } = queue.status();
  const picked = Object.fromEntries(Object.keys(expected).map((name) => [name, counters[name as keyof typeof counters]]));
  assert.deepEqual(picked, expected);
  const { matched, found, success, failed, inflight, queuing, dropped } = counters;
  assert.equal(matched + found, success + failed + inflight + queuing + dropped, 'nothing is uncounted');
}

export async function drained(clock: VirtualClock, queue: DeliveryQueue): Promise<void> {
  await settled(clock, queue.drained());
}
/** Gives the disk and the clock time until there is an answer. */
export async function settled(clock: VirtualClock, promise: Promise<unknown>): Promise<void> {
  let done = false;
  void promise.then(
    () => (done = true),
    () => (done = true),
  );
  for (let i = 0; !done; i++) {
    assert.ok(i < 5000, 'it is answered');
    await turn();
    if (i > 20 && i % 4 === 0) await clock.advance(100);
  }
}
/** Releases a queue whose process ended: whatever it still tries reaches no disk. */
export async function buried(disk: SuiteDisk, clock: VirtualClock, queue: DeliveryQueue): Promise<void> {
  disk.fault = () => ({ code: 'EIO' });
  await settled(clock, queue.close());
  disk.fault = () => undefined;
}

/** Repeatable random numbers (mulberry32). */
export function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
