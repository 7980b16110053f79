import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock } from '@omh/core';
import { Hub } from './hub.ts';
import { restoreBackup, type Restored } from './restore.ts';
import { code, freePort } from './testing/running-hub.ts';

// One row for each version that ever was: a data directory as that version of omh left it, with something in every store of it.
const fixtures = ['data-version-1'];

async function opened(t: TestContext, name: string): Promise<Restored> {
  const dir = mkdtempSync(join(tmpdir(), 'omh-versions-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  const file = fileURLToPath(new URL(`../src/fixtures/${name}.backup.tar.gz`, import.meta.url));
  return restoreBackup({ file, dataDir: join(dir, 'data') });
}
async function hubOn(t: TestContext, { configFile, dataDir }: Restored): Promise<Hub> {
  const ports = { modbus: await freePort() };
  const hub = new Hub({ file: configFile, dataDir, version: 'test', clock: systemClock, log: silentLogger, adminTokens: [], ports });
  t.after(() => hub.stop());
  return hub;
}

for (const name of fixtures) {
  test(`${name}: every store of it opens with what was in it`, async (t) => {
    const restored = await opened(t, name);
    assert.deepEqual(restored.counts, restored.manifest.counts);
    const hub = await hubOn(t, restored);
    assert.equal(hub.config.hub.name, 'kept');
    assert.equal(hub.access.people.get('ann')?.displayName, 'Ann');
    assert.equal(hub.access.tokens.list().length, 1);
    assert.equal(hub.access.devices.list().length, 1);
    assert.equal(hub.revision, 2);
    assert.deepEqual(
      (await hub.revisions(10)).revisions.map(({ comment }) => comment),
      ['twice as often', 'As found at the first start'],
    );
    await hub.start();
    const audit = await hub.access.audit.verify();
    assert.ok(audit.ok && audit.count >= 3);
    const { rows } = await hub.historian.query('SELECT word FROM notes ORDER BY word', [], {
      rights: 'read',
      timeoutMs: 10_000,
      maxRows: 9,
    });
    assert.deepEqual(rows, [['first'], ['second']]);
    assert.deepEqual(
      hub.values.tags().map(({ id, name: tag }) => [id, tag]),
      [
        [1, 'temperature'],
        [2, 'humidity'],
      ],
    );
  });
}

test('a document of a newer version is refused with a sentence, and left as it is', async (t) => {
  for (const [file, what] of [
    ['state/people.json', 'people'],
    ['state/tags.json', 'tag ids'],
    ['state/hub.json', "the hub's id"],
  ] as const) {
    const restored = await opened(t, 'data-version-1');
    const path = join(restored.dataDir, file);
    const newer = readFileSync(path, 'utf8').replace('"version": 1', '"version": 99');
    writeFileSync(path, newer);
    assert.equal(await code(hubOn(t, restored)), 'STORAGE_NEWER', what);
    assert.equal(readFileSync(path, 'utf8'), newer);
    assert.ok(!existsSync(join(restored.dataDir, 'lock')), 'the directory is given back');
  }
});
