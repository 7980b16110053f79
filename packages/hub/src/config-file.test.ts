import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Migration } from '@omh/config';
import { ConfigFile } from './config-file.ts';

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-config-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  mkdirSync(join(dir, 'devices'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

test('the hub file of version 1 opens for ever, with the drivers and limits of today', (t) => {
  const dir = folder(t);
  cpSync(fileURLToPath(new URL('../../config/fixtures/v1', import.meta.url)), dir, { recursive: true });
  const before = readFileSync(join(dir, 'hub.yaml'), 'utf8');
  const file = new ConfigFile(join(dir, 'hub.yaml'));
  assert.equal(file.migrate(), undefined);
  const read = file.load();
  assert.ok(read.ok, JSON.stringify(read.ok ? '' : read.error));
  assert.equal(read.value.broker.limits!['maxConnections'], 500);
  assert.equal(read.value.devices['oven']!.groups['slow']!.tags['zone 1']!.decimal, 0.1);
  assert.deepEqual(Object.keys(read.value.dashboards), ['line1']);
  assert.equal(readFileSync(join(dir, 'hub.yaml'), 'utf8'), before);
});

/** A made-up past: before version 1 groups had `poll`, and the hub was called `station`. */
const past: readonly Migration[] = [
  {
    from: 0,
    ops: [
      { op: 'rename', path: 'station', to: 'hub' },
      { op: 'rename', path: 'devices/*/groups/*/poll', to: 'interval' },
      { op: 'remove', path: 'devices/*/colour' },
      { op: 'set', path: 'historian', value: { retention: '30d' } },
    ],
  },
];
const oldMain = `# the plant
version: 0 # of old
station: { name: works }   # ours
include: devices/*.yaml
devices:
  a: { driver: modbus-tcp, settings: { host: h }, groups: { g: { poll: 1s, tags: {} } } } # first
`;
const oldIncluded = `devices:
  b:
    driver: modbus-tcp   # second
    colour: red
    settings: { host: h }
    groups: { g: { poll: 2s, tags: {} } }
`;
const newMain = `# the plant
version: 1 # of old
hub: { name: works }   # ours
include: devices/*.yaml
devices:
  a: { driver: modbus-tcp, settings: { host: h }, groups: { g: { interval: 1s, tags: {} } } } # first
historian:
  retention: 30d
`;
const newIncluded = oldIncluded.replace('    colour: red\n', '').replace('poll', 'interval');

test('an older hub file is copied first, then brought forward with what it includes', (t) => {
  const dir = folder(t, { 'hub.yaml': oldMain, 'devices/b.yaml': oldIncluded, 'devices/c.yaml': '# nothing yet\n' });
  const at = (name: string): string => readFileSync(join(dir, name), 'utf8');
  const file = new ConfigFile(join(dir, 'hub.yaml'));
  assert.equal(file.migrate(past), join(dir, 'hub.yaml.v0'));
  assert.deepEqual([at('hub.yaml.v0'), at('devices/b.yaml.v0')], [oldMain, oldIncluded]);
  assert.deepEqual([at('hub.yaml'), at('devices/b.yaml')], [newMain, newIncluded]);
  assert.ok(!existsSync(join(dir, 'devices/c.yaml.v0')));
  assert.ok(file.load().ok);
  assert.equal(file.migrate(past), undefined);
});

test('a migration that was cut off goes on where it was, and an older copy is never written over', (t) => {
  const dir = folder(t, { 'hub.yaml': oldMain, 'devices/b.yaml': newIncluded, 'hub.yaml.v0': 'of another time\n' });
  const at = (name: string): string => readFileSync(join(dir, name), 'utf8');
  assert.equal(new ConfigFile(join(dir, 'hub.yaml')).migrate(past), join(dir, 'hub.yaml.v0-1'));
  assert.deepEqual([at('hub.yaml.v0'), at('hub.yaml.v0-1')], ['of another time\n', oldMain]);
  assert.deepEqual([at('hub.yaml'), at('devices/b.yaml')], [newMain, newIncluded]);
});

test('a hub file of a later version is refused and left alone', (t) => {
  const dir = folder(t, { 'hub.yaml': 'version: 2\nhub: { name: a }\n' });
  const file = new ConfigFile(join(dir, 'hub.yaml'), 'hub.yaml');
  assert.equal(file.migrate(past), undefined);
  const read = file.load();
  assert.deepEqual(read.ok ? [] : read.error.map(({ code, line, message }) => [code, line, message]), [
    ['CONFIG_VERSION', 1, 'The file says version 2; this program reads version 1.'],
  ]);
  assert.deepEqual(readdirSync(dir).sort(), ['devices', 'hub.yaml']);
});

test('a file that may not be written is refused with that reason, before anything is', (t) => {
  const dir = folder(t, { 'hub.yaml': oldMain, 'devices/b.yaml': oldIncluded });
  const module = new URL('./config-file.js', import.meta.url).href;
  const script = `
    const { ConfigFile } = await import(${JSON.stringify(module)});
    const file = new ConfigFile(${JSON.stringify(join(dir, 'hub.yaml'))});
    try { file.migrate(${JSON.stringify(past)}); console.log('written'); }
    catch (thrown) { console.log(thrown.code + ' ' + thrown.message); }`;
  chmodSync(join(dir, 'hub.yaml'), 0o444);
  chmodSync(join(dir, 'devices'), 0o555);
  chmodSync(dir, 0o555);
  // Whoever may write everything tries it as nobody.
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], { ...user, encoding: 'utf8', env: {} });
  chmodSync(dir, 0o755);
  chmodSync(join(dir, 'devices'), 0o755);
  assert.match(ran.stdout, /^HUB_FILE_READ_ONLY .*the user that runs omh has no permission/, ran.stderr);
  assert.equal(readFileSync(join(dir, 'hub.yaml'), 'utf8'), oldMain);
  assert.deepEqual(readdirSync(dir).sort(), ['devices', 'hub.yaml']);
});
