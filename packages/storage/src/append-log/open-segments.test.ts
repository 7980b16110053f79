import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { SimulatedFiles } from '../testing/simulated-files.ts';
import { AppendLog } from './append-log.ts';
import { diskFiles } from './file-system.ts';
import { openSegments } from './open-segments.ts';
import { encodeHeader, segmentName } from './segment-format.ts';
import { formats } from './segment-versions.ts';

const entry = (i: number): string => `entry ${i} ${'.'.repeat(80)}`;
const entryBytes = 16 + entry(10).length;
const open = (files: SimulatedFiles): Promise<AppendLog> =>
  AppendLog.open('/log', { mode: 'strict', files, clock: new VirtualClock(), segmentBytes: 1000 });
const positions = async (log: AppendLog): Promise<number[]> => {
  const all: number[] = [];
  for await (const { position, record } of log.read()) {
    assert.equal(Buffer.from(record).toString(), entry(position));
    all.push(position);
  }
  return all;
};
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
/** A log of the entries 10 to 10 + count in segments of ten, and the paths of these. */
async function filled(count: number): Promise<{ files: SimulatedFiles; paths: string[] }> {
  const files = new SimulatedFiles();
  const log = await open(files);
  for (let i = 0; i < count; i++) await log.durable(log.append(Buffer.from(entry(i))));
  await log.close();
  return { files, paths: files.names('/log').map((name) => `/log/${name}`) };
}
const change = (files: SimulatedFiles, path: string, edit: (bytes: Uint8Array) => Uint8Array | void): void => {
  const bytes = files.bytes(path);
  files.replace(path, edit(bytes) ?? bytes);
};

test('a segment damaged in its middle is put aside, its whole records stay, and what follows goes on', async () => {
  const { files, paths } = await filled(45);
  assert.ok(paths.length >= 4);
  const before = files.bytes(paths[1]!);
  const first = Number(paths[1]!.slice(5, 21));
  // A lost sector hits several records at once.
  change(files, paths[1]!, (bytes) => void bytes.fill(0, 32 + 2 * entryBytes + 5, 32 + 4 * entryBytes + 5));
  const log = await open(files);
  const lost = [first + 2, first + 3, first + 4];
  const whole = numbers(0, 45).filter((i) => !lost.includes(i));
  assert.deepEqual(await positions(log), whole);
  const name = paths[1]!.slice(5);
  const aside = `${name}.damaged-2026-01-01T00-00-00.000Z`;
  assert.equal(log.report.damaged.length, 1);
  assert.deepEqual([log.report.damaged[0]!.file, log.report.damaged[0]!.aside], [name, aside]);
  assert.deepEqual(log.report.missing, [{ from: first + 2, to: first + 5 }]);
  assert.equal(files.bytes(`/log/${aside}`).length, before.length);
  assert.equal(log.next, 45);
  await log.durable(log.append(Buffer.from(entry(45))));
  await log.close();
  const again = await open(files);
  assert.deepEqual(await positions(again), [...whole, 45]);
  assert.deepEqual(again.report.damaged, []);
  assert.equal(again.report.truncatedBytes, 0);
  assert.deepEqual(again.report.missing, [{ from: first + 2, to: first + 5 }]);
  await again.close();
});

test('a header that is damaged costs no record', async () => {
  for (const at of [0, 9, 16, 30]) {
    for (const which of [0, 1, -1]) {
      const { files, paths } = await filled(35);
      change(files, paths.at(which)!, (bytes) => void (bytes[at]! ^= 0x10));
      const log = await open(files);
      assert.deepEqual(await positions(log), numbers(0, 35));
      assert.equal(log.report.damaged.length, 1);
      await log.close();
    }
  }
});

test('a segment that is gone or short in the middle is told as missing positions', async () => {
  const { files, paths } = await filled(45);
  const gone = Number(paths[1]!.slice(5, 21));
  const after = Number(paths[2]!.slice(5, 21));
  files.erase(paths[1]!);
  const log = await open(files);
  assert.deepEqual(await positions(log), [...numbers(0, gone), ...numbers(after, 45)]);
  assert.deepEqual(log.report.missing, [{ from: gone, to: after }]);
  await log.close();
  change(files, paths[2]!, (bytes) => bytes.slice(0, bytes.length - 3));
  const again = await open(files);
  assert.equal(again.report.missing.length, 2);
  assert.equal(again.report.damaged.length, 1);
  assert.equal(again.next, 45);
  await again.close();
});

