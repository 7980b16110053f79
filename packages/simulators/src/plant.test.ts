import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatIssue, parseBlock, parseHub } from '@omh/config';
import { silentLogger } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import { plantFaults, plantSchema, plantSimulators, type PlantFile } from './plant.ts';
import { simulatorFaults, simulatorSchemas, type SimulatorConfig } from './registry.ts';

const example = fileURLToPath(new URL('../../../examples/plant/plant.yaml', import.meta.url));
const parse = (text: string) =>
  parseBlock(text, {
    shown: 'plant.yaml',
    schema: plantSchema,
    env: () => undefined,
    readFile: () => '',
    check: (data) => plantFaults(data as PlantFile),
  });
const issuesOf = (text: string): string[] => {
  const parsed = parse(text);
  return parsed.ok ? [] : parsed.error.map((issue) => formatIssue(issue));
};

test('the example plant runs, and runs the same each time', async (t) => {
  const run = async (): Promise<unknown> => {
    const parsed = parse(readFileSync(example, 'utf8').replace(/port: \d+/g, 'port: 0'));
    assert.ok(parsed.ok);
    const clock = new VirtualClock();
    const simulators = plantSimulators(parsed.value as PlantFile, { clock, log: silentLogger, folder: dirname(example) });
    assert.deepEqual(
      simulators.map(({ name }) => name),
      ['press', 'tank', 'oven', 'conveyor'],
    );
    for (const simulator of simulators) {
      t.after(() => simulator.stop());
      await simulator.start();
    }
    const seen: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      await clock.advance(7000);
      seen.push(simulators.map((simulator) => simulator.signals().map(({ name, value }) => [name, value])));
    }
    for (const simulator of simulators) await simulator.stop();
    assert.equal(clock.pending, 0);
    return seen;
  };
  const first = await run();
  assert.deepEqual(await run(), first);
  assert.match(JSON.stringify(first), /"program","PANEL-0815"/);
});

test('what is wrong in a plant file is told with its place', () => {
  const head = 'devices:\n  a:\n    port: 0\n';
  const unit = (body: string): string => `${head}    units:\n      1:\n${body}`;
  const signal = (entry: string): string => unit(`        signals:\n          - ${entry}\n`);
  const cases: readonly (readonly [text: string, starts: string])[] = [
    ['', 'plant.yaml:1:1 '],
    ['devices: {}\n', 'plant.yaml:1:10 devices '],
    [`${head}    preset: press\n`, 'plant.yaml:4:13 devices/a/preset '],
    [`${head}    delay: 5\n`, 'plant.yaml:4:12 devices/a/delay delay must be a duration like 1s or 250ms, not 5.'],
    [`${head}    unitz: {}\n`, 'plant.yaml:4:5 devices/a/unitz unitz is not a known key of a. Did you mean "unit"?'],
    [`${head}    units:\n      300: {}\n`, 'plant.yaml:5:12 devices/a/units/300 300 is no unit'],
    [`${head}    units:\n      01: {}\n`, 'plant.yaml:5:'],
    [
      'devices:\n  a: { port: 502 }\n  b: { port: 502 }\n',
      'plant.yaml:3:14 devices/b/port The devices b and a both listen on 127.0.0.1:502.',
    ],
    [
      signal(
        '{ at: "40001.1", signal: constant, value: 1 }\n          - { at: "40001.2", signal: constant, value: 1 }\n          - { at: "40001.1", name: x, signal: constant, value: 1 }',
      ),
      'plant.yaml:9:19 devices/a/units/1/signals/2/at The signal x stands in the same place',
    ],
    [`${head}    faults: [{ fault: busy, from: 9, to: 3 }]\n`, 'plant.yaml:4:42 devices/a/faults/0/to to is 3 and from is 9'],
    [`${head}    holes: [{ from: 9, to: 3 }]\n`, 'plant.yaml:4:28 devices/a/holes/0/to to is 3'],
    [`${head}    transport: serial\n`, 'plant.yaml:4:16 devices/a/transport A simulator on a serial line needs'],
    [`${head}    preset: blueprint\n    units: { 1: {} }\n`, 'plant.yaml:4:13 devices/a/preset A preset brings its own units'],
    [unit('        areas: { holding: ["9-5"] }\n'), 'plant.yaml:6:28 devices/a/units/1/areas/holding/0 9-5 is no range'],
    [
      unit('        areas: { holding: 5 }\n        registers: { 40006: 1 }\n'),
      'plant.yaml:7:29 devices/a/units/1/registers/40006 Register 40006 ends at address 5',
    ],
    [unit('        registers: { 40006: 70000 }\n'), 'plant.yaml:6:29 devices/a/units/1/registers/40006 70000 does not fit the type uint16'],
    [signal('{ at: 40001, signal: sinus, period: 1s }'), 'plant.yaml:7:34 devices/a/units/1/signals/0/signal signal must be one of'],
    [signal('{ at: 40001, signal: sine }'), 'plant.yaml:7:13 devices/a/units/1/signals/0 '],
    [signal('{ at: 40001, signal: sine, period: 0s }'), 'plant.yaml:7:48 devices/a/units/1/signals/0/period period is 0'],
    [signal('{ at: 1, signal: constant, value: 1 }'), 'plant.yaml:7:19 devices/a/units/1/signals/0/at The signal 1 cannot stand at 1.'],
    [
      signal('{ at: "2!40001", signal: constant, value: 1 }'),
      'plant.yaml:7:19 devices/a/units/1/signals/0/at The signal 2!40001 cannot stand at 2!40001. It names unit 2',
    ],
    [
      signal('{ at: 40001, type: float, signal: constant, value: warm }'),
      'plant.yaml:7:64 devices/a/units/1/signals/0/value "warm" does not fit the type float',
    ],
    [
      signal('{ at: 40001, signal: lag, input: speed, tau: 1s }'),
      'plant.yaml:7:46 devices/a/units/1/signals/0/input input names the signal speed',
    ],
    [
      signal('{ at: 40001, signal: counter }\n          - { at: 40001, type: float, signal: counter }'),
      'plant.yaml:8:19 devices/a/units/1/signals/1/at ',
    ],
    [`${head}    faults: [{ fault: slow, delay: 1s, rule: any }]\n`, 'plant.yaml:4:40 devices/a/faults/0/rule rule is not a known key'],
  ];
  for (const [text, starts] of cases) {
    const issues = issuesOf(text);
    assert.ok(
      issues.some((issue) => issue.startsWith(starts)),
      `${text}\n→ ${issues.join('\n')}\nexpected ${starts}`,
    );
  }
});

