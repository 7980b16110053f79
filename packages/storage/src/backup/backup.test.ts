import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { OmhError } from '@omh/core';
import { sealBytes, sealOf } from './backup-seal.ts';
import { extractBackup, verifyBackup } from './read-backup.ts';
import { decodeHeader, decodePax, encodeFile, padding } from './tar-format.ts';
import { writeBackup, type BackupSource } from './write-backup.ts';

const head = () => ({
  omh: '0.1.0',
  hub: { id: 'h', name: 'test' },
  at: '2026-11-23T21:15:08Z',
  config: 'hub.yaml',
  counts: { people: 2 },
});
const source = (path: string, text: string | Uint8Array): BackupSource => {
  const bytes = Buffer.from(text);
  return { path, bytes: bytes.length, read: () => [bytes] };
};
const plant = [source('config/hub.yaml', 'version: 1\n'), source('data/state/people.json', '{"version":1,"value":{}}')];

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-backup-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
const written = (sources: readonly BackupSource[]): Promise<Buffer> => buffer(writeBackup({ sources, head }));
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (thrown: OmhError) => thrown.code,
  );

test('what goes in comes out, whatever its length and the length of its name', async (t) => {
  const dir = folder(t);
  const long = `data/${'long-name-'.repeat(20)}/${'ü'.repeat(100)}.seg`;
  const sources = [...plant, source('data/empty', ''), source('data/block', new Uint8Array(512)), source(long, 'x'.repeat(100_000))];
  const file = join(dir, 'a');
  writeFileSync(file, await written(sources));
  const manifest = await verifyBackup(file);
  assert.deepEqual(
    manifest.files.map(({ path, bytes }) => [path, bytes]),
    sources.map(({ path, bytes }) => [path, bytes]),
  );
  assert.deepEqual(manifest.counts, { people: 2 });
  await extractBackup(file, manifest, (path) => join(dir, 'out', path));
  for (const { path, read } of sources)
    assert.deepEqual(readFileSync(join(dir, 'out', path)), Buffer.concat([...(read() as Iterable<Uint8Array>)]), path);
  assert.equal(statSync(join(dir, 'out', long)).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'out/data')).mode & 0o777, 0o700);
});

test('any tar opens it', async (t) => {
  if (spawnSync('tar', ['--version']).error) {
    t.skip('tar not found: apt-get install tar');
    return;
  }
  const dir = folder(t);
  const long = `data/${'long-name-'.repeat(20)}/ü.seg`;
  writeFileSync(join(dir, 'a.tar.gz'), await written([...plant, source(long, 'long')]));
  execFileSync('tar', ['xzf', 'a.tar.gz'], { cwd: dir });
  assert.equal(readFileSync(join(dir, 'config/hub.yaml'), 'utf8'), 'version: 1\n');
  assert.equal(readFileSync(join(dir, long), 'utf8'), 'long');
  assert.ok(readdirSync(dir).includes('manifest.json'));
});

test('a size over 8 GiB and a long name stand in a pax record', () => {
  const bytes = 9 * 2 ** 30;
  const path = `data/${'n'.repeat(200)}`;
  const blocks = encodeFile(path, bytes, 1e9);
  const pax = decodeHeader(blocks.subarray(0, 512), 'f')!;
  assert.equal(pax.kind, 'pax');
  assert.deepEqual(decodePax(blocks.subarray(512, 512 + pax.bytes), 'f'), { path, bytes });
  const at = 512 + pax.bytes + padding(pax.bytes);
  assert.equal(decodeHeader(blocks.subarray(at), 'f')?.kind, 'file');
  for (const length of [101, 990, 991, 992, 995, 9990]) {
    const name = `data/${'n'.repeat(length - 5)}`;
    const header = encodeFile(name, 1, 0);
    assert.equal(decodePax(header.subarray(512, 512 + decodeHeader(header.subarray(0, 512), 'f')!.bytes), 'f').path, name);
  }
});

