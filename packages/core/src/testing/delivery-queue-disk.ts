import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeliveryQueueOptions } from '../delivery-queue.ts';
import type { Reason } from '../errors.ts';
import type { DiskFault, DiskOperation, SuiteDisk } from './append-log-suite.ts';
import {
  assertCounts,
  assertOrderPerKey,
  away,
  buried,
  drained,
  generator,
  idle,
  inOrder,
  never,
  offer,
  offerDurably,
  offerMany,
  openerOf,
  retry,
  suiteFolder,
  Target,
  textOf,
  turn,
} from './delivery-queue-support.ts';
import type { DeliveryQueueHarness } from './delivery-queue-support.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Disks that fill up, fail, and lose power. */
export function diskCases<D extends SuiteDisk>(harness: DeliveryQueueHarness<D>): void {
  const opened = openerOf(harness);

  test('a full disk refuses offers with a reason once its memory is full, says so, and recovers', async () => {
    const { disk, clock, queue, target } = await opened({ maxBytes: 2 ** 30 });
    queue.start(target.send);
    target.isAway = true;
    offer(queue, clock, 'first');
    await idle();
    disk.capacity = 1;
    let refused: Reason | undefined;
    let taken = 1;
    for (let i = 0; i < 100 && refused === undefined; i++) {
      const answer = queue.offer(new Uint8Array(500_000), { time: clock.now() });
      if (typeof answer === 'number') taken++;
      else refused = answer;
      await turn();
    }
    assert.equal(refused?.code, 'STORAGE_QUEUE_DISK');
    assert.match(refused.text, /the disk is full/);
    assert.equal(queue.health().state, 'degraded');
    assert.match(queue.health().reason.text, /the disk is full/);
    disk.capacity = Number.POSITIVE_INFINITY;
    target.isAway = false;
    await drained(clock, queue);
    assert.equal(target.texts.length, taken);
    offer(queue, clock, 'after');
    await drained(clock, queue);
    assert.equal(queue.health().state, 'running');
    await queue.close();
  });

  test('a disk that hangs keeps deliveries from running ahead of what a kill would remember', async () => {
    const { disk, clock, queue, target } = await opened({ batchCount: 5 });
    const all = offerMany(queue, clock, 200);
    await idle();
    let goOn!: () => void;
    const hanging = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    disk.pause = () => hanging;
    queue.start(target.send);
    await idle(200);
    assert.ok(target.texts.length >= 5 && target.texts.length <= 15, `${target.texts.length} sent`);
    goOn();
    await drained(clock, queue);
    assert.deepEqual(target.texts, all);
    await queue.close();
  });

  test('the disk is trimmed as entries are delivered', async () => {
    const { disk, clock, queue, target } = await opened({ maxBytes: 100_000 });
    queue.start(target.send);
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 20; i++) offer(queue, clock, 'x'.repeat(200));
      await drained(clock, queue);
    }
    assert.equal(target.texts.length, 1200);
    const bytes = disk.names(suiteFolder).reduce((sum, file) => sum + disk.bytes(`${suiteFolder}/${file}`).length, 0);
    assert.ok(bytes < 40_000, `${bytes} bytes of 259,200 stay`);
    await queue.close();
  });

  const faults: readonly (readonly [string, (operation: DiskOperation) => DiskFault | undefined])[] = [
    ['a full disk', (operation) => (operation === 'write' ? { code: 'ENOSPC', takes: 7 } : undefined)],
    ['a failing disk', () => ({ code: 'EIO' })],
  ];
  for (const [what, fault] of faults) {
    test(`${what} at any operation loses nothing durable`, async () => {
      let n = 0;
      for (let reached = true; reached && n < 120; n++) {
        const { disk, clock, queue, target } = await opened({ batchCount: 3 });
        target.isAway = true;
        queue.start(target.send);
        const from = disk.operations + n;
        disk.fault = (operation, _, at) => (at >= from && at < from + 3 ? fault(operation) : undefined);
        const durable = new Set<string>();
        for (let i = 0; i < 12; i++) {
          offerDurably(queue, clock, `a ${i}`, durable);
          if (i % 2 === 0) await idle(4);
          if (i === 6) {
            target.isAway = false;
            queue.tryNow();
          }
        }
        for (let i = 0; i < 10; i++) {
          await idle(6);
          await clock.advance(800);
        }
        reached = disk.operations > from;
        if (harness.outlives === 'power') disk.crash(() => 0);
        else disk.kill();
        const kept = [...durable];
        await buried(disk, clock, queue);
        const again = await harness.open(disk, clock, { retry });
        again.start(target.send);
        await drained(clock, again);
        for (const text of kept) assert.ok(target.texts.includes(text), `fault at ${n}: ${text} arrives`);
        assert.ok(kept.length > 0);
        await again.close();
      }
      assert.ok(n > 20, `${n} operations`);
    });
  }

  test('an end at any moment brings every durable entry, in order, and few of them twice', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = generator(seed);
      const disk = harness.disk();
      if (random() < 0.7) disk.pause = turn;
      const clock = new VirtualClock();
      const target = new Target();
      const durable = new Set<string>();
      const options: DeliveryQueueOptions =
        random() < 0.5 ? { retry, batchCount: 4 } : { retry, batchCount: 4, window: 3, order: 'key', liveFirst: random() < 0.5 };
      let number = 0;
      const lives = 4;
      for (let life = 0; life < lives; life++) {
        const queue = await harness.open(disk, clock, options);
        target.answer = (entry) => (isBad(entry) ? { refused: never } : random() < 0.1 ? { retry: away } : 'done');
        target.isAway = random() < 0.3;
        queue.start(inOrder(target));
        for (let i = Math.floor(random() * 60); i > 0; i--) {
          const text = `${'abc'[number % 3]!} ${number++}`;
          offerDurably(queue, clock, text, durable);
          if (random() < 0.5) await turn();
          if (random() < 0.1) await clock.advance(1500);
          if (random() < 0.1) target.isAway = !target.isAway;
        }
        for (let i = Math.floor(random() * 12); i > 0; i--) await turn();
        const kept = [...durable];
        if (harness.outlives === 'power') disk.crash(random);
        else disk.kill();
        const { texts } = target;
        const before = texts.length;
        await buried(disk, clock, queue);
        texts.length = Math.min(texts.length, before);
        durable.clear();
        for (const text of kept) durable.add(text);
      }
      const last = await harness.open(disk, clock, options);
      target.answer = (entry) => (isBad(entry) ? { refused: never } : 'done');
      target.isAway = false;
      last.start(target.send);
      await drained(clock, last);
      const letters = (await last.deadLetters({ limit: 1000 })).map(textOf);
      for (const text of durable) {
        assert.ok((isBad({ record: Buffer.from(text) }) ? letters : target.texts).includes(text), `seed ${seed}: ${text} arrives`);
      }
      if (options.liveFirst !== true) assertOrderPerKey(target.texts, `seed ${seed}`);
      const twice = target.texts.length - new Set(target.texts).size;
      if (harness.outlives === 'kill') assert.ok(twice <= lives * 36, `seed ${seed}: ${twice} arrive again`);
      await last.close();
    }
  });

  test('a disk that fails at any operation of opening costs nothing', async () => {
    const { disk, clock, queue, target } = await opened({ batchCount: 3 });
    queue.start(target.send);
    target.answer = (entry) => (textOf(entry) === 'c 2' ? { refused: never } : 'done');
    offerMany(queue, clock, 6);
    await drained(clock, queue);
    await queue.stop();
    const all = offerMany(queue, clock, 10);
    await idle();
    await queue.close();
    let failed = 0;
    for (let n = 0; ; n++) {
      const from = disk.operations + n;
      disk.fault = (_, __, at) => (at === from ? { code: 'EIO' } : undefined);
      const again = await harness.open(disk, clock, { retry }).catch(() => undefined);
      disk.fault = () => undefined;
      const reached = disk.operations > from;
      if (again === undefined) failed++;
      else {
        assert.deepEqual((await again.entries()).map(textOf), all);
        assert.equal(again.status().deadLetters.count, 1);
        await again.close();
      }
      if (!reached) break;
    }
    assert.ok(failed > 5, `${failed} refusals`);
  });

  test('an entry that is damaged on the disk is counted, and costs no other', async () => {
    const { disk, clock, queue } = await opened();
    const all = offerMany(queue, clock, 20);
    await idle();
    await queue.close();
    const file = `${suiteFolder}/${disk.names(suiteFolder).find((one) => one.endsWith('.seg'))}`;
    const bytes = disk.bytes(file).slice();
    bytes[Math.floor(bytes.length / 2)]! ^= 4;
    disk.replace(file, bytes);
    const target = new Target();
    const again = await harness.open(disk, clock, { retry });
    again.start(target.send);
    await drained(clock, again);
    assert.equal(target.texts.length, 19);
    assert.deepEqual(
      target.texts,
      all.filter((text) => target.texts.includes(text)),
    );
    assertCounts(again, { found: 20, success: 19, 'dropped.other': 1 });
    await again.close();
  });
}

/** The target never takes it. */
const isBad = (entry: { readonly record: Uint8Array }): boolean => Number(textOf(entry).slice(2)) % 13 === 5;
