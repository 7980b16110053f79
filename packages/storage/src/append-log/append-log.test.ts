import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { SimulatedFiles } from '../testing/simulated-files.ts';
import { AppendLog } from './append-log.ts';
import type { AppendLogOptions } from './append-log.ts';

const folder = (t: TestContext): string => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-log-'));
  t.after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
};
const open = async (t: TestContext, dir: string, options: Partial<AppendLogOptions> = {}): Promise<AppendLog> => {
  const log = await AppendLog.open(dir, { mode: 'strict', ...options });
  t.after(() => log.close());
  return log;
};
const record = (i: number, length = 20): Uint8Array => Buffer.from(`record ${i} `.padEnd(length, '.'), 'latin1');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const readAll = async (log: AppendLog, from = 0): Promise<[number, string][]> => {
  const all: [number, string][] = [];
  for await (const { position, record: bytes } of log.read(from)) all.push([position, text(bytes)]);
  return all;
};
const range = (from: number, to: number, length?: number): [number, string][] =>
  Array.from({ length: to - from }, (_, i) => [from + i, text(record(from + i, length))]);
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });
const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await turn();
};

test('positions count from 0 and go on after opening again', async (t) => {
  const dir = folder(t);
  const log = await open(t, dir);
  assert.deepEqual([log.append(record(0)), log.append(new Uint8Array()), log.append(record(2))], [0, 1, 2]);
  assert.deepEqual([log.oldest, log.next], [0, 3]);
  await log.durable(2);
  await log.close();
  const again = await open(t, dir);
  assert.deepEqual([again.oldest, again.next], [0, 3]);
  assert.equal(again.append(record(3)), 3);
  assert.deepEqual(await readAll(again), [
    [0, text(record(0))],
    [1, ''],
    [2, text(record(2))],
    [3, text(record(3))],
  ]);
  assert.deepEqual(again.report, { truncatedBytes: 0, damaged: [], missing: [], migrated: [] });
  await again.close();
  assert.equal(readdirSync(dir).length, 1, 'it goes on in the same segment');
  assert.equal(statSync(join(dir, readdirSync(dir)[0]!)).mode & 0o777, 0o600);
});

test('a record that is changed after append is kept as it was', async (t) => {
  const log = await open(t, folder(t));
  const bytes = record(0);
  log.append(bytes);
  bytes.fill(0);
  assert.deepEqual(await readAll(log), range(0, 1));
});

test('a hundred thousand records go through many segments and come back from any position', async (t) => {
  const dir = folder(t);
  const log = await open(t, dir, { mode: 'os', segmentBytes: 2 ** 20 });
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    log.append(record(i, 128));
    if (i % 1000 === 0) await turn();
  }
  await log.durable(count - 1);
  assert.ok(log.stats().segments > 10);
  for (const from of [0, 1, 12_345, 99_998]) {
    let position = from;
    for await (const one of log.read(from)) {
      assert.equal(one.position, position);
      if (position % 1000 === 0) assert.equal(text(one.record), text(record(position, 128)));
      position++;
    }
    assert.equal(position, count);
  }
  await log.close();
  const again = await open(t, dir, { mode: 'os' });
  assert.equal(again.next, count);
  assert.deepEqual(await readAll(again, count - 3), range(count - 3, count, 128));
  assert.deepEqual(again.report.missing, []);
});

test('all records of a loop turn share one write, and those that come during a sync share the next', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { files });
  const waiting: Promise<void>[] = [];
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 100; i++) waiting.push(log.durable(log.append(record(i))));
    await turn();
  }
  await Promise.all(waiting);
  const { records, syncs, writes } = log.stats();
  assert.equal(records, 1000);
  assert.ok(syncs <= 11 && writes <= 11, `${syncs} syncs, ${writes} writes`);
});

test('one sync is in flight at most, and durable waits for its own', async (t) => {
  const files = new SimulatedFiles();
  let inFlight = 0;
  const release: (() => void)[] = [];
  const slow: typeof files.open = async (path, how) => {
    const file = await SimulatedFiles.prototype.open.call(files, path, how);
    return {
      ...file,
      sync: async () => {
        assert.equal(++inFlight, 1);
        await new Promise<void>((resolve) => release.push(resolve));
        inFlight--;
        await file.sync();
      },
    };
  };
  const log = await open(t, '/log', { files: Object.assign(Object.create(files) as SimulatedFiles, bound(files), { open: slow }) });
  const durable: number[] = [];
  const add = (i: number): Promise<unknown> => log.durable(log.append(record(i))).then(() => durable.push(i));
  const first = add(0);
  await turns(5);
  const others = [add(1), add(2)];
  await turns(5);
  assert.deepEqual(durable, []);
  release.shift()!();
  await first;
  assert.deepEqual(durable, [0]);
  await turns(5);
  release.shift()!();
  await Promise.all(others);
  assert.deepEqual(durable, [0, 1, 2]);
});
/** The methods of an object with private fields, for an object that stands before it. */
const bound = (files: SimulatedFiles): Partial<SimulatedFiles> =>
  Object.fromEntries((['makeFolder', 'list', 'rename', 'remove', 'syncFolder'] as const).map((name) => [name, files[name].bind(files)]));

