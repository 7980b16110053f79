import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { lockDataDirectory } from './data-directory.ts';
import { Documents } from './documents.ts';
import { writeFileDurably } from './durable-file.ts';
import { readRunEndpoint, removeRunEndpoint, writeRunEndpoint } from './run-endpoint.ts';

const here = new URL('./index.js', import.meta.url).href;
const folder = (t: TestContext): string => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-storage-'));
  t.after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
};
/** Runs a module text in a process of its own. */
const run = (t: TestContext, code: string): ChildProcess => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', `import * as storage from ${JSON.stringify(here)};\n${code}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => {
    child.kill('SIGKILL');
  });
  return child;
};
const firstLine = async (child: ChildProcess): Promise<string> => {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += String(chunk);
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  return text;
};
const lockAndStay = (dir: string): string => `
  try { storage.lockDataDirectory(${JSON.stringify(dir)}); console.log('locked'); process.stdin.resume(); }
  catch (error) { console.log(error.code + ' ' + error.params.pid); }`;

test('the directory is made, private, and its lock names this process', (t) => {
  const dir = join(folder(t), 'new', 'data');
  const data = lockDataDirectory(dir);
  assert.equal(data.path, dir);
  assert.equal((JSON.parse(readFileSync(join(dir, 'lock'), 'utf8')) as { pid: number }).pid, process.pid);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  assert.ok(existsSync(data.sub('state')));
  assert.equal(data.sub('a/b'), join(dir, 'a', 'b'));
  for (const name of ['../x', '/etc', '', 'a//b', 'a/../b', '.']) assert.throws(() => data.sub(name), { code: 'STORAGE_NAME' }, name);
  data.release();
  data.release();
  assert.deepEqual(readdirSync(dir).sort(), ['a', 'state']);
});

test('a second process is refused with the pid of the owner, and gets the lock after the release', async (t) => {
  const dir = folder(t);
  const data = lockDataDirectory(dir);
  assert.equal(await firstLine(run(t, lockAndStay(dir))), `STORAGE_LOCKED ${process.pid}`);
  assert.throws(() => lockDataDirectory(dir), { code: 'STORAGE_LOCKED' });
  data.release();
  assert.equal(await firstLine(run(t, lockAndStay(dir))), 'locked');
  assert.throws(() => lockDataDirectory(dir), { code: 'STORAGE_LOCKED' });
});

test('the lock of a killed process is taken over', async (t) => {
  const dir = folder(t);
  const child = run(t, lockAndStay(dir));
  assert.equal(await firstLine(child), 'locked');
  assert.throws(
    () => lockDataDirectory(dir),
    (error: any) => error.code === 'STORAGE_LOCKED' && error.params.pid === child.pid,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  lockDataDirectory(dir).release();
});

test('the lock of a pid that another process has now, a torn lock and a leftover takeover are no locks', (t) => {
  const dir = folder(t);
  const stale = [
    JSON.stringify({ pid: process.pid, start: 'other-boot/1', startedAtMs: Date.now() }),
    '{"pid":1',
    '',
    JSON.stringify({ pid: -1, start: '', startedAtMs: 0 }),
  ];
  for (const text of stale) {
    writeFileSync(join(dir, 'lock'), text);
    writeFileSync(join(dir, 'lock.takeover'), JSON.stringify({ pid: 2 ** 22 + 1, start: '', startedAtMs: 0 }));
    lockDataDirectory(dir).release();
    assert.deepEqual(readdirSync(dir), []);
  }
});

test('of many processes that find a dead lock at the same time exactly one gets it', async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, start: 'gone/1', startedAtMs: 0 }));
  const answers = await Promise.all(Array.from({ length: 5 }, () => firstLine(run(t, lockAndStay(dir)))));
  assert.equal(answers.filter((answer) => answer === 'locked').length, 1, answers.join(', '));
  assert.equal(answers.filter((answer) => answer.startsWith('STORAGE_LOCKED')).length, 4, answers.join(', '));
});

test('a directory that is none is refused with a sentence', (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, 'file'), '');
  assert.throws(() => lockDataDirectory(join(dir, 'file')), { code: 'STORAGE_UNUSABLE' });
  assert.throws(() => lockDataDirectory(join(dir, 'file', 'below')), { code: 'STORAGE_UNUSABLE' });
});

test('documents come back as they were put, and only those that exist', (t) => {
  const documents = new Documents(join(folder(t), 'state'));
  assert.equal(documents.get('tags'), undefined);
  documents.put('tags', { a: [1, null, 'ü'] });
  documents.put('empty', null);
  assert.deepEqual(documents.get('tags'), { a: [1, null, 'ü'] });
  assert.equal(documents.get('empty'), null);
  assert.deepEqual(documents.list(), ['empty', 'tags']);
  documents.delete('tags');
  assert.equal(documents.get('tags'), undefined);
  for (const name of ['../x', '', 'a/b', 'a.b']) assert.throws(() => documents.put(name, 1), { code: 'STORAGE_NAME' });
});

