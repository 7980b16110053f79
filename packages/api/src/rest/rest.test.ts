import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { OmhError, Quality, silentLogger, type Micros } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { ApiServer } from '../api-server.ts';
import type { App } from '../context.ts';
import { adminToken, asHub, ConfigRefused, FakeHub } from '../testing/fake-hub.ts';
import type {
  ConfigAnswer,
  ConfigFileAnswer,
  DevicesAnswer,
  DiffAnswer,
  HistoryAnswer,
  Problem,
  SqlAnswer,
  StatusAnswer,
  ValuesAnswer,
} from '../types.ts';

const start = 1_700_000_000_000_000;
let clock: VirtualClock;
let hub: FakeHub;
let app: App;
beforeEach(async () => {
  clock = new VirtualClock(start);
  hub = new FakeHub(clock);
  app = await new ApiServer({ hub: asHub(hub), host: '127.0.0.1', port: 0, clock, log: silentLogger }).build();
});
afterEach(() => app.close());

const headers = { host: 'localhost', authorization: `Bearer ${adminToken}` };
const get = async <T>(url: string, status = 200): Promise<T> => {
  const answer = await app.inject({ method: 'GET', url, headers });
  assert.equal(answer.statusCode, status, answer.body);
  return answer.json<T>();
};
const send = async <T>(method: 'POST' | 'PUT' | 'DELETE', url: string, payload?: unknown, status = 200): Promise<T> => {
  const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload: payload as object }) });
  assert.equal(answer.statusCode, status, answer.body);
  return answer.json<T>();
};

test('a value stands with its own time, its age and since when its quality holds', async () => {
  hub.set({ 1: 21.5 });
  await clock.advance(2500);
  hub.set({ 1: 0 }, Quality.badTimeout);
  await clock.advance(500);
  const { values } = await get<ValuesAnswer>('/api/v1/values?device=press');
  assert.deepEqual(values[0], {
    device: 'press',
    group: 'g',
    tag: 'temperature',
    path: 'acme/line1/temperature',
    type: 'double',
    address: '1!40001',
    access: 'read',
    value: 21.5,
    quality: 'bad',
    reason: values[0]!.reason,
    time: '2023-11-14T22:13:20.000Z',
    age: 3,
    since: '2023-11-14T22:13:22.500Z',
    unit: 'Cel',
    precision: 1,
  });
  assert.equal(typeof values[0].reason, 'string');
  assert.deepEqual([values[1]!.value, values[1]!.time, values[1]!.age], [null, null, null]);
});

test('the word that a tag has for its value stands beside it', async () => {
  const [first, ...others] = hub.values.tags();
  hub.values.configure([{ ...first!, labels: { 0: 'stopped', 1: 'running' } }, ...others], clock.now());
  hub.set({ 1: 1, 2: 1 });
  const { values } = await get<ValuesAnswer>('/api/v1/values');
  assert.deepEqual(
    values.map((v) => v.label),
    ['running', undefined, undefined],
  );
});

test('values no double holds are told exactly', async () => {
  hub.set({ 3: 9007199254740993n, 1: Number.NaN });
  const { values } = await get<ValuesAnswer>('/api/v1/values');
  assert.deepEqual(
    values.map((v) => v.value),
    ['NaN', null, '9007199254740993'],
  );
});

test('values come in pages, by device, group and path', async () => {
  const first = await get<ValuesAnswer>('/api/v1/values?limit=2');
  assert.deepEqual([first.values.length, first.cursor], [2, '2']);
  const second = await get<ValuesAnswer>(`/api/v1/values?limit=2&cursor=${first.cursor}`);
  assert.deepEqual([second.values.map((v) => v.tag), second.cursor], [['count'], undefined]);
  const names = async (query: string): Promise<string[]> => (await get<ValuesAnswer>(`/api/v1/values?${query}`)).values.map((v) => v.tag);
  assert.deepEqual(await names('path=acme/line1'), ['temperature', 'humidity']);
  assert.deepEqual(await names('path=acme/line1/humidity'), ['humidity']);
  assert.deepEqual(await names('path=acme/line'), []);
  assert.deepEqual(await names('device=oven&group=g'), ['count']);
  assert.equal((await get<Problem>('/api/v1/values?cursor=999', 400)).code, 'API_CURSOR_INVALID');
  assert.equal((await get<Problem>('/api/v1/values?cursor=x', 400)).code, 'API_CURSOR_INVALID');
  assert.equal((await get<Problem>('/api/v1/values?limit=0', 400)).errors![0]!.pointer, '/limit');
});

