import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OmhError } from '../errors.ts';
import type { Historian, HistoryTag, QueryOptions, SqlResult, SqlValue } from '../historian.ts';
import { Quality } from '../quality.ts';
import type { DataType, TagId } from '../tag.ts';
import type { Micros } from '../time.ts';
import { createBatch } from '../value-batch.ts';
import type { ValueBatch } from '../value-batch.ts';

/** A historian that runs on an empty store, and how to end it. */
export interface HistorianUnderTest {
  readonly historian: Historian;
  /** The historian's own clock, µs UTC. */
  now(): Micros;
  close(): Promise<void>;
}

export const readRights: QueryOptions = { rights: 'read', timeoutMs: 10_000, maxRows: 100_000 };
export const writeRights: QueryOptions = { ...readRights, rights: 'write' };

/** A tag for tests; its path is `plant/{name}`. */
export const testTag = (id: number, type: DataType, more: Partial<HistoryTag> = {}): HistoryTag => ({
  id: id as TagId,
  path: `plant/t${id}`,
  device: 'press',
  group: 'main',
  name: `t${id}`,
  type,
  scaled: false,
  ...more,
});

/** Samples of one tag: a number each, null for a sample without value. */
export function testSeries(
  tag: number,
  samples: readonly (readonly [time: number, value: number | null])[],
  quality = Quality.badTimeout,
): ValueBatch {
  const batch = createBatch(samples.length, samples[0]![0] as Micros);
  batch.sourceTime = Float64Array.from(samples, ([time]) => time);
  for (const [i, [, value]] of samples.entries()) {
    batch.ids[i] = tag;
    batch.num[i] = value ?? 0;
    batch.quality[i] = value === null ? quality : Quality.good;
  }
  return batch;
}

const second = 1_000_000;
const codeOf =
  (code: string | RegExp) =>
  (thrown: unknown): boolean => {
    assert.ok(thrown instanceof OmhError, `an error with a code, not ${String(thrown)}`);
    assert.match(thrown.code, typeof code === 'string' ? new RegExp(`^${code}$`) : code);
    assert.ok(thrown.text.length > 10 && !thrown.text.includes('undefined'), thrown.text);
    return true;
  };

