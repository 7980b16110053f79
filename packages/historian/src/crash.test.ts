import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { OmhError, silentLogger, systemClock } from '@omh/core';
import type { Micros, TagId } from '@omh/core';
import { readRights, testSeries, testTag } from '@omh/core/testing';
import { EmbeddedHistorian } from './index.ts';

let dir: string;
const open: EmbeddedHistorian[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'omh-historian-'));
});
afterEach(async () => {
  for (const historian of open.splice(0)) await historian.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function started(setup: readonly string[] = []): Promise<EmbeddedHistorian> {
  const historian = new EmbeddedHistorian({ dir, retentionMs: 90 * 86_400_000, clock: systemClock, log: silentLogger, setup });
  open.push(historian);
  await historian.start();
  return historian;
}
const count = async (historian: EmbeddedHistorian, sql: string): Promise<number> =>
  Number((await historian.query(sql, [], readRights)).rows[0]![0]);

async function until(what: string, holds: () => boolean): Promise<void> {
  const patience = AbortSignal.timeout(10_000);
  while (!holds()) {
    if (patience.aborted) assert.fail(`${what} within 10 s`);
    await systemClock.sleep(5);
  }
}

test('kill -9 of the store in the middle of ingest loses nothing that was acknowledged and doubles nothing', async () => {
  const historian = await started(['CREATE TABLE numbers(n BIGINT NOT NULL, t TEXT)']);
  await historian.ensureTags([testTag(1, 'double')]);
  const base = systemClock.now() - 3600_000_000;
  let handed = 0;
  let refusedAnswers = 0;
  for (let round = 0; round < 5; round++) {
    const answers: Promise<unknown>[] = [];
    const victim = historian.pid!;
    for (let i = 0; i < 40; i++) {
      const n = handed++;
      answers.push(
        historian.append(
          testSeries(
            1,
            Array.from({ length: 50 }, (_, k): [number, number] => [base + n * 50 + k, n * 50 + k]),
          ),
        ),
      );
      answers.push(
        historian
          .insert('INSERT INTO numbers(n, t) VALUES ($1, $2)', [
            [n, 'a'],
            [n, n % 10 === 0 ? null : 'b'],
            [n % 10 === 0 ? null : n, 'c'],
          ])
          .then((outcome) => {
            refusedAnswers += outcome.refused.length;
          }),
      );
      if (i === 10 + round * 5) process.kill(victim, 'SIGKILL');
      await systemClock.sleep(i % 3);
    }
    const settled = await Promise.allSettled(answers);
    assert.deepEqual(
      settled.filter((s) => s.status === 'rejected'),
      [],
    );
    assert.notEqual(historian.pid, victim);
  }
  const samples = (await historian.query('SELECT count(*), count(DISTINCT value), count(DISTINCT time) FROM samples', [], readRights))
    .rows[0]!;
  assert.deepEqual(samples.map(Number), [handed * 50, handed * 50, handed * 50]);
  assert.equal(refusedAnswers, handed / 10);
  assert.equal(await count(historian, 'SELECT count(*) FROM numbers'), handed * 3 - handed / 10);
  assert.equal(await count(historian, "SELECT count(*) FROM (SELECT n FROM numbers WHERE t = 'a' GROUP BY n HAVING count(*) > 1)"), 0);
  assert.equal(historian.stats().lost, 0);
  assert.equal(historian.health().state, 'running');
});

test('while the store is away writes wait and questions are refused with a sentence', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double')]);
  const slow = historian.query('SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b', [], readRights);
  const refused = assert.rejects(slow, (thrown: unknown) => thrown instanceof OmhError && thrown.code === 'HISTORIAN_RESTARTING');
  process.kill(historian.pid!, 'SIGKILL');
  await refused;
  assert.equal(historian.health().state, 'lost');
  assert.ok(historian.health().nextTry !== undefined);
  await assert.rejects(
    historian.query('SELECT 1', [], readRights),
    (thrown: unknown) => thrown instanceof OmhError && thrown.code === 'HISTORIAN_RESTARTING',
  );
  await historian.append(testSeries(1, [[systemClock.now(), 1]]));
  assert.equal(await count(historian, 'SELECT count(*) FROM samples'), 1);
  assert.equal(historian.health().state, 'running');
});

test('last values survive a killed store', async () => {
  const historian = await started();
  await historian.ensureTags([testTag(1, 'double'), testTag(2, 'string')]);
  const at = systemClock.now() - 10_000_000;
  await historian.append(
    testSeries(1, [
      [at, 1],
      [at + 1, 2],
      [at + 2, null],
    ]),
  );
  process.kill(historian.pid!, 'SIGKILL');
  await until('the store is lost', () => historian.health().state === 'lost');
  await until('the store is back', () => historian.health().state === 'running');
  const { rows } = await historian.query('SELECT time, value, quality FROM last_values', [], readRights);
  assert.deepEqual(rows, [[{ micros: at + 1 }, 2, 'bad']]);
});

test('kill -9 of the whole hub keeps every acknowledged row, and the next hub opens the store', async () => {
  const script = `
    import { EmbeddedHistorian } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)};
    import { silentLogger, systemClock } from ${JSON.stringify(import.meta.resolve('@omh/core'))};
    const setup = ['CREATE TABLE n(n BIGINT)'];
    const h = new EmbeddedHistorian({ dir: ${JSON.stringify(dir)}, retentionMs: 1e9, clock: systemClock, log: silentLogger, setup });
    await h.start();
    console.log('pid', h.pid);
    for (let n = 0; ; n++) { await h.insert('INSERT INTO n VALUES ($1)', [[n]]); console.log('acked', n); }`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let acked = -1;
  let child = 0;
  for await (const line of createInterface(parent.stdout)) {
    const [what, n] = line.split(' ');
    if (what === 'pid') child = Number(n);
    else acked = Number(n);
    if (acked === 5) parent.kill('SIGKILL');
  }
  assert.ok(acked >= 5);
  const historian = await started();
  const { rows } = await historian.query('SELECT n FROM n ORDER BY n', [], readRights);
  assert.ok(rows.length > acked);
  assert.deepEqual(
    rows.map((r) => r[0]),
    rows.map((_, i) => i),
  );
  await until('the orphan is gone', () => {
    try {
      process.kill(child, 0);
      return false;
    } catch {
      return true;
    }
  });
});

test('stop and start keep data, tags, tables and last values', async () => {
  const historian = await started(['CREATE TABLE conditions(time TIMESTAMPTZ NOT NULL, temperature DOUBLE)']);
  await historian.ensureTags([testTag(1, 'double')]);
  const at = systemClock.now() - 60_000_000;
  await historian.append(
    testSeries(1, [
      [at, 1],
      [at + 1_000_000, 2],
    ]),
  );
  const unanswered = historian.insert('INSERT INTO conditions VALUES (now(), $1)', [[5]]);
  await historian.stop();
  assert.equal((await unanswered).inserted, 1);
  await assert.rejects(
    historian.query('SELECT 1', [], readRights),
    (thrown: unknown) => thrown instanceof OmhError && thrown.code === 'HISTORIAN_NOT_RUNNING',
  );
  await historian.start();
  assert.equal(await count(historian, 'SELECT count(*) FROM samples'), 2);
  assert.equal(await count(historian, 'SELECT temperature FROM conditions'), 5);
  assert.equal(await count(historian, 'SELECT value FROM last_values'), 2);
  const series = await historian.history({ tag: 1 as TagId, from: at as Micros, to: systemClock.now(), points: 10 });
  assert.deepEqual(series.value, [1, 2]);
});