test('a write goes to the tag that is named, by whom, and answers with the reason of a refusal', async () => {
  assert.deepEqual(await send('POST', '/api/v1/write', { path: 'acme/line1/humidity', value: 44.5 }), { result: 'ok' });
  await send('POST', '/api/v1/write', { device: 'press', group: 'g', tag: 'humidity', value: '9007199254740993' });
  assert.deepEqual(
    hub.written.map((w) => [w.target, w.value, w.principal]),
    [
      [{ device: 'press', group: 'g', tag: 'humidity' }, 44.5, 'admin-token'],
      [{ device: 'press', group: 'g', tag: 'humidity' }, '9007199254740993', 'admin-token'],
    ],
  );
  hub.refuse = new OmhError(
    'DEVICE_REFUSED',
    { blame: 'device', text: 'The device refuses {tag}.', next: 'Look at the device.' },
    { tag: 'humidity' },
  );
  const problem = await send<Problem>('POST', '/api/v1/write', { path: 'acme/line1/humidity', value: 1 }, 502);
  assert.deepEqual(problem, {
    type: 'urn:omh:error:DEVICE_REFUSED',
    title: 'Bad Gateway',
    status: 502,
    detail: 'The device refuses humidity.',
    code: 'DEVICE_REFUSED',
    next: 'Look at the device.',
  });
});

test('a write to what is not there says what was probably meant', async () => {
  const problem = await send<Problem>('POST', '/api/v1/write', { device: 'press', group: 'g', tag: 'humidty', value: 1 }, 404);
  assert.match(problem.detail, /Did you mean "press\/g\/humidity"\?/);
  assert.match(
    (await send<Problem>('POST', '/api/v1/write', { path: 'acme/line2/coumt', value: 1 }, 404)).detail,
    /Did you mean "acme\/line2\/count"\?/,
  );
});

test('a body with missing, unknown or wrong fields is refused with their pointers', async () => {
  for (const body of [
    '{}',
    '{"path":"a"}',
    '{"path":"acme/line1/humidity","value":1,"extra":1}',
    '{"path":5,"value":1}',
    '[]',
    '5',
    'null',
    '{',
    '',
    '{"__proto__":{}}',
  ]) {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/write',
      headers: { ...headers, 'content-type': 'application/json' },
      payload: body,
    });
    assert.equal(answer.statusCode, 400, `${body} ${answer.body}`);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
  }
  assert.equal(hub.written.length, 0);
  const problem = await send<Problem>('POST', '/api/v1/sql', { sql: 'SELECT 1', lmit: 5 }, 400);
  assert.deepEqual(problem.errors, [{ pointer: '/lmit', message: 'is unknown here' }]);
  assert.deepEqual((await send<Problem>('POST', '/api/v1/sql', {}, 400)).errors, [{ pointer: '/sql', message: 'is missing' }]);
  assert.equal((await send<Problem>('POST', '/api/v1/sql', { sql: 'SELECT 1', limit: 100_001 }, 400)).errors![0]!.pointer, '/limit');
  assert.equal((await send<Problem>('POST', '/api/v1/sql', { sql: 5 }, 400)).errors![0]!.pointer, '/sql');
});

test('SQL answers with typed columns and exact cells', async () => {
  hub.store.answer = () => ({
    columns: ['time', 'big', 'small', 'nan', 'bytes', 'nothing', 'yes'].map((name) => ({ name, type: 'text' })),
    rows: [[{ micros: 1_700_000_000_123_456 as Micros }, 9007199254740993n, 5n, Number.NaN, Uint8Array.of(1, 255), null, true]],
    truncated: true,
  });
  const answer = await send<SqlAnswer>('POST', '/api/v1/sql', { sql: 'SELECT $1', params: ['a', 1, null, true], limit: 5 });
  assert.deepEqual(answer.rows, [['2023-11-14T22:13:20.123456Z', '9007199254740993', 5, 'NaN', '\\x01ff', null, true]]);
  assert.equal(answer.truncated, true);
  assert.equal(answer.columns.length, 7);
  assert.deepEqual(hub.store.lastQuery, {
    statement: 'SELECT $1',
    params: ['a', 1, null, true],
    options: { rights: 'write', timeoutMs: 30_000, maxRows: 5 },
  });
});

