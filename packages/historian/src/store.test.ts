import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { OmhError, Quality, silentLogger, systemClock } from '@omh/core';
import type { Clock, Micros, TagId } from '@omh/core';
import { readRights, testSeries, testTag, writeRights } from '@omh/core/testing';
import { EmbeddedHistorian } from './index.ts';
import { metrics } from './metrics.ts';

const dayMs = 86_400_000;
let dir: string;
const open: EmbeddedHistorian[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'omh-historian-'));
});
afterEach(async () => {
  for (const historian of open.splice(0)) await historian.stop();
  rmSync(dir, { recursive: true, force: true });
});

function make(more: { setup?: readonly string[]; clock?: Clock; retentionMs?: number; dir?: string } = {}): EmbeddedHistorian {
  const historian = new EmbeddedHistorian({ dir, retentionMs: 90 * dayMs, clock: systemClock, log: silentLogger, ...more });
  open.push(historian);
  return historian;
}
async function started(more: Parameters<typeof make>[0] = {}): Promise<EmbeddedHistorian> {
  const historian = make(more);
  await historian.start();
  return historian;
}
const coded =
  (code: string | RegExp, text: RegExp = /./) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof OmhError, String(thrown));
    assert.match(thrown.code, typeof code === 'string' ? new RegExp(`^${code}$`) : code);
    assert.match(thrown.text, text);
    return true;
  };
const count = async (historian: EmbeddedHistorian, sql: string): Promise<number> =>
  Number((await historian.query(sql, [], readRights)).rows[0]![0]);

test('SQL reaches no file, no extension, no setting and nothing else outside the store', async () => {
  const historian = await started({ setup: ['CREATE TABLE t(a TEXT)'] });
  const out = join(dir, 'out.csv');
  const secret = join(dir, 'secret.csv');
  writeFileSync(secret, 'a\nsecret\n');
  const statements = [
    `SELECT * FROM read_csv('${secret}')`,
    `SELECT * FROM '${secret}'`,
    `SELECT * FROM "${secret}"`,
    `SELECT * FROM read_text('${secret}')`,
    `FROM read_blob('${secret}')`,
    `SELECT * FROM read_parquet('${secret}')`,
    `SELECT * FROM glob('${dir}/*')`,
    `COPY t TO '${out}'`,
    `COPY t FROM '${secret}'`,
    `ATTACH '${join(dir, 'x.db')}'`,
    'INSTALL httpfs',
    'LOAD icu',
    'PRAGMA database_list',
    'SET threads = 1',
    `EXPORT DATABASE '${dir}'`,
    "SELECT getenv('HOME')",
    'CALL pragma_version()',
    'VACUUM',
    'CHECKPOINT',
    'SELECT * FROM force_checkpoint()',
    "SELECT * FROM query('SELECT 1')",
    'USE omh',
    'BEGIN',
    'PREPARE p AS SELECT 1',
    'CREATE MACRO m(a) AS a',
    'CREATE SECRET s (TYPE s3)',
    `CREATE TABLE u AS SELECT * FROM read_csv('${secret}')`,
    `INSERT INTO t SELECT * FROM read_csv('${secret}')`,
    'CREATE SCHEMA s',
    'DROP SCHEMA omh CASCADE',
    'CREATE TEMP TABLE x(a INT)',
    'DELETE FROM omh.tags',
    'DELETE FROM OMH.tags',
    'DELETE FROM "omh".tags',
    'DROP TABLE omh.meta',
    'INSERT INTO omh.meta VALUES (1, 2)',
    'UPDATE omh.progress SET frame = 0',
    'DELETE FROM U&"\\006fmh".tags',
    'ALTER TABLE omh.tags RENAME TO x',
    'DROP TABLE t, omh.meta',
    'DETACH history',
    'RESET ALL',
    "SELECT 'open",
  ];
  await Promise.all(
    statements.flatMap((sql) => [
      assert.rejects(historian.query(sql, [], readRights), coded(/^HISTORIAN_SQL_/), `read: ${sql}`),
      assert.rejects(historian.query(sql, [], writeRights), coded(/^HISTORIAN_SQL_/), `write: ${sql}`),
      assert.rejects(historian.ddl(sql), coded(/^HISTORIAN_SQL_/), `ddl: ${sql}`),
      assert.rejects(historian.insert(sql, [[]]), coded(/^HISTORIAN_SQL_/), `insert: ${sql}`),
    ]),
  );
  assert.equal(existsSync(out), false);
  assert.deepEqual((await historian.query('SHOW TABLES', [], readRights)).rows, [['last_values'], ['samples'], ['t']]);
});

