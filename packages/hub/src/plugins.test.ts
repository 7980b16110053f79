import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, type TestContext } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { ConfigFile } from './config-file.ts';
import { Hub } from './hub.ts';
import { loadPlugins } from './plugins.ts';
import { code, me, until } from './testing/running-hub.ts';

const example = fileURLToPath(new URL('../../../examples/plugin', import.meta.url));

function folder(t: TestContext, text: string, files: Record<string, string> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'omh-plugin-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries({ 'hub.yaml': text, ...files })) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return join(dir, 'hub.yaml');
}
const naming = (...plugins: string[]): string => `version: 1\nplugins: ${JSON.stringify(plugins)}\nhub: { name: p }\n`;

test('the example plugin reads, its addresses are checked, and plugins are changed by hand only', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-plugin-'));
  cpSync(example, dir, { recursive: true });
  const file = join(dir, 'hub.yaml');
  const text = readFileSync(file, 'utf8').replace('hub:', 'http: { port: 0 }\nbroker: { listeners: {} }\nhub:');
  writeFileSync(file, text);
  await loadPlugins(file);
  await loadPlugins(file);
  const hub = new Hub({
    file,
    dataDir: join(dir, 'data'),
    version: '0',
    clock: systemClock,
    log: silentLogger,
    adminTokens: ['x'.repeat(24)],
  });
  t.after(async () => {
    await hub.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  await hub.start();
  await until('good values', () => hub.values.counts().good === 3);
  assert.equal(hub.devices()[0]!.driver, 'host-facts');
  const base = hub.revision;
  const wrong = file.replace('hub.yaml', 'wrong.yaml');
  writeFileSync(wrong, text.replace('address: memory', 'address: memori'));
  const loaded = new ConfigFile(wrong).load();
  assert.match(loaded.ok ? '' : JSON.stringify(loaded.error), /Did you mean \\"memory\\"\?/);
  const more = text.replace('[./host-facts.js]', '[./host-facts.js, ./other.js]');
  assert.equal(await code(hub.plan({ base, text: more })), 'HUB_PLUGINS_BY_HAND');
  assert.equal(await code(hub.plan({ base, ops: [{ op: 'remove', path: 'plugins' }] })), 'HUB_PLUGINS_BY_HAND');
  assert.equal(await code(hub.edit([{ op: 'replace', path: 'devices/gateway/groups/machine/interval', value: '2s' }], me)), 'ok');
  writeFileSync(join(dir, 'other.js'), 'export default { omhApi: 1, name: "other" };');
  writeFileSync(file, readFileSync(file, 'utf8').replace('[./host-facts.js]', '[./host-facts.js, ./other.js]'));
  const plan = await hub.plan({ base: hub.revision, disk: true });
  assert.deepEqual(
    plan.changes.map(({ path, effect }) => [path, effect]),
    [['plugins', 'restart']],
  );
});

test('a plugin that does not come or does not fit is named with what to do', async (t) => {
  const load = (plugin: string, source?: string): Promise<string> => {
    const file = folder(t, naming(plugin), source === undefined ? {} : { 'plugin.js': source });
    return loadPlugins(file).then(
      () => 'ok',
      (thrown: Error) => thrown.message,
    );
  };
  const driver = (extra: string): string => `export default { omhApi: 1, name: 'p', drivers: [{ omhApi: 1, ${extra} }] };`;
  for (const [plugin, source, says] of [
    ['./missing.js', undefined, /missing\.js cannot be loaded: it is not there/],
    ['@acme/not-installed', undefined, /@acme\/not-installed cannot be loaded: it is not there/],
    ['./plugin.js', 'export default 5;', /its default export is no plugin/],
    ['./plugin.js', 'throw new Error("no licence");', /cannot be loaded: no licence\./],
    ['./plugin.js', 'this is no module', /cannot be loaded/],
    ['./plugin.js', 'export default { omhApi: 2 };', /version 2 of the plugin contract, this hub has version 1/],
    ['./plugin.js', 'export default () => { throw new Error("inside"); };', /cannot be loaded: inside\./],
    ['./plugin.js', driver(`id: 'modbus-tcp'`), /there is a driver modbus-tcp already/],
    ['./plugin.js', driver(`id: '../x'`), /no id of a driver/],
    ['./plugin.js', driver(`id: 'x', title: 'X'`), /driver x has no parseAddress/],
    [
      './plugin.js',
      driver(`id: 'x', title: 'X', parseAddress() {}, endpoint() {}, create() {}, settings: { $ref: '#/x' }`),
      /settings schema of its driver x is not understood/,
    ],
  ] as const) {
    assert.match(await load(plugin, source), says, source ?? plugin);
  }
});

test('a package beside the hub file is found, and a file whose plugins are no list is left to the validator', async (t) => {
  const package_ = (name: string): Record<string, string> => ({
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, type: 'module', exports: './index.js' }),
    [`node_modules/${name}/index.js`]: `export default (omh) => ({ omhApi: 1, name: typeof omh.createBatch, drivers: [] });`,
  });
  await loadPlugins(folder(t, naming('@acme/press'), package_('@acme/press')));
  for (const text of ['plugins: 5\nversion: 1\n', 'plugins: [ {}, 7 ]\n', 'plugins: [', 'nothing: here\n']) {
    const file = folder(t, text);
    await loadPlugins(file);
    assert.equal(new ConfigFile(file).load().ok, false);
  }
});
