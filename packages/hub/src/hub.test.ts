import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock, type OmhError } from '@omh/core';
import { Hub } from './hub.ts';
import { InvalidHubFile } from './config-file.ts';
import { roomMetrics } from './metrics.ts';
import { code, file, hub, me, until } from './testing/running-hub.ts';

test('a device follows its simulator to another port, and every part runs', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  await until('all parts run', () => h.status().state === 'running');
  assert.match(h.status().sentence, /^All \d+ parts run\.$/);
  const humidity = h.values.byPath('acme/press/humidity')!;
  assert.ok((humidity.value as number) >= 70 && (humidity.value as number) < 73, String(humidity.value));
});

test('a rule sees each cycle of the app, in this process, with no encoding in between', async (t) => {
  const { hub: h } = await hub(t);
  const seen: unknown[] = [];
  h.bus.subscribe(['copy'], {
    name: 'test',
    delivery: 'volatile',
    receive: (message) => {
      seen.push(message.json());
    },
  });
  await until('three copies', () => seen.length >= 3);
  assert.ok((seen[0] as { t: number }).t >= 280);
});

test('a write is answered after the device confirmed it', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  assert.equal(await code(h.write({ device: 'press', group: 'g', tag: 'output' }, true, me)), 'ok');
  await until('the new value is read back', () => h.values.byTag('press', 'g', 'output')!.value === true);
  assert.equal(await code(h.write({ path: 'acme/press/temperature' }, 1, me)), 'ACQUISITION_NOT_WRITABLE');
  assert.equal(await code(h.write({ path: 'acme/nowhere' }, 1, me)), 'HUB_NO_SUCH_TAG');
});

test('every metric of ours has a type and a sentence of help', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const names = new Set([...h.metrics()].map(({ name }) => name).filter((name) => name.startsWith('omh_')));
  assert.ok(names.has('omh_namespace_topics') && names.has('omh_access_sessions'));
  assert.deepEqual(
    [...names].filter((name) => roomMetrics[name] === undefined),
    [],
  );
});

test('a change restarts only what it touches, keeps comments, and moves the revision', async (t) => {
  const { hub: h, path } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const connects = h.devices()[0]!.stats.connects;
  const { revision } = await h.edit([{ op: 'add', path: 'rules/second', value: { sql: 'SELECT * FROM "a"', actions: [] } }], me);
  assert.equal(revision, 2);
  assert.deepEqual(
    h.rules().map((r) => r.name),
    ['copy', 'second'],
  );
  assert.equal(h.devices()[0]!.stats.connects, connects);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.startsWith(file(5020).split('rules:')[0]!), text);
  assert.match(text, /second:/);
  await h.edit([{ op: 'remove', path: 'rules/second' }], me);
  assert.deepEqual(
    h.rules().map((r) => r.name),
    ['copy'],
  );
});

test('ids of tags stay when a device is changed', async (t) => {
  const { hub: h } = await hub(t);
  const before = h.values.byKey('press/g/humidity')!.tag.id;
  await h.edit([{ op: 'replace', path: 'devices/press/groups/g/interval', value: '80ms' }], me);
  assert.equal(h.values.byKey('press/g/humidity')!.tag.id, before);
  await until('good values again', () => h.values.counts().good === 3);
  assert.equal(h.devices()[0]!.groups[0]!.intervalMs, 80);
});

test('a change that is wrong, stale or cannot be written changes nothing', async (t) => {
  const { hub: h, path } = await hub(t);
  const text = readFileSync(path, 'utf8');
  const wrong = h.edit(
    [
      {
        op: 'add',
        path: 'devices/bad',
        value: {
          driver: 'modbus-tcp',
          settings: { host: 'h', port: 502 },
          groups: { g: { interval: '1s', tags: { x: { address: '9!x', type: 'int16' } } } },
        },
      },
    ],
    me,
  );
  await assert.rejects(
    wrong,
    (thrown) => thrown instanceof InvalidHubFile && thrown.issues.some((i) => i.path.includes('devices/bad') && i.line > 0),
  );
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.equal(h.revision, 1);
  writeFileSync(path, `${text}# by hand\n`);
  const rule = { op: 'add' as const, path: 'rules/x', value: { sql: 'SELECT * FROM "a"', actions: [] } };
  assert.equal(await code(h.edit([rule], me)), 'HUB_FILE_CHANGED');
  writeFileSync(path, text);
  if (process.getuid?.() !== 0) {
    chmodSync(path, 0o444);
    assert.equal(await code(h.edit([rule], me)), 'HUB_FILE_READ_ONLY');
    chmodSync(path, 0o644);
  }
  assert.equal(await code(h.edit([rule], me)), 'ok');
});