test('a second hub on the same directory is told which process holds it', async () => {
  const first = await started();
  const second = make();
  await assert.rejects(second.start(), coded('HISTORIAN_DIRECTORY_IN_USE', new RegExp(`process ${first.pid}`)));
  assert.equal(second.health().state, 'failed');
  assert.equal(await count(first, 'SELECT 1'), 1);
});

test('a file that is no database, a format from the future and an impossible directory each get a sentence', async () => {
  writeFileSync(join(dir, 'history.duckdb'), 'x'.repeat(20_000));
  await assert.rejects(make().start(), coded('HISTORIAN_FILE_CORRUPT', /history\.duckdb/));
  assert.equal(readFileSync(join(dir, 'history.duckdb'), 'utf8').length, 20_000);

  const newer = join(dir, 'newer');
  await (await started({ dir: newer })).stop();
  const instance = await DuckDBInstance.create(join(newer, 'history.duckdb'));
  const connection = await instance.connect();
  await connection.run("UPDATE omh.meta SET value = '99' WHERE key = 'format'");
  connection.closeSync();
  instance.closeSync();
  await assert.rejects(make({ dir: newer }).start(), coded('HISTORIAN_FORMAT_NEWER', /format 99/));

  writeFileSync(join(dir, 'file'), '');
  await assert.rejects(make({ dir: join(dir, 'file', 'below') }).start(), coded('HISTORIAN_START_FAILED'));
});

test('a store that cannot be opened once can be opened when the reason is gone', async () => {
  writeFileSync(join(dir, 'history.duckdb'), 'x'.repeat(20_000));
  const historian = make();
  await assert.rejects(historian.start());
  rmSync(join(dir, 'history.duckdb'));
  await historian.start();
  assert.equal(historian.health().state, 'running');
});

test('stopping while it starts ends it', async () => {
  const historian = make();
  const starting = assert.rejects(historian.start(), coded('HISTORIAN_STOPPED'));
  await Promise.all([historian.stop(), historian.stop(), starting]);
  assert.equal(historian.pid, undefined);
  assert.equal(historian.health().state, 'stopped');
});

test('a wrong setup statement leaves the historian working and says what is wrong', async () => {
  const setup = ['CREATE TABL x(a INT)', 'CREATE TABLE conditions(time TIMESTAMPTZ)', "SELECT create_hypertable('conditions', 'time')"];
  const historian = await started({ setup });
  assert.equal(historian.health().state, 'degraded');
  assert.match(historian.health().reason.text, /TABL/);
  assert.equal(await count(historian, 'SELECT count(*) FROM conditions'), 0);
});

test('setup runs at every start without complaint', async () => {
  const setup = [
    'CREATE TABLE conditions(time TIMESTAMPTZ)',
    'CREATE INDEX by_time ON conditions(time)',
    "SELECT create_hypertable('conditions', 'time')",
  ];
  await (await started({ setup })).stop();
  const again = await started({ setup });
  assert.equal(again.health().state, 'running', again.health().reason.text);
});

/** The real clock, some days away. */
const shifted = (days: () => number): Clock => ({ ...systemClock, now: () => (systemClock.now() + days() * dayMs * 1000) as Micros });

test('days older than the retention go as a whole, at the start too', async () => {
  let ahead = 0;
  const clock = shifted(() => ahead);
  const historian = await started({ clock, retentionMs: 2 * dayMs });
  await historian.ensureTags([testTag(1, 'double'), testTag(2, 'string')]);
  const now = clock.now();
  await historian.append(
    testSeries(1, [
      [now, 1],
      [now - dayMs * 1000, 2],
    ]),
  );
  await historian.append(testSeries(1, [[now - 30 * dayMs * 1000, 3]]));
  assert.equal(await count(historian, 'SELECT count(*) FROM samples'), 2);
  assert.equal(historian.stats().refused, 1);
  await historian.stop();
  ahead = 2;
  await historian.start();
  // dropping runs after the start on the writing lane, which a commit waits for
  await historian.append(testSeries(1, [[clock.now(), 4]]));
  assert.deepEqual((await historian.query('SELECT value FROM samples ORDER BY time', [], readRights)).rows, [[1], [4]]);
});

