import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Clock } from '../clock.ts';
import { VirtualClock } from './virtual-clock.ts';

export type DiskOperation = 'open' | 'write' | 'read' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncFolder' | 'close' | 'list';
/** `code` fails the operation; a write first takes `takes` bytes, and without a code that is a short write. */
export interface DiskFault {
  readonly code?: 'ENOSPC' | 'EIO';
  readonly takes?: number;
}

/** A disk made for tests; `SimulatedFiles` of `@omh/storage/testing` is one. */
export interface SuiteDisk {
  /** Asked before every operation with its number; what it returns happens. */
  fault: (operation: DiskOperation, path: string, n: number) => DiskFault | undefined;
  readonly operations: number;
  /** Bytes of all files together; more fails with ENOSPC. */
  capacity: number;
  /** Every change waits for it before it happens; absent, changes happen at once. */
  pause: (() => Promise<void>) | undefined;
  /** Power fails: what was not synced is gone from some byte on. */
  crash(random: () => number): void;
  /** The process ends: what was written stays, its descriptors are dead. */
  kill(): void;
  /** Names in a folder, sorted. */
  names(folder: string): string[];
  bytes(path: string): Uint8Array;
  /** The content changes behind the user's back. */
  replace(path: string, bytes: Uint8Array): void;
}