test('mode os resolves after the write and syncs within a second', async (t) => {
  const files = new SimulatedFiles();
  const clock = new VirtualClock();
  const log = await open(t, '/log', { mode: 'os', files, clock });
  await log.durable(log.append(record(0)));
  const { syncs } = log.stats();
  await log.durable(log.append(record(1)));
  assert.equal(log.stats().syncs, syncs, 'not yet synced');
  assert.ok(log.stats().heldBytes > 0);
  await clock.advance(1000);
  await turns(3);
  assert.equal(log.stats().syncs, syncs + 1);
  assert.equal(log.stats().heldBytes, 0);
  assert.equal(clock.pending, 0, 'a log at rest has no timer');
});

test('mode memory writes no file, keeps records until they are trimmed, and is full at its limit', async (t) => {
  const dir = join(folder(t), 'none');
  const clock = new VirtualClock();
  const log = await open(t, dir, { mode: 'memory', clock, segmentBytes: 10_000, memoryBytes: 50_000, bufferBytes: 20_000 });
  let refused = false;
  for (let i = 0; !refused; i++) {
    assert.ok(i < 1000);
    try {
      await log.durable(log.append(record(i, 1000)));
    } catch (error) {
      assert.equal((error as { code: string }).code, 'STORAGE_LOG_FULL');
      refused = true;
    }
    await turns(3);
  }
  assert.equal(log.health().state, 'degraded');
  assert.match(log.health().reason!.text, /the disk is full/);
  const { next } = log;
  assert.deepEqual(await readAll(log), range(0, next, 1000));
  await log.trim(next);
  await turns(10);
  assert.equal(log.health().state, 'ok');
  assert.equal(log.append(record(next)), next);
  assert.ok(log.oldest > 0);
  await log.close();
  assert.throws(() => statSync(dir));
});

test('over the high-water mark append refuses, and takes records again when the disk has caught up', async (t) => {
  const log = await open(t, folder(t), { bufferBytes: 10_000 });
  let last = 0;
  assert.throws(
    () => {
      for (let i = 0; i < 1000; i++) last = log.append(record(i, 100));
    },
    { code: 'STORAGE_LOG_FULL' },
  );
  assert.equal(last + 1, log.next);
  assert.ok(last > 50);
  await log.durable(last);
  assert.equal(log.append(record(last + 1, 100)), last + 1);
  assert.deepEqual(await readAll(log), range(0, last + 2, 100));
});

test('a record over the limit is refused, one of many megabytes is taken', async (t) => {
  const dir = folder(t);
  const log = await open(t, dir, { segmentBytes: 2 ** 20 });
  assert.throws(() => log.append(new Uint8Array(16 * 2 ** 20 + 1)), { code: 'STORAGE_LOG_RECORD' });
  const big = Buffer.alloc(3 * 2 ** 20, 'big');
  log.append(big);
  log.append(record(1));
  await log.durable(1);
  await log.close();
  const again = await open(t, dir);
  const all = await readAll(again);
  assert.equal(all.length, 2);
  assert.ok(big.equals(Buffer.from(all[0]![1], 'latin1')));
});

test('a reader sees everything appended before it began, while more is written', async (t) => {
  const log = await open(t, folder(t), { segmentBytes: 5000 });
  let appended = 0;
  const add = (count: number): void => {
    for (let i = 0; i < count; i++) log.append(record(appended++, 50));
  };
  add(100);
  for (let round = 0; round < 20; round++) {
    const end = appended;
    const reading = log.read(0);
    const seen: number[] = [];
    for await (const { position, record: bytes } of reading) {
      assert.equal(text(bytes), text(record(position, 50)));
      seen.push(position);
      if (position % 40 === 0) {
        add(7);
        await turn();
      }
    }
    assert.deepEqual(
      seen,
      Array.from({ length: end }, (_, i) => i),
    );
  }
});

test('a slow reader follows one growing segment from disk without a gap', async (t) => {
  const log = await open(t, folder(t));
  for (let i = 0; i < 5; i++) log.append(record(i));
  await log.durable(4);
  for (let i = 5; i < 10; i++) log.append(record(i));
  const iterator = log.read(3)[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.position, 3);
  await log.durable(9);
  const rest: number[] = [];
  for (let one = await iterator.next(); one.done !== true; one = await iterator.next()) rest.push(one.value.position);
  assert.deepEqual(rest, [4, 5, 6, 7, 8, 9]);
});

