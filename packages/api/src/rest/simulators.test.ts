import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLogger, systemClock } from '@omh/core';
import { Hub } from '@omh/hub';
import { ApiServer } from '../api-server.ts';
import type { AuditAnswer, FaultKindsAnswer, FaultRow, FaultsAnswer, Problem, SignalRow, SignalsAnswer, SimulatorRow } from '../types.ts';

const token = 'an-admin-token-of-enough-length';
const hubFile = `version: 1
hub: { name: test, site: acme }
broker: { listeners: { tcp: { host: 127.0.0.1, port: 0 } } }
simulators:
  plant:
    protocol: modbus-tcp
    port: 0
    units:
      1: &unit
        signals:
          - { name: setpoint, at: 40001, type: int16, decimal: 0.1, signal: constant, value: 180 }
          - { name: level, at: 40011, type: float, signal: sine, mean: 50, amplitude: 0, period: 10s }
          - { name: total, at: 40021, type: uint64, signal: constant, value: '9007199254740993' }
          - { name: program, at: '40031.8', type: string, signal: constant, value: PRESS }
          - { name: zones, at: 40041, count: 3, signal: constant, value: [1, 2, 3] }
      2: *unit
  pump: { protocol: modbus-tcp, port: 0, units: { 7: { signals: [{ name: speed, at: 40001, signal: counter }] } } }
`;

let hub: Hub;
let api: ApiServer;
let dir: string;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'omh-api-simulators-'));
  writeFileSync(join(dir, 'hub.yaml'), hubFile);
  const file = join(dir, 'hub.yaml');
  hub = new Hub({ file, dataDir: join(dir, 'data'), version: 'test', clock: systemClock, log: silentLogger, adminTokens: [token] });
  await hub.start();
  api = new ApiServer({ hub, host: '127.0.0.1', port: 0, clock: systemClock, log: silentLogger });
  await api.start();
});
after(async () => {
  await api.stop();
  await hub.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
});

