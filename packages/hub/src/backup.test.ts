import assert from 'node:assert/strict';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { EmbeddedHistorian } from '@omh/historian';
import { silentLogger, systemClock, type Historian } from '@omh/core';
import { backupDirectory, verifyDirectory } from './closed-directory.ts';
import { Hub } from './hub.ts';
import { restoreBackup } from './restore.ts';
import { code, file, freePort, hub, me, until } from './testing/running-hub.ts';

const secret = 'the-canary-in-a-secret-file';
const text = file(5020)
  .replace('apps:', 'include: parts/*.yaml\napps:')
  .replace('broker:', 'historian: { setup: ["CREATE TABLE IF NOT EXISTS load(time TIMESTAMPTZ NOT NULL, n INTEGER, word TEXT)"] }\nbroker:')
  .replace('username: !env OMH_TEST_SECRET', 'username: !env OMH_TEST_SECRET, password: !file data/secrets/mqtt');
const files = {
  'parts/oven.yaml':
    'devices:\n  oven: # in hall 2\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1, port: 1 }\n    groups:\n      g: { interval: 1s, tags: { file: oven.csv } }\n',
  'oven.csv': 'name,address,type\nheat,1!40001,int16\n',
  'data/secrets/mqtt': secret,
};

/** One hash over every row up to an instant, the same for the same rows in any order. */
async function hashOf(historian: Historian, table: string, until_: string): Promise<string> {
  const columns = table === 'samples' ? 'time, path, value, text, quality' : 'time, n, word';
  const { rows } = await historian.query(
    `SELECT count(*)::VARCHAR || ' ' || coalesce(bit_xor(hash(${columns}))::VARCHAR, '') FROM ${table} WHERE time <= '${until_}'::TIMESTAMPTZ`,
    [],
    { rights: 'read', timeoutMs: 20_000, maxRows: 1 },
  );
  return String(rows[0]![0]);
}
async function lastOf(historian: Historian, table: string): Promise<string> {
  const { rows } = await historian.query(`SELECT max(time)::VARCHAR FROM ${table}`, [], { rights: 'read', timeoutMs: 20_000, maxRows: 1 });
  return String(rows[0]![0]);
}
async function take(h: Hub, target: string): Promise<void> {
  const { stream } = await h.backup();
  await pipeline(stream, createWriteStream(target));
}
function startOn(t: TestContext, path: string, dataDir: string, port: number): Hub {
  const made = new Hub({
    file: path,
    dataDir,
    version: 'test',
    clock: systemClock,
    log: silentLogger,
    adminTokens: [],
    ports: { modbus: port },
  });
  t.after(() => made.stop());
  return made;
}