test('a damaged document is told once, with its name, and kept aside', (t) => {
  const dir = folder(t);
  const documents = new Documents(dir, () => new VirtualClock().now());
  for (const text of ['{"version":1,', '', '[]', 'null', '{"version":1}']) {
    writeFileSync(join(dir, 'tags.json'), text);
    assert.throws(
      () => documents.get('tags'),
      (error: any) => error.code === 'STORAGE_DAMAGED' && error.message.includes('tags.json'),
    );
    assert.equal(readFileSync(join(dir, 'tags.json.damaged-2026-01-01T00-00-00.000Z'), 'utf8'), text);
    assert.equal(documents.get('tags'), undefined);
  }
});

test('a newer document is refused, an older one is migrated after a copy or refused', (t) => {
  const dir = folder(t);
  const documents = new Documents(dir);
  documents.put('a', 7, 2);
  assert.throws(() => documents.get('a'), { code: 'STORAGE_NEWER' });
  assert.equal(documents.get('a', { version: 2 }), 7);
  assert.throws(() => documents.get('a', { version: 3 }), { code: 'STORAGE_OLDER' });
  assert.equal(documents.get('a', { version: 3, migrate: (value, old) => `${String(value)} from ${old}` }), '7 from 2');
  documents.put('a', 'the new one', 3);
  assert.deepEqual(JSON.parse(readFileSync(join(dir, 'a.json.version-2'), 'utf8')), { version: 2, value: 7 });
  assert.deepEqual(documents.list(), ['a']);
});

test('a kill at any moment of put leaves the old document or a new one, and no rubbish for the next owner', async (t) => {
  const dir = folder(t);
  let before = 0;
  for (let round = 0; round < 10; round++) {
    const child = run(
      t,
      `
      const documents = new storage.Documents(${JSON.stringify(dir)});
      const last = documents.get('big')?.n ?? 0;
      documents.put('big', { n: last, fill: 'x'.repeat(200000) });
      console.log('started');
      for (let n = last + 1;; n++) documents.put('big', { n, fill: String(n % 10).repeat(200000 + n % 7) });`,
    );
    assert.equal(await firstLine(child), 'started');
    await new Promise((resolve) => {
      setTimeout(resolve, 5 + round * 3);
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const document = new Documents(dir).get<{ n: number; fill: string }>('big')!;
    assert.ok(document.n >= before, `${document.n} after ${before}`);
    before = document.n;
    assert.equal(new Set(document.fill).size, 1);
    assert.deepEqual(readdirSync(dir), ['big.json']);
  }
  assert.ok(before > 0, 'some round wrote');
});

test('a durable write keeps rights and links, and a failed one leaves no trace', (t) => {
  const dir = folder(t);
  const file = join(dir, 'hub.yaml');
  writeFileDurably(file, 'one');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  writeFileDurably(file, 'two', 0o644);
  writeFileDurably(file, new TextEncoder().encode('three'));
  assert.equal(statSync(file).mode & 0o777, 0o644);
  const link = join(dir, 'link.yaml');
  symlinkSync('hub.yaml', link);
  writeFileDurably(link, 'four');
  assert.equal(readFileSync(file, 'utf8'), 'four');
  assert.ok(lstatSync(link).isSymbolicLink());
  mkdirSync(join(dir, 'folder'));
  assert.throws(() => writeFileDurably(join(dir, 'folder'), 'x'), { code: 'STORAGE_WRITE' });
  assert.throws(() => writeFileDurably(join(dir, 'none', 'x'), 'x'), { code: 'STORAGE_WRITE' });
  assert.deepEqual(readdirSync(dir).sort(), ['folder', 'hub.yaml', 'link.yaml']);
});

test('the endpoint is readable by its owner only and gone with its process', async (t) => {
  const dir = folder(t);
  assert.equal(readRunEndpoint(dir), undefined);
  const endpoint = { pid: process.pid, url: 'http://127.0.0.1:7070', token: 'omh_x', startedAt: '2026-11-23T06:52:14Z' };
  writeRunEndpoint(dir, endpoint);
  assert.equal(statSync(join(dir, 'run', 'endpoint.json')).mode & 0o777, 0o600);
  assert.deepEqual(readRunEndpoint(dir), endpoint);
  removeRunEndpoint(dir);
  removeRunEndpoint(dir);
  assert.equal(readRunEndpoint(dir), undefined);
  const child = run(
    t,
    `storage.writeRunEndpoint(${JSON.stringify(dir)}, { pid: process.pid, url: 'u', token: 't', startedAt: new Date().toISOString() }); console.log('written'); process.stdin.resume();`,
  );
  assert.equal(await firstLine(child), 'written');
  assert.equal(readRunEndpoint(dir)?.pid, child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(readRunEndpoint(dir), undefined);
  writeFileSync(join(dir, 'run', 'endpoint.json'), '{');
  assert.equal(readRunEndpoint(dir), undefined);
});