async function send<T>(method: string, path: string, body?: unknown, status = 200): Promise<T> {
  const answer = await fetch(`${api.url()}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

test('a simulator is shown with its units, signals and faults, alone and in the list, page by page', async () => {
  const plant = await send<SimulatorRow>('GET', '/simulators/plant');
  assert.deepEqual([plant.units, plant.signalCount, plant.faults, plant.devices], [[1, 2], 10, [], []]);
  assert.deepEqual(
    plant.signals.slice(0, 5).map(({ name, value, type, count }) => [name, value, type, count]),
    [
      ['setpoint', 180, 'int16', 1],
      ['level', 50, 'float', 1],
      ['total', '9007199254740993', 'uint64', 1],
      ['program', 'PRESS', 'string', 1],
      ['zones', [1, 2, 3], 'uint16', 3],
    ],
  );
  assert.equal(plant.registers.length, 2000);
  const first = await send<{ simulators: SimulatorRow[]; cursor?: string }>('GET', '/simulators?limit=1');
  assert.deepEqual([first.simulators.map(({ name }) => name), first.cursor], [['plant'], 'plant']);
  assert.deepEqual([first.simulators[0]!.registers.length, first.simulators[0]!.signals.length], [20, 10]);
  const rest = await send<{ simulators: SimulatorRow[]; cursor?: string }>('GET', '/simulators?cursor=plant');
  assert.deepEqual([rest.simulators.map(({ name }) => name), rest.cursor], [['pump'], undefined]);
  assert.match((await send<Problem>('GET', '/simulators/plnt', undefined, 404)).detail, /Did you mean "plant"\?/);
  assert.equal((await send<Problem>('GET', '/simulators?cursor=gone', undefined, 400)).code, 'API_CURSOR_INVALID');
});

test('a fault is switched on, seen with its end, switched off, and ends by itself where it was told to', async () => {
  const on = await send<FaultRow>('POST', '/simulators/pump/faults', { fault: 'slow', delay: '50ms', unit: 7 });
  assert.deepEqual([on.fault, on.text, on.state, on.endsInMs], ['slow', 'It takes 50 ms longer for an answer.', 'on', undefined]);
  const brief = await send<FaultRow>('POST', '/simulators/pump/faults', { fault: 'silent', for: '100ms' });
  assert.ok(brief.endsInMs! > 0 && brief.endsInMs! <= 100, `${brief.endsInMs}`);
  const later = await send<FaultRow>('POST', '/simulators/pump/faults', { fault: 'busy', at: '1h', for: '1s' });
  assert.equal(later.state, 'waiting');
  assert.ok(later.beginsInMs! > 3_590_000, `${later.beginsInMs}`);
  const states = async (): Promise<string[]> =>
    (await send<FaultsAnswer>('GET', '/simulators/pump/faults')).faults.map(({ fault, state }) => `${fault} ${state}`);
  while (!(await states()).includes('silent over')) await systemClock.sleep(20);
  await send('DELETE', `/simulators/pump/faults/${on.id}`, undefined, 204);
  assert.deepEqual(await states(), ['silent over', 'busy waiting']);
  assert.equal((await send<Problem>('DELETE', `/simulators/pump/faults/${on.id}`, undefined, 404)).code, 'SIMULATORS_NO_FAULT');
  assert.deepEqual(await send('DELETE', '/simulators/pump/faults'), { removed: 2 });
  assert.deepEqual(await states(), []);
});

test('a fault that is none is refused with a sentence, whatever is sent', async () => {
  for (const [body, says] of [
    [{ fault: 'sielnt' }, /Did you mean "silent"\?/],
    [{ fault: 'silent', for: 'long' }, /for must be a duration/],
    [{ fault: 'slow' }, /delay/],
    [{ fault: 'half-open', unit: 1 }, /unit is not a known key/],
    [{ fault: 'busy', from: 9, to: 3 }, /to is 3 and from is 9/],
    [{ fault: 'busy', to: 3 }, /from is missing/],
  ] as const) {
    const problem = await send<Problem>('POST', '/simulators/plant/faults', body, 400);
    assert.equal(problem.code, 'SIMULATORS_FAULT_SETTINGS', JSON.stringify(body));
    assert.match(problem.detail, says);
  }
  for (const body of [[], {}, { fault: 5 }, { fault: 'silent', for: 10 }, 'silent'])
    assert.equal((await send<Problem>('POST', '/simulators/plant/faults', body, 400)).code, 'API_INVALID_REQUEST', JSON.stringify(body));
});

test('the kinds of faults are told with what they do and with a schema that takes them', async () => {
  const { kinds } = await send<FaultKindsAnswer>('GET', '/simulator-faults');
  for (const name of [
    'refuse',
    'slow',
    'silent',
    'reset',
    'half-open',
    'wrong-transaction',
    'split',
    'glue',
    'garbage',
    'stuck',
    'clock',
    'busy',
    'gateway',
  ])
    assert.ok(
      kinds.some(({ fault }) => fault === name),
      name,
    );
  for (const { fault, about, effect, settings } of kinds) {
    assert.match(about, /^[A-Z].*\.$/, fault);
    assert.match(effect, /^[A-Z].*\.$/, fault);
    assert.equal(settings['type'], 'object');
    const { id } = await send<FaultRow>('POST', '/simulators/plant/faults', {
      fault,
      ...(/slow|late/.test(fault) ? { delay: '1ms' } : {}),
      for: '0s',
    });
    assert.ok(id > 0);
  }
  await send('DELETE', '/simulators/plant/faults');
});

test('a signal holds a value until it is let go; one that stands in two units is named with its unit', async () => {
  const held = await send<SignalRow>('PUT', '/simulators/plant/signals/level?unit=2', { value: 12.5 });
  assert.deepEqual([held.unit, held.value, held.held], [2, 12.5, true]);
  const level = async (): Promise<unknown[]> =>
    (await send<SignalsAnswer>('GET', '/simulators/plant/signals')).signals
      .filter(({ name }) => name === 'level')
      .map(({ value }) => value);
  assert.deepEqual(await level(), [50, 12.5]);
  assert.deepEqual(await send<SignalRow>('DELETE', '/simulators/plant/signals/level?unit=2').then(({ value, held }) => [value, held]), [
    50,
    false,
  ]);
  assert.deepEqual((await send<SignalRow>('PUT', '/simulators/plant/signals/zones?unit=1', { value: [7, 8, 9] })).value, [7, 8, 9]);
  assert.equal(
    (await send<SignalRow>('PUT', '/simulators/plant/signals/total?unit=1', { value: '18446744073709551615' })).value,
    '18446744073709551615',
  );
  assert.equal((await send<SignalRow>('PUT', '/simulators/pump/signals/speed', { value: 4 })).unit, 7);
  const wrong: readonly (readonly [string, unknown, number, string, RegExp])[] = [
    ['plant/signals/level', 1, 400, 'SIMULATORS_SIGNAL_UNIT', /in each of the units 1, 2/],
    ['plant/signals/lvl', 1, 404, 'SIMULATORS_NO_SUCH_SIGNAL', /no signal lvl/],
    ['plant/signals/level?unit=3', 1, 404, 'SIMULATORS_NO_SIGNAL', /unit 3/],
    [
      'plant/signals/setpoint?unit=1',
      9000,
      400,
      'SIMULATORS_SIGNAL_VALUE',
      /9000 does not fit the signal setpoint, which is of type int16/,
    ],
    ['plant/signals/zones?unit=1', [1, 2, 70_000], 400, 'SIMULATORS_SIGNAL_VALUE', /uint16, 3 of them/],
    ['plant/signals/level?unit=1', { x: 1 }, 400, 'API_INVALID_REQUEST', /value/],
  ];
  for (const [path, value, status, code, says] of wrong) {
    const problem = await send<Problem>('PUT', `/simulators/${path}`, { value }, status);
    assert.equal(problem.code, code, path);
    assert.match(problem.detail, says);
  }
  const { signals } = await send<SignalsAnswer>('GET', '/simulators/plant/signals');
  assert.deepEqual(signals[4]!.value, [7, 8, 9], 'a list that is refused changes nothing');
});

test('signals come page by page', async () => {
  const page = await send<SignalsAnswer>('GET', '/simulators/plant/signals?limit=3&cursor=4');
  assert.deepEqual(
    [page.signals.map(({ unit, name }) => `${unit}/${name}`), page.total, page.cursor],
    [['1/zones', '2/setpoint', '2/level'], 10, '7'],
  );
  assert.equal((await send<SignalsAnswer>('GET', '/simulators/plant/signals?cursor=10')).signals.length, 0);
});

test('who switched what is in the audit log', async () => {
  const { id } = await send<FaultRow>('POST', '/simulators/pump/faults', { fault: 'silent', for: '10ms' });
  await send('PUT', '/simulators/pump/signals/speed', { value: 11 });
  const { records } = await send<AuditAnswer>('GET', '/audit');
  const [held, fault] = records;
  assert.deepEqual(
    [fault!.what, fault!.verb, fault!.detail!['settings']],
    [`simulators/pump/faults/${id}`, 'simulators.control', '{"fault":"silent","for":"10ms"}'],
  );
  assert.deepEqual([held!.what, held!.detail!['value']], ['simulators/pump/signals/speed', '11']);
});
