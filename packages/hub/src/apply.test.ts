import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import type { OmhError } from '@omh/core';
import { InvalidHubFile } from './config-file.ts';
import { code, file, freePort, hub, me, until } from './testing/running-hub.ts';

const interval = (value: string) => ({ op: 'replace' as const, path: 'devices/press/groups/g/interval', value });
const rule = (name: string) => ({ op: 'add' as const, path: `rules/${name}`, value: { sql: 'SELECT * FROM "a"', actions: [] } });

test('a plan says what it does in words and changes nothing; apply carries it out', async (t) => {
  const { hub: h, path } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const connects = h.devices()[0]!.stats.connects;
  const before = readFileSync(path, 'utf8');
  const ops = [
    interval('80ms'),
    { op: 'add' as const, path: 'devices/press/groups/g/tags/more', value: { address: '1!40002', type: 'int16' } },
    { op: 'replace' as const, path: 'rules/copy/sql', value: 'SELECT payload.values.humidity AS t FROM "/neuron/app/press/g"' },
  ];
  const plan = await h.plan({ base: h.revision, ops });
  assert.deepEqual(
    plan.changes.map((c) => [c.kind, c.path, c.effect, c.sentence]),
    [
      ['change', 'devices/press/groups/g/interval', 'live', 'group press/g: interval 50 ms → 80 ms'],
      ['add', 'devices/press/groups/g/tags', 'live', '1 tag added to press/g: more'],
      [
        'change',
        'rules/copy/sql',
        'live',
        'rule copy: sql SELECT payload.values.temperature AS t FROM "/neuron/app/press/g" → SELECT payload.values.humidity AS t FROM "/neuron/app/press/g"',
      ],
    ],
  );
  assert.equal(readFileSync(path, 'utf8'), before);
  assert.equal(h.revision, 1);
  assert.deepEqual(await h.apply(plan.planId, 'faster', me), { revision: 2 });
  await until('four good values', () => h.values.counts().good === 4);
  assert.equal(h.devices()[0]!.stats.connects, connects);
  assert.equal(h.devices()[0]!.groups[0]!.intervalMs, 80);
  assert.ok(readFileSync(path, 'utf8').includes('# keeps this comment'));
  const { revisions } = await h.revisions(10);
  assert.deepEqual(
    revisions.map((r) => [r.revision, r.by, r.comment, r.changes.length]),
    [
      [2, 'test', 'faster', 3],
      [1, 'hub', 'As found at the first start', 0],
    ],
  );
  assert.match(h.revisionDiff(2)[0]!.diff, /^--- a\/hub\.yaml\n\+\+\+ b\/hub\.yaml\n@@ .*\n[^]*-\s+interval: 50ms\n\+\s+interval: 80ms\n/);
  assert.equal(await code(h.apply(plan.planId, '', me)), 'HUB_NO_SUCH_PLAN');
});

test('a change of the link reconnects this device and no other', async (t) => {
  const two = file(5020).replace(
    'apps:',
    '  second:\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1, port: 5020 }\n    groups: { g: { interval: 50ms, tags: { a: { address: 1!40001, type: int16 } } } }\napps:',
  );
  const { hub: h } = await hub(t, { text: two });
  await until('good values', () => h.values.counts().good === 4);
  const requests = (): number => h.devices().find((d) => d.name === 'second')!.stats.requests;
  const before = requests();
  const plan = await h.plan({ base: 1, ops: [{ op: 'add', path: 'devices/press/settings/window', value: 1 }] });
  assert.deepEqual(
    plan.changes.map((c) => [c.effect, c.sentence]),
    [['reconnect', 'device press: settings window auto → 1; device press reconnects']],
  );
  await h.apply(plan.planId, '', me);
  await until('good values again', () => h.values.counts().good === 4 && requests() > before);
  const second = h.devices().find((d) => d.name === 'second')!;
  assert.equal(second.stats.connects, 1);
});

test('a stale base, an unknown plan and a second apply at once are refused', async (t) => {
  const { hub: h } = await hub(t);
  const plan = await h.plan({ base: 1, ops: [rule('one')] });
  const other = await h.plan({ base: 1, ops: [rule('two')] });
  const first = h.apply(plan.planId, '', me);
  assert.equal(await code(h.apply(other.planId, '', me)), 'HUB_APPLY_BUSY');
  assert.equal(await code(h.rollback(1, '', me)), 'HUB_APPLY_BUSY');
  assert.deepEqual(await first, { revision: 2 });
  assert.equal(await code(h.apply(other.planId, '', me)), 'HUB_NO_SUCH_PLAN');
  const stale = h.plan({ base: 1, ops: [rule('two')] });
  await assert.rejects(stale, (thrown: OmhError) => thrown.code === 'HUB_STALE_BASE' && thrown.status === 409);
  assert.equal(await code(h.plan({ base: 2, ops: [{ op: 'replace', path: 'rules/none/sql', value: 'x' }] })), 'CONFIG_EDIT_PATH');
  assert.equal(await code(h.plan({ base: 2, revision: 9 })), 'HUB_NO_SUCH_REVISION');
});