test('who has no sql.write asks with read rights, and with a limit of a thousand rows', async () => {
  await app.inject({
    method: 'POST',
    url: '/api/v1/sql',
    headers: { host: 'localhost', authorization: 'Bearer viewer-token' },
    payload: { sql: 'SELECT 1' },
  });
  assert.deepEqual(hub.store.lastQuery!.options, { rights: 'read', timeoutMs: 30_000, maxRows: 1000 });
});

test('a large SQL answer is the same JSON, sent in slices', async () => {
  const rows = Array.from({ length: 12_345 }, (_, i) => [i, `row ${i}`]);
  hub.store.answer = () => ({
    columns: [
      { name: 'i', type: 'int4' },
      { name: 's', type: 'text' },
    ],
    rows,
    truncated: false,
  });
  const answer = await send<SqlAnswer>('POST', '/api/v1/sql', { sql: 'SELECT 1', limit: 100_000 });
  assert.deepEqual(answer.rows, rows);
  assert.deepEqual(answer.columns[1], { name: 's', type: 'text' });
  assert.equal(answer.truncated, false);
});

test('SQL with a range has its macros filled in', async () => {
  await send('POST', '/api/v1/sql', { sql: 'SELECT * FROM t WHERE $__timeFilter(time)', range: { from: 'now-15m', to: 'now' } });
  assert.equal(
    hub.store.lastQuery!.statement,
    "SELECT * FROM t WHERE (time >= TIMESTAMPTZ '2023-11-14T21:58:20.000Z' AND time <= TIMESTAMPTZ '2023-11-14T22:13:20.000Z')",
  );
  await send('POST', '/api/v1/sql', { sql: 'SELECT $__interval', range: { from: 0, to: 1_000_000 } });
  assert.equal(hub.store.lastQuery!.statement, "SELECT INTERVAL '1000 milliseconds'");
  assert.equal(
    (await send<Problem>('POST', '/api/v1/sql', { sql: 'SELECT 1', range: { from: 'now', to: 'now-1h' } }, 400)).code,
    'API_RANGE_EMPTY',
  );
  assert.equal(
    (await send<Problem>('POST', '/api/v1/sql', { sql: 'SELECT 1', range: { from: 'yesterday', to: 'now' } }, 400)).code,
    'API_TIME_INVALID',
  );
  assert.equal(
    (await send<Problem>('POST', '/api/v1/sql', { sql: 'SELECT $__nothing', range: { from: 'now-1h', to: 'now' } }, 400)).code,
    'DASHBOARD_MACRO',
  );
});

test('history is asked by tag or path, in every way to write a time', async () => {
  hub.store.series = {
    time: [(start - 1_000_000) as Micros, start as Micros],
    value: [1.5, null],
    quality: ['good', 'bad'],
    bucketMs: 0,
    samples: 2,
    gaps: [{ from: (start - 500_000) as Micros, to: start as Micros, quality: 'bad', reason: 'The device does not answer.' }],
  };
  const answer = await get<HistoryAnswer>('/api/v1/history?tag=press/g/temperature&from=now-15m&to=now');
  assert.deepEqual(answer, {
    tag: 'press/g/temperature',
    path: 'acme/line1/temperature',
    unit: 'Cel',
    from: '2023-11-14T21:58:20.000Z',
    to: '2023-11-14T22:13:20.000Z',
    bucketMs: 0,
    samples: 2,
    time: [1_699_999_999_000, 1_700_000_000_000],
    value: [1.5, null],
    quality: ['good', 'bad'],
    gaps: [{ from: '2023-11-14T22:13:19.500Z', to: '2023-11-14T22:13:20.000Z', quality: 'bad', reason: 'The device does not answer.' }],
  });
  assert.deepEqual(hub.store.lastHistory, { tag: 1, from: start - 900_000_000, to: start, points: 1000 });
  await get('/api/v1/history?path=acme/line2/count&from=2023-11-14T22:00:00%2B01:00&to=1700000000000&points=10&agg=avg');
  assert.deepEqual(hub.store.lastHistory, { tag: 3, from: Date.parse('2023-11-14T21:00:00Z') * 1000, to: start, points: 10, agg: 'avg' });
});

