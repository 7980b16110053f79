import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratioTable, resultOf, rowTable } from './report.ts';
import { flow } from './row.ts';
import type { Row } from './row.ts';

const row: Row = {
  name: 'fan-in',
  title: 'fan-in',
  columns: flow,
  load: [],
  setup: {},
  aims: [
    { column: 'cpuPerMillion', against: 'mosquitto', ratio: 10 },
    { column: 'cpuPerMillion', against: 'aedes', ratio: 2 },
    { column: 'messagesPerSecond', value: 1000 },
  ],
};
const reading = (messagesPerSecond: number, cpuPerMillion: number): Record<string, number> => ({
  messagesPerSecond,
  cpuPerMillion,
  p50: 1,
  missing: 0,
});
const result = resultOf(
  row,
  new Map([
    ['omh', [reading(900, 1), reading(1100, 3), reading(1000, 2)]],
    ['mosquitto', [reading(500, 10), reading(100, 30), reading(200, 16)]],
    ['aedes', []],
  ]),
  ['omh'],
  { aedes: 'it is not here' },
);

test('the median and the spread of each figure count', () => {
  assert.deepEqual(result.brokers[0]!.figures['messagesPerSecond'], { median: 1000, min: 900, max: 1100 });
  assert.equal(result.brokers[0]!.runs, 3);
});

test('a ratio above 1 says that ours is better, in messages and in cost', () => {
  assert.deepEqual(result.brokers[0]!.ratios, {});
  assert.deepEqual(result.brokers[1]!.ratios, { messagesPerSecond: 5, cpuPerMillion: 8 });
});

test('aims are judged, and those against a broker that did not run are left out', () => {
  assert.deepEqual(
    result.aims.map(({ met, reached }) => ({ met, reached })),
    [
      { met: false, reached: 8 },
      { met: true, reached: 1000 },
    ],
  );
});

test('the tables say who was left out and why, and what was missed', () => {
  const text = rowTable(row, result);
  assert.match(text, /without aedes: it is not here/);
  assert.match(text, /MISSED omh: CPU s\/M 10\.00x of mosquitto: 8\.00/);
  assert.match(ratioTable([row], [result]), /fan-in +CPU s\/M +8\.00x/);
});
