import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Access } from '@omh/access';
import { systemClock } from '@omh/core';
import { AppendLog, Documents } from '@omh/storage';

test('the audit log outlives restarts on a real append log, and a byte flipped in its file is found', async () => {
  const root = mkdtempSync(join(tmpdir(), 'omh-audit-'));
  const open = async (): Promise<Access> => {
    const access = new Access({
      clock: systemClock,
      adminTokens: [],
      documents: new Documents(join(root, 'state')),
      audit: () => AppendLog.open(join(root, 'audit'), { mode: 'strict' }),
    });
    await access.start();
    return access;
  };
  const entry = (n: number) => ({ who: 'alice', kind: 'person', verb: 'config.write', what: `devices/d${n}`, result: 'ok' }) as const;
  try {
    const first = await open();
    for (let i = 1; i <= 1500; i++) first.audit.record(entry(i));
    await first.audit.durable();
    await first.stop();

    const second = await open();
    assert.equal(second.health().state, 'running');
    assert.equal(second.audit.count, 1500);
    second.audit.record(entry(1501));
    assert.deepEqual(await second.audit.verify(), { ok: true, count: 1501 });
    assert.equal((await second.audit.list({ limit: 1, cursor: 8 })).records[0]!.what, 'devices/d7');
    await second.stop();

    const folder = join(root, 'audit');
    const file = join(folder, readdirSync(folder)[0]!);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('devices/d700"');
    bytes[at]! ^= 1;
    writeFileSync(file, bytes);

    const third = await open();
    const verdict = await third.audit.verify();
    assert.equal(verdict.ok, false);
    assert.equal(!verdict.ok && verdict.at, 700);
    assert.equal(third.health().state, 'degraded');
    third.audit.record(entry(1502));
    assert.equal((await third.audit.list({ limit: 1 })).records[0]!.what, 'devices/d1502');
    await third.stop();
  } finally {
    rmSync(root, { recursive: true });
  }
});