test('a history question that cannot be answered says why', async () => {
  const code = async (query: string, status = 400): Promise<string> => (await get<Problem>(`/api/v1/history?${query}`, status)).code;
  assert.equal(await code('from=now-1h'), 'API_INVALID_REQUEST');
  assert.equal(await code('tag=press/g/temperature&path=acme/line1/temperature'), 'API_INVALID_REQUEST');
  assert.equal(await code('tag=press/g/temperature&from=soon'), 'API_TIME_INVALID');
  assert.equal(await code('tag=press/g/temperature&from=now&to=now-1m'), 'API_RANGE_EMPTY');
  assert.equal(await code('tag=press/g/temperature&points=10001'), 'API_INVALID_REQUEST');
  assert.equal(await code('tag=press/g/temperature&agg=median'), 'API_INVALID_REQUEST');
  assert.match((await get<Problem>('/api/v1/history?tag=press/g/temprature', 404)).detail, /Did you mean "press\/g\/temperature"\?/);
});

test('a rule is tried without any action', async () => {
  const body = { topic: 'a', payload: { v: 2 } };
  assert.deepEqual(await send('POST', '/api/v1/rules/test', { ...body, sql: 'SELECT payload.v AS v FROM "a"' }), { outputs: [{ v: 2 }] });
  const silent = await send<{ outputs: unknown[]; because?: string }>('POST', '/api/v1/rules/test', { ...body, sql: 'SELECT * FROM "b"' });
  assert.deepEqual(silent.outputs, []);
  assert.equal(typeof silent.because, 'string');
  const wrong = await send<{ error: { line: number; column: number } }>('POST', '/api/v1/rules/test', {
    ...body,
    sql: 'SELEKT * FROM "a"',
  });
  assert.equal(wrong.error.line, 1);
  assert.deepEqual(Object.keys(wrong), ['error']);
});

test('lists tell instants as RFC 3339 and leave out what is not known', async () => {
  const status = await get<StatusAnswer>('/api/v1/status');
  assert.deepEqual(status.hub, {
    name: 'test',
    site: 'acme',
    version: '0.1.0',
    startedAt: '2023-11-14T22:13:20.000Z',
    dataDir: '/plant/data',
    revision: 7,
    drift: false,
    time: '2023-11-14T22:13:20.000Z',
  });
  assert.equal(status.parts[0]!.since, '2023-11-14T22:13:20.000Z');
  const { devices } = await get<DevicesAnswer>('/api/v1/devices');
  assert.deepEqual([devices[0]!.good, devices[0]!.bad, devices[0]!.stats.lastRttMs], [0, 2, undefined]);
  const rules = await get<{ rules: { lastOutput: unknown }[] }>('/api/v1/rules');
  assert.deepEqual(rules.rules[0]!.lastOutput, { at: '2023-11-14T22:13:20.000Z', value: { a: 1 } });
  assert.equal((await get<{ apps: { name: string }[] }>('/api/v1/apps')).apps[0]!.name, 'north');
  assert.deepEqual((await get<{ dashboards: unknown[] }>('/api/v1/dashboards')).dashboards, [{ name: 'main', title: 'Main', panels: [] }]);
  assert.equal(
    (await get<{ simulators: { registers: { label: string }[] }[] }>('/api/v1/simulators')).simulators[0]!.registers[0]!.label,
    'temperature',
  );
  assert.equal((await get<{ time: string }>('/api/v1/flow')).time, '2023-11-14T22:13:20.000Z');
});

test('a simulator starts and stops by name', async () => {
  await send('POST', '/api/v1/simulators/plant/stop');
  await send('POST', '/api/v1/simulators/plant/start');
  assert.deepEqual(hub.calls, ['stop plant', 'start plant']);
  assert.match((await send<Problem>('POST', '/api/v1/simulators/plnt/start', undefined, 404)).detail, /Did you mean "plant"\?/);
});

