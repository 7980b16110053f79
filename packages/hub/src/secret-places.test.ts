import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSecret, secretVariable } from './secret-places.ts';

test('a secret is read from the folder of the hub file and from named folders, never from the hub or the rest of the machine', (t) => {
  const top = mkdtempSync(join(tmpdir(), 'omh-secrets-'));
  const former = process.env['OMH_SECRET_DIRS'];
  t.after(() => {
    rmSync(top, { recursive: true, force: true });
    if (former === undefined) delete process.env['OMH_SECRET_DIRS'];
    else process.env['OMH_SECRET_DIRS'] = former;
  });
  const folder = join(top, 'plant');
  for (const dir of ['plant/secrets', 'plant/run', 'plant/state', 'vault', 'vault-not', 'plant/omh-data/run', 'plant/omh-data/state'])
    mkdirSync(join(top, dir), { recursive: true });
  const put = (name: string): string => {
    writeFileSync(join(top, name), `${name}!`);
    return join(top, name);
  };
  put('plant/secrets/mqtt');
  put('plant/run/note');
  const vault = put('vault/key');
  const beside = put('vault-not/key');
  put('plant/omh-data/lock');
  put('plant/omh-data/run/endpoint.json');
  symlinkSync(join(folder, 'omh-data/run/endpoint.json'), join(folder, 'secrets/link'));
  assert.equal(readSecret('secrets/mqtt', folder), 'plant/secrets/mqtt!');
  assert.equal(readSecret('run/note', folder), 'plant/run/note!', 'only a data directory has folders of the hub');
  for (const [path, why] of [
    ['/etc/hostname', /neither in the folder/],
    ['../vault/key', /neither in the folder/],
    [vault, /neither in the folder/],
    ['omh-data/run/endpoint.json', /belongs to the hub itself/],
    ['secrets/../omh-data/run/endpoint.json', /belongs to the hub itself/],
    ['secrets/link', /belongs to the hub itself/],
    ['secrets/none', /ENOENT/],
    ['.', /neither/],
  ] as const)
    assert.throws(() => readSecret(path, folder), why, path);
  process.env['OMH_SECRET_DIRS'] = join(top, 'vault');
  assert.equal(readSecret(vault, folder), 'vault/key!');
  assert.throws(() => readSecret(beside, folder), /neither in the folder/);
});

test("the hub's own keys are no variables of the hub file", () => {
  process.env['OMH_SECRET_PLACES_TEST'] = 'x';
  assert.equal(secretVariable('OMH_SECRET_PLACES_TEST'), 'x');
  const former = process.env['OMH_ADMIN_TOKEN'];
  process.env['OMH_ADMIN_TOKEN'] = 'a'.repeat(24);
  assert.equal(secretVariable('OMH_ADMIN_TOKEN'), undefined);
  if (former === undefined) delete process.env['OMH_ADMIN_TOKEN'];
  else process.env['OMH_ADMIN_TOKEN'] = former;
});
