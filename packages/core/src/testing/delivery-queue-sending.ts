import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '../errors.ts';
import type { Micros } from '../time.ts';
import type { SuiteDisk } from './append-log-suite.ts';
import {
  assertCounts,
  assertOrderPerKey,
  away,
  drained,
  idle,
  never,
  offer,
  offerMany,
  openerOf,
  retry,
  settled,
  Target,
  textOf,
  inOrder,
} from './delivery-queue-support.ts';
import type { DeliveryQueueHarness } from './delivery-queue-support.ts';

/** Batches, orders, answers, and targets that are away. */
export function sendingCases<D extends SuiteDisk>(harness: DeliveryQueueHarness<D>): void {
  const opened = openerOf(harness);

  test('entries go out oldest first, once, in batches of the asked count', async () => {
    const { clock, queue, target } = await opened({ batchCount: 10 });
    const all = offerMany(queue, clock, 25);
    queue.start(target.send);
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    assert.deepEqual(
      target.batches.map(({ length }) => length),
      [10, 10, 5],
    );
    assertCounts(queue, { matched: 25, success: 25, queuing: 0, inflight: 0, queuing_bytes: 0 });
    await queue.close();
  });

  test('an entry that waited elsewhere is marked as late, whenever it is sent', async () => {
    const { clock, queue, target } = await opened({ liveFirst: true });
    queue.start(target.send);
    for (const [text, late] of [
      ['live', false],
      ['late', true],
    ] as const)
      assert.equal(typeof queue.offer(Buffer.from(text), { time: clock.now(), late }), 'number');
    await drained(clock, queue);
    assert.deepEqual(Object.fromEntries(target.replays), { live: false, late: true });
    await queue.close();
  });

  test('a batch ends at the asked bytes, and a longer entry goes alone', async () => {
    const { clock, queue, target } = await opened({ batchBytes: 250 });
    queue.start(target.send);
    for (const length of [80, 80, 80, 600, 80]) offer(queue, clock, 'x'.repeat(length));
    await drained(clock, queue);
    assert.deepEqual(
      target.batches.map((batch) => batch.map(({ length }) => length)),
      [[80, 80], [80], [600], [80]],
    );
    await queue.close();
  });

  test('a batch that is not full waits for its linger time, a full one does not', async () => {
    const { clock, queue, target } = await opened({ batchCount: 3, lingerMs: 200 });
    queue.start(target.send);
    offer(queue, clock, 'a');
    await idle();
    await clock.advance(150);
    offer(queue, clock, 'b');
    await idle();
    assert.deepEqual(target.batches, []);
    await clock.advance(50);
    await idle();
    assert.deepEqual(target.batches, [['a', 'b']]);
    for (const text of ['c', 'd', 'e']) offer(queue, clock, text);
    await idle();
    assert.deepEqual(target.batches[1], ['c', 'd', 'e']);
    await queue.close();
  });

  test('an entry keeps its time, key and record, and its id over a restart', async () => {
    const { disk, clock, queue } = await opened();
    const time = (clock.now() - 5_000_000) as Micros;
    const position = queue.offer(Buffer.from('record'), { time, key: 'clé' });
    assert.equal(typeof position, 'number');
    await settled(clock, queue.durable(position as number));
    const [before] = await queue.entries();
    await queue.close();
    const again = await harness.open(disk, clock, { retry });
    const target = new Target();
    again.start(target.send);
    await drained(clock, again);
    const [entry] = target.entries;
    assert.deepEqual([textOf(entry!), entry!.time, entry!.key, entry!.replay, entry!.id], ['record', time, 'clé', true, before!.id]);
    assert.match(entry!.id, /^suite:[0-9a-z]+:\d+$/);
    await again.close();
  });

  test('a target that is away is tried after growing waits, the breaker opens, and one probe closes it', async () => {
    const { clock, queue, target } = await opened({ batchCount: 2, breakAfter: 3 });
    target.isAway = true;
    queue.start(target.send);
    const all = offerMany(queue, clock, 6);
    const tries: number[] = [];
    for (let second = 0; second < 16; second++) {
      const before = target.batches.length;
      await idle();
      if (target.batches.length > before) tries.push(second);
      await clock.advance(1000);
    }
    assert.deepEqual(tries, [0, 1, 3, 7, 15]);
    assert.equal(queue.status().breaker, 'open');
    const health = queue.health();
    assert.equal(health.state, 'lost');
    assert.match(health.reason.text, /The target is away\./);
    assert.equal(Math.round((health.nextTry! - clock.now()) / 1e6), 15);
    assert.ok(target.batches.every((batch) => batch[0] === all[0]));
    target.isAway = false;
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    assert.equal(queue.status().breaker, 'closed');
    assert.equal(queue.health().state, 'running');
    assertCounts(queue, { matched: 6, success: 6, retried: 10, 'retried.success': 2 });
    await queue.close();
  });

  test('tryNow ends the wait', async () => {
    const { clock, queue, target } = await opened();
    target.isAway = true;
    queue.start(target.send);
    offer(queue, clock, 'a');
    await idle();
    target.isAway = false;
    queue.tryNow();
    await idle();
    assert.deepEqual(target.texts, ['a']);
    await queue.close();
  });

  test('a sender that throws, rejects or answers the wrong number of results loses nothing', async () => {
    const { clock, queue, target } = await opened({ batchCount: 2 });
    let calls = 0;
    queue.start((batch, signal) => {
      calls++;
      if (calls === 1) throw new Error('thrown');
      if (calls === 2) return Promise.reject(new Error('rejected'));
      if (calls === 3) return Promise.resolve(['done']);
      if (calls === 4) return Promise.resolve([]);
      if (calls === 5) return Promise.resolve(undefined as never);
      if (calls === 6) return Promise.resolve([undefined, 7] as never);
      return target.send(batch, signal);
    });
    offerMany(queue, clock, 4);
    await drained(clock, queue);
    // The third call took the first entry of its batch.
    assert.deepEqual(new Set(target.texts), new Set(['b 1', 'c 2', 'd 3']));
    await queue.close();
  });

  test('a send that does not answer is aborted and tried again, its answer is a late reply', async () => {
    const { clock, queue, target } = await opened({ timeoutMs: 5000 });
    let answer!: (result: 'done') => void;
    let aborted = false;
    queue.start((_, signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    offer(queue, clock, 'a');
    await idle();
    await clock.advance(4999);
    assert.equal(aborted, false);
    await clock.advance(1);
    assert.equal(aborted, true);
    queue.start(target.send);
    answer('done');
    await drained(clock, queue);
    assert.deepEqual(target.texts, ['a']);
    assertCounts(queue, { matched: 1, success: 1, late_reply: 1, retried: 1, 'retried.success': 1 });
    await queue.close();
  });

  test('in total order a failed entry holds back all behind it', async () => {
    const { clock, queue, target } = await opened({ batchCount: 3 });
    let fails = 2;
    target.answer = (entry) => (textOf(entry) === 'b 1' && fails-- > 0 ? { retry: away } : 'done');
    queue.start(inOrder(target));
    const all = offerMany(queue, clock, 6);
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    await queue.close();
  });

  test('in order of keys a failed entry holds back its key only, and each key keeps its order', async () => {
    const { clock, queue, target } = await opened({ batchCount: 1, window: 4, order: 'key' });
    let fails = 3;
    target.answer = (entry) => (textOf(entry) === 'a 0' && fails-- > 0 ? { retry: away } : 'done');
    // A steady key keeps the target from looking as if it were away.
    queue.start(target.send);
    const all = offerMany(queue, clock, 20, 'abcde');
    await idle();
    await clock.advance(0);
    await drained(clock, queue);
    assertOrderPerKey(target.texts);
    assert.deepEqual([...target.texts].sort(), [...all].sort());
    assert.ok(target.texts.indexOf('a 0') > target.texts.indexOf('b 6'), 'others went on');
    await queue.close();
  });

  test('without an order a failed entry holds back nobody', async () => {
    const { clock, queue, target } = await opened({ batchCount: 5, order: 'none' });
    target.answer = (entry) => (textOf(entry) === 'a 0' && entry.attempts < 3 ? { retry: away } : 'done');
    queue.start(target.send);
    offerMany(queue, clock, 20);
    await idle();
    assert.equal(target.texts.length, 19);
    await drained(clock, queue);
    assert.equal(target.texts.at(-1), 'a 0');
    assertCounts(queue, { matched: 20, success: 20, retried: 3, 'retried.success': 1 });
    await queue.close();
  });

  test('several batches are on their way at once, never more than the window', async () => {
    const { clock, queue } = await opened({ batchCount: 2, window: 3, order: 'none' });
    let now = 0;
    let most = 0;
    queue.start(async () => {
      most = Math.max(most, ++now);
      await clock.sleep(100);
      now--;
      return 'done';
    });
    offerMany(queue, clock, 40);
    await drained(clock, queue);
    assert.equal(most, 3);
    await queue.close();
  });

  test('a refused entry is a dead letter that outlives a restart, is edited, replayed and removed', async () => {
    const { disk, clock, queue, target } = await opened();
    target.answer = (entry) => (textOf(entry).startsWith('bad') ? { refused: never } : 'done');
    queue.start(target.send);
    for (const text of ['good', 'bad 1', 'bad 2', 'also good']) offer(queue, clock, text, 'k');
    await drained(clock, queue);
    assert.deepEqual(target.texts, ['good', 'also good']);
    assertCounts(queue, { matched: 4, success: 2, failed: 2 });
    await queue.close();

    const again = await harness.open(disk, clock, { retry });
    again.start(target.send);
    const letters = await again.deadLetters();
    assert.deepEqual(
      letters.map((letter) => [Buffer.from(letter.record).toString(), letter.key, letter.reason.code, letter.attempts]),
      [
        ['bad 1', 'k', 'NEVER', 1],
        ['bad 2', 'k', 'NEVER', 1],
      ],
    );
    const replayed = await again.replayDeadLetter(letters[0]!.position, Buffer.from('mended'));
    assert.equal(typeof replayed, 'number');
    await drained(clock, again);
    assert.equal(target.texts.at(-1), 'mended');
    assert.deepEqual([target.entries.at(-1)!.time, target.entries.at(-1)!.replay], [letters[0]!.time, true]);
    assert.equal(await again.removeDeadLetter(letters[1]!.position), true);
    assert.equal(await again.removeDeadLetter(letters[1]!.position), false);
    assert.equal(await again.removeDeadLetter(99), false);
    const missing = await again.replayDeadLetter(letters[0]!.position);
    assert.equal((missing as Reason).code, 'STORAGE_QUEUE_NO_LETTER');
    assert.equal(again.status().deadLetters.count, 0);
    await again.close();
  });

  test('an entry that fails too often while the target answers others is a dead letter', async () => {
    const { clock, queue, target } = await opened({ order: 'none', maxAttempts: 3, batchCount: 2 });
    target.answer = (entry) => (textOf(entry) === 'b 1' ? { retry: away } : 'done');
    queue.start(target.send);
    for (let i = 0; i < 4; i++) {
      offerMany(queue, clock, 2);
      await idle();
      await clock.advance(10_000);
      await idle();
    }
    const letters = await queue.deadLetters({ limit: 1 });
    assert.equal(letters[0]?.attempts, 3);
    assert.ok(queue.status().counters['retried.failed'] >= 1);
    await queue.close();
  });

  test('dead letters keep to their size, the oldest gives way and is counted', async () => {
    const { clock, queue } = await opened({ deadLetterBytes: 2000 });
    queue.start(() => Promise.resolve({ refused: never }));
    offerMany(queue, clock, 60);
    await drained(clock, queue);
    const { count, bytes, dropped } = queue.status().deadLetters;
    assert.ok(bytes <= 2000 && count > 0 && count < 60, `${count} letters, ${bytes} bytes`);
    assert.equal(count + dropped, 60);
    const last = (await queue.deadLetters({ limit: 100 })).at(-1)!;
    assert.equal(Buffer.from(last.record).toString(), 'd 59');
    await queue.close();
  });

  test('what comes back from several sends waits at its place, whichever came back first', async () => {
    const { clock, queue, target } = await opened({ batchCount: 1, window: 3, order: 'none' });
    const fail: (() => void)[] = [];
    queue.start(() => new Promise((_, reject) => fail.push(() => reject(new Error('gone')))));
    const all = offerMany(queue, clock, 6);
    await idle();
    for (const one of fail) {
      one();
      await idle();
    }
    queue.start(target.send);
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    await queue.close();
  });
}
