import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.js', import.meta.url));
const anyPorts = ['--http-port', '0', '--mqtt-port', '0', '--ws-port', '0', '--modbus-port', '0', '--json'];

interface Ended {
  code: number | null;
  out: string;
  err: string;
}
function start(t: TestContext, args: string[], cwd: string): { ended: Promise<Ended>; ready: Promise<void>; stop: () => Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.includes('\n')) resolve();
    });
    child.once('close', () => reject(new Error(`ended: ${out}${err}`)));
  });
  ready.catch(() => {});
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    ended,
    ready,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

test('a hub is backed up while it runs, restored elsewhere and goes on there; verify finds a flipped byte', {
  timeout: 60_000,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-cli-backup-'));
  t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  const omh = (...args: string[]): Promise<Ended> => start(t, args, dir).ended;
  const hub = start(t, ['demo', '--data', 'plant', ...anyPorts], dir);
  await hub.ready;
  const taken = await omh('backup', '--data', 'plant');
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, /rows main\.conditions +\d+[^]*files, checked, in [\d.]+ s\./);
  const [file] = readdirSync(dir).filter((name) => /^demo-\d{8}T\d{6}Z\.backup\.tar\.gz$/.test(name));
  assert.ok(file !== undefined);
  assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600);
  const second = await omh('backup', 'b.tar.gz', '--data', 'plant', '--json');
  const { counts } = JSON.parse(second.out) as { counts: Record<string, number> };
  assert.equal(counts['auditRecords'], 1, 'the first backup stands in the audit log');
  assert.match((await omh('verify', '--data', 'plant')).out, /Everything is as it was written\./);
  assert.equal((await omh('verify', file)).code, 0);
  await hub.stop();

  const restored = await omh('restore', 'b.tar.gz', '--data', 'other');
  assert.equal(restored.code, 0, restored.err);
  assert.match(restored.out, /rows main\.conditions +(\d+) +\1 +equal/);
  assert.ok(!restored.out.includes('DIFFERENT'));
  const again = start(t, ['demo', '--data', 'other', ...anyPorts], dir);
  await again.ready;
  const rows = await omh('sql', 'SELECT count(*) FROM conditions', '--data', 'other', '--json');
  assert.ok(Number((JSON.parse(rows.out) as { rows: number[][] }).rows[0]![0]) >= counts['rows main.conditions']!, rows.out + rows.err);
  await again.stop();

  const [segment] = readdirSync(join(dir, 'other/audit')).filter((name) => name.endsWith('.seg'));
  const path = join(dir, 'other/audit', segment!);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf('backup.create')]! ^= 1;
  writeFileSync(path, bytes);
  const broken = await omh('verify', '--data', 'other', '--json');
  assert.equal(broken.code, 1);
  const { ok, findings } = JSON.parse(broken.out) as { ok: boolean; findings: { file: string; position: number }[] };
  assert.deepEqual([ok, findings[0]!.file, findings[0]!.position], [false, `audit/${segment}`, 0]);

  const damaged = readFileSync(join(dir, 'b.tar.gz'));
  damaged[1000]! ^= 8;
  writeFileSync(join(dir, 'c.tar.gz'), damaged);
  for (const args of [
    ['restore', 'c.tar.gz', '--data', 'third'],
    ['verify', 'c.tar.gz'],
  ]) {
    const refused = await omh(...args);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /no whole backup.*\[STORAGE_BACKUP_DAMAGED\]/);
  }
  assert.ok(!existsSync(join(dir, 'third')));
  const offline = await omh('backup', 'd.tar.gz', '--data', 'plant', '--json');
  assert.equal(offline.code, 0, offline.err);
  assert.equal((await omh('restore', 'd.tar.gz')).code, 2);
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.includes('.part') || name.includes('.restore-')),
    [],
  );
});