test('two changes at once go one after the other', async (t) => {
  const { hub: h } = await hub(t);
  const add = (name: string): Promise<{ revision: number }> =>
    h.edit([{ op: 'add', path: `rules/${name}`, value: { sql: 'SELECT * FROM "a"', actions: [] } }], me);
  const done = await Promise.all([add('one'), add('two'), add('three')]);
  assert.deepEqual(
    done.map((d) => d.revision),
    [2, 3, 4],
  );
  assert.deepEqual(
    h
      .rules()
      .map((r) => r.name)
      .sort(),
    ['copy', 'one', 'three', 'two'],
  );
});

test('a stop that comes during the start ends it; nothing stays open and nothing is changed any more', async (t) => {
  const { hub: h, path, dir } = await hub(t, { start: false });
  const starting = code(h.start());
  await h.stop();
  assert.notEqual(await starting, 'ok');
  assert.deepEqual(h.mqttAddresses(), {});
  assert.equal(h.devices().length, 0);
  assert.equal(await code(h.edit([{ op: 'remove', path: 'rules/copy' }], me)), 'HUB_STOPS');
  const next = new Hub({ file: path, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [] });
  await next.stop();
});

test('a start that fails half way leaves nothing open', async (t) => {
  const { hub: first } = await hub(t);
  const port = Number(new URL(first.mqttAddresses().tcp!).port);
  const { hub: h, path, dir } = await hub(t, { start: false, text: file(5020).replace('tcp: { port: 0', `tcp: { port: ${port}`) });
  assert.equal(await code(h.start()), 'BROKER_PORT_TAKEN');
  assert.deepEqual(
    [h.simulators()[0]!.address(), h.status().parts.find((p) => p.id === 'historian')!.health.state],
    [undefined, 'stopped'],
  );
  const next = new Hub({ file: path, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [] });
  await next.stop();
});

test('a write that is under way when its device is changed is answered, not forgotten', async (t) => {
  const { hub: h } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const writes = Array.from({ length: 20 }, (_, i) => code(h.write({ device: 'press', group: 'g', tag: 'output' }, i % 2 === 0, me)));
  await h.edit([{ op: 'replace', path: 'devices/press/groups/g/interval', value: '60ms' }], me);
  for (const answer of await Promise.all(writes)) assert.match(answer, /^(ok|ACQUISITION_(WRITE_REFUSED|LINK_DOWN))$/);
});

test('a secret of the hub file is told by its name only', async (t) => {
  const { hub: h } = await hub(t, { start: false });
  assert.ok(!JSON.stringify(h.publicConfig()).includes('do-not-show-this'));
  assert.match(JSON.stringify(h.publicConfig()), /!env OMH_TEST_SECRET/);
  assert.equal(h.config.apps['app']!.settings['username'], 'do-not-show-this');
});

test('a hub file with faults tells them all and leaves the data directory free', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'omh-hub-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'hub.yaml');
  writeFileSync(path, 'version: 1\nhub: { nam: x }\ndevises: {}\n');
  const make = (): Hub =>
    new Hub({ file: path, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [] });
  assert.throws(make, (thrown) => thrown instanceof InvalidHubFile && thrown.issues.length >= 2);
  assert.throws(make, InvalidHubFile);
});

test('a second hub on the same data directory is refused', async (t) => {
  const { path, dir } = await hub(t, { start: false });
  assert.throws(
    () => new Hub({ file: path, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [] }),
    (thrown: OmhError) => thrown.code === 'STORAGE_LOCKED',
  );
});

test('the limits of the file are those of the broker', async (t) => {
  const text = file(5020).replace('anonymous: true } } }', 'anonymous: true } }, limits: { maxConnections: 1 } }');
  const { hub: h } = await hub(t, { text });
  const port = Number(new URL(h.mqttAddresses().tcp!).port);
  const first = connect(port, '127.0.0.1');
  await once(first, 'connect');
  const second = connect(port, '127.0.0.1');
  second.on('error', () => {});
  await once(second, 'close');
  assert.equal(first.readyState, 'open');
  first.destroy();
  const wrong = file(5020).replace('anonymous: true } } }', 'anonymous: true } }, limits: { maxConnection: 1 } }');
  await assert.rejects(
    hub(t, { text: wrong, start: false }),
    (thrown) => thrown instanceof InvalidHubFile && /Did you mean "maxConnections"/.test(thrown.issues[0]!.fix ?? ''),
  );
});
