import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { Hub } from '@omh/hub';
import { ApiServer } from '../api-server.ts';
import type {
  AuditAnswer,
  DeviceRow,
  DevicesAnswer,
  FramesAnswer,
  HolesAnswer,
  IdentityAnswer,
  Problem,
  TagImportAnswer,
  ValuesAnswer,
  WriteAnswer,
} from '../types.ts';

const admin = 'an-admin-token-of-enough-length';
const hubFile = (port: number): string => `version: 1
hub: { name: test, site: acme }
broker: { listeners: { tcp: { host: 127.0.0.1, port: 0 } } }
simulators:
  plant: { protocol: modbus-tcp, port: ${port}, preset: blueprint }
devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups:
      g:
        interval: 50ms
        tags:
          temperature: { address: 1!40001, type: int16 }
          output: { address: 1!00001, type: bit, access: readwrite }
          gone: { address: 1!49000, type: int16 }
          setpoint: { type: double, value: 10, access: readwrite, writeMin: 0, writeMax: 100, writeReason: true }
      slow: { interval: 1s, tags: { humidity: { address: 1!40002, type: int16 } } }
  oven:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: ${port} }
    groups:
      g: { interval: 1s, tags: { lamp: { address: 1!00002, type: bit, access: readwrite } } }
`;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

let hub: Hub;
let api: ApiServer;
let dir: string;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omh-api-'));
  const port = await freePort();
  writeFileSync(join(dir, 'hub.yaml'), hubFile(port));
  const file = join(dir, 'hub.yaml');
  hub = new Hub({ file, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [admin] });
  await hub.start();
  api = new ApiServer({ hub, host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger });
  await api.start();
  await until(async () => (await get<DeviceRow>('/devices/press')).good >= 2);
});
after(async () => {
  await api.stop();
  await hub.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
});