test('a block is added, replaced and removed as one operation on the hub file', async () => {
  assert.deepEqual(await send('PUT', '/api/v1/dashboards/neu', { title: 'Neu', panels: [] }), { revision: 8 });
  await send('PUT', '/api/v1/dashboards/main', { title: 'Main 2' });
  await send('DELETE', '/api/v1/dashboards/main');
  await send('PUT', '/api/v1/rules/a%2Fb', { sql: 'x' });
  assert.deepEqual(
    hub.edits.flatMap((e) => e.ops.map((o) => [o.op, o.path, o.value])),
    [
      ['add', 'dashboards/neu', { title: 'Neu', panels: [] }],
      ['replace', 'dashboards/main', { title: 'Main 2' }],
      ['remove', 'dashboards/main', undefined],
      ['add', 'rules/a~1b', { sql: 'x' }],
    ],
  );
  assert.match((await send<Problem>('DELETE', '/api/v1/devices/presss', undefined, 404)).detail, /Did you mean "press"\?/);
});

test('a request without a body may still say that it is JSON', async () => {
  const answer = await app.inject({
    method: 'DELETE',
    url: '/api/v1/dashboards/main',
    headers: { ...headers, 'content-type': 'application/json' },
  });
  assert.equal(answer.statusCode, 200, answer.body);
  const write = await app.inject({ method: 'POST', url: '/api/v1/write', headers: { ...headers, 'content-type': 'application/json' } });
  assert.equal(write.json<Problem>().code, 'API_INVALID_REQUEST');
});

test('what the validator finds comes back as pointers into the body', async () => {
  hub.refuse = new ConfigRefused([
    { path: 'devices/press/settings/port', code: 'X', message: 'The port is above 65535.' },
    { path: 'devices/press', code: 'X', message: 'A driver is missing.', fix: 'Add driver: modbus-tcp.' },
    { path: 'apps/north/subscriptions/0', code: 'X', message: 'There is no such group.' },
  ]);
  const problem = await send<Problem>('PUT', '/api/v1/devices/press', { settings: { port: 70_000 } }, 400);
  assert.deepEqual(problem.errors, [
    { pointer: '/settings/port', message: 'The port is above 65535.' },
    { pointer: '', message: 'A driver is missing. Add driver: modbus-tcp.' },
    { pointer: '', message: 'apps/north/subscriptions/0: There is no such group.' },
  ]);
});

test('the hub file is told as it stands', async () => {
  const config = await get<ConfigAnswer>('/api/v1/config');
  assert.equal(config.file, '/plant/hub.yaml');
  assert.equal(config.revision, 7);
  assert.match(config.text!, /^version: 1/);
  const part = await get<ConfigAnswer>('/api/v1/config?section=devices&name=press');
  assert.deepEqual([part.text, part.config], [undefined, { devices: { press: { driver: 'modbus-tcp' } } }]);
  assert.match((await get<Problem>('/api/v1/config?section=devices&name=pres', 404)).detail, /Did you mean "press"/);
  await get('/api/v1/config?section=__proto__', 404);
  assert.deepEqual(
    config.files.map(({ name, kind }) => [name, kind]),
    [
      ['hub.yaml', 'yaml'],
      ['tags/press.csv', 'table'],
    ],
  );
  assert.deepEqual(config.pending, []);
});

test('a file of the configuration is read by its name, and no other file is', async () => {
  assert.equal((await get<ConfigFileAnswer>('/api/v1/config/file?name=tags/press.csv')).text, 'name,address\n');
  for (const name of ['../etc/passwd', '/etc/passwd', '__proto__', 'tags']) {
    const problem = await get<Problem>(`/api/v1/config/file?name=${encodeURIComponent(name)}`, 404);
    assert.equal(problem.code, 'API_NO_SUCH_FILE');
  }
});

test('a diff is that of a plan or of a revision, not of both and not of nothing', async () => {
  assert.deepEqual((await get<DiffAnswer>('/api/v1/config/diff?revision=3')).files[0]?.diff, '@@ 3 @@\n');
  for (const query of ['', '?plan=p&revision=3'])
    assert.equal((await get<Problem>(`/api/v1/config/diff${query}`, 400)).code, 'API_DIFF_SOURCE');
});