test('a hub under load is copied as it is at one moment: config, people, revisions, audit and every row', async (t) => {
  const { hub: h, dir } = await hub(t, { text, files });
  await h.access.putPerson(me, 'ann', { displayName: 'Ann', grant: { role: 'admin' }, password: 'quite-a-long-passphrase' });
  for (let i = 0; i < 30; i++) h.access.audit.record({ who: 'ann', kind: 'person', verb: 'login', what: `try ${i}`, result: 'ok' });
  await until('samples', () => h.values.counts().good === 3);
  let loading = true;
  let rows = 0;
  const load = (async () => {
    while (loading) {
      const batch = Array.from({ length: 200 }, () => [{ micros: systemClock.now() }, rows++, `word ${rows}`] as const);
      await h.historian.insert('INSERT INTO load VALUES ($1, $2, $3)', batch);
      h.access.audit.record({ who: 'load', kind: 'part', verb: 'write', what: `row ${rows}`, result: 'ok' });
      await h.edit([{ op: 'replace', path: 'devices/press/groups/g/interval', value: rows % 400 === 0 ? '40ms' : '50ms' }], me);
    }
  })();
  await until('rows', () => rows > 2000);
  const target = join(dir, 'a.backup.tar.gz');
  await take(h, target);
  const during = rows;
  await until('more rows', () => rows > during + 400);
  loading = false;
  await load;
  assert.ok(!gunzipSync(readFileSync(target)).includes(secret));
  assert.ok(!gunzipSync(readFileSync(target)).includes('do-not-show-this'));
  assert.deepEqual(
    readdirSync(join(dir, 'data/run')).filter((name) => name.startsWith('backup')),
    [],
  );

  const place = mkdtempSync(join(tmpdir(), 'omh-restored-'));
  t.after(() => rmSync(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  const restored = await restoreBackup({ file: target, dataDir: join(place, 'data'), configFile: join(place, 'hub.yaml') });
  assert.deepEqual(restored.counts, restored.manifest.counts);
  assert.ok((restored.counts['rows main.load'] as number) >= 2000);
  for (const [name, content] of Object.entries(files)) {
    if (name.startsWith('data/')) assert.ok(!existsSync(join(place, name)));
    else assert.equal(readFileSync(join(place, name), 'utf8'), content);
  }
  mkdirSync(join(place, 'data/secrets'));
  writeFileSync(join(place, 'data/secrets/mqtt'), 'provided again');
  const copy = new EmbeddedHistorian({
    dir: join(restored.dataDir, 'historian'),
    retentionMs: Number.MAX_SAFE_INTEGER,
    clock: systemClock,
    log: silentLogger,
  });
  await copy.start();
  for (const table of ['load', 'samples']) {
    const end = await lastOf(copy, table);
    const found = await hashOf(copy, table, end);
    assert.ok(Number(found.split(' ')[0]) > 10);
    assert.equal(found, await hashOf(h.historian, table, end), `every row of ${table} up to the last one, and each the same`);
  }
  await copy.stop();
  const again = startOn(t, restored.configFile, restored.dataDir, await freePort());
  assert.equal(again.access.people.get('ann')?.displayName, 'Ann');
  assert.equal(again.revision, restored.counts['revision']);
  assert.equal((await again.revisions(200)).revisions.length, Math.min(200, restored.counts['revisions'] as number));
  assert.equal(again.drift(), undefined);
  await again.start();
  const verdict = await again.access.audit.verify();
  assert.ok(verdict.ok && verdict.count >= 30);
  const tagIds = (from: string): unknown => JSON.parse(readFileSync(join(from, 'state/tags.json'), 'utf8'));
  assert.deepEqual(tagIds(restored.dataDir), tagIds(join(dir, 'data')));
  assert.equal(readFileSync(join(restored.dataDir, 'state/hub.json'), 'utf8'), readFileSync(join(dir, 'data/state/hub.json'), 'utf8'));
});

test('one backup at a time; one that nobody reads to its end gives everything back', async (t) => {
  const { hub: h, dir } = await hub(t);
  const first = await h.backup();
  assert.match(first.name, /^test-\d{8}T\d{6}Z\.backup\.tar\.gz$/);
  assert.equal(await code(h.backup()), 'HUB_BACKUP_BUSY');
  first.stream.on('error', () => {}).destroy();
  await take(h, join(dir, 'b'));
  await until('the copy is gone', () => readdirSync(join(dir, 'data/run')).length === 0);
  const last = await h.backup();
  const ended = new Promise<Error>((resolve) => {
    last.stream.once('error', resolve);
  });
  await h.stop();
  assert.equal(((await ended) as { code?: string }).code, 'HUB_STOPS');
  assert.equal(await code(h.backup()), 'HUB_STOPS');
});

test('a hub that does not run is copied and checked from its directory, under its lock', async (t) => {
  const { hub: h, dir, path } = await hub(t);
  await until('samples', () => h.values.counts().good === 3);
  const options = { dataDir: join(dir, 'data'), configFile: path, version: 'test', log: silentLogger };
  assert.equal(await code(backupDirectory(options)), 'STORAGE_LOCKED');
  assert.equal(await code(verifyDirectory(options.dataDir)), 'STORAGE_LOCKED');
  await h.stop();
  // A timer that has no value of !env either: the files of the current revision are taken.
  delete process.env['OMH_TEST_SECRET'];
  const { stream, close } = await backupDirectory(options);
  const target = join(dir, 'closed.backup.tar.gz');
  await pipeline(stream, createWriteStream(target));
  await close();
  const restored = await restoreBackup({ file: target, dataDir: join(dir, 'again') });
  assert.equal(restored.configFile, join(dir, 'again/hub.yaml'));
  assert.equal(readFileSync(restored.configFile, 'utf8'), readFileSync(path, 'utf8'));
  assert.ok((restored.counts['samples'] as number) > 0);
  const found = await verifyDirectory(restored.dataDir);
  assert.deepEqual([found.ok, found.findings, found.counts], [true, [], restored.counts]);
});

test('a restore writes over nothing and leaves nothing behind when it is refused', async (t) => {
  const { hub: h, dir, path } = await hub(t);
  const target = join(dir, 'a.backup.tar.gz');
  await take(h, target);
  const before = readdirSync(dir).sort();
  const restore = (dataDir: string, configFile?: string): Promise<string> =>
    code(
      restoreBackup({
        file: target,
        dataDir: join(dir, dataDir),
        ...(configFile === undefined ? {} : { configFile: join(dir, configFile) }),
      }),
    );
  assert.equal(await restore('data'), 'HUB_RESTORE_NOT_EMPTY');
  assert.equal(await restore('hub.yaml'), 'HUB_RESTORE_NOT_EMPTY');
  assert.equal(await restore('new', 'plant.yaml'), 'HUB_RESTORE_NAME');
  writeFileSync(path, 'version: 1\n');
  assert.equal(await restore('new', 'hub.yaml'), 'HUB_RESTORE_CONFIG');
  const bytes = readFileSync(target);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(target, bytes);
  assert.equal(await restore('new'), 'STORAGE_BACKUP_DAMAGED');
  assert.deepEqual(readdirSync(dir).sort(), before);
});

test('verify names what was changed on disk: a record of the audit log, a document, the history', async (t) => {
  const { hub: h, dir } = await hub(t);
  for (let i = 0; i < 20; i++) h.access.audit.record({ who: 'ann', kind: 'person', verb: 'login', what: `try ${i}`, result: 'ok' });
  await until('samples', () => h.values.counts().good === 3);
  await h.historian.flush();
  const running = await h.verify();
  assert.deepEqual([running.ok, running.counts['auditRecords']], [true, 20]);
  const data = join(dir, 'data');
  const [segment] = readdirSync(join(data, 'audit')).filter((name) => name.endsWith('.seg'));
  const flip = (name: string, at: (bytes: Buffer) => number): (() => void) => {
    const whole = readFileSync(join(data, name));
    const copy = Buffer.from(whole);
    copy[at(whole)]! ^= 4;
    writeFileSync(join(data, name), copy);
    return () => writeFileSync(join(data, name), whole);
  };
  const undo = flip(`audit/${segment}`, (bytes) => bytes.indexOf('try 7'));
  const online = await h.verify();
  assert.equal(online.ok, false);
  assert.deepEqual([online.findings[0]!.file, online.findings[0]!.position], [`audit/${segment}`, 7]);
  undo();
  await h.stop();
  assert.deepEqual((await verifyDirectory(data)).findings, []);
  for (const [name, at, expected] of [
    [`audit/${segment}`, (b: Buffer) => b.indexOf('try 7'), `audit/${segment}`],
    ['state/tags.json', () => 0, 'state/tags.json'],
    ['historian/history.duckdb', () => 5000, 'historian/history.duckdb'],
    ['historian/history.duckdb', () => 12_288 + 3000, 'historian/history.duckdb'],
  ] as const) {
    const undoThis = flip(name, at);
    const { ok, findings } = await verifyDirectory(data);
    assert.equal(ok, false, `${name} at ${at(Buffer.alloc(0))}`);
    assert.ok(
      findings.some((finding) => finding.file === expected),
      JSON.stringify(findings),
    );
    undoThis();
  }
  rmSync(join(data, 'audit', segment!));
  assert.match((await verifyDirectory(data)).findings[0]!.text, /audit chain is broken: the record 1 is not where it was written/);
  assert.equal(await code(verifyDirectory(join(dir, 'nothing'))), 'HUB_NO_DATA');
  assert.ok(!existsSync(join(dir, 'nothing')));
});
