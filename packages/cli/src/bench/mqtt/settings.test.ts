import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigFile } from '@omh/hub';
import { bare } from './row.ts';
import { rows } from './rows.ts';
import { hubFile } from './settings.ts';

test('the hub file of every row is valid', () => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-bench-test-'));
  try {
    const certificate = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
    for (const { name, setup } of rows) {
      const file = join(dir, 'hub.yaml');
      writeFileSync(file, hubFile({ ...bare, ...setup }, 1883, certificate, setup.tagsPerSecond === undefined ? [] : [502]));
      const loaded = new ConfigFile(file).load();
      assert.ok(loaded.ok, `${name}: ${loaded.ok ? '' : JSON.stringify(loaded.error)}`);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('row names are unique, and every aim is about a column of its row', () => {
  assert.equal(new Set(rows.map((r) => r.name)).size, rows.length);
  for (const row of rows)
    for (const aim of row.aims ?? [])
      assert.ok(
        row.columns.some((c) => c.key === aim.column),
        row.name,
      );
});
