import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, parseHub, type DeviceConfig } from '@omh/config';
import type { DriverStats } from '@omh/core';
import { learntTemplate } from './learnt-template.ts';
import { driverModule, registry } from './registry.ts';

type Learnt = Pick<DriverStats, 'holes' | 'limits'>;

const device = (settings: object, ...addresses: string[]): DeviceConfig =>
  ({
    driver: 'modbus-tcp',
    settings: { host: '127.0.0.1', port: 5020, ...settings },
    groups: {
      g: {
        interval: '1s',
        tags: Object.fromEntries(addresses.map((address, i) => [`t${i}`, { address, type: 'uint16', access: 'read' }])),
      },
    },
  }) as unknown as DeviceConfig;

/** The settings of a second device that follows the template. */
function second(of: DeviceConfig, learnt: Learnt): { settings: Record<string, unknown>; text: string } {
  const text = learntTemplate('press', of, learnt, driverModule('modbus-tcp'));
  const main = `version: 1\nhub: { name: h }\ndevices:\n  two: { template: press, variables: { host: 10.0.0.2 } }\n${text}`;
  const hub = parseHub('hub.yaml', {
    folder: folderOf(new Map([['hub.yaml', main]])),
    registry,
    env: () => undefined,
    readFile: () => '',
  });
  assert.ok(hub.ok, JSON.stringify(hub));
  return { settings: hub.value.config.devices['two']!.settings, text };
}
const hole = (start: number, more: object = {}) => ({ unit: 1, area: 'holding', start, count: 1, code: 2, ...more });

test('holes that were learnt are settings of a second device, one with those of the file', () => {
  const first = device({ holes: [{ area: 'holding', start: 10, count: 5 }] }, '1!40001', '1!40100');
  const { settings } = second(first, { holes: [hole(15), hole(14), hole(40), hole(3, { area: 'input' })] });
  assert.deepEqual(settings['holes'], [
    { area: 'holding', start: 10, count: 6 },
    { area: 'holding', start: 40, count: 1 },
    { area: 'input', start: 3, count: 1 },
  ]);
});

test('with several units each hole keeps its own', () => {
  const { settings } = second(device({}, '1!40001', '2!40001'), { holes: [hole(4), hole(4, { unit: 2 })] });
  assert.deepEqual(settings['holes'], [
    { unit: 1, area: 'holding', start: 4, count: 1 },
    { unit: 2, area: 'holding', start: 4, count: 1 },
  ]);
});

test('what may be there in another device is a remark', () => {
  const holes = [hole(4, { code: 4 }), hole(20, { count: 7, gap: true }), hole(0, { area: 'coil', count: 65_536, code: 1 })];
  const { settings, text } = second(device({}, '1!40001'), { holes, limits: [{ unit: 1, area: 'holding', count: 60 }] });
  assert.equal(settings['holes'], undefined);
  assert.equal(settings['maxRegisters'], 60);
  assert.deepEqual(
    text.split('\n').filter((line) => line.startsWith('#')),
    [
      '# Unit 1 gives at most 60 points of holding in one request.',
      '# Unit 1 refuses holding 4 with exception 4.',
      '# Unit 1 refuses some of holding 20 to 26 with exception 2.',
      '# Unit 1 refuses coil 0 to 65535 with exception 1.',
    ],
  );
});