/** What every historian does, whatever its engine. `open` gives a fresh one. */
export function historianSuite(name: string, open: () => Promise<HistorianUnderTest>): void {
  describe(`historian contract: ${name}`, () => {
    let under: HistorianUnderTest;
    let h: Historian;
    let start: number;
    before(async () => {
      under = await open();
      h = under.historian;
      start = Math.floor(under.now() / second) * second - 3600 * second;
      await h.ddl('CREATE TABLE conditions(time TIMESTAMPTZ NOT NULL, temperature DOUBLE PRECISION NULL, humidity DOUBLE PRECISION NULL)');
    });
    after(() => under.close());
    const select = (sql: string, ...params: SqlValue[]): Promise<SqlResult> => h.query(sql, params, readRights);

    test('appended samples of every type come back in the samples view with path, quality and reason', async () => {
      await h.ensureTags([
        testTag(1, 'double', { unit: 'Cel' }),
        testTag(2, 'bool'),
        testTag(3, 'int64'),
        testTag(4, 'string'),
        testTag(5, 'uint64'),
      ]);
      const batch = createBatch(5, start as Micros, { i64: true, any: true });
      batch.ids.set([1, 2, 3, 4, 5]);
      batch.num.set([21.5, 1, 0, 0, 0]);
      batch.i64![2] = -(2n ** 53n) - 3n;
      batch.any![3] = "o'brien; drop table conditions; --";
      batch.i64![4] = BigInt.asIntN(64, 2n ** 63n);
      await h.append(batch);
      const { rows, columns } = await select('SELECT * FROM samples ORDER BY path');
      assert.deepEqual(
        columns.map((c) => c.name),
        ['time', 'path', 'device', 'group', 'tag', 'value', 'text', 'quality', 'reason'],
      );
      assert.deepEqual(
        columns.map((c) => c.type),
        ['timestamptz', 'text', 'text', 'text', 'text', 'float8', 'text', 'text', 'text'],
      );
      assert.deepEqual(
        rows.map((r) => [r[5], r[6]]),
        [
          [21.5, null],
          [1, null],
          [-(2 ** 53) - 4, null],
          [null, "o'brien; drop table conditions; --"],
          [2 ** 63, null],
        ],
      );
      assert.deepEqual(rows[0]!.slice(0, 5), [{ micros: start }, 'plant/t1', 'press', 'main', 't1']);
      assert.deepEqual(rows[0]!.slice(7), ['good', 'the device answered']);
    });

    test('a sample without value is stored as such, and the last usable value keeps its own time', async () => {
      await h.ensureTags([testTag(10, 'int16')]);
      await h.append(
        testSeries(10, [
          [start, 7],
          [start + second, null],
        ]),
      );
      const { rows } = await select("SELECT value, quality, reason FROM samples WHERE tag = 't10' ORDER BY time");
      assert.deepEqual(rows, [
        [7, 'good', 'the device answered'],
        [null, 'bad', rows[1]![2]!],
      ]);
      assert.match(String(rows[1]![2]), /answer/);
      const last = await select("SELECT time, value, quality, age FROM last_values WHERE tag = 't10'");
      assert.deepEqual(last.rows[0]!.slice(0, 3), [{ micros: start }, 7, 'bad']);
      assert.ok(Number(last.rows[0]![3]) > 3000, 'age in seconds');
    });

    test('a sample of a tag that was never made known is refused', async () => {
      await assert.rejects(h.append(testSeries(999_999, [[start, 1]])), codeOf('HISTORIAN_UNKNOWN_TAG'));
    });

    test('a renamed tag keeps its history', async () => {
      await h.ensureTags([testTag(11, 'double')]);
      await h.append(testSeries(11, [[start, 1]]));
      await h.ensureTags([testTag(11, 'double', { path: 'plant/renamed', name: 'renamed' })]);
      assert.deepEqual((await select("SELECT value FROM samples WHERE path = 'plant/renamed'")).rows, [[1]]);
    });

    test('an insert binds its values, stores now() as the moment of handing in, and missing is NULL', async () => {
      const from = under.now();
      const outcome = await h.insert('INSERT INTO conditions(time, temperature, humidity) VALUES (now(), $1, $2)', [
        [281, 700.5],
        [282, null],
      ]);
      assert.deepEqual(outcome, { inserted: 2, refused: [] });
      const { rows } = await select('SELECT time, temperature, humidity FROM conditions ORDER BY temperature');
      assert.deepEqual(
        rows.map((r) => r.slice(1)),
        [
          [281, 700.5],
          [282, null],
        ],
      );
      const time = (rows[0]![0] as { micros: number }).micros;
      assert.ok(time >= from - second && time <= under.now() + second);
    });

    test('a value of the wrong type refuses its own row only and says why', async () => {
      await h.ddl('CREATE TABLE typed(time TIMESTAMPTZ NOT NULL, temperature DOUBLE PRECISION, n INTEGER)');
      const outcome = await h.insert('INSERT INTO typed(time, temperature, n) VALUES ($1, $2, $3)', [
        [{ micros: start as Micros }, 1, 1],
        [{ micros: start as Micros }, 'n/a', 2],
        [null, 3, 3],
        [{ micros: start as Micros }, 4, 2 ** 40],
        ['2026-01-01T00:00:00Z', '5.5', 5],
      ]);
      assert.equal(outcome.inserted, 2);
      assert.deepEqual(
        outcome.refused.map((r) => r.row),
        [1, 2, 3],
      );
      assert.match(outcome.refused[0]!.reason.text, /temperature.*(DOUBLE|double).*"n\/a"/);
      assert.match(outcome.refused[1]!.reason.text, /time/);
      assert.deepEqual((await select('SELECT temperature, n FROM typed ORDER BY n')).rows, [
        [1, 1],
        [5.5, 5],
      ]);
    });

    test('a row that breaks a constraint is refused alone', async () => {
      await h.ddl('CREATE TABLE keyed(k INTEGER PRIMARY KEY, v DOUBLE PRECISION CHECK (v < 100))');
      const outcome = await h.insert('INSERT INTO keyed(k, v) VALUES ($1, $2)', [
        [1, 1],
        [2, 2],
        [1, 3],
        [4, 400],
        [5, 5],
      ]);
      assert.deepEqual([outcome.inserted, outcome.refused.map((r) => r.row)], [3, [2, 3]]);
      assert.deepEqual((await select('SELECT k FROM keyed ORDER BY k')).rows, [[1], [2], [5]]);
    });

    test('an insert with expressions and defaults runs as the statement says', async () => {
      await h.ddl("CREATE TABLE lively(noted TIMESTAMPTZ DEFAULT now(), celsius DOUBLE PRECISION, note TEXT DEFAULT 'none')");
      const outcome = await h.insert('INSERT INTO lively(celsius) VALUES ($1 / 10.0)', [[215], [220]]);
      assert.deepEqual(outcome, { inserted: 2, refused: [] });
      assert.deepEqual((await select('SELECT celsius, note FROM lively ORDER BY celsius')).rows, [
        [21.5, 'none'],
        [22, 'none'],
      ]);
    });

    test('tables may be named with the schema public', async () => {
      await h.ddl('CREATE TABLE public.placed(a INTEGER)');
      assert.equal((await h.insert('INSERT INTO public.placed(a) VALUES ($1)', [[1]])).inserted, 1);
      assert.deepEqual((await select('SELECT p.a FROM public.placed AS p')).rows, [[1]]);
    });

    test('hostile text is stored as text', async () => {
      await h.ddl('CREATE TABLE texts(t TEXT)');
      const hostile = ["'; drop table conditions; --", "x'); DELETE FROM texts; --", '$1', '${x}', '\\', '"', '漢字 🙂', ''];
      await h.insert(
        'INSERT INTO texts VALUES ($1)',
        hostile.map((t) => [t]),
      );
      const { rows } = await select('SELECT t FROM texts');
      assert.deepEqual(new Set(rows.map((r) => r[0])), new Set(hostile));
      assert.equal(rows.length, hostile.length);
      assert.equal(Number((await select('SELECT count(*) FROM conditions')).rows[0]![0]) >= 0, true);
    });

    test('an insert into a table that is not there rejects as a whole with a sentence', async () => {
      await assert.rejects(h.insert('INSERT INTO nowhere(a) VALUES ($1)', [[1]]), codeOf('HISTORIAN_SQL_ERROR'));
      await assert.rejects(h.insert('DELETE FROM conditions', [[]]), codeOf('HISTORIAN_SQL_NOT_INSERT'));
      await assert.rejects(
        h.insert('INSERT INTO conditions(time) VALUES (now()); DROP TABLE conditions', [[]]),
        codeOf('HISTORIAN_SQL_ONE_STATEMENT'),
      );
      await h.insert('INSERT INTO conditions(time, temperature) VALUES (now(), $1)', [[1]]);
    });

    test('create_hypertable and CREATE EXTENSION are accepted, a wrong table is not', async () => {
      await h.ddl('CREATE EXTENSION IF NOT EXISTS timescaledb CASCADE');
      await h.ddl("SELECT create_hypertable('typed', 'time', if_not_exists => true, migrate_data => true)");
      await assert.rejects(h.ddl("SELECT create_hypertable('nowhere', 'time')"), codeOf(/^HISTORIAN_/));
      await assert.rejects(h.ddl("SELECT create_hypertable('typed', 'nope')"), codeOf(/^HISTORIAN_/));
    });

    test('a read answers with PostgreSQL types, parameters and a bound on rows', async () => {
      const { columns, rows } = await select(
        "SELECT $1::INTEGER AS a, $2::TEXT AS b, TIMESTAMPTZ '2026-01-02 03:04:05.000006+00' AS c, true AS d",
        7,
        'x',
      );
      assert.deepEqual(
        columns.map((c) => c.type),
        ['int4', 'text', 'timestamptz', 'bool'],
      );
      assert.deepEqual(rows, [[7, 'x', { micros: Date.UTC(2026, 0, 2, 3, 4, 5) * 1000 + 6 }, true]]);
      const many = await h.query('SELECT * FROM generate_series(1, 1000) AS g(i)', [], { ...readRights, maxRows: 10 });
      assert.deepEqual([many.rows.length, many.truncated], [10, true]);
    });

    test('reading rights change nothing, whatever the statement looks like', async () => {
      for (const sql of [
        'DELETE FROM conditions',
        'DROP TABLE conditions',
        'INSERT INTO conditions(time) VALUES (now())',
        'UPDATE conditions SET temperature = 0',
        'CREATE TABLE evil(a INT)',
        'EXPLAIN ANALYZE DELETE FROM conditions',
        'TRUNCATE conditions',
        'SELECT 1; DROP TABLE conditions',
        '/* x */ DROP TABLE conditions',
        'BEGIN',
        'COMMIT',
        "COPY conditions TO '/tmp/omh-must-not-exist.csv'",
        'ALTER TABLE conditions ADD COLUMN x INT',
      ])
        await assert.rejects(select(sql), codeOf(/^HISTORIAN_SQL_/), sql);
      assert.ok(Number((await select('SELECT count(*) FROM conditions')).rows[0]![0]) > 0);
    });

    test("writing rights change user tables and never the historian's own", async () => {
      await h.query('CREATE TABLE mine(a INTEGER)', [], writeRights);
      await h.query('INSERT INTO mine VALUES ($1), ($2)', [1, 2], writeRights);
      await h.query('UPDATE mine SET a = a + 10', [], writeRights);
      await h.query('DELETE FROM mine WHERE a = 12', [], writeRights);
      assert.deepEqual((await select('SELECT a FROM mine')).rows, [[11]]);
      await h.query('DROP TABLE mine', [], writeRights);
      for (const sql of ['DROP VIEW samples', 'DROP VIEW last_values', 'CREATE OR REPLACE VIEW samples AS SELECT 1']) {
        await assert.rejects(h.query(sql, [], writeRights), codeOf(/^HISTORIAN_SQL_/), sql);
      }
    });

    test('a query that takes too long is stopped, and the next one runs', async () => {
      const endless = 'SELECT sum(a.i * b.i) FROM generate_series(1, 1000000) AS a(i), generate_series(1, 1000000) AS b(i)';
      await assert.rejects(h.query(endless, [], { ...readRights, timeoutMs: 150 }), codeOf('HISTORIAN_SQL_TIMEOUT'));
      assert.deepEqual((await select('SELECT 1 AS one')).rows, [[1]]);
    });

    test('a faulty statement names the fault', async () => {
      await assert.rejects(select('SELECT temprature FROM conditions'), (thrown: unknown) => {
        assert.ok(thrown instanceof OmhError);
        assert.equal(thrown.code, 'HISTORIAN_SQL_ERROR');
        assert.match(thrown.text, /temprature/);
        return true;
      });
    });

    test('few samples come back as they are, with their gaps', async () => {
      await h.ensureTags([testTag(20, 'double')]);
      const at = (s: number): number => start + s * second;
      const samples: [number, number | null][] = [];
      for (let s = 0; s < 30; s++) samples.push([at(s), s >= 10 && s < 13 ? null : s]);
      for (let s = 50; s < 60; s++) samples.push([at(s), s]);
      await h.append(testSeries(20, samples));
      const series = await h.history({ tag: 20 as TagId, from: at(0) as Micros, to: at(60) as Micros, points: 100 });
      assert.equal(series.bucketMs, 0);
      assert.equal(series.samples, 40);
      assert.deepEqual(
        series.time,
        samples.map(([t]) => t),
      );
      assert.deepEqual(
        series.value,
        samples.map(([, v]) => v),
      );
      assert.deepEqual(series.quality.slice(9, 14), ['good', 'bad', 'bad', 'bad', 'good']);
      assert.deepEqual(
        series.gaps.map((g) => [g.from, g.to, g.quality]),
        [
          [at(10), at(13), 'bad'],
          [at(29), at(50), 'bad'],
        ],
      );
      assert.equal(series.gaps[1]!.reason, 'no data was stored');
      const inside = await h.history({ tag: 20 as TagId, from: at(35) as Micros, to: at(45) as Micros, points: 100 });
      assert.deepEqual(inside.gaps, [{ from: at(35), to: at(45), quality: 'bad', reason: 'no data was stored' }]);
    });

    test('many samples keep their peaks in at most as many points as asked for', async () => {
      await h.ensureTags([testTag(21, 'double')]);
      const samples: [number, number][] = [];
      for (let s = 0; s < 3000; s++) samples.push([start + s * second, s === 1234 ? 1e6 : s === 2345 ? -1e6 : Math.sin(s / 100)]);
      await h.append(testSeries(21, samples));
      const range = { tag: 21 as TagId, from: start as Micros, to: (start + 3000 * second) as Micros };
      const series = await h.history({ ...range, points: 100 });
      assert.ok(series.time.length <= 100 && series.time.length > 50);
      assert.equal(series.samples, 3000);
      assert.equal(series.bucketMs, 60_000);
      assert.equal(series.time[series.value.indexOf(1e6)], start + 1234 * second);
      assert.equal(series.time[series.value.indexOf(-1e6)], start + 2345 * second);
      assert.deepEqual(
        series.time,
        [...series.time].sort((a, b) => a - b),
      );
      assert.deepEqual(series.gaps, []);
      const counts = await h.history({ ...range, points: 3, agg: 'count' });
      assert.deepEqual(counts.value, [1000, 1000, 1000]);
      const firsts = await h.history({ ...range, points: 3, agg: 'first' });
      assert.deepEqual(firsts.value, [samples[0]![1], samples[1000]![1], samples[2000]![1]]);
    });

    test('booleans and text come back as what they are', async () => {
      await h.ensureTags([testTag(22, 'bool'), testTag(23, 'string')]);
      await h.append(
        testSeries(22, [
          [start, 1],
          [start + second, 0],
        ]),
      );
      const batch = createBatch(2, start as Micros, { any: true });
      batch.ids.fill(23);
      batch.any![0] = 'run';
      batch.any![1] = 'stop';
      batch.sourceTime = Float64Array.of(start, start + second);
      await h.append(batch);
      const range = { from: start as Micros, to: (start + 10 * second) as Micros, points: 10 };
      assert.deepEqual((await h.history({ tag: 22 as TagId, ...range })).value, [true, false]);
      assert.deepEqual((await h.history({ tag: 23 as TagId, ...range })).value, ['run', 'stop']);
      assert.deepEqual((await h.history({ tag: 23 as TagId, ...range, points: 1, agg: 'last' })).value, ['stop']);
    });

    test('a tag whose type changes keeps its old series and starts a new one', async () => {
      await h.ensureTags([testTag(24, 'double')]);
      await h.append(testSeries(24, [[start, 1.5]]));
      await h.ensureTags([testTag(24, 'string')]);
      const batch = createBatch(1, (start + second) as Micros, { any: true });
      batch.ids[0] = 24;
      batch.any![0] = 'run';
      await h.append(batch);
      assert.deepEqual((await select("SELECT value, text FROM samples WHERE tag = 't24' ORDER BY time")).rows, [
        [1.5, null],
        [null, 'run'],
      ]);
      const series = await h.history({ tag: 24 as TagId, from: start as Micros, to: (start + 10 * second) as Micros, points: 10 });
      assert.deepEqual(series.value, ['1.5', 'run']);
    });

    test('a wrong history question says what is wrong', async () => {
      const range = { from: start as Micros, to: (start + second) as Micros };
      await assert.rejects(h.history({ tag: 424242 as TagId, ...range, points: 10 }), codeOf('HISTORIAN_HISTORY_TAG'));
      await assert.rejects(h.history({ tag: 1 as TagId, ...range, points: 0 }), codeOf('HISTORIAN_HISTORY_RANGE'));
      await assert.rejects(h.history({ tag: 1 as TagId, from: range.to, to: range.from, points: 10 }), codeOf('HISTORIAN_HISTORY_RANGE'));
    });

    test('flush waits for all that was handed in, and the counters agree', async () => {
      const before = h.stats();
      await h.ensureTags([testTag(30, 'double')]);
      const handed = [
        h.append(
          testSeries(30, [
            [start, 1],
            [start + second, 2],
          ]),
        ),
        h.insert('INSERT INTO conditions(time, temperature) VALUES (now(), $1)', [[9], ['x']]),
      ];
      assert.ok(h.stats().queued >= 4);
      await h.flush();
      const now = h.stats();
      assert.deepEqual([now.samples - before.samples, now.rows - before.rows, now.refused - before.refused, now.queued], [2, 1, 1, 0]);
      await Promise.all(handed);
    });

    test('a full queue refuses instead of growing, and what was taken is stored', async () => {
      await h.ensureTags([testTag(31, 'double')]);
      const results = await Promise.allSettled(
        Array.from({ length: 80 }, (_, b) =>
          h.append(
            testSeries(
              31,
              Array.from({ length: 8192 }, (_unused, i): [number, number] => [start + b * 8192 + i, i]),
            ),
          ),
        ),
      );
      const refused = results.filter((r) => r.status === 'rejected');
      assert.ok(refused.length > 0 && refused.length < 80);
      for (const r of refused) assert.equal((r.reason as OmhError).code, 'HISTORIAN_OVERLOADED');
      const stored = (await select("SELECT count(*) FROM samples WHERE tag = 't31'")).rows[0]![0];
      assert.equal(Number(stored), (80 - refused.length) * 8192);
    });
  });
}