test('a changed byte or bit anywhere, a missing end of any length and anything added is refused', async (t) => {
  const file = join(folder(t), 'a');
  const bytes = await written(plant);
  const refused = async (damaged: Uint8Array, what: string): Promise<void> => {
    writeFileSync(file, damaged);
    assert.equal(await codeOf(verifyBackup(file)), 'STORAGE_BACKUP_DAMAGED', what);
  };
  for (let at = 0; at < bytes.length; at++) {
    const copy = Buffer.from(bytes);
    copy[at]! ^= at % 2 === 0 ? 0xff : 1 << (at % 8);
    await refused(copy, `byte ${at} of ${bytes.length}`);
    if (at % 3 === 0) await refused(bytes.subarray(0, at), `cut at ${at}`);
  }
  await refused(Buffer.concat([bytes, Buffer.from([0])]), 'one byte more');
  await refused(Buffer.concat([bytes, bytes]), 'twice');
  writeFileSync(file, bytes);
  assert.equal(await codeOf(verifyBackup(file)), 'ok');
});

/** An archive that is sealed as ours are, whatever it holds. */
function forged(blocks: readonly Uint8Array[]): Buffer {
  const bytes = gzipSync(Buffer.concat([...blocks, new Uint8Array(1024)]));
  return Buffer.concat([bytes, sealOf(createHash('sha256').update(bytes).digest())]);
}
function entry(path: string, content: string | Uint8Array, change: (header: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = Buffer.from(content);
  const header = encodeFile(path, bytes.length, 0);
  change(header);
  const sum = header.reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  header.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return Buffer.concat([header, bytes, new Uint8Array(padding(bytes.length))]);
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const manifestOf = (files: Readonly<Record<string, string>>, more: object = {}): Uint8Array =>
  entry(
    'manifest.json',
    JSON.stringify({
      format: 'omh-backup',
      version: 1,
      ...head(),
      files: Object.entries(files).map(([path, text]) => ({ path, bytes: text.length, sha256: sha256(text) })),
      ...more,
    }),
  );

test('what a hostile hand has packed is refused, and nothing is written', async (t) => {
  const dir = folder(t);
  const hub = entry('config/hub.yaml', 'v');
  const good = { 'config/hub.yaml': 'v' };
  const names = [
    'data/../../etc/passwd',
    '/etc/passwd',
    'data//x',
    'data/./x',
    'data',
    'other/x',
    'data/a\\b',
    'data/run/endpoint.json',
    'data/lock',
  ];
  const tries: Record<string, readonly Uint8Array[]> = {
    ...Object.fromEntries(names.map((name) => [name, [hub, entry(name, 'x'), manifestOf({ ...good, [name]: 'x' })]])),
    'a symbolic link': [hub, entry('data/x', '', (h) => h.set(Buffer.from('2'), 156)), manifestOf(good)],
    'a device': [hub, entry('data/x', '', (h) => h.set(Buffer.from('3'), 156)), manifestOf(good)],
    'a folder': [hub, entry('data/x/', '', (h) => h.set(Buffer.from('5'), 156)), manifestOf(good)],
    'a prefix': [hub, entry('x', 'x', (h) => h.set(Buffer.from('data/..'), 345)), manifestOf(good)],
    'a name with a line break': [hub, entry('data/a\nb', 'x'), manifestOf({ ...good, 'data/a\nb': 'x' })],
    'a file twice': [hub, hub, manifestOf(good)],
    'a file too many': [hub, entry('data/x', 'x'), manifestOf(good)],
    'a file too few': [hub, manifestOf({ ...good, 'data/x': 'x' })],
    'another size': [hub, entry('data/x', 'xx'), manifestOf({ ...good, 'data/x': 'x' })],
    'other bytes': [hub, entry('data/x', 'y'), manifestOf({ ...good, 'data/x': 'x' })],
    'a file that is a folder': [hub, entry('data/x', 'x'), entry('data/x/y', 'y'), manifestOf({ ...good, 'data/x': 'x', 'data/x/y': 'y' })],
    'no manifest': [hub],
    'two manifests': [hub, manifestOf(good), manifestOf(good)],
    'something after the manifest': [hub, manifestOf(good), entry('data/x', 'x')],
    'no hub file': [entry('data/x', 'x'), manifestOf({ 'data/x': 'x' })],
    'a size that is no number': [entry('config/hub.yaml', 'v', (h) => h.set(Buffer.from('-1'), 124)), manifestOf(good)],
    'a size far beyond the end': [entry('config/hub.yaml', 'v', (h) => h.set(Buffer.from('77777777777'), 124)), manifestOf(good)],
    'no tar': [Buffer.from('x'.repeat(2048))],
    'a manifest that is a list': [hub, entry('manifest.json', '[]')],
    'a manifest without files': [hub, manifestOf(good, { files: undefined })],
    'gigabytes of nothing': [entry('config/hub.yaml', new Uint8Array(64 * 2 ** 20)), manifestOf(good)],
  };
  for (const [what, blocks] of Object.entries(tries)) {
    const file = join(dir, 'a');
    writeFileSync(file, forged(blocks));
    assert.equal(await codeOf(verifyBackup(file)), 'STORAGE_BACKUP_DAMAGED', what);
  }
  writeFileSync(join(dir, 'a'), forged([hub, manifestOf(good)]));
  assert.equal(await codeOf(verifyBackup(join(dir, 'a'))), 'ok', 'the same without the trick passes');
  assert.deepEqual(readdirSync(dir), ['a']);
});

test('a backup of a newer format, and what is none, are refused with their own sentences', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'a');
  writeFileSync(
    file,
    forged([entry('config/hub.yaml', 'v'), manifestOf({ 'config/hub.yaml': 'v' }, { version: 2, files: 'as nobody knows' })]),
  );
  await assert.rejects(verifyBackup(file), { code: 'STORAGE_BACKUP_NEWER' });
  assert.equal(await codeOf(verifyBackup(join(dir, 'nowhere'))), 'STORAGE_BACKUP_UNREADABLE');
  assert.equal(await codeOf(verifyBackup(dir)), 'STORAGE_BACKUP_UNREADABLE');
  writeFileSync(file, 'x'.repeat(sealBytes));
  assert.equal(await codeOf(verifyBackup(file)), 'STORAGE_BACKUP_DAMAGED');
});

