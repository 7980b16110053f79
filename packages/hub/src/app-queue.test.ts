import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock, type Micros } from '@omh/core';
import { lockDataDirectory } from '@omh/storage';
import { openAppQueue } from './app-queue.ts';
import { listDataFiles } from './backup-files.ts';

test('each app has a folder of its own, whatever its name, and a backup takes all of it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-queue-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const directory = lockDataDirectory(dir);
  const names = ['north', 'Nördliche App', 'n.o.r.t.h', 'x'.repeat(120)];
  for (const name of names) {
    const queue = await openAppQueue(directory, name, {}, systemClock, silentLogger);
    assert.equal(queue.name, `app/${name}`);
    for (let i = 0; i < 3; i++) assert.equal(typeof queue.offer(Uint8Array.of(i), { time: 1 as Micros }), 'number');
    // One stays, one arrives, one is refused.
    const reason = { code: 'X', params: {}, text: 'X.' };
    queue.start(async (batch) =>
      batch.map(({ record }) => (record[0] === 0 ? { retry: reason } : record[0] === 1 ? 'done' : { refused: reason })),
    );
    for (let i = 0; i < 500 && queue.status().counters.failed === 0; i++) await systemClock.sleep(10);
    await queue.close();
  }
  const folders = readdirSync(join(dir, 'queues'));
  assert.ok(folders.length === names.length && folders.includes('app-north'), String(folders));
  const { logs } = listDataFiles(dir, new Set());
  assert.deepEqual(
    logs.filter((path) => path.includes('app-north')),
    ['queues/app-north', 'queues/app-north/cursor', 'queues/app-north/dead-letters'],
  );
  const again = await openAppQueue(directory, 'north', {}, systemClock, silentLogger);
  assert.deepEqual([(await again.entries()).length, (await again.deadLetters()).length], [1, 1]);
  await again.close();
  directory.release();
});