test('a device without a seed of its own takes that of the plant, and its own where it has one', async () => {
  const values = async (text: string): Promise<unknown> => {
    const parsed = parse(text);
    assert.ok(parsed.ok);
    const simulators = plantSimulators(parsed.value as PlantFile, { clock: new VirtualClock(), log: silentLogger });
    return simulators.map((simulator) => simulator.signals().map(({ value }) => value));
  };
  const device = '{ port: 0, SEED units: { 1: { signals: [{ at: 40001, type: double, signal: random, min: 0, max: 1 }] } } }';
  const plant = (seed: number, own: string): string => `seed: ${seed}\ndevices: { a: ${device.replace('SEED', own)} }`;
  assert.deepEqual(await values(plant(3, '')), await values(plant(3, '')));
  assert.notDeepEqual(await values(plant(3, '')), await values(plant(4, '')));
  assert.deepEqual(await values(plant(3, 'seed: 9,')), await values(plant(4, 'seed: 9,')));
});

test('the same block under simulators of a hub file is checked in the same way', () => {
  const text = [
    'version: 1',
    'hub: { name: plant }',
    'simulators:',
    '  press:',
    '    protocol: modbus-tcp',
    '    units: { 1: { signals: [{ at: 40001, signal: lag, input: speed, tau: 1s }] } }',
    '',
  ].join('\n');
  const parsed = parseHub('hub.yaml', {
    folder: { read: () => text, list: () => [] },
    registry: {
      drivers: new Map(),
      apps: new Map(),
      dashboard: {},
      simulators: simulatorSchemas,
      simulatorFaults: (block) => simulatorFaults(block as unknown as SimulatorConfig),
    },
    env: () => undefined,
    readFile: () => '',
  });
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.error.map((issue) => formatIssue(issue)),
    [
      'hub.yaml:6:62 simulators/press/units/1/signals/0/input input names the signal speed, which unit 1 does not have. Write a number, or the name of a signal of the same unit.',
    ],
  );
});