test('a file that changes between check and restore is refused', async (t) => {
  const dir = folder(t);
  const file = join(dir, 'a');
  writeFileSync(file, await written(plant));
  const manifest = await verifyBackup(file);
  writeFileSync(file, await written([plant[0]!, source('data/state/people.json', '{"version":1,"value":{"eve":1}}')]));
  assert.equal(await codeOf(extractBackup(file, manifest, (path) => join(dir, 'out', path))), 'STORAGE_BACKUP_DAMAGED');
});

test('a source that fails, or has other bytes than it announced, ends the stream with its error', async () => {
  const failing = (text: string, announced: number): Promise<unknown> =>
    written([plant[0]!, { path: 'data/x', bytes: announced, read: () => [Buffer.from(text)] }]);
  assert.equal(await codeOf(failing('xx', 1)), 'STORAGE_BACKUP_MOVED');
  assert.equal(await codeOf(failing('x', 2)), 'STORAGE_BACKUP_MOVED');
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(65_536, Math.random().toString());
    } finally {
      end();
    }
  }
  const stream = writeBackup({ sources: [{ path: 'data/x', bytes: 2 ** 40, read: endless }], head });
  for await (const chunk of stream) if ((chunk as Buffer).length > 0) break;
  await ended;
});

test('the first backup that was ever written still opens', async () => {
  const manifest = await verifyBackup(fileURLToPath(new URL('../../src/backup/fixtures/version-1.backup.tar.gz', import.meta.url)));
  assert.deepEqual(
    manifest.files.map(({ path }) => path),
    ['config/hub.yaml', 'data/state/people.json'],
  );
});