test('trim drops whole segments, keeps the last, and a reader goes on behind what is gone', async (t) => {
  const dir = folder(t);
  const log = await open(t, dir, { segmentBytes: 1000 });
  for (let i = 0; i < 500; i++) {
    log.append(record(i, 100));
    if (i % 20 === 19) await log.durable(i);
  }
  const iterator = log.read()[Symbol.asyncIterator]();
  assert.equal((await iterator.next()).value?.position, 0);
  await Promise.all([log.trim(250), log.trim(250)]);
  assert.ok(log.oldest > 200 && log.oldest <= 250, String(log.oldest));
  const seen: number[] = [];
  for (let one = await iterator.next(); one.done !== true; one = await iterator.next()) {
    assert.equal(text(one.value.record), text(record(one.value.position, 100)));
    seen.push(one.value.position);
  }
  assert.equal(seen.at(-1), 499);
  assert.ok(seen.length >= 250 && seen.length < 499);
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    seen,
  );
  assert.deepEqual(await readAll(log, 0), range(log.oldest, 500, 100));
  await log.trim(Number.MAX_SAFE_INTEGER);
  assert.equal(log.stats().segments, 1);
  const { oldest } = log;
  await log.close();
  const again = await open(t, dir);
  assert.deepEqual([again.oldest, again.next], [oldest, 500]);
  assert.equal(readdirSync(dir).length, 1);
});

test('a disk that fails is told in one sentence, and so is its end', async (t) => {
  const files = new SimulatedFiles();
  const clock = new VirtualClock();
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const log = await open(t, '/log', {
    files,
    clock,
    log: { debug: () => {}, info: tell, warn: tell, error: tell, child: () => assert.fail() },
  });
  await log.durable(log.append(record(0)));
  assert.deepEqual(log.health(), { state: 'ok', since: clock.now() });
  files.fault = (operation) => (operation === 'sync' ? { code: 'EIO' } : undefined);
  await clock.advance(5000);
  const since = clock.now();
  let done = false;
  const waiting = log.durable(log.append(record(1))).then(() => {
    done = true;
  });
  for (let i = 0; i < 20; i++) {
    await turns(3);
    await clock.advance(1000);
  }
  assert.equal(done, false, 'durable waits');
  const { state, reason } = log.health();
  assert.equal(state, 'degraded');
  assert.equal(reason?.code, 'STORAGE_LOG_WRITE');
  assert.equal(
    reason?.text,
    'The log /log cannot be written: the disk reports a failure. What is not yet safe waits in memory, and writing is tried again.',
  );
  assert.equal(log.health().since, since);
  assert.ok(log.stats().failures < 20, 'tries are seconds apart');
  assert.deepEqual(await readAll(log), range(0, 2), 'what waits is read from memory');
  files.fault = () => undefined;
  for (let i = 0; i < 10; i++) {
    await turns(3);
    await clock.advance(1000);
  }
  await waiting;
  assert.equal(log.health().state, 'ok');
  assert.deepEqual(told, ['log cannot be written', 'log is written again']);
  assert.equal(files.names('/log').length, 2, 'the sealed segment and the one that follows it, nothing else');
});

test('after a failed sync nothing of the same descriptor is trusted', async (t) => {
  const files = new SimulatedFiles();
  const clock = new VirtualClock();
  const log = await open(t, '/log', { files, clock });
  await log.durable(log.append(record(0)));
  let fails = 1;
  files.fault = (operation) => (operation === 'sync' && fails-- > 0 ? { code: 'EIO' } : undefined);
  await log.durable(log.append(record(1)));
  await log.durable(log.append(record(2)));
  files.crash(() => 0);
  const again = await open(t, '/log', { files, clock });
  assert.deepEqual(await readAll(again), range(0, 3));
});

test('what stands behind the end of a sealed segment is never read twice', async (t) => {
  for (const failing of ['truncate', 'remove'] as const) {
    const files = new SimulatedFiles();
    const clock = new VirtualClock();
    const log = await open(t, '/log', { mode: 'os', files, clock });
    for (let i = 0; i < 6; i++) await log.durable(log.append(record(i)));
    let failed = 0;
    files.fault = (operation) => {
      if (operation === failing) return { code: 'EIO' };
      // The second makes a new segment, already named, be tried again under another name.
      const hit = failed === 0 ? operation === 'sync' : failed === 1 && failing === 'remove' && operation === 'syncFolder';
      if (hit) failed++;
      return hit ? { code: 'EIO' } : undefined;
    };
    for (let i = 6; i < 9; i++) await log.durable(log.append(record(i)));
    for (let i = 0; i < 5; i++) {
      await turns(3);
      await clock.advance(1000);
    }
    assert.equal(log.health().state, 'ok');
    await log.close();
    files.fault = () => undefined;
    assert.equal(files.names('/log').length, failing === 'remove' ? 3 : 2);
    const again = await open(t, '/log', { files });
    assert.deepEqual(await readAll(again), range(0, 9));
    assert.deepEqual(again.report, { truncatedBytes: 0, damaged: [], missing: [], migrated: [] });
  }
});

