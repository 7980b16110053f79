import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger, systemClock, type DeliveryQueue, type Micros } from '@omh/core';
import { Documents, lockDataDirectory } from '@omh/storage';
import { AppQueues } from './app-queues.ts';
import { listDataFiles } from './backup-files.ts';

interface House {
  readonly dir: string;
  readonly storing: Set<string>;
  /** As a hub of the next start has it. */
  queues(): AppQueues;
}
function house(t: TestContext): House {
  const dir = mkdtempSync(join(tmpdir(), 'omh-queue-'));
  const directory = lockDataDirectory(dir);
  const storing = new Set<string>();
  const made: AppQueues[] = [];
  t.after(async () => {
    for (const queues of made) await queues.stop();
    directory.release();
    rmSync(dir, { recursive: true, force: true });
  });
  const documents = new Documents(directory.sub('state'));
  return {
    dir,
    storing,
    queues() {
      made.push(new AppQueues({ directory, documents, storing: () => storing, clock: systemClock, log: silentLogger }));
      return made.at(-1)!;
    },
  };
}
const offer = (queue: DeliveryQueue, n: number): void => {
  for (let i = 0; i < n; i++) assert.equal(typeof queue.offer(Uint8Array.of(i), { time: 1 as Micros }), 'number');
};

test('each app has a folder of its own, whatever its name, and a backup takes all of it', async (t) => {
  const { dir, queues } = house(t);
  const stored = queues();
  const names = ['north', 'Nördliche App', 'n.o.r.t.h', 'x'.repeat(120)];
  for (const name of names) {
    const queue = await stored.open(name, {});
    assert.equal(queue.name, `app/${name}`);
    offer(queue, 3);
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
  const again = await stored.open('north', {});
  assert.deepEqual([(await again.entries()).length, (await again.deadLetters()).length], [1, 1]);
  await again.close();
});

test('of queues without an app the empty ones go, the others stay, are listed under their names, and are found after a restart', async (t) => {
  const { dir, storing, queues } = house(t);
  const first = queues();
  for (const [name, n] of [
    ['busy', 1],
    ['empty', 0],
    ['Weg (alt)', 2],
    ['used', 1],
  ] as const) {
    const queue = await first.open(name, {});
    offer(queue, n);
    await queue.close();
  }
  storing.add('used');
  const namesOf = (stored: AppQueues): string[] =>
    stored
      .orphans()
      .map(({ name }) => name)
      .sort();
  await first.tidy();
  assert.deepEqual(namesOf(first), ['app/Weg (alt)', 'app/busy']);
  assert.equal(existsSync(join(dir, 'queues/app-empty')), false);
  assert.equal(existsSync(join(dir, 'queues/app-used')), true);
  await first.stop();
  const second = queues();
  await second.tidy();
  assert.deepEqual(namesOf(second), ['app/Weg (alt)', 'app/busy']);
  assert.equal(await second.remove('app/busy'), true);
  assert.equal(await second.remove('app/busy'), false);
  assert.equal(existsSync(join(dir, 'queues/app-busy')), false);
  const back = await second.open('Weg (alt)', {});
  assert.equal((await back.entries()).length, 2, 'the app is there again and has what waited');
  assert.deepEqual(namesOf(second), []);
  await back.close();
});

test('a folder that cannot be opened stays as it is and holds up nothing', async (t) => {
  const { dir, queues } = house(t);
  const stored = queues();
  mkdirSync(join(dir, 'queues/app-odd'), { recursive: true });
  writeFileSync(join(dir, 'queues/app-odd/dead-letters'), 'no folder');
  const late = await stored.open('late', {});
  offer(late, 1);
  await late.close();
  await stored.tidy();
  assert.deepEqual(
    stored.orphans().map(({ name }) => name),
    ['app/late'],
  );
  assert.equal(existsSync(join(dir, 'queues/app-odd/dead-letters')), true);
});