test('a fault of a planned text is told with file, line and column', async () => {
  hub.refuse = new ConfigRefused([
    { path: 'rules/r', code: 'X', message: 'The rule is empty.', file: '/plant/rules/r.yaml', line: 3, column: 5 },
  ]);
  const problem = await send<Problem>('POST', '/api/v1/config/plan', { base: 7, files: { 'rules/r.yaml': 'rules: {}' } }, 400);
  assert.deepEqual(problem.errors, [
    {
      pointer: '/rules/r',
      message: '/plant/rules/r.yaml:3:5 The rule is empty.',
      file: 'rules/r.yaml',
      line: 3,
      column: 5,
    },
  ]);
});

test('a failure of ours tells nothing of the inside', async () => {
  hub.refuse = new Error('secret path /home/x');
  const problem = await send<Problem>('POST', '/api/v1/write', { path: 'acme/line1/humidity', value: 1 }, 500);
  assert.equal(problem.code, 'API_INTERNAL');
  assert.ok(!JSON.stringify(problem).includes('secret'));
});

test('readiness is 503 while a part of the hub itself has failed', async () => {
  assert.equal((await get<{ ready: boolean }>('/readyz')).ready, true);
  const healthy = hub.status();
  hub.status = () => ({
    ...healthy,
    parts: [
      { id: 'historian', health: { ...healthy.parts[0]!.health, state: 'failed' as const } },
      { id: 'device/a', health: { ...healthy.parts[0]!.health, state: 'lost' as const } },
    ],
  });
  assert.deepEqual(await get('/readyz', 503), {
    ready: false,
    parts: [
      { id: 'historian', state: 'failed' },
      { id: 'device/a', state: 'lost' },
    ],
  });
});

test('metrics are grouped by name with their type, beside those of the process', async () => {
  const { body, headers: h } = await app.inject({ method: 'GET', url: '/metrics', headers });
  assert.match(String(h['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.ok(body.includes('# TYPE omh_part_up gauge\nomh_part_up{part="a \\"b\\""} 1\nomh_part_up{part="c"} 0\n'), body.slice(-400));
  assert.ok(body.includes('# HELP omh_api_sockets Live sockets open.\n'));
  assert.match(body, /^process_cpu_seconds_total /m);
});

test('a scrape of a hundred thousand tags lets others have their turns', async () => {
  hub.taggedMetrics = 100_000;
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const { body } = await app.inject({ method: 'GET', url: '/metrics', headers });
  isOver = true;
  hub.taggedMetrics = 3;
  assert.equal(body.match(/^omh_tag\{/gm)!.length, 100_000);
  assert.equal(body.match(/^# TYPE omh_tag gauge$/gm)!.length, 1);
  assert.ok(turns > 10, `${turns} turns`);
});

test('the OpenAPI document names operation, answer, permission and security of every route', async () => {
  const document = await get<{ openapi: string; paths: Record<string, Record<string, Record<string, unknown>>> }>('/api/v1/openapi.json');
  assert.match(document.openapi, /^3\.1/);
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const name = `${method} ${path}`;
      assert.equal(typeof operation.operationId, 'string', name);
      assert.ok(!ids.has(operation.operationId as string), `${name} repeats an operationId`);
      ids.add(operation.operationId as string);
      assert.equal(typeof operation.summary, 'string', name);
      assert.equal(typeof operation['x-omh-permission'], 'string', name);
      assert.ok(Array.isArray(operation.security), name);
      assert.equal((operation.security as unknown[]).length > 0, operation['x-omh-permission'] !== 'none', name);
      const responses = operation.responses as Record<string, { content?: Record<string, { schema?: object }> }>;
      const ok = responses['200'] ?? responses['204'];
      assert.ok(ok, `${name} has no answer`);
      if (responses['200']) assert.ok(Object.values(ok.content ?? {})[0]?.schema, `${name} has no schema`);
      assert.ok(responses['4XX']?.content?.['application/problem+json']?.schema, `${name} has no problem`);
    }
  }
  assert.ok(ids.size >= 28, `${ids.size} operations`);
});
