import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { systemClock } from '@omh/core';
import type { Micros } from '@omh/core';
import type { StepOutcome, WriteFrame, WriteStep } from './protocol.ts';
import { Store } from './store.ts';
import { WriteLane } from './write-lane.ts';

let dir: string;
let store: Store;
let lane: WriteLane;

async function reopen(session: string): Promise<void> {
  store?.close();
  store = await Store.open(dir, 64);
  lane = new WriteLane(store, session, 90 * 86_400_000);
  await lane.load();
}
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omh-historian-'));
  await reopen('one');
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true });
  store = undefined as unknown as Store;
});

const now = (): Micros => systemClock.now();
const frame = (id: number, ...steps: WriteStep[]): WriteFrame => ({ id, now: now(), steps });
const insert = (statement: string, rows: (number | string | null)[][]): WriteStep => ({
  kind: 'insert',
  statement,
  rows,
  at: rows.map(now),
});
const sample = (tag: number, value: number): WriteStep => ({
  kind: 'samples',
  columns: {
    ids: Uint32Array.of(tag),
    quality: new Uint16Array(1),
    num: Float64Array.of(value),
    time: Float64Array.of(now()),
    i64: null,
    any: null,
  },
});
const all = async (sql: string): Promise<readonly (readonly unknown[])[]> => store.rows(sql);
const table: WriteStep = { kind: 'ddl', statement: 'CREATE TABLE k(k INTEGER PRIMARY KEY, v DOUBLE)' };
const brief = (outcomes: readonly StepOutcome[]): unknown =>
  outcomes.map((o) =>
    o.kind === 'inserted' ? [o.outcome.inserted, o.outcome.refused.map((r) => r.row)] : o.kind === 'failed' ? o.reason.code : o.kind,
  );

test('a frame sent again after its commit is recognised and answered as before', async () => {
  await lane.run(frame(1, table));
  const second = frame(
    2,
    insert('INSERT INTO k VALUES ($1, $2)', [
      [1, 1],
      [2, 'x'],
      [3, 3],
    ]),
    sample(1, 5),
  );
  const outcomes = await lane.run(second);
  assert.deepEqual(brief(outcomes), [[2, [1]], 'stored']);
  await reopen('one');
  assert.deepEqual(brief(await lane.run(second)), [[2, [1]], 'stored']);
  assert.deepEqual(await all('SELECT k FROM k ORDER BY k'), [[1], [3]]);
  assert.equal((await all('SELECT * FROM samples')).length, 0, 'a sample of an unknown tag is stored and not shown');
  assert.equal((await all("SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'hot%'")).length, 1);
});

test('a frame of another session with the same number is new', async () => {
  await lane.run(frame(1, table));
  await lane.run(frame(2, insert('INSERT INTO k VALUES ($1, 0)', [[1]])));
  await reopen('two');
  await lane.run(frame(1, insert('INSERT INTO k VALUES ($1, 0)', [[2]])));
  assert.deepEqual(await all('SELECT k FROM k ORDER BY k'), [[1], [2]]);
});

test('steps that cannot run are answered one by one and the others are stored', async () => {
  const outcomes = await lane.run(
    frame(
      1,
      table,
      insert('INSERT INTO nowhere VALUES ($1)', [[1]]),
      insert('INSERT INTO k VALUES ($1, $2)', [
        [1, 1],
        [1, 2],
        [2, 2],
      ]),
      { kind: 'ddl', statement: 'DROP TABLE nothing' },
      sample(1, 5),
    ),
  );
  assert.deepEqual(brief(outcomes), ['done', 'HISTORIAN_SQL_ERROR', [2, [1]], 'HISTORIAN_SQL_ERROR', 'stored']);
  assert.deepEqual(await all('SELECT k FROM k ORDER BY k'), [[1], [2]]);
});

test('a frame that was interrupted half way goes on where it stopped', async () => {
  await lane.run(frame(1, table));
  const second = frame(
    2,
    insert('INSERT INTO k VALUES ($1, 1)', [[1], [1], [2]]),
    insert('INSERT INTO k VALUES ($1, 2)', [[2], [3], [3], [4]]),
    sample(1, 5),
  );
  const outcomes = await lane.run(second);
  assert.deepEqual(brief(outcomes), [[2, [1]], [2, [0, 2]], 'stored']);
  // as if the process had ended after the second row of the second insert
  await store.writer.run(
    'DELETE FROM k WHERE k > 3; DELETE FROM omh.outcomes WHERE step = 1 AND "row" > 1; ' +
      'UPDATE omh.progress SET frame = 1, step = 1, "row" = 2',
  );
  await reopen('one');
  assert.deepEqual(brief(await lane.run(second)), [[2, [1]], [2, [0, 2]], 'stored']);
  assert.deepEqual(await all('SELECT k, v FROM k ORDER BY k'), [
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ]);
});

test('one bad row among thousands costs only itself', async () => {
  await lane.run(frame(1, table));
  const rows = Array.from({ length: 5000 }, (_, i) => [i === 3333 ? 17 : i, i]);
  assert.deepEqual(brief(await lane.run(frame(2, insert('INSERT INTO k VALUES ($1, $2)', rows)))), [[4999, [3333]]]);
  assert.ok(lane.commits < 40, `${lane.commits} commits`);
});

test('now() is the moment of handing in, also inside expressions and not inside text', async () => {
  await lane.run(frame(1, { kind: 'ddl', statement: 'CREATE TABLE t(a TIMESTAMPTZ, b TIMESTAMPTZ, c TEXT)' }));
  const at = 1_700_000_000_000_000 as Micros;
  await lane.run(
    frame(
      2,
      { kind: 'insert', statement: "INSERT INTO t VALUES (NOW(), current_timestamp, 'now()')", rows: [[]], at: [at] },
      {
        kind: 'insert',
        statement: "INSERT INTO t VALUES (now() - INTERVAL 1 second, to_timestamp($1), 'now() $2')",
        rows: [[1]],
        at: [at],
      },
    ),
  );
  assert.deepEqual(await all('SELECT epoch_us(a), epoch_us(b), c FROM t ORDER BY a DESC'), [
    [BigInt(at), BigInt(at), 'now()'],
    [BigInt(at) - 1_000_000n, 1_000_000n, 'now() $2'],
  ]);
});

test('a table that is changed is seen by the next insert', async () => {
  await lane.run(frame(1, table));
  const statement = 'INSERT INTO k(k, v) VALUES ($1, $2)';
  await lane.run(frame(2, insert(statement, [[1, 1]])));
  await lane.run(frame(3, { kind: 'ddl', statement: 'ALTER TABLE k ALTER COLUMN v TYPE TEXT' }, insert(statement, [[2, 'text']])));
  assert.deepEqual(await all('SELECT v FROM k ORDER BY k'), [['1.0'], ['text']]);
});
