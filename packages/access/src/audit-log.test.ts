import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { AuditLog } from './audit-log.ts';
import type { AuditEntry } from './audit-record.ts';
import { MemoryAuditStore, MemoryDocuments } from './testing/memory-stores.ts';

const entry = (n: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  who: n % 2 === 0 ? 'alice' : 'bob',
  kind: 'person',
  from: '10.0.0.9',
  verb: n % 5 === 0 ? 'config.write' : 'tag.write',
  what: `devices/d${n}`,
  result: 'ok',
  ...more,
});
const open = async (store = new MemoryAuditStore(), documents = new MemoryDocuments(), clock = new VirtualClock()) => {
  const log = new AuditLog({ clock, log: silentLogger, store, documents });
  await log.start();
  return { log, store, documents, clock };
};
const filled = async (count: number) => {
  const all = await open();
  for (let i = 1; i <= count; i++) all.log.record(entry(i));
  await all.log.durable();
  return all;
};

test('the newest records come first, page by page, by person and by verb', async () => {
  const { log } = await filled(25);
  const first = await log.list({ limit: 10 });
  assert.deepEqual(
    first.records.map((r) => r.seq),
    [25, 24, 23, 22, 21, 20, 19, 18, 17, 16],
  );
  assert.deepEqual(first.records[0], { seq: 25, at: '2026-01-01T00:00:00.000Z', ...entry(25) });
  const second = await log.list({ limit: 10, cursor: first.cursor! });
  assert.equal(second.records[0]!.seq, 15);
  const last = await log.list({ limit: 10, cursor: second.cursor! });
  assert.deepEqual([last.records.length, last.cursor], [5, undefined]);
  const { records } = await log.list({ who: 'alice', verb: 'config.write' });
  assert.deepEqual(
    records.map((r) => r.seq),
    [20, 10],
  );
  assert.deepEqual((await (await open()).log.list()).records, []);
});

test("records are found by what they are about, by result and by time, and a person with the person's tokens", async () => {
  const { log, clock } = await open();
  const before = clock.now();
  log.record({ who: 'ann', kind: 'person', verb: 'tag.write', what: 'Acme/Line1/temperature', result: 'ok' });
  log.record({ who: 'ann/ci', kind: 'token', verb: 'tag.write', what: 'acme/line2/temperature', result: 'failed' });
  await clock.advance(60_000);
  log.record({ who: 'anna', kind: 'person', verb: 'login', what: 'login', result: 'ok' });
  const seqs = async (query: Parameters<typeof log.list>[0]): Promise<number[]> => (await log.list(query)).records.map((r) => r.seq);
  assert.deepEqual(await seqs({ who: 'ann' }), [2, 1]);
  assert.deepEqual(await seqs({ what: 'acme/LINE1' }), [1]);
  assert.deepEqual(await seqs({ result: 'failed' }), [2]);
  assert.deepEqual(await seqs({ from: (before + 60_000_000) as typeof before }), [3]);
  assert.deepEqual(await seqs({ to: (before + 60_000_000) as typeof before }), [2, 1]);
});

test('what is older than the time asked for is not read to its end', async () => {
  const { log, store, clock } = await filled(30_000);
  await clock.advance(60_000);
  const from = clock.now();
  log.record(entry(30_001));
  store.reads = 0;
  const page = await log.list({ from });
  assert.deepEqual([page.records.length, page.cursor], [1, undefined]);
  assert.ok(store.reads <= 2100, String(store.reads));
});

test('what is older than memory is read from the log, and a page reads a bounded stretch', async () => {
  const { log, store } = await filled(4500);
  let cursor: number | undefined;
  const seen: number[] = [];
  do {
    const page = await log.list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.records.map((r) => r.seq));
    cursor = page.cursor;
  } while (cursor !== undefined);
  assert.deepEqual(
    seen,
    Array.from({ length: 4500 }, (_, i) => 4500 - i),
  );
  store.reads = 0;
  const rare = await log.list({ who: 'nobody' });
  assert.deepEqual([rare.records.length, rare.cursor], [0, undefined]);
  assert.ok(store.reads <= 4500);
});

test('a start reads one stretch, goes on with the chain and forgets nothing', async () => {
  const { log, store, documents } = await filled(3200);
  await log.stop();
  store.reads = 0;
  const again = await open(store, documents);
  assert.ok(store.reads <= 202, String(store.reads));
  assert.equal(again.log.count, 3200);
  assert.equal(again.log.fault(), undefined);
  again.log.record(entry(3201));
  assert.deepEqual(await again.log.verify(), { ok: true, count: 3201 });
  assert.equal((await again.log.list({ limit: 1, cursor: 2 })).records[0]!.seq, 1);
});

test('without its marks the log is read from the beginning', async () => {
  const { store } = await filled(2100);
  const { log } = await open(store, new MemoryDocuments());
  assert.equal(log.count, 2100);
  assert.equal((await log.list({ limit: 1, cursor: 500 })).records[0]!.seq, 499);
  assert.deepEqual(await log.verify(), { ok: true, count: 2100 });
});

test('a flipped bit is found wherever it is', async () => {
  const { log, store } = await filled(5);
  const before = store.records.map((r) => Uint8Array.from(r));
  for (let i = 0; i < before.length; i++) {
    for (let byte = 0; byte < before[i]!.length; byte++) {
      store.records = before.map((r) => Uint8Array.from(r));
      store.records[i]![byte]! ^= 1 << (byte % 8);
      const verdict = await log.verify();
      assert.equal(verdict.ok, false, `record ${i + 1}, byte ${byte}`);
      assert.equal(!verdict.ok && verdict.at, i + 1);
    }
  }
});

