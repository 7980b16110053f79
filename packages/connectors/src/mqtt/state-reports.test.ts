import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '@omh/core/testing';
import { StateReports, type StateReport } from './state-reports.ts';
import type { DeviceLink } from './tag-gate.ts';

test('devices are told of when one changes, from time to time, and again after a message that was lost', async () => {
  const clock = new VirtualClock();
  let devices: DeviceLink[] = [{ node: 'demo', up: false, running: true }];
  let broken = false;
  const told: StateReport['states'][] = [];
  const reports = new StateReports({
    devices: () => devices,
    intervalMs: 10_000,
    clock,
    publish: (report) => {
      if (broken) return Promise.reject(new Error('away'));
      told.push(report.states);
      return undefined;
    },
  });
  reports.start();
  assert.deepEqual(told, [[{ node: 'demo', link: 0, running: 3 }]]);
  await clock.advance(5000);
  assert.equal(told.length, 1);
  devices = [{ node: 'demo', up: true, running: true }];
  await clock.advance(1000);
  assert.deepEqual(told.at(-1), [{ node: 'demo', link: 1, running: 3 }]);
  await clock.advance(10_000);
  assert.equal(told.length, 3);
  broken = true;
  devices = [{ node: 'demo', up: false, running: false }];
  await clock.advance(2000);
  assert.equal(told.length, 3);
  broken = false;
  await clock.advance(1000);
  assert.deepEqual(told.at(-1), [{ node: 'demo', link: 0, running: 4 }]);
  reports.stop();
  await clock.advance(60_000);
  assert.equal(told.length, 4);
});