test('positions of a last segment that is unreadable as a whole are never given again', async () => {
  const { files, paths } = await filled(45);
  const first = Number(paths.at(-1)!.slice(5, 21));
  change(files, paths.at(-1)!, (bytes) => void bytes.fill(0xaa));
  const log = await open(files);
  assert.ok(log.next >= 45);
  assert.deepEqual(log.report.missing, [{ from: first, to: log.next }]);
  const position = log.append(Buffer.from(entry(log.next)));
  await log.durable(position);
  assert.deepEqual(await positions(log), [...numbers(0, first), position]);
  await log.close();
  const again = await open(files);
  assert.deepEqual(await positions(again), [...numbers(0, first), position]);
  assert.equal(again.next, position + 1);
  await again.close();
});

test('an opening that is cut off anywhere in its repair is done again, and loses nothing', async () => {
  const whole = await filled(30);
  const { paths } = whole;
  for (let n = 0, cut = true; cut; n++) {
    for (const power of [0, 0.5, 1]) {
      const files = new SimulatedFiles();
      for (const path of paths) files.replace(path, whole.files.bytes(path));
      change(files, paths[1]!, (bytes) => void bytes.fill(0, 32 + entryBytes, 32 + entryBytes + 3));
      change(files, paths.at(-1)!, (bytes) => bytes.slice(0, bytes.length - 1));
      const lost = Number(paths[1]!.slice(5, 21)) + 1;
      const from = files.operations + n;
      files.fault = (_, __, at) => (at >= from ? { code: 'EIO' } : undefined);
      cut = await open(files).then(
        () => false,
        () => true,
      );
      files.fault = () => undefined;
      files.crash(() => power);
      const log = await open(files);
      assert.deepEqual(
        await positions(log),
        numbers(0, 29).filter((i) => i !== lost),
        `cut off at operation ${n}`,
      );
      await log.close();
      assert.ok(files.names('/log').every((name) => /^\d{16}-\d+\.seg(\.damaged-.*)?$/.test(name)));
    }
  }
});

test('a newer segment is refused with a sentence and left as it is', async () => {
  const { files, paths } = await filled(5);
  change(files, paths[0]!, (bytes) => bytes.set(encodeHeader(0, 2)));
  const before = files.bytes(paths[0]!);
  await assert.rejects(open(files), {
    code: 'STORAGE_LOG_NEWER',
    message: `The log segment ${paths[0]} has version 2; this program reads up to version 1.`,
  });
  assert.deepEqual(files.bytes(paths[0]!), before);
  assert.equal(files.names('/log').length, 1);
});

test('an older segment is copied, then written in the present version; one that nothing reads is refused', async () => {
  const files = new SimulatedFiles();
  const name = segmentName(7, 1);
  const old = Buffer.concat([encodeHeader(7, 0), Buffer.from('seven\neight\n')]);
  files.replace(`/log/${name}`, old);
  await assert.rejects(open(files), { code: 'STORAGE_LOG_OLDER' });
  const opened = await openSegments('/log', {
    files,
    clock: systemClock,
    log: silentLogger,
    formats: new Map([
      ...formats,
      [
        0,
        async function* (file, size) {
          const bytes = Buffer.alloc(size - 32);
          await file.read(bytes, 32);
          const lines = bytes.toString().split('\n');
          for (let i = 0; i < lines.length - 1; i++) yield { position: 7 + i, record: Buffer.from(lines[i]!) };
        },
      ],
    ]),
  });
  assert.deepEqual(opened.report.migrated, [{ file: name, from: 0, copy: `${name}.version-0` }]);
  assert.equal(opened.next, 9);
  await opened.file!.close();
  assert.deepEqual(Buffer.from(files.bytes(`/log/${name}.version-0`)), old);
  const log = await open(files);
  const texts: string[] = [];
  for await (const { record } of log.read()) texts.push(Buffer.from(record).toString());
  assert.deepEqual(texts, ['seven', 'eight']);
  await log.close();
});

test('a log of version 1 opens', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-log-'));
  t.after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  cpSync(new URL('../../src/append-log/fixtures/version-1', import.meta.url), dir, { recursive: true });
  const log = await AppendLog.open(dir, { mode: 'strict', files: diskFiles });
  const records: Buffer[] = [];
  for await (const { record } of log.read()) records.push(Buffer.from(record));
  assert.deepEqual(records, [
    Buffer.from('first'),
    Buffer.alloc(0),
    Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    Buffer.from('in the second segment'),
  ]);
  assert.equal(log.append(Buffer.from('next')), 4);
  await log.durable(4);
  await log.close();
});

test('files of others in the folder are left alone', async () => {
  const { files } = await filled(3);
  files.replace('/log/README', Buffer.from('mine'));
  files.replace('/log/0000000000000000-1.seg.damaged-before', Buffer.from('x'));
  const log = await open(files);
  assert.deepEqual(await positions(log), [0, 1, 2]);
  await log.close();
  assert.equal(files.names('/log').length, 3);
});