test('a removed, moved, repeated, replaced or cut-off record is found', async () => {
  const { log, store } = await filled(5);
  const other = (await filled(1)).store.records[0]!;
  const forged = await open();
  for (let i = 1; i <= 5; i++) forged.log.record(entry(i, { who: 'mallory' }));
  const [a, b, c, d, e] = store.records as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const f = forged.store.records;
  const cases: [what: string, records: Uint8Array[], at: number][] = [
    ['removed', [a, b, d, e], 3],
    ['swapped', [a, c, b, d, e], 2],
    ['repeated', [a, b, b, c, d, e], 2],
    ['replaced', [a, b, c, f[3]!, e], 4],
    ['first removed', [b, c, d, e], 1],
    ['cut off', [a, b, c], 4],
    ['all cut off', [], 1],
    ['all forged', f, 1],
    ['longer', [a, b, c, d, e, other], 0],
  ];
  for (const [what, records, at] of cases) {
    store.records = records;
    const verdict = await log.verify();
    assert.equal(verdict.ok ? 0 : verdict.at, at, `${what}: ${JSON.stringify(verdict)}`);
  }
});

test('a log that was damaged while nobody looked says so at the start and goes on', async () => {
  const { log, store, documents } = await filled(10);
  await log.stop();
  store.records = store.records.slice(0, 8);
  const cut = await open(store, documents);
  assert.equal(cut.log.fault()?.code, 'ACCESS_AUDIT_DAMAGED');
  assert.match(cut.log.fault()!.text, /9 to 10 are missing/);
  store.records[4]![20]! ^= 1;
  const flipped = await open(store, documents);
  assert.match(flipped.log.fault()!.text, /after 4 is changed/);
  flipped.log.record(entry(99));
  assert.equal((await flipped.log.list({ limit: 1 })).records[0]!.what, 'devices/d99');
  assert.equal((await flipped.log.verify()).ok, false);
});

test('what is recorded before the start is kept for it', async () => {
  const log = new AuditLog({ clock: new VirtualClock(), log: silentLogger, store: new MemoryAuditStore() });
  log.record(entry(1));
  assert.equal(log.count, 0);
  await log.start();
  assert.equal(log.count, 1);
});

test('a log that takes no records says so, and recovers without a gap', async () => {
  const { log, store } = await filled(1);
  store.refuse = new Error('no space left');
  log.record(entry(2));
  assert.equal(log.fault()?.code, 'ACCESS_AUDIT_UNWRITTEN');
  await assert.rejects(log.durable(), { code: 'ACCESS_AUDIT_UNWRITTEN' });
  store.refuse = undefined;
  log.record(entry(3));
  await log.durable();
  assert.equal(log.fault(), undefined);
  assert.deepEqual(await log.verify(), { ok: true, count: 2 });
});

test('nobody fills the disk with refusals: a hundred a minute are kept, the others counted', async () => {
  const { log, clock } = await open();
  for (let i = 0; i < 1000; i++) log.refused(entry(i));
  assert.equal(log.count, 100);
  await clock.advance(60_000);
  log.refused(entry(1));
  const { records } = await log.list({ limit: 1 });
  assert.deepEqual([records[0]!.result, records[0]!.detail], ['refused', { leftOut: 900 }]);
  log.refused(entry(1));
  assert.equal((await log.list({ limit: 1 })).records[0]!.detail, undefined);
});

test('a record has a limit, and every character survives', async () => {
  const { log } = await open();
  log.record(
    entry(1, {
      what: 'x'.repeat(100_000),
      detail: { 'a"\n\u0000ü': '\ud800"}\u2028', ...Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, i])) },
    }),
  );
  const [record] = (await log.list()).records;
  assert.equal(record!.what.length, 500);
  assert.equal(Object.keys(record!.detail!).length, 20);
  assert.equal(record!.detail!['a"\n\u0000ü'], '\ud800"}\u2028');
  assert.equal((await log.verify()).ok, true);
});

test('without a store the newest records are known', async () => {
  const log = new AuditLog({ clock: new VirtualClock(), log: silentLogger });
  await log.start();
  for (let i = 1; i <= 5; i++) log.record(entry(i));
  await log.durable();
  const page = await log.list({ limit: 2 });
  assert.deepEqual([page.records.length, page.cursor], [2, 4]);
  assert.equal((await log.list({ limit: 3, cursor: 4 })).cursor, undefined);
  assert.deepEqual(await log.verify(), { ok: true, count: 5 });
});

test('a store that cannot be opened leaves a log that says so', async () => {
  const log = new AuditLog({ clock: new VirtualClock(), log: silentLogger, store: () => Promise.reject(new Error('no such folder')) });
  await log.start();
  assert.match(log.fault()!.text, /no such folder/);
  log.record(entry(1));
  assert.equal((await log.list()).records.length, 1);
});

test('those who only report wait for a failing disk no longer than they say', async () => {
  const { log, store, clock } = await filled(1);
  store.durable = () => new Promise(() => {});
  log.record(entry(2));
  let waited = false;
  const done = log.settled(2000).then(() => {
    waited = true;
  });
  await clock.advance(1999);
  assert.equal(waited, false);
  await clock.advance(1);
  await done;
});