test('a part that does not start takes everything back and is named', async (t) => {
  const { hub: h, path } = await hub(t);
  await until('good values', () => h.values.counts().good === 3);
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const text = readFileSync(path, 'utf8');
  const connects = h.devices()[0]!.stats.connects;
  const ops = [rule('more'), { op: 'remove' as const, path: 'apps/app' }, { op: 'remove' as const, path: 'rules/copy' }, interval('70ms')];
  const plan = await h.plan({ base: 1, ops: [...ops, { op: 'add', path: 'simulators/other', value: { protocol: 'modbus-tcp', port } }] });
  await assert.rejects(
    h.apply(plan.planId, '', me),
    (thrown: OmhError) => thrown.code === 'HUB_PART_NOT_STARTED' && /simulator\/other/.test(thrown.text),
  );
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.equal(h.revision, 1);
  assert.equal((await h.revisions(10)).revisions.length, 1);
  assert.deepEqual(
    [h.rules().map((r) => r.name), h.apps().map((a) => a.name), h.simulators().map((s) => s.name)],
    [['copy'], ['app'], ['plant']],
  );
  assert.equal(h.devices()[0]!.groups[0]!.intervalMs, 50);
  assert.equal(h.devices()[0]!.stats.connects, connects);
  assert.deepEqual(await h.edit(ops, me), { revision: 2 });
});

test('a rollback is a new revision with the old files', async (t) => {
  const { hub: h, path } = await hub(t);
  const text = readFileSync(path, 'utf8');
  await h.edit([rule('one')], me);
  await h.edit([rule('two'), interval('90ms')], me);
  assert.deepEqual(await h.rollback(1, '', me), { revision: 4 });
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.deepEqual(
    h.rules().map((r) => r.name),
    ['copy'],
  );
  const { revisions, cursor } = await h.revisions(2);
  assert.deepEqual([revisions[0]!.comment, revisions.map((r) => r.revision), cursor], ['Back to revision 1', [4, 3], 3]);
  assert.deepEqual(
    (await h.revisions(2, cursor)).revisions.map((r) => r.revision),
    [2, 1],
  );
});

test('a hand edit shows as drift with its diff, keeps edits away, and is taken over by plan and apply', async (t) => {
  const { hub: h, path } = await hub(t);
  assert.equal(h.drift(), undefined);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('interval: 50ms', 'interval: 60ms # by hand'));
  const drift = h.drift()!;
  assert.deepEqual([drift.files[0]!.file, drift.files[0]!.kind], ['hub.yaml', 'changed']);
  assert.match(drift.files[0]!.diff, /-\s+interval: 50ms\n\+\s+interval: 60ms # by hand\n/);
  assert.equal(await code(h.edit([rule('one')], me)), 'HUB_FILE_CHANGED');
  assert.equal(await code(h.rollback(1, '', me)), 'HUB_FILE_CHANGED');
  const plan = await h.plan({ base: 1, disk: true });
  assert.deepEqual(
    plan.changes.map((c) => c.sentence),
    ['group press/g: interval 50 ms → 60 ms'],
  );
  assert.deepEqual(await h.apply(plan.planId, 'by hand', me), { revision: 2 });
  assert.equal(h.drift(), undefined);
  assert.equal(h.devices()[0]!.groups[0]!.intervalMs, 60);
  writeFileSync(path, `${readFileSync(path, 'utf8')}rules2: {}\n`);
  await assert.rejects(
    h.plan({ base: 2, disk: true }),
    (thrown) => thrown instanceof InvalidHubFile && thrown.issues[0]!.path === 'rules2',
  );
});

test('included files: an edit stays in its own, a new one is drift, and a rollback takes it away again', async (t) => {
  const text = `${file(5020).split('devices:')[0]!}include: devices/*.yaml\n`;
  const device = (name: string): string =>
    `# ${name}\ndevices:\n  ${name}:\n    driver: modbus-tcp\n    settings: { host: 127.0.0.1, port: 5020 }\n    groups: { g: { interval: 1s, tags: { a: { address: 1!40001, type: int16 } } } }\n`;
  const { hub: h, path, dir } = await hub(t, { text, files: { 'devices/a.yaml': device('a') } });
  await h.edit([{ op: 'replace', path: 'devices/a/groups/g/interval', value: '2s' }], me);
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.equal(readFileSync(join(dir, 'devices/a.yaml'), 'utf8'), device('a').replace('interval: 1s', 'interval: 2s'));
  writeFileSync(join(dir, 'devices/b.yaml'), device('b'));
  assert.deepEqual(
    h.drift()!.files.map((f) => [f.file, f.kind]),
    [['devices/b.yaml', 'added']],
  );
  await h.apply((await h.plan({ base: 2, disk: true })).planId, '', me);
  assert.deepEqual(Object.keys(h.config.devices), ['a', 'b']);
  await h.rollback(1, '', me);
  assert.deepEqual(Object.keys(h.config.devices), ['a']);
  assert.deepEqual([...h.configFiles().keys()], ['hub.yaml', 'devices/a.yaml']);
  assert.equal(h.drift(), undefined);
  await h.rollback(3, '', me);
  assert.equal(readFileSync(join(dir, 'devices/b.yaml'), 'utf8'), device('b'));
});