async function raw(method: string, path: string, body?: string | Uint8Array, type = 'application/json'): Promise<Response> {
  return fetch(`${api.url()}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${admin}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body }),
  });
}
async function get<T>(path: string, status = 200): Promise<T> {
  const answer = await raw('GET', path);
  assert.equal(answer.status, status);
  return (await answer.json()) as T;
}
async function send<T>(method: string, path: string, body: unknown, status = 200): Promise<T> {
  const answer = await raw(method, path, JSON.stringify(body));
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return JSON.parse(text) as T;
}
async function until(check: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await check()) return;
    await systemClock.sleep(10);
  }
  assert.fail('it never became so');
}
test('a device says how its link and its groups do', async () => {
  const press = await get<DeviceRow>('/devices/press');
  assert.equal(press.link, 'up');
  assert.ok(press.stats.rttP50Ms! > 0 && press.stats.rttP99Ms! >= press.stats.rttP50Ms!);
  assert.deepEqual(
    press.groups.map((g) => [g.name, typeof g.overrun, g.paused]),
    [
      ['g', 'boolean', undefined],
      ['slow', 'boolean', undefined],
    ],
  );
  const first = await get<DevicesAnswer>('/devices?limit=1');
  assert.deepEqual([first.devices.map((d) => d.name), first.cursor], [['press'], 'press']);
  const second = await get<DevicesAnswer>('/devices?limit=1&cursor=press');
  assert.deepEqual([second.devices.map((d) => d.name), second.cursor], [['oven'], undefined]);
  assert.equal((await get<Problem>('/devices?cursor=none', 400)).code, 'API_CURSOR_INVALID');
  assert.match((await get<Problem>('/devices/pres', 404)).detail, /Did you mean "press"\?/);
});

test('what the device refuses is told, forgotten and learnt again, and goes into a template', async () => {
  await until(async () => (await get<HolesAnswer>('/devices/press/holes')).holes.length > 0);
  const { holes } = await get<HolesAnswer>('/devices/press/holes');
  assert.deepEqual(holes, [{ unit: 1, area: 'holding', start: 8999, count: 1, code: 2 }]);
  const template = await (await raw('GET', '/devices/press/template')).text();
  assert.match(template, /^templates:\n {2}press:\n/);
  assert.match(template, /\n {6}holes: \[\{ area: holding, start: 8999, count: 1 \}\]\n/);
  assert.match(template, /address: "\{unit\}!40001"/);
  assert.match(template, /host: "\{host\}"/);
  assert.doesNotMatch(template, /127\.0\.0\.1/);
  assert.equal((await raw('POST', '/devices/press/forget-learnt')).status, 204);
  await until(async () => (await get<HolesAnswer>('/devices/press/holes')).holes.length > 0);
});

test('a template of a device makes a second one', async () => {
  const template = await (await raw('GET', '/devices/oven/template')).text();
  const { text, revision } = await get<{ text: string; revision: number }>('/config');
  const port = /plant: \{ protocol: modbus-tcp, port: (\d+)/.exec(text)![1]!;
  const more = `  second: { template: oven, variables: { host: 127.0.0.1, port: ${port} } }\n`;
  const plan = await send<{ changes: { sentence: string }[] }>('POST', '/config/plan', {
    base: revision,
    text: `${text}${more}${template}`,
  });
  assert.ok(plan.changes.length > 0);
});

test('a device is paused and stopped by somebody, who is named, and started again', async () => {
  const paused = await send<DeviceRow>('POST', '/devices/press/control', { action: 'pause', comment: 'bearing change' });
  assert.equal(paused.paused!.comment, 'bearing change');
  assert.match(paused.reason.text, /^Paused by .*: bearing change\.$/);
  const group = await send<DeviceRow>('POST', '/devices/oven/control', { action: 'pause', group: 'g' });
  assert.ok(group.groups[0]!.paused);
  assert.equal(
    (await send<Problem>('POST', '/devices/oven/control', { action: 'pause', group: 'x' }, 404)).code,
    'ACQUISITION_NO_SUCH_GROUP',
  );
  assert.equal((await send<Problem>('POST', '/devices/oven/control', { action: 'burn' }, 400)).errors![0]!.pointer, '/action');
  const stopped = await send<DeviceRow>('POST', '/devices/press/control', { action: 'stop' });
  assert.deepEqual([stopped.state, stopped.link], ['stopped', 'stopped']);
  assert.equal((await send<Problem>('POST', '/write', { path: 'acme/press/output', value: true }, 409)).code, 'ACQUISITION_OUT_OF_SERVICE');
  const silent = await send<Problem>('POST', '/devices/press/identify', { unit: 1 }, 502);
  assert.match(silent.code, /^DRIVERS_/);
  await send('POST', '/devices/press/control', { action: 'start' });
  await send('POST', '/devices/oven/control', { action: 'resume', group: 'g' });
  await until(async () => (await get<DeviceRow>('/devices/press')).link === 'up');
  const { records } = await get<AuditAnswer>('/audit?verb=devices.control&limit=4');
  assert.deepEqual(
    records.map(({ what, detail }) => [what, detail!['action']]),
    [
      ['devices/oven/g', 'resume'],
      ['devices/press', 'start'],
      ['devices/press', 'identify'],
      ['devices/press', 'stop'],
    ],
  );
});

test('frames are logged while somebody wants them, each in a few words, and saved as pcap', async () => {
  assert.deepEqual((await get<FramesAnswer>('/devices/press/frames')).frames, []);
  const state = await send<{ on: boolean; until?: string }>('POST', '/devices/press/frames', { minutes: 10 });
  assert.ok(state.on && state.until !== undefined);
  await until(async () => (await get<FramesAnswer>('/devices/press/frames')).kept >= 4);
  const answer = await get<FramesAnswer>('/devices/press/frames?limit=2');
  assert.deepEqual([answer.frames.length, answer.next], [2, answer.frames[1]!.seq]);
  const sent = (await get<FramesAnswer>('/devices/press/frames')).frames.find((f) => f.direction === 'tx' && f.function === 3)!;
  assert.match(sent.text, /^read holding registers \d+/);
  assert.deepEqual([sent.unit, sent.functionName], [1, 'read holding registers']);
  const pcap = await raw('GET', '/devices/press/frames.pcap');
  assert.equal(pcap.headers.get('content-disposition'), 'attachment; filename="press.pcap"');
  assert.deepEqual([...new Uint8Array(await pcap.arrayBuffer())].slice(0, 4), [0xd4, 0xc3, 0xb2, 0xa1]);
  assert.equal((await send<{ on: boolean }>('POST', '/devices/press/frames', { minutes: 0 })).on, false);
  assert.ok((await get<FramesAnswer>('/devices/press/frames')).kept > 0, 'they can still be looked at');
  assert.equal((await raw('DELETE', '/devices/press/frames')).status, 204);
  assert.equal((await get<FramesAnswer>('/devices/press/frames')).kept, 0);
  assert.equal((await send<Problem>('POST', '/devices/press/frames', { minutes: 61 }, 400)).errors![0]!.pointer, '/minutes');
});

test('a device is asked who it is', async () => {
  const { unit, identity } = await send<IdentityAnswer>('POST', '/devices/press/identify', { unit: 1 });
  assert.equal(unit, 1);
  assert.ok(identity['VendorName'] !== undefined, JSON.stringify(identity));
});

test('one write keeps to the limits of its tag, and a refusal names the field', async () => {
  const write = { path: 'acme/press/setpoint', value: 50 };
  const missing = await send<Problem>('POST', '/write', write, 400);
  assert.deepEqual([missing.code, missing.errors![0]!.pointer], ['ACQUISITION_REASON_MISSING', '/reason']);
  const high = await send<Problem>('POST', '/write', { ...write, value: 101, reason: 'test' }, 400);
  assert.deepEqual([high.code, high.errors![0]!.pointer], ['ACQUISITION_ABOVE_LIMIT', '/value']);
  assert.deepEqual(await send<WriteAnswer>('POST', '/write', { ...write, reason: 'batch 12' }), { result: 'ok' });
  const { records } = await get<AuditAnswer>('/audit?verb=tag.write&limit=1');
  assert.deepEqual(
    [records[0]!.what, records[0]!.detail!['reason'], records[0]!.detail!['value']],
    ['acme/press/setpoint', 'batch 12', 50],
  );
});

test('many writes go to all devices or, where one may not be written, to none', async () => {
  const items = [
    { path: 'acme/press/output', value: 1 },
    { device: 'oven', group: 'g', tag: 'lamp', value: 1 },
    { path: 'acme/press/setpoint', value: 60 },
  ];
  const refused = await send<Problem>('POST', '/write', { items }, 400);
  assert.deepEqual(
    [refused.code, refused.errors],
    ['ACQUISITION_REASON_MISSING', [{ pointer: '/reason', message: 'press/g/setpoint is written with a reason only; none was given.' }]],
  );
  const wrong = await send<Problem>('POST', '/write', { items: [items[0], { path: 'acme/oven/lamb', value: 1 }], reason: 'r' }, 404);
  assert.equal(wrong.errors![0]!.pointer, '/items/1/path');
  const answer = await send<WriteAnswer>('POST', '/write', { items, reason: 'recipe 7' });
  assert.deepEqual(answer, {
    result: 'ok',
    items: ['acme/press/output', 'acme/oven/lamp', 'acme/press/setpoint'].map((path) => ({ path, result: 'ok' })),
  });
  await until(async () => {
    const { values } = await get<ValuesAnswer>('/values?path=acme/press/output');
    return Number(values[0]?.value) === 1;
  });
  const { records } = await get<AuditAnswer>('/audit?verb=tag.write&limit=3');
  assert.deepEqual(records.map((r) => r.what).sort(), ['acme/oven/lamp', 'acme/press/output', 'acme/press/setpoint']);
  assert.equal((await raw('POST', '/write', JSON.stringify({ items: [] }))).status, 400);
});

test('tags are exported, tried, planned and imported', async () => {
  const csv = await (await raw('GET', '/tags/export?device=press')).text();
  assert.match(csv, /^\uFEFF?device,group,/);
  const same = (await (await raw('POST', '/tags/import', csv, 'text/csv')).json()) as TagImportAnswer;
  assert.deepEqual([same.format, same.added, same.replaced, same.unchanged, same.refused], ['csv', 0, 0, 5, 0]);
  const xlsx = new Uint8Array(await (await raw('GET', '/tags/export?format=xlsx')).arrayBuffer());
  assert.equal(((await (await raw('POST', '/tags/import', xlsx, 'application/octet-stream')).json()) as TagImportAnswer).unchanged, 6);

  const table = 'device,group,name,address,type\npress,g,level,1!40003,int16\npress,g,worse,nowhere,int16\n';
  const dry = (await (await raw('POST', '/tags/import', table, 'text/csv')).json()) as TagImportAnswer;
  assert.deepEqual([dry.added, dry.refused, dry.faults[0]!.line, dry.faults[0]!.column], [1, 1, 3, 15]);
  const refused = await raw('POST', '/tags/import?mode=apply', table, 'text/csv');
  const problem = (await refused.json()) as Problem;
  assert.deepEqual([refused.status, problem.code, problem.errors![0]!.line], [400, 'API_IMPORT_REFUSED', 3]);
  const planned = (await (await raw('POST', '/tags/import?mode=plan&partial=true', table, 'text/csv')).json()) as TagImportAnswer;
  assert.ok(planned.plan!.planId.length > 0 && planned.revision === undefined);
  const before = hub.revision;
  const done = (await (await raw('POST', '/tags/import?mode=apply&partial=true', table, 'text/csv')).json()) as TagImportAnswer;
  assert.equal(done.revision, before + 1);
  assert.ok(hub.config.devices['press']!.groups['g']!.tags['level']);
  const { records } = await get<AuditAnswer>('/audit?verb=config.write&limit=1');
  assert.deepEqual([records[0]!.what, records[0]!.detail!['added']], ['tags', 1]);
  assert.equal((await raw('POST', '/tags/import', 'not,a\ntable,x\n', 'text/csv')).status, 400);
  assert.equal((await raw('POST', '/tags/import', '', 'text/csv')).status, 400);
  assert.equal((await raw('GET', '/tags/export?device=pres')).status, 404);
  const large = await raw('POST', '/tags/import', new Uint8Array(33 * 1024 * 1024), 'text/csv');
  assert.equal(((await large.json()) as Problem).detail, 'The body is larger than 33554432 bytes.');
});
