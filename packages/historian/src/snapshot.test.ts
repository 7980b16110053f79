import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { readRights, testSeries, testTag } from '@omh/core/testing';
import { EmbeddedHistorian } from './index.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-snapshot-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  return dir;
}
async function open(t: TestContext, dir: string): Promise<EmbeddedHistorian> {
  const historian = new EmbeddedHistorian({ dir, retentionMs: 90 * 86_400_000, clock: systemClock, log: silentLogger });
  t.after(() => historian.stop());
  await historian.start();
  return historian;
}
const headOf = (file: string): Buffer => readFileSync(file).subarray(0, 12_288);

test('the file of a snapshot holds what was counted, however much is written before it is copied', async (t) => {
  const historian = await open(t, folder(t));
  await historian.ddl('CREATE TABLE "my ""table"""(n INTEGER)');
  await historian.ensureTags([testTag(1, 'double')]);
  let rows = 0;
  let writing = true;
  const now = systemClock.now();
  const writer = (async () => {
    while (writing) {
      const many = Array.from({ length: 500 }, () => [rows++] as const);
      await historian.insert('INSERT INTO "my ""table""" VALUES ($1)', many);
      await historian.append(testSeries(1, [[now + rows, rows]]));
    }
  })();
  while (rows < 2000) await historian.flush().then(() => new Promise(setImmediate));
  const snapshot = await historian.snapshot();
  const head = headOf(snapshot.file);
  const counted = rows;
  while (rows < counted + 3000) await new Promise(setImmediate);
  writing = false;
  await writer;
  assert.deepEqual(headOf(snapshot.file), head, 'nothing was reorganised meanwhile');
  const dir = folder(t);
  copyFileSync(snapshot.file, join(dir, 'history.duckdb'));
  truncateSync(join(dir, 'history.duckdb'), snapshot.bytes);
  const copy = await open(t, dir);
  const { tables, samples } = await copy.check();
  assert.deepEqual([tables, samples], [snapshot.tables, snapshot.samples]);
  const user = snapshot.tables.find(({ name }) => name === 'main.my "table"')!;
  assert.ok(user.rows >= 1000 && user.rows < rows);
  assert.equal(samples, user.rows / 500);
  const { rows: last } = await copy.query('SELECT max(n)::INTEGER FROM "my ""table"""', [], readRights);
  assert.equal(last[0]![0], user.rows - 1, 'without a gap');
  assert.deepEqual((await historian.contents()).tables.find(({ name }) => name === user.name)?.rows, rows);
});

test('a check reads every row and names the table that cannot be read', async (t) => {
  const dir = folder(t);
  const first = await open(t, dir);
  await first.ddl('CREATE TABLE words(word TEXT)');
  for (let i = 0; i < 20; i++)
    await first.insert(
      'INSERT INTO words VALUES ($1)',
      Array.from({ length: 2000 }, (_, n) => [`word ${i} ${n} ${Math.sin(n + i)}`] as const),
    );
  await first.stop();
  const bytes = readFileSync(join(dir, 'history.duckdb'));
  // One flipped byte in each block: some keep the store from opening, those with the words are found by reading.
  const found: string[] = [];
  for (let at = 12_288 + 1000; at < bytes.length; at += 262_144) {
    const damaged = folder(t);
    const copy = Buffer.from(bytes);
    copy[at]! ^= 0x20;
    writeFileSync(join(damaged, 'history.duckdb'), copy);
    const historian = new EmbeddedHistorian({ dir: damaged, retentionMs: 90 * 86_400_000, clock: systemClock, log: silentLogger });
    try {
      await historian.start();
      found.push(...(await historian.check()).faults.map(({ table }) => table));
    } catch (thrown) {
      found.push((thrown as { code: string }).code);
    } finally {
      await historian.stop();
    }
  }
  assert.ok(found.includes('main.words'), found.join());
});