test('a clock far ahead makes no table of its own and hides nothing', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const now = systemClock.now();
  const ahead = now + 4000 * dayMs * 1000;
  await historian.append(
    testSeries(1, [
      [now - 1_000_000, 1],
      [ahead, 2],
      [ahead + dayMs * 1000 * 900, 3],
      [1e300, 4],
      [-5, 5],
      [NaN, 6],
    ]),
  );
  assert.equal(await count(historian, "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'hot%'"), 1);
  const series = await historian.history({ tag: 1 as TagId, from: ahead as Micros, to: (ahead + 1_000_000) as Micros, points: 10 });
  assert.deepEqual(series.value, [2]);
  assert.equal(await count(historian, 'SELECT count(*) FROM samples'), 6);
});

test('a day of one tag at 1 Hz gives its right minimum and maximum in 500 points', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const day = (Math.floor(systemClock.now() / (dayMs * 1000)) - 1) * dayMs * 1000;
  for (let from = 0; from < 86_400; from += 8640) {
    await historian.append(
      testSeries(
        1,
        Array.from({ length: 8640 }, (_, i): [number, number] => {
          const s = from + i;
          return [day + s * 1_000_000, s === 40_000 ? 999 : s === 70_001 ? -999 : 20 + Math.sin(s / 500)];
        }),
      ),
    );
  }
  const series = await historian.history({ tag: 1 as TagId, from: day as Micros, to: (day + dayMs * 1000) as Micros, points: 500 });
  assert.equal(series.samples, 86_400);
  assert.ok(series.time.length <= 500 && series.time.length >= 490);
  assert.equal(series.time[series.value.indexOf(999)], day + 40_000 * 1_000_000);
  assert.equal(series.time[series.value.indexOf(-999)], day + 70_001 * 1_000_000);
  assert.deepEqual(series.gaps, []);
});

test('a gap names its quality, and the time the hub was off is one', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const from = systemClock.now() - 600_000_000;
  const at = (s: number): number => from + s * 1_000_000;
  const samples = (a: number, b: number, value: number | null): [number, number | null][] =>
    Array.from({ length: b - a }, (_, i) => [at(a + i), value]);
  await historian.append(testSeries(1, samples(0, 100, 1)));
  await historian.append(testSeries(1, samples(100, 130, null), Quality.badTimeout));
  await historian.append(testSeries(1, samples(130, 140, null), Quality.badNotConnected));
  await historian.append(testSeries(1, samples(140, 200, 2)));
  await historian.append(testSeries(1, samples(300, 400, 3)));
  const series = await historian.history({ tag: 1 as TagId, from: at(0) as Micros, to: at(600) as Micros, points: 50 });
  assert.deepEqual(
    series.gaps.map((g) => [Math.round((g.from - from) / 1e6), Math.round((g.to - from) / 1e6), g.reason.slice(0, 20)]),
    [
      [100, 130, series.gaps[0]!.reason.slice(0, 20)],
      [130, 140, 'the device is not co'],
      [199, 300, 'no data was stored'],
      [399, 600, 'no data was stored'],
    ],
  );
  assert.ok(series.value.includes(null));
});

test('a quality code nobody knows still has a word and a sentence', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const batch = testSeries(1, [[systemClock.now(), 1]]);
  batch.quality[0] = 0x40ee;
  await historian.append(batch);
  assert.deepEqual((await historian.query('SELECT value, quality, reason FROM samples', [], readRights)).rows, [
    [1, 'uncertain', 'usable with care'],
  ]);
});

test('a full queue is shown as degraded', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const batch = testSeries(
    1,
    Array.from({ length: 200_000 }, (_, i): [number, number] => [systemClock.now() - i, i]),
  );
  const answers = await Promise.allSettled([1, 2, 3].map(() => historian.append(batch)));
  assert.deepEqual(
    answers.map((a) => a.status),
    ['fulfilled', 'fulfilled', 'rejected'],
  );
  assert.equal(historian.health().state, 'degraded');
  assert.equal(historian.health().reason.code, 'HISTORIAN_OVERLOADED');
  assert.equal(historian.stats().lost, 200_000);
});

test('every metric that is shown is declared, and the file grows', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  await historian.append(testSeries(1, [[systemClock.now(), 1]]));
  const shown = [...historian.metrics()];
  assert.deepEqual(shown.map((m) => m.name).sort(), Object.keys(metrics).sort());
  assert.equal(shown.find((m) => m.name === 'omh_historian_samples_total')?.value, 1);
  assert.ok(historian.stats().bytesOnDisk > 0);
});
