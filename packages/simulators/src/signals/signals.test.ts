import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { modbus } from '@omh/wire';
import { createSimulator, type SimulatorConfig } from '../registry.ts';
import { RawClient } from '../testing/raw-client.ts';
import type { Simulator } from '../simulator.ts';
import type { SignalConfig } from './config.ts';

async function plant(t: TestContext, signals: readonly SignalConfig[], more: Partial<SimulatorConfig> = {}, folder = '.') {
  const clock = new VirtualClock();
  const config: SimulatorConfig = { protocol: 'modbus-tcp', port: 0, units: { 1: { signals } }, ...more };
  const sim = createSimulator('plant', config, { clock, log: silentLogger, folder });
  t.after(() => sim.stop());
  await sim.start();
  return { clock, sim };
}
const value = (sim: Simulator, name: string): number => {
  const signal = sim.signals().find((one) => one.name === name);
  assert.ok(signal, name);
  return Number(signal.value);
};
const near = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is within ${within} of ${expected}`);

test('waves have the values of their formula at any time', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'sine', at: 40001, type: 'double', signal: 'sine', mean: 50, amplitude: 10, period: '4s' },
    { name: 'ramp', at: 40011, type: 'float', signal: 'ramp', from: 10, to: 20, period: '10s' },
    { name: 'saw', at: 40021, type: 'float', signal: 'saw', to: 8, period: '4s' },
    { name: 'triangle', at: 40031, type: 'float', signal: 'triangle', to: 8, period: '4s' },
    { name: 'square', at: 40041, signal: 'square', low: 3, high: 7, period: '4s', duty: 0.25 },
    { name: 'counter', at: 40051, type: 'uint32', signal: 'counter', start: 5, step: 2, every: '500ms', limit: 9 },
    { name: 'clock', at: 40061, type: 'uint32', signal: 'clock' },
    { name: 'bit', at: '00001', signal: 'square', period: '4s' },
  ]);
  const names = ['sine', 'ramp', 'saw', 'triangle', 'square', 'counter', 'bit'];
  const at = async (ms: number): Promise<number[]> => {
    await clock.advance(ms - clock.monotonicMs());
    return names.map((name) => Math.round(value(sim, name) * 1e6) / 1e6);
  };
  const first = clock.now() / 1e6;
  assert.deepEqual(await at(0), [50, 10, 0, 0, 7, 5, 1]);
  assert.deepEqual(await at(1000), [60, 11, 2, 4, 3, 9, 1]);
  assert.deepEqual(await at(3000), [40, 13, 6, 4, 3, 5, 0]);
  assert.deepEqual(await at(60_000), [50, 20, 0, 0, 7, 5, 1]);
  assert.equal(value(sim, 'clock'), first + 60);
});

test('the same seed gives the same values however they are read, another seed others', async (t) => {
  const signals: SignalConfig[] = [
    { name: 'walk', at: 40001, type: 'double', signal: 'random-walk', min: 0, max: 100, step: 5, every: '100ms' },
    { name: 'random', at: 40011, type: 'double', signal: 'random', min: -1, max: 1, every: '70ms' },
    { name: 'noise', at: 40021, type: 'double', signal: 'sine', period: '3s', noise: 0.5 },
    { name: 'level', at: 40031, type: 'double', signal: 'tank', capacity: 100, start: 50, inflow: 'walk', outflow: 45 },
  ];
  const record = async (seed: number, stepMs: number): Promise<string[]> => {
    const { clock, sim } = await plant(t, signals, { seed });
    const out: string[] = [];
    for (let ms = 0; ms <= 12_000; ms += stepMs) {
      const row = signals.map(({ name }) => value(sim, name!)).join(' ');
      if (ms % 1200 === 0) out.push(row);
      await clock.advance(stepMs);
    }
    return out;
  };
  const often = await record(7, 40);
  assert.equal(often.length, 11);
  assert.deepEqual(await record(7, 40), often);
  assert.deepEqual(await record(7, 1200), often);
  assert.notDeepEqual(await record(8, 1200), often);
  assert.ok(new Set(often).size === often.length);
});

test('a random walk stays between its walls and random whole numbers reach both ends', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'walk', at: 40001, type: 'float', signal: 'random-walk', min: 10, max: 12, step: 5, every: '50ms' },
    { name: 'dice', at: 40011, signal: 'random', min: 1, max: 6, every: '50ms' },
  ]);
  const dice = new Set<number>();
  for (let i = 0; i < 300; i++) {
    await clock.advance(50);
    const walk = value(sim, 'walk');
    assert.ok(walk >= 10 && walk <= 12, `${walk}`);
    dice.add(value(sim, 'dice'));
  }
  assert.deepEqual(
    [...dice].sort((a, b) => a - b),
    [1, 2, 3, 4, 5, 6],
  );
});

test('a lag follows what is written, 63 % of the way in its time constant', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'wanted', at: 40001, signal: 'constant', value: 0 },
    { name: 'speed', at: 40011, type: 'float', signal: 'lag', input: 'wanted', tau: '2s' },
  ]);
  await clock.advance(1000);
  assert.equal(value(sim, 'speed'), 0);
  sim.holdSignal(1, 'wanted', 1000);
  await clock.advance(2000);
  near(value(sim, 'speed'), 632, 15);
  await clock.advance(20_000);
  near(value(sim, 'speed'), 1000, 0.5);
});

test('a tank fills by its valve, stops when it is full, and its alarms say so', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'valve', at: '00001', signal: 'constant', value: false },
    { name: 'drain', at: '00002', signal: 'constant', value: false },
    {
      name: 'level',
      at: 40001,
      type: 'float',
      signal: 'tank',
      capacity: 100,
      start: 5,
      inflow: 10,
      valve: 'valve',
      outflow: 20,
      drain: 'drain',
      lowAlarm: '10001',
      highAlarm: '10002',
    },
  ]);
  const alarms = (): number[] =>
    [0, 1].map((address) => sim.registers().find((r) => r.area === 'discrete' && r.address === address)!.value);
  await clock.advance(5000);
  assert.deepEqual([value(sim, 'level'), ...alarms()], [5, 1, 0]);
  sim.holdSignal(1, 'valve', true);
  await clock.advance(5000);
  near(value(sim, 'level'), 55, 0.6);
  assert.deepEqual(alarms(), [0, 0]);
  await clock.advance(10_000);
  assert.deepEqual([value(sim, 'level'), ...alarms()], [100, 0, 1]);
  sim.holdSignal(1, 'valve', false);
  sim.holdSignal(1, 'drain', true);
  await clock.advance(10_000);
  assert.deepEqual([value(sim, 'level'), ...alarms()], [0, 1, 0]);
});

test('a heater settles at its setpoint within the hysteresis and follows a new one', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'setpoint', at: 40001, type: 'int16', decimal: 0.1, signal: 'constant', value: 60 },
    {
      name: 'oven',
      at: 40011,
      type: 'float',
      signal: 'heater',
      power: 100,
      ambient: 20,
      tau: '60s',
      setpoint: 'setpoint',
      heating: '10001',
    },
  ]);
  const settles = async (wanted: number): Promise<void> => {
    const seen = new Set<number>();
    for (let i = 0; i < 120; i++) {
      await clock.advance(500);
      near(value(sim, 'oven'), wanted, 0.7);
      seen.add(sim.registers().find((r) => r.area === 'discrete' && r.address === 0)!.value);
    }
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [0, 1],
      'the thermostat switches',
    );
  };
  await clock.advance(120_000);
  await settles(60);
  sim.holdSignal(1, 'setpoint', 40);
  await clock.advance(240_000);
  await settles(40);
});

test('physics follow what a client writes to their inputs', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'valve', at: '00001', signal: 'constant', value: false },
    { name: 'setpoint', at: 40001, signal: 'constant', value: 20 },
    { name: 'level', at: 40011, type: 'float', signal: 'tank', capacity: 100, inflow: 2, valve: 'valve' },
    { name: 'oven', at: 40021, type: 'float', signal: 'heater', power: 200, tau: '10s', setpoint: 'setpoint', hysteresis: 2 },
    { name: 'speed', at: 40031, type: 'float', signal: 'lag', input: 'setpoint', tau: '1s', start: 20 },
  ]);
  await clock.advance(5000);
  assert.deepEqual([value(sim, 'level'), value(sim, 'oven') < 25, value(sim, 'speed')], [0, true, 20]);
  const client = await RawClient.to(t, Number(sim.address()!.split(':')[1]));
  await client.ask(modbus.encodeWriteCoil(0, true));
  await client.ask(modbus.encodeWriteRegister(0, Uint8Array.of(0, 80)));
  await clock.advance(30_000);
  near(value(sim, 'level'), 60, 0.2);
  near(value(sim, 'oven'), 80, 3);
  near(value(sim, 'speed'), 80, 0.1);
});

test('signals are given page by page over all units', async (t) => {
  const one = [1, 2, 3].map((at) => ({ at: 40000 + at, signal: 'counter' as const }));
  const { sim } = await plant(t, [], { units: { 1: { signals: one }, 2: {}, 3: { signals: one } } });
  const page = (from?: number, count?: number): string[] => sim.signals(from, count).map(({ unit, name }) => `${unit}/${name}`);
  assert.deepEqual([sim.signalCount, page().length, sim.units], [6, 6, [1, 2, 3]]);
  assert.deepEqual(page(2, 2), ['1/40003', '3/40001']);
  assert.deepEqual(page(4, 9), ['3/40002', '3/40003']);
  assert.deepEqual(page(6, 1), []);
  assert.throws(() => sim.holdSignal(undefined, '40001', 1), { message: /in each of the units 1, 3/ });
});

test('a recording is replayed row by row, again from its first row or standing at its last', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'omh-csv-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'r.csv'), '\uFEFFtime;"kg";note\n1;1.5;a\n2;;b\n3;-2;c\n\n');
  const csv = { at: 40001, type: 'float', signal: 'csv', file: 'r.csv', column: 'kg', every: '1s' } as const;
  const { clock, sim } = await plant(
    t,
    [
      { ...csv, name: 'a' },
      { ...csv, name: 'b', at: 40011, loop: false },
    ],
    {},
    folder,
  );
  const seen: number[][] = [];
  for (let i = 0; i < 5; i++) {
    seen.push([value(sim, 'a'), value(sim, 'b')]);
    await clock.advance(1000);
  }
  assert.deepEqual(seen, [
    [1.5, 1.5],
    [1.5, 1.5],
    [-2, -2],
    [1.5, -2],
    [1.5, -2],
  ]);
  writeFileSync(join(folder, 'de.csv'), 'Zeit;"kg; netto"\n1;\n2;1,5\n3;x\n4;"2,25"\n');
  const { clock: later, sim: german } = await plant(t, [{ ...csv, file: 'de.csv', column: 'kg; netto', name: 'c' }], {}, folder);
  const rows: number[] = [];
  for (let i = 0; i < 4; i++) {
    rows.push(value(german, 'c'));
    await later.advance(1000);
  }
  assert.deepEqual(rows, [1.5, 1.5, 1.5, 2.25], 'what is missing at the start takes no time away');
  const make = (config: SignalConfig) => () =>
    createSimulator('x', { protocol: 'modbus-tcp', port: 0, units: { 1: { signals: [config] } } }, { clock, log: silentLogger, folder });
  assert.throws(make({ ...csv, file: 'no.csv' }), { message: 'The simulator cannot replay no.csv: there is no no.csv.' });
  assert.throws(make({ ...csv, column: 'lb' }), { message: 'The simulator cannot replay r.csv: it has no column lb.' });
  assert.throws(make({ ...csv, column: 'note' }), { message: 'The simulator cannot replay r.csv: column note holds no number.' });
});

test('a held signal keeps its value until it is released, and what does not fit is refused', async (t) => {
  const { clock, sim } = await plant(t, [
    { name: 'saw', at: 40001, signal: 'saw', to: 100, period: '100s' },
    { name: 'name', at: '40011.8', type: 'string', signal: 'constant', value: 'PRESS' },
    { name: 'many', at: 40021, count: 3, signal: 'constant', value: [1, 2, 3] },
    { name: 'big', at: 40031, type: 'int64', signal: 'constant', value: '-9007199254740993' },
    { name: 'raw', at: '40041.4', type: 'bytes', signal: 'constant', value: 'DEADBEEF' },
    { name: 'alarm', at: '40051.3', type: 'bit', signal: 'constant', value: true },
  ]);
  const shown = (): unknown[] => sim.signals().map((signal) => signal.value);
  assert.deepEqual(shown(), [0, 'PRESS', [1, 2, 3], '-9007199254740993', 'deadbeef', true]);
  sim.holdSignal(1, 'saw', 77);
  await clock.advance(50_000);
  assert.equal(value(sim, 'saw'), 77);
  sim.releaseSignal(1, 'saw');
  assert.equal(value(sim, 'saw'), 50);
  sim.holdSignal(1, 'name', 'TANK');
  sim.holdSignal(1, 'many', [7, 8, 9]);
  sim.holdSignal(1, 'alarm', false);
  assert.deepEqual(shown().slice(1, 3), ['TANK', [7, 8, 9]]);
  assert.equal(shown()[5], false);
  for (const [name, wrong] of [
    ['saw', 65_536],
    ['saw', 'x'],
    ['name', 'much too long'],
    ['many', [1]],
    ['many', [4, 5, 70_000]],
    ['alarm', 2],
    ['big', true],
    ['big', 5n],
  ] as const)
    assert.throws(() => sim.holdSignal(1, name, wrong), { code: 'SIMULATORS_SIGNAL_VALUE' }, `${name} ${String(wrong)}`);
  assert.deepEqual(shown()[2], [7, 8, 9], 'a list that does not fit changes nothing');
  assert.equal(sim.holdSignal(undefined, 'saw', 5).held, true);
  assert.throws(() => sim.holdSignal(undefined, 'sow', 1), { code: 'SIMULATORS_NO_SUCH_SIGNAL' });
  assert.throws(() => sim.holdSignal(2, 'saw', 1), { message: 'The simulator plant has no signal saw in unit 2.' });
  assert.throws(() => sim.releaseSignal(1, 'sow'), { code: 'SIMULATORS_NO_SIGNAL' });
});