test('a half-written end is cut off and told once', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { files });
  for (let i = 0; i < 3; i++) await log.durable(log.append(record(i)));
  await log.close();
  const path = `/log/${files.names('/log')[0]!}`;
  const whole = files.bytes(path).length;
  files.replace(path, files.bytes(path).subarray(0, whole - 1));
  const torn = await open(t, '/log', { files });
  assert.equal(torn.report.truncatedBytes, 35);
  assert.equal(files.bytes(path).length, whole - 36);
  assert.equal(torn.next, 2);
  await torn.close();
  assert.equal((await open(t, '/log', { files })).report.truncatedBytes, 0);
});

test('what an ended process had only written is synced before it counts', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { mode: 'os', files });
  for (let i = 0; i < 3; i++) await log.durable(log.append(record(i)));
  files.kill();
  const next = await open(t, '/log', { files });
  await next.durable(2);
  files.crash(() => 0);
  assert.deepEqual(await readAll(await open(t, '/log', { files })), range(0, 3));
});

test('a record that was read stays what it was while the log goes on', async (t) => {
  const log = await open(t, '/log', { files: new SimulatedFiles() });
  log.append(record(0));
  const [first] = await (async () => {
    const all: Uint8Array[] = [];
    for await (const { record: bytes } of log.read()) all.push(bytes);
    return all;
  })();
  await log.durable(0);
  for (let i = 0; i < 3; i++) await log.durable(log.append(Buffer.alloc(100)));
  assert.equal(text(first!), text(record(0)));
});

test('closing writes what is held; what the disk does not take is rejected', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { files });
  const kept = log.durable(log.append(record(0)));
  await log.close();
  await kept;
  assert.throws(() => log.append(record(1)), { code: 'STORAGE_LOG_CLOSED' });
  assert.throws(() => log.read(), { code: 'STORAGE_LOG_CLOSED' });
  await log.durable(0);
  await assert.rejects(log.durable(1), { code: 'STORAGE_LOG_CLOSED' });
  const failing = await open(t, '/log', { files });
  files.fault = () => ({ code: 'EIO' });
  const lost = failing.durable(failing.append(record(1)));
  const ignored = failing.durable(failing.append(record(2)));
  void ignored;
  await failing.close();
  await failing.close();
  await assert.rejects(lost, { code: 'STORAGE_LOG_CLOSED' });
});

test('a log that cannot be opened or read says so', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { files });
  await log.durable(log.append(record(0)));
  files.fault = (operation) => (operation === 'read' ? { code: 'EIO' } : undefined);
  await assert.rejects(readAll(log), { code: 'STORAGE_LOG_READ' });
  await assert.rejects(AppendLog.open('/log', { mode: 'os', files }), {
    code: 'STORAGE_LOG_OPEN',
    message: 'The log /log cannot be opened: the disk reports a failure.',
  });
  files.fault = () => undefined;
  assert.deepEqual(await readAll(log), range(0, 1));
  const dir = folder(t);
  await assert.rejects(AppendLog.open(join('/dev/null', 'log'), { mode: 'os' }), { code: 'STORAGE_LOG_OPEN' });
  assert.deepEqual(readdirSync(dir), []);
});

test('records damaged while the log is open are left out of a read, and what follows is read', async (t) => {
  const files = new SimulatedFiles();
  const log = await open(t, '/log', { files });
  for (let i = 0; i < 5; i++) log.append(record(i));
  await log.durable(4);
  const path = `/log/${files.names('/log')[0]!}`;
  const bytes = files.bytes(path);
  bytes[32 + 36 + 20]! ^= 1;
  files.replace(path, bytes);
  assert.deepEqual(await readAll(log), [...range(0, 1), ...range(2, 5)]);
});

test('the segments on disk are what the format says', async (t) => {
  const dir = folder(t);
  const log = await open(t, dir);
  await log.durable(log.append(Buffer.from('123456789')));
  await log.close();
  const [name] = readdirSync(dir);
  assert.ok(name === '0000000000000000-1.seg', name);
  const bytes = readFileSync(join(dir, name));
  assert.equal(bytes.length, 32 + 16 + 9);
  assert.equal(bytes.subarray(0, 8).toString('latin1'), 'OMHLOG\r\n');
  assert.equal(bytes.readUInt32LE(8), 1);
  assert.equal(bytes.readUInt32LE(32), 9);
  assert.equal(bytes.readBigUInt64LE(40), 0n);
  assert.equal(bytes.subarray(48).toString('latin1'), '123456789');
});
