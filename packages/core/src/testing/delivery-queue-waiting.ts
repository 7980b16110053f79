import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '../errors.ts';
import type { Micros } from '../time.ts';
import type { SuiteDisk } from './append-log-suite.ts';
import { assertCounts, away, drained, idle, offer, offerMany, openerOf, retry, Target, textOf, turn } from './delivery-queue-support.ts';
import type { DeliveryQueueHarness } from './delivery-queue-support.ts';

/** What waits: sizes, backlogs, times to live, stopping and counting. */
export function waitingCases<D extends SuiteDisk>(harness: DeliveryQueueHarness<D>): void {
  const opened = openerOf(harness);

  test('a full queue that refuses takes nothing more and says so, until there is room', async () => {
    const { clock, queue, target } = await opened({ maxBytes: 2000 });
    let taken = 0;
    let refused: Reason | undefined;
    for (let i = 0; i < 200; i++) {
      const answer = queue.offer(Buffer.from('x'.repeat(20)), { time: clock.now() });
      if (typeof answer === 'number') taken++;
      else refused = answer;
    }
    assert.equal(refused?.code, 'STORAGE_QUEUE_FULL');
    assert.ok(taken > 40 && taken <= 60, `${taken} taken`);
    assertCounts(queue, { matched: 200, queuing: taken, 'dropped.queue_full': 200 - taken });
    queue.start(target.send);
    await drained(clock, queue);
    assert.equal(target.texts.length, taken);
    assert.equal(typeof queue.offer(Buffer.from('again'), { time: clock.now() }), 'number');
    await drained(clock, queue);
    assert.equal(queue.health().state, 'running');
    await queue.close();
  });

  test('a full queue that drops loses the oldest only, and counts them, after a restart too', async () => {
    const { disk, clock, queue } = await opened({ maxBytes: 2000, whenFull: 'dropOldest' });
    const all = offerMany(queue, clock, 300);
    const dropped = queue.status().counters['dropped.queue_full'];
    assert.ok(dropped > 200 && queue.status().counters.queuing_bytes <= 2000);
    assertCounts(queue, { matched: 300, 'dropped.queue_full': dropped, queuing: 300 - dropped });
    await idle();
    await queue.close();
    const target = new Target();
    const again = await harness.open(disk, clock, { retry, maxBytes: 2000, whenFull: 'dropOldest' });
    again.start(target.send);
    await drained(clock, again);
    assert.deepEqual(target.texts, all.slice(dropped));
    await again.close();
  });

  test('dropping the oldest goes on while a batch hangs, within the size', async () => {
    const { clock, queue, target } = await opened({ maxBytes: 2000, whenFull: 'dropOldest', batchCount: 5 });
    let hang!: () => void;
    queue.start(() => new Promise((_, reject) => (hang = () => reject(new Error('gone')))));
    offerMany(queue, clock, 10);
    await idle();
    offerMany(queue, clock, 500);
    assertCounts(queue, { matched: 510, inflight: 5 });
    assert.ok(queue.status().counters.queuing < 100);
    queue.start(target.send);
    hang();
    await drained(clock, queue);
    const { success, 'dropped.queue_full': dropped } = queue.status().counters;
    assert.equal(success + dropped, 510);
    assert.equal(target.texts.at(-1), 'd 499');
    await queue.close();
  });

  test('live entries go past the backlog, which is marked, keeps its times and its rate', async () => {
    const { disk, clock, queue } = await opened({ liveFirst: true, backlogPerSecond: 100, batchCount: 10 });
    const times = new Map<string, Micros>();
    for (let i = 0; i < 500; i++) {
      times.set(`old ${i}`, clock.now());
      offer(queue, clock, `old ${i}`);
      if (i % 100 === 0) await clock.advance(1000);
    }
    await idle();
    await queue.close();
    const again = await harness.open(disk, clock, { retry, liveFirst: true, backlogPerSecond: 100, batchCount: 10 });
    const target = new Target();
    again.start(target.send);
    let latest = 0;
    for (let i = 0; i < 60; i++) {
      offer(again, clock, `live ${i}`);
      await idle();
      assert.ok(target.texts.includes(`live ${i}`), `live ${i} goes out in the same turn`);
      const old = target.texts.filter((text) => text.startsWith('old')).length;
      assert.ok(old <= i * 10 + 20, `${old} of the backlog after ${i * 100} ms`);
      latest = old;
      await clock.advance(100);
    }
    assert.ok(latest >= 450, `${latest} of the backlog after 6 s`);
    await drained(clock, again);
    for (const kind of ['old', 'live']) {
      const seen = target.texts.filter((text) => text.startsWith(kind));
      assert.deepEqual(
        seen,
        seen.map((_, i) => `${kind} ${i}`),
      );
    }
    assert.ok(target.entries.every((entry) => entry.replay === textOf(entry).startsWith('old')));
    assert.ok(target.entries.every((entry) => !entry.replay || entry.time === times.get(textOf(entry))));
    await again.close();
  });

  test('the backlog goes out in the time that live entries leave the target, and live ones never wait long', async () => {
    const { disk, clock, queue } = await opened({ batchCount: 10 });
    for (let i = 0; i < 500; i++) offer(queue, clock, `old ${i}`);
    await idle();
    await queue.close();
    const again = await harness.open(disk, clock, { retry, batchCount: 10, liveFirst: true });
    const target = new Target();
    let longest = 0;
    again.start(async (batch, signal) => {
      for (const entry of batch) if (!entry.replay) longest = Math.max(longest, clock.now() - entry.time);
      await clock.sleep(10);
      return target.send(batch, signal);
    });
    // A target that takes a thousand per second, and five hundred of them are live.
    for (let i = 0; i < 1000; i++) {
      offer(again, clock, `live ${i}`);
      await clock.advance(2);
      await turn();
    }
    const old = target.texts.filter((text) => text.startsWith('old')).length;
    assert.ok(old > 300, `${old} of the backlog in 2 s`);
    assert.ok(longest <= 60_000, `a live entry waits ${longest} µs`);
    await drained(clock, again);
    assert.equal(target.texts.length, 1500);
    await again.close();
  });

  test('an outage in the middle of a replay puts everything behind the next live entry', async () => {
    const { clock, queue, target } = await opened({ liveFirst: true, backlogPerSecond: 50, batchCount: 10 });
    queue.start(target.send);
    for (let outage = 0; outage < 3; outage++) {
      target.isAway = true;
      for (let i = 0; i < 100; i++) offer(queue, clock, `${outage} away ${i}`);
      await idle();
      await clock.advance(1000);
      target.isAway = false;
      queue.tryNow();
      for (let i = 0; i < 5; i++) {
        await idle();
        await clock.advance(200);
      }
      offer(queue, clock, `${outage} live`);
      await idle();
      assert.ok(target.texts.includes(`${outage} live`));
      assert.ok(queue.status().counters.queuing > 30);
    }
    await drained(clock, queue);
    const backlog = target.texts.filter((text) => text.includes('away'));
    assert.deepEqual(
      backlog,
      [0, 1, 2].flatMap((outage) => Array.from({ length: 100 }, (_, i) => `${outage} away ${i}`)),
    );
    assertCounts(queue, { matched: 303, success: 303 });
    assert.equal(target.replays.get('2 live'), false);
    await queue.close();
  });

  test('what is older than its time to live is dropped and counted, and nothing is without one', async () => {
    const { clock, queue, target } = await opened({ expireMs: 60_000 });
    offerMany(queue, clock, 10);
    await clock.advance(61_000);
    offer(queue, clock, 'fresh');
    queue.start(target.send);
    await drained(clock, queue);
    assert.deepEqual(target.texts, ['fresh']);
    assertCounts(queue, { matched: 11, success: 1, 'dropped.expired': 10 });
    await queue.close();
  });

  test('clear drops what waits, and the queue goes on', async () => {
    const { clock, queue, target } = await opened();
    offerMany(queue, clock, 10);
    assert.equal(await queue.clear(), 10);
    offer(queue, clock, 'after');
    queue.start(target.send);
    await drained(clock, queue);
    assert.deepEqual(target.texts, ['after']);
    assertCounts(queue, { matched: 11, success: 1, 'dropped.other': 10 });
    await queue.close();
  });

  test('stop waits a second at most for a sender that hangs, and what was in flight is sent after the next start', async () => {
    const { clock, queue, target } = await opened();
    queue.start(() => new Promise(() => {}));
    offer(queue, clock, 'a');
    await idle();
    const stopping = queue.stop();
    await clock.advance(1000);
    await stopping;
    assert.equal(queue.health().state, 'stopped');
    offer(queue, clock, 'b');
    queue.start(target.send);
    await drained(clock, queue);
    assert.deepEqual(target.texts, ['a', 'b']);
    await queue.close();
    const answer = queue.offer(Buffer.from('late'), { time: clock.now() });
    assert.equal((answer as Reason).code, 'STORAGE_QUEUE_CLOSED');
    queue.start(target.send);
    await queue.close();
  });

  test('capacity is said in hours at the present rate, and how many hours wait', async () => {
    const { clock, queue } = await opened({ maxBytes: 3_600_000 });
    for (let i = 0; i < 60; i++) {
      for (let n = 0; n < 10; n++) queue.offer(new Uint8Array(84), { time: clock.now() });
      await clock.advance(1000);
    }
    const { hours, hoursLeft, hoursHeld, bytes, bytesPerSecond } = queue.status().capacity;
    assert.ok(bytesPerSecond > 900 && bytesPerSecond < 1100, `${bytesPerSecond} bytes/s`);
    assert.ok(Math.abs(hours! - 1) < 0.1, `${hours} h`);
    assert.ok(hoursLeft! < hours! && bytes === 60_000);
    assert.equal(Math.round(hoursHeld * 3600), 60);
    await queue.close();
  });

  test('a key that is held back for long costs the others nothing, however many entries pass it', async () => {
    const { disk, clock, queue, target } = await opened({ order: 'key', batchCount: 10, window: 2 });
    const held = (text: string): boolean => text.startsWith('a ');
    target.answer = (entry) => (held(textOf(entry)) ? { retry: away } : 'done');
    queue.start(target.send);
    const all = offerMany(queue, clock, 800);
    await idle(300);
    assert.deepEqual(
      target.texts,
      all.filter((text) => !held(text)),
    );
    assertCounts(queue, { matched: 800, success: 700, queuing: 100 });
    await idle();
    await clock.advance(100);
    await idle();
    await queue.close();
    const again = await harness.open(disk, clock, { retry, order: 'key', batchCount: 10, window: 2 });
    assert.deepEqual((await again.entries({ limit: 1000 })).map(textOf), all.filter(held));
    target.answer = () => 'done';
    target.texts.length = 0;
    again.start(target.send);
    await drained(clock, again);
    assert.deepEqual(target.texts, all.filter(held));
    await again.close();
  });

  test('an offer that is too long, or has too long a key, is refused', async () => {
    const { clock, queue } = await opened();
    for (const [bytes, key] of [
      [16 * 2 ** 20, ''],
      [1, 'k'.repeat(65_536)],
    ] as const) {
      const answer = queue.offer(new Uint8Array(bytes), { time: clock.now(), key });
      assert.equal((answer as Reason).code, 'STORAGE_QUEUE_RECORD');
    }
    assertCounts(queue, { matched: 2, 'dropped.other': 2 });
    await queue.close();
  });

  test('options change while it runs', async () => {
    const { clock, queue, target } = await opened({ batchCount: 1 });
    target.isAway = true;
    queue.start(target.send);
    const all = offerMany(queue, clock, 20);
    await idle();
    queue.configure({ retry, batchCount: 20, liveFirst: true });
    target.isAway = false;
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    assert.equal(target.batches.at(-1)?.length, 20);
    queue.configure({ retry, batchCount: 2 });
    offerMany(queue, clock, 4);
    await drained(clock, queue);
    assert.equal(target.batches.at(-1)?.length, 2);
    await queue.close();
  });

  test('what is on its way is not sent again when live entries no longer go first', async () => {
    const options = { retry, batchCount: 1, window: 3, order: 'none' } as const;
    const { clock, queue } = await opened({ ...options, liveFirst: true });
    const sent: string[] = [];
    const answers: (() => void)[] = [];
    queue.start(
      (batch) =>
        new Promise((resolve) => {
          sent.push(...batch.map(textOf));
          answers.push(() => resolve('done'));
        }),
    );
    offer(queue, clock, 'a');
    await idle();
    queue.configure({ ...options, liveFirst: false });
    offer(queue, clock, 'b');
    await idle();
    assert.deepEqual(sent, ['a', 'b']);
    for (const answer of answers) answer();
    await drained(clock, queue);
    assertCounts(queue, { matched: 2, success: 2 });
    await queue.close();
  });
}
