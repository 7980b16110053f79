import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { at } from '../scripts/workspace.mjs';
import { startDemo } from '../test/support/demo.mjs';
import { post, until } from '../test/support/pipeline.mjs';

const omh = (args) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [at('packages/cli/dist/main.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });

test('a hand edit shows as drift, is planned in words, applied without touching the link, and rolled back', {
  timeout: 60_000,
}, async (t) => {
  const demo = await startDemo();
  t.after(() => demo.stop());
  const data = ['--data', demo.dataDir];
  const file = join(demo.dataDir, 'hub.yaml');
  const before = readFileSync(file, 'utf8');
  const device = async () => (await demo.get('/api/v1/devices')).devices[0];
  const { connects } = (await device()).stats;
  assert.match((await omh(['plan', ...data])).out, /nothing to apply/);

  writeFileSync(file, before.replace('interval: 1s', 'interval: 500ms   # faster'));
  const drift = await demo.get('/api/v1/config/drift');
  assert.match(drift.files[0].diff, /\+ +interval: 500ms {3}# faster/);
  assert.equal((await device()).groups[0].intervalMs, 1000, 'a hand edit is never applied silently');
  assert.match((await omh(['plan', ...data])).out, /demo_group.*1 s → 500 ms/);
  const applied = await omh(['apply', '-m', 'twice as often', ...data]);
  assert.equal(applied.code, 0, applied.err);
  assert.match(applied.out, /Applied as revision \d+/);
  await until('the new interval', async () => (await device()).groups[0].intervalMs === 500);
  assert.equal((await device()).stats.connects, connects, 'the link was not touched');
  assert.match(readFileSync(file, 'utf8'), /# faster/);

  const stale = await post(demo, '/api/v1/config/plan', { base: 1, disk: true });
  assert.equal(stale.status, 409, JSON.stringify(stale.body));
  const list = await omh(['revisions', ...data]);
  assert.match(list.out, /twice as often/);
  const back = await omh(['rollback', '1', ...data]);
  assert.equal(back.code, 0, back.err);
  await until('the old interval', async () => (await device()).groups[0].intervalMs === 1000);
  assert.equal(readFileSync(file, 'utf8'), before, 'the file is as it was, to the byte');
  assert.equal((await device()).stats.connects, connects);
});

test('people, tokens and device credentials: a person signs in with a password, every change is in the audit log', {
  timeout: 60_000,
}, async (t) => {
  const demo = await startDemo();
  t.after(() => demo.stop());
  const put = await fetch(`${demo.ready.http}/api/v1/users/ortega`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${demo.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'operator', password: 'a good long password' }),
  });
  assert.equal(put.status, 200, await put.clone().text());
  const wrong = await post({ ...demo, token: '' }, '/api/v1/login', { name: 'ortega', password: 'a wrong password' });
  assert.equal(wrong.status, 401, JSON.stringify(wrong.body));
  const audit = await until('both in the audit log', async () => {
    const { entries = [], records = [], audit: rows = [] } = await demo.get('/api/v1/audit');
    const text = JSON.stringify([...entries, ...records, ...rows]);
    return text.includes('ortega') && text;
  });
  assert.ok(!audit.includes('a good long password') && !audit.includes('a wrong password'));
});