test('what takes effect at the next start is told as that', async (t) => {
  const { hub: h } = await hub(t);
  const port = await freePort();
  const plan = await h.plan({ base: 1, ops: [{ op: 'add', path: 'http', value: { port } }] });
  assert.deepEqual(
    plan.changes.map((c) => [c.effect, c.sentence]),
    [['restart', `http: port 7070 → ${port}, from the next start of the hub on`]],
  );
  await h.apply(plan.planId, '', me);
  assert.deepEqual(
    h.pendingRestart().map((c) => c.path),
    ['http/port'],
  );
});

test('listeners of the broker change while it serves; one that cannot be opened changes nothing', async (t) => {
  const { hub: h } = await hub(t);
  const add = (value: object) => h.plan({ base: h.revision, ops: [{ op: 'add', path: 'broker/listeners/edge', value }] });
  const edge = { type: 'ws', port: 0, anonymous: true };
  const plan = await add(edge);
  assert.deepEqual(
    plan.changes.map((c) => c.effect),
    ['live'],
  );
  await h.apply(plan.planId, '', me);
  const { tcp, edge: opened } = h.mqttAddresses();
  assert.match(opened!, /^ws:/);
  assert.deepEqual(h.pendingRestart(), []);
  const taken = await h.plan({
    base: h.revision,
    ops: [{ op: 'add', path: 'broker/listeners/second', value: { ...edge, port: Number(new URL(tcp!).port) } }],
  });
  await assert.rejects(
    h.apply(taken.planId, '', me),
    (thrown: OmhError) => thrown.code === 'HUB_PART_NOT_STARTED' && /already in use/.test(thrown.message),
  );
  assert.deepEqual(h.mqttAddresses(), { tcp, edge: opened });
  await h.rollback(1, '', me);
  assert.deepEqual(h.mqttAddresses(), { tcp });
});

test('no secret stands in a plan or a revision', async (t) => {
  process.env['OMH_TEST_OTHER'] = 'nor-this';
  const { hub: h, dir } = await hub(t);
  const settings = (password: string) => h.plan({ base: 1, ops: [{ op: 'replace', path: 'apps/app/settings', value: { password } }] });
  await assert.rejects(settings('planted-canary'), (thrown: Error & { issues: unknown }) => {
    assert.match(JSON.stringify(thrown.issues), /CONFIG_PLAIN_SECRET/);
    return !JSON.stringify([thrown, thrown.message]).includes('planted-canary');
  });
  const plan = await settings('!env OMH_TEST_OTHER');
  assert.ok(!/do-not-show-this|nor-this/.test(JSON.stringify(plan)));
  assert.match(JSON.stringify(plan.changes), /!env OMH_TEST_SECRET/);
  await h.edit([rule('one')], me);
  assert.ok(!readFileSync(join(dir, 'data/revisions/00000002.json'), 'utf8').includes('do-not-show-this'));
});

test('10,000 tags are planned and applied without holding up the loop', { timeout: 60_000 }, async (t) => {
  const rows = (unit: string): string => {
    const out = ['name,address,type,unit'];
    for (let i = 0; i < 10_000; i++) out.push(`t${i},1!4${String((i % 900) + 1).padStart(4, '0')},int16,${i < 5000 ? unit : 'Cel'}`);
    return `${out.join('\n')}\n`;
  };
  const text = file(5020)
    .replace(/tags:\n(.*\n){3}/, 'tags: { file: tags/press.csv }\n')
    .replace('50ms', '1h');
  const { hub: h, dir } = await hub(t, { text, files: { 'tags/press.csv': rows('Cel') } });
  mkdirSync(join(dir, 'tags'), { recursive: true });
  writeFileSync(join(dir, 'tags/press.csv'), rows('bar'));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  delay.enable();
  const started = performance.now();
  const plan = await h.plan({ base: 1, disk: true });
  const planned = performance.now();
  const planMax = delay.max / 1e6;
  delay.reset();
  await h.apply(plan.planId, '', me);
  const applied = performance.now();
  delay.disable();
  assert.deepEqual(
    plan.changes.map((c) => c.sentence),
    ['5,000 tags changed in press/g: unit'],
  );
  assert.equal(h.values.byKey('press/g/t17')!.tag.unit, 'bar');
  t.diagnostic(
    `plan ${Math.round(planned - started)} ms (loop ${Math.round(planMax)} ms), apply ${Math.round(applied - planned)} ms (loop ${Math.round(delay.max / 1e6)} ms)`,
  );
});
