import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryQueue, DeliveryQueueOptions, EntryResult, Micros, QueueEntry, Send } from '@omh/core';
import { errors } from '../errors.ts';
import type { StoreAndForward as Settings } from './settings.ts';
import { StoreAndForward } from './store-and-forward.ts';
import { decodeStored, encodeStored, markReplayed } from './stored-message.ts';
import type { Outgoing, Uplink } from './uplink.ts';

/** What a queue is asked; the queue itself has a suite of its own. */
class FakeQueue {
  options: DeliveryQueueOptions | undefined;
  send: Send | undefined;
  offered: { record: Uint8Array; time: Micros }[] = [];
  tries = 0;
  closed = false;

  offer(record: Uint8Array, { time }: { time: Micros }): number {
    return this.offered.push({ record, time });
  }
  start(send: Send): void {
    this.send = send;
  }
  tryNow(): void {
    this.tries++;
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  async deliver(entries: readonly QueueEntry[]): Promise<readonly EntryResult[]> {
    return (await this.send!(entries, new AbortController().signal)) as readonly EntryResult[];
  }
}

async function world(settings: Settings = {}, fault: (message: Outgoing) => unknown = () => undefined) {
  const queue = new FakeQueue();
  const sent: Outgoing[] = [];
  let done = 0;
  const uplink: Uplink = {
    target: 'mqtt://away:1883',
    start: () => {},
    stop: async () => {},
    listen: () => {},
    async publish(message) {
      const thrown = fault(message);
      if (thrown !== undefined) throw thrown;
      sent.push(message);
    },
  };
  const store = new StoreAndForward({
    settings,
    uplink,
    open: async (options) => {
      queue.options = options;
      return queue as unknown as DeliveryQueue;
    },
    onDone: () => done++,
  });
  await store.start();
  return { store, queue, sent, done: () => done };
}
const entry = (position: number, topic: string, more: Partial<QueueEntry> & { json?: boolean; retain?: boolean } = {}): QueueEntry => ({
  position,
  record: encodeStored({ topic, payload: Buffer.from('{"a":1}'), qos: 1, retain: more.retain ?? false, json: more.json ?? true }),
  key: '',
  time: 0 as Micros,
  replay: false,
  attempts: 0,
  id: String(position),
  ...more,
});

test('settings become options of the queue; live messages go past the backlog', async () => {
  const { queue } = await world({ maxSize: '2.5MB', rate: 50, onFull: 'refuse' });
  const { liveFirst, backlogPerSecond, maxBytes, whenFull } = queue.options!;
  assert.deepEqual([liveFirst, backlogPerSecond, maxBytes, whenFull], [true, 50, 2_500_000, 'refuse']);
  const usual = (await world()).queue.options!;
  assert.deepEqual([usual.backlogPerSecond, usual.maxBytes, usual.whenFull], [1000, 1e9, 'dropOldest']);
});

test('a message is kept as it is, with an acknowledgement asked for and the time of its data', async () => {
  const { store, queue } = await world();
  const message = { topic: 'a/ü', payload: Buffer.from('{"v":1}'), qos: 0, retain: true, json: true } as const;
  assert.equal(store.offer(message, 5 as Micros), undefined);
  store.offer({ ...message, qos: 2, retain: false, json: false }, 6 as Micros);
  assert.deepEqual(
    queue.offered.map(({ record, time }) => {
      const { topic, payload, qos, retain, json } = decodeStored(record)!;
      return [topic, Buffer.from(payload).toString(), qos, retain, json, time];
    }),
    [
      ['a/ü', '{"v":1}', 1, true, true, 5],
      ['a/ü', '{"v":1}', 2, false, false, 6],
    ],
  );
  for (const bytes of ['', '01', '01010000', '0101ffff41', '02010001414243', '0103000141'])
    assert.equal(decodeStored(Buffer.from(bytes, 'hex')), undefined, bytes);
});

test('a late message says so and does not take the place of a newer one', async () => {
  const { queue, sent } = await world({ mark: true });
  assert.deepEqual(await queue.deliver([entry(1, 'live', { retain: true }), entry(2, 'late', { retain: true, replay: true })]), [
    'done',
    'done',
  ]);
  const [live, late] = sent as [Outgoing, Outgoing];
  assert.deepEqual(
    [live.retain, live.properties?.userProperties, Buffer.from(live.payload as Uint8Array).toString()],
    [true, undefined, '{"a":1}'],
  );
  assert.deepEqual(
    [late.retain, late.properties?.userProperties, Buffer.from(late.payload as Uint8Array).toString()],
    [false, [['replay', '1']], '{"replayed":true,"a":1}'],
  );
  const { queue: plain, sent: unmarked } = await world();
  await plain.deliver([entry(1, 'late', { replay: true })]);
  assert.equal(Buffer.from(unmarked[0]!.payload as Uint8Array).toString(), '{"a":1}');
  assert.equal(Buffer.from(markReplayed(Buffer.from('{}'))).toString(), '{"replayed":true}');
  assert.equal(Buffer.from(markReplayed(Buffer.from([1, 2]))).toString('hex'), '0102');
});

test('what a broker refuses for ever becomes a dead letter, everything else waits', async () => {
  const faults: Record<string, unknown> = {
    forbidden: Object.assign(new Error('no'), { code: 0x87 }),
    quota: Object.assign(new Error('later'), { code: 0x97 }),
    away: errors.APP_BROKER_UNREACHABLE({ url: 'x', detail: 'y' }),
    odd: new Error('odd'),
  };
  const { queue, done } = await world({}, ({ topic }) => faults[topic]);
  const results = await queue.deliver(['ok', 'forbidden', 'quota', 'away', 'odd'].map((topic, i) => entry(i, topic)));
  assert.deepEqual(
    results.map((result) => (typeof result === 'string' ? result : Object.keys(result)[0])),
    ['done', 'refused', 'retry', 'retry', 'retry'],
  );
  assert.equal(done(), 1);
  const [damaged] = await queue.deliver([{ ...entry(9, 'x'), record: Uint8Array.of(9) }]);
  assert.ok(typeof damaged === 'object' && 'refused' in damaged);
});

test('a message that ends every connection is sent alone in the end, and given up when it is the cause', async () => {
  let ends = 0;
  const { queue, sent } = await world({}, ({ topic }) => {
    if (topic === 'poison') return (ends++, errors.APP_CONNECTION_ENDED({ url: 'x' }));
    return undefined;
  });
  const batch = [entry(1, 'poison'), entry(2, 'after')];
  let results: readonly EntryResult[] = [];
  for (let i = 0; i < 20; i++) {
    results = await queue.deliver(batch);
    if (typeof results[0] === 'object' && 'refused' in results[0]) break;
  }
  assert.ok(typeof results[0] === 'object' && 'refused' in results[0]);
  assert.equal(ends, 8);
  assert.equal(sent.length, 2, 'what stands behind it is held back once it is suspected');
  assert.deepEqual(await queue.deliver([entry(2, 'after')]), ['done']);
});

test('the queue tries at once when the link is up, and is closed with the app', async () => {
  const { store, queue } = await world();
  store.linkUp();
  assert.equal(queue.tries, 1);
  await store.stop();
  assert.ok(queue.closed);
  const late = store.offer(message('a'), 0 as Micros);
  assert.equal(late?.code, 'APP_QUEUE_UNUSABLE', 'what nobody keeps is not taken');
});

test('what comes before the queue is open waits for it in its order, and is counted when it never opens', async () => {
  const queue = new FakeQueue();
  let opened = (_queue: DeliveryQueue): void => {};
  let broken = (_why: Error): void => {};
  const uplink = { target: 'mqtt://away:1883' } as Uplink;
  const open = (): Promise<DeliveryQueue> =>
    new Promise((resolve, reject) => {
      opened = resolve;
      broken = reject;
    });
  const store = new StoreAndForward({ settings: {}, uplink, open, onDone: () => {} });
  store.expect();
  assert.equal(store.offer(message('first'), 1 as Micros), undefined);
  const started = store.start();
  assert.equal(store.offer(message('second'), 2 as Micros), undefined);
  assert.equal(store.offer({ ...message('large'), payload: new Uint8Array(17 * 2 ** 20) }, 3 as Micros)?.code, 'APP_QUEUE_UNUSABLE');
  opened(queue as unknown as DeliveryQueue);
  await started;
  assert.equal(store.offer(message('third'), 4 as Micros), undefined);
  assert.deepEqual(
    queue.offered.map(({ record, time }) => `${decodeStored(record)!.topic} ${time}`),
    ['first 1', 'second 2', 'third 4'],
  );
  await store.stop();
  store.expect();
  store.offer(message('again'), 5 as Micros);
  const failing = store.start();
  broken(new Error('the disk is full'));
  await assert.rejects(failing);
  assert.equal(store.lost, 1);
});
const message = (topic: string) => ({ topic, payload: Uint8Array.of(), qos: 1 as const, retain: false, json: true });
