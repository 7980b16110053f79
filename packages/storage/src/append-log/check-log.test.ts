import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { AppendLog } from './append-log.ts';
import { checkLog, readLog } from './check-log.ts';
import { pinLog } from './pin-log.ts';

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-check-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
async function filled(dir: string, count: number): Promise<AppendLog> {
  const log = await AppendLog.open(dir, { mode: 'os', segmentBytes: 400 });
  for (let i = 0; i < count; i++) await log.durable(log.append(Buffer.from(`record ${i}`)));
  return log;
}
const textsOf = async (dir: string): Promise<string[]> => {
  const out: string[] = [];
  for await (const { record } of readLog(dir)) out.push(Buffer.from(record).toString());
  return out;
};

test('a flipped byte anywhere in a log is found, with its file and record, and nothing is repaired', async (t) => {
  const dir = folder(t);
  await (await filled(dir, 40)).close();
  assert.deepEqual((await checkLog(dir)).damage, []);
  assert.equal((await checkLog(dir)).records, 40);
  const names = readdirSync(dir).filter((name) => name.endsWith('.seg'));
  assert.ok(names.length > 2);
  for (const name of names) {
    const bytes = readFileSync(join(dir, name));
    const first = Number(name.slice(0, 16));
    for (let at = 0; at < bytes.length; at++) {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << (at % 8);
      writeFileSync(join(dir, name), copy);
      const { damage } = await checkLog(dir);
      assert.ok(damage.length > 0, `byte ${at} of ${name}`);
      assert.equal(damage[0]!.file, name);
      assert.ok(damage[0]!.position >= first && damage[0]!.byte <= at, JSON.stringify(damage[0]));
      assert.deepEqual(readFileSync(join(dir, name)), copy);
    }
    writeFileSync(join(dir, name), bytes);
  }
});

test('a missing segment and a missing end of one are found', async (t) => {
  const dir = folder(t);
  await (await filled(dir, 40)).close();
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.seg'))
    .sort();
  const [, second] = names;
  const bytes = readFileSync(join(dir, second!));
  rmSync(join(dir, second!));
  assert.match((await checkLog(dir)).damage[0]!.why, /records before it are missing/);
  writeFileSync(join(dir, second!), bytes.subarray(0, bytes.length - 3));
  assert.deepEqual(
    (await checkLog(dir)).damage.map(({ file }) => file),
    [second],
  );
  assert.deepEqual(await checkLog(join(dir, 'nowhere')), { segments: 0, records: 0, damage: [] });
});

test('a log that is written to is held as it was: up to one record, however it goes on', async (t) => {
  const dir = folder(t);
  const log = await filled(dir, 30);
  t.after(() => log.close());
  const pinned = await pinLog(dir, 24);
  const whole = await pinLog(dir);
  for (let i = 30; i < 90; i++) await log.durable(log.append(Buffer.from(`record ${i}`)));
  await log.trim(60);
  for (const [held, count] of [
    [pinned, 25],
    [whole, 30],
  ] as const) {
    const copy = folder(t);
    for (const { name, bytes, read } of held.files) {
      const content = await buffer(read());
      assert.equal(content.length, bytes);
      writeFileSync(join(copy, name), content);
    }
    await held.close();
    const check = await checkLog(copy);
    assert.deepEqual([check.records, check.damage], [count, []]);
    assert.deepEqual(
      await textsOf(copy),
      Array.from({ length: count }, (_, i) => `record ${i}`),
    );
  }
});