/** Something that keeps entries in an append log. */
export interface LogUser {
  /** Resolves when the entry is acknowledged; may reject while the disk fails, and the entry is then not kept. */
  add(entry: string): Promise<void>;
  /** Oldest first. */
  entries(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export interface LogUserHarness<D extends SuiteDisk> {
  disk(): D;
  /** Opens the user over what the disk holds in `folder`; its log takes the disk and the clock. */
  open(disk: D, folder: string, clock: Clock): Promise<LogUser>;
  /** What an acknowledged entry outlives: the process, or a power cut. */
  readonly outlives: 'kill' | 'power';
  /** Starts a real process that adds entries, kills it at a moment chosen by `random`, and opens what it left behind. */
  kill?(random: () => number): Promise<{ readonly acknowledged: readonly string[]; readonly entries: readonly string[] }>;
  /** How often; 20 when absent. */
  readonly kills?: number;
}

const folder = '/log';
/** The files of the log itself, without what was put aside. */
const segments = (disk: SuiteDisk): string[] => disk.names(folder).filter((name) => name.endsWith('.seg'));

/** What everybody who keeps entries in an append log keeps to, whatever the disk does: run it beside the user's own tests. */
export function appendLogSuite<D extends SuiteDisk>(name: string, harness: LogUserHarness<D>): void {
  describe(`append log: ${name}`, () => {
    test('entries come back in their order, before and after opening again', async () => {
      const disk = harness.disk();
      const clock = new VirtualClock();
      const all: string[] = [];
      for (let round = 0; round < 3; round++) {
        const user = await harness.open(disk, folder, clock);
        const adding = Array.from({ length: 40 }, (_, i) => entry(round * 40 + i));
        all.push(...adding);
        await settled(
          clock,
          adding.map((text) => user.add(text)),
        );
        assert.deepEqual(await user.entries(), all);
        await user.close();
      }
    });

    test('an end at any moment keeps what was acknowledged, and nothing out of order', async () => {
      for (let seed = 1; seed <= 60; seed++) {
        const random = generator(seed);
        const disk = harness.disk();
        disk.pause = turn;
        const clock = new VirtualClock();
        const added: string[] = [];
        let kept = 0;
        for (let round = 0; round < 3; round++) {
          const user = await harness.open(disk, folder, clock);
          const before = await user.entries();
          assert.deepEqual(before, added.slice(0, before.length), `seed ${seed}, round ${round}: a beginning of what was added`);
          assert.ok(before.length >= kept, `seed ${seed}, round ${round}: ${before.length} of ${kept} acknowledged entries`);
          added.length = kept = before.length;
          for (let i = Math.floor(random() * 30); i > 0; i--) {
            const text = entry(added.length);
            added.push(text);
            void user.add(text).then(
              () => kept++,
              () => {},
            );
            if (random() < 0.3) await turn();
            if (random() < 0.1) await clock.advance(1100);
          }
          for (let i = Math.floor(random() * 12); i > 0; i--) await turn();
          if (harness.outlives === 'power') disk.crash(random);
          else disk.kill();
          const acknowledged = kept;
          await buried(disk, user);
          kept = acknowledged;
        }
      }
    });

    const faults: readonly (readonly [string, (operation: DiskOperation) => DiskFault | undefined])[] = [
      ['a full disk', (operation) => (operation === 'write' ? { code: 'ENOSPC', takes: 7 } : undefined)],
      ['a failing disk', () => ({ code: 'EIO' })],
      ['a sync that fails', (operation) => (operation === 'sync' || operation === 'syncFolder' ? { code: 'EIO' } : undefined)],
      ['a write that takes only some bytes', (operation) => (operation === 'write' ? { takes: 5 } : undefined)],
    ];
    for (const [what, fault] of faults) {
      test(`${what} at any operation loses nothing that was acknowledged`, async () => {
        let reached = true;
        for (let n = 0; reached && n < 200; n++) {
          for (const length of [1, 4]) {
            const disk = harness.disk();
            const clock = new VirtualClock();
            const user = await harness.open(disk, folder, clock);
            const from = disk.operations + n;
            disk.fault = (operation, _, at) => (at >= from && at < from + length ? fault(operation) : undefined);
            const kept: string[] = [];
            for (let i = 0; i < 12; i++) {
              const adding = user.add(entry(i)).then(
                () => kept.push(entry(i)),
                () => {},
              );
              if (i % 3 === 0) await settled(clock, [adding]);
            }
            for (let i = 0; i < 40; i++) {
              await turn();
              await clock.advance(400);
            }
            reached = disk.operations > from;
            if (harness.outlives === 'power') disk.crash(() => 0);
            else disk.kill();
            await buried(disk, user);
            const again = await harness.open(disk, folder, clock);
            const found = await again.entries();
            assert.deepEqual(
              found.filter((text) => kept.includes(text)),
              kept,
              `${length} from operation ${n}: kept once, in order`,
            );
            assert.ok(kept.length >= 12 - length - 3, `${length} from operation ${n}: it goes on by itself, ${kept.length} kept`);
            await again.close();
          }
        }
      });
    }

    test('a full disk makes it wait or refuse, and it goes on when there is space', async () => {
      const disk = harness.disk();
      const clock = new VirtualClock();
      const user = await harness.open(disk, folder, clock);
      await settled(clock, [user.add(entry(0))]);
      disk.capacity = 1;
      let kept: string[] = [];
      const waiting = Array.from({ length: 10 }, (_, i) =>
        user.add(entry(i + 1)).then(
          () => kept.push(entry(i + 1)),
          () => {},
        ),
      );
      for (let i = 0; i < 10; i++) {
        await turn();
        await clock.advance(1000);
      }
      assert.deepEqual(kept, []);
      disk.capacity = Number.POSITIVE_INFINITY;
      await settled(clock, waiting);
      await settled(clock, [user.add('after')]);
      kept = [entry(0), ...kept, 'after'];
      assert.deepEqual(await user.entries(), kept);
      await user.close();
      const again = await harness.open(disk, folder, clock);
      assert.deepEqual(await again.entries(), kept);
      await again.close();
    });

    test('a newest file that is torn at any byte gives a beginning of the entries, and takes new ones', async () => {
      const { disk, clock, all } = await filled(harness, 4);
      const path = `${folder}/${segments(disk).at(-1)}`;
      const whole = disk.bytes(path);
      for (let bytes = 0; bytes < whole.length; bytes++) {
        const torn = harness.disk();
        torn.replace(path, whole.subarray(0, bytes));
        const user = await harness.open(torn, folder, clock);
        const found = await user.entries();
        assert.deepEqual(found, all.slice(0, found.length), `${bytes} of ${whole.length} bytes`);
        assert.ok(found.length < all.length);
        await settled(clock, [user.add('new')]);
        assert.deepEqual(await user.entries(), [...found, 'new']);
        await user.close();
        await holds(harness, torn, clock, [...found, 'new']);
      }
    });

    test('a flipped byte anywhere costs at most the entry it hits, and never the opening', async () => {
      const { disk, clock, all } = await filled(harness, 4);
      const path = `${folder}/${segments(disk).at(-1)}`;
      const whole = disk.bytes(path);
      for (let at = 0; at < whole.length; at++) {
        const flipped = whole.slice();
        flipped[at]! ^= 1 << (at % 8);
        const damaged = harness.disk();
        damaged.replace(path, flipped);
        const user = await harness.open(damaged, folder, clock);
        const found = await user.entries();
        assert.ok(found.length >= all.length - 1, `byte ${at}: ${found.length} of ${all.length}`);
        assert.deepEqual(
          all.filter((text) => found.includes(text)),
          found,
          `byte ${at}`,
        );
        await settled(clock, [user.add('new')]);
        assert.deepEqual(await user.entries(), [...found, 'new'], `byte ${at}`);
        await user.close();
        await holds(harness, damaged, clock, [...found, 'new']);
      }
    });

    if (harness.kill !== undefined) {
      test('a killed process leaves everything it acknowledged', async () => {
        let acknowledgedInAll = 0;
        for (let round = 1; round <= (harness.kills ?? 20); round++) {
          const { acknowledged, entries } = await harness.kill!(generator(round));
          acknowledgedInAll += acknowledged.length;
          assert.equal(new Set(entries).size, entries.length, `round ${round}: nothing twice`);
          const asked = new Set(acknowledged);
          assert.deepEqual(
            entries.filter((text) => asked.has(text)),
            acknowledged,
            `round ${round}: what was acknowledged, in order`,
          );
        }
        assert.ok(acknowledgedInAll > 0);
      });
    }
  });
}

const entry = (i: number): string => `entry ${i} ${'.'.repeat((i * 7) % 41)}`;
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Gives the disk and the clock time until all have an answer. */
async function settled(clock: VirtualClock, promises: readonly Promise<unknown>[]): Promise<void> {
  let done = false;
  void Promise.allSettled(promises).then(() => {
    done = true;
  });
  for (let i = 0; !done; i++) {
    assert.ok(i < 2000, 'it is answered');
    await turn();
    if (i > 20) await clock.advance(50);
  }
}

/** Releases a user whose process ended: whatever it still tries reaches no disk. */
async function buried(disk: SuiteDisk, user: LogUser): Promise<void> {
  disk.fault = () => ({ code: 'EIO' });
  await user.close();
  disk.fault = () => undefined;
}

/** Opens again what was closed. */
async function holds<D extends SuiteDisk>(harness: LogUserHarness<D>, disk: D, clock: Clock, entries: readonly string[]): Promise<void> {
  const user = await harness.open(disk, folder, clock);
  assert.deepEqual(await user.entries(), entries);
  await user.close();
}

async function filled<D extends SuiteDisk>(
  harness: LogUserHarness<D>,
  count: number,
): Promise<{ disk: D; clock: VirtualClock; all: string[] }> {
  const disk = harness.disk();
  const clock = new VirtualClock();
  const user = await harness.open(disk, folder, clock);
  const all = Array.from({ length: count }, (_, i) => entry(i));
  await settled(
    clock,
    all.map((text) => user.add(text)),
  );
  await user.close();
  return { disk, clock, all };
}

/** Repeatable random numbers (mulberry32). */
function generator(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
