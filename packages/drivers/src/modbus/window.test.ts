import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chance } from './probe/probe-case.ts';
import { runWindow, type DeviceTraits, type WindowRun } from '../testing/window-device.ts';
import { RequestWindow } from './window.ts';

const hourMs = 3_600_000;
const share = (run: WindowRun, sizes: readonly number[]): number => {
  const total = [...run.msAt.values()].reduce((a, b) => a + b, 0);
  return sizes.reduce((n, size) => n + (run.msAt.get(size) ?? 0), 0) / total;
};
const shown = (run: WindowRun): string => JSON.stringify([...run.msAt].map(([size, ms]) => [size, Math.round(ms)]));

/** Devices that keep up with eight at least, and what disturbs the measurement. */
const noisy = (random: () => number): Record<string, DeviceTraits> => ({
  'an even device': { workers: 16, work: () => 15 },
  'any time from 6 to 60 ms': { workers: 16, work: () => 6 + random() * 54 },
  'one answer in twenty 450 ms late': { workers: 16, work: () => (random() < 0.05 ? 465 : 15) },
  'this computer stands still now and then': { workers: 16, work: () => 15, pause: () => (random() < 0.03 ? 120 + random() * 300 : 0) },
  'a network of 30 ms before a quick device': { workers: 1, work: () => 2 + random(), networkMs: 40 },
});

test('a device that keeps up gets eight requests or more within two minutes, whatever disturbs the measurement', () => {
  for (let seed = 1; seed <= 2; seed++) {
    for (const [name, traits] of Object.entries(noisy(chance(seed)))) {
      const window = new RequestWindow('auto');
      runWindow(window, traits, 0, 120_000);
      const after = runWindow(window, traits, 120_000, 120_000);
      assert.ok(share(after, [8, 16]) > 0.8, `${name}, seed ${seed}: ${shown(after)}`);
    }
  }
});

test('a window that a bad quarter of an hour made small comes out again by itself', () => {
  for (let seed = 1; seed <= 2; seed++) {
    const random = chance(seed);
    const window = new RequestWindow('auto');
    const good: DeviceTraits = { workers: 16, work: () => 40 + random() * 40 };
    runWindow(window, { workers: 1, work: () => 15 + random() * 30 }, 0, hourMs / 4);
    assert.ok(window.size <= 2);
    const after = runWindow(window, good, hourMs / 4, 660_000);
    assert.ok(window.size >= 8, `seed ${seed}: ${shown(after)}`);
    // A stall in which everything under way is lost is one trouble, and soon forgotten.
    const stallAt = hourMs / 4 + 660_000;
    for (let i = 0; i < 16; i++) window.trouble(stallAt - 40, stallAt + i);
    assert.ok(window.size >= 4);
    runWindow(window, good, stallAt + 20, 180_000);
    assert.ok(window.size >= 8, `seed ${seed}`);
  }
});

test('a device that takes one after the other is left at one: other sizes are a try now and then', () => {
  const kinds = (random: () => number): Record<string, DeviceTraits> => ({
    even: { workers: 1, work: () => 16 },
    jittery: { workers: 1, work: () => 4 + random() * 40 },
    'now and then slow': { workers: 1, work: () => (random() < 0.05 ? 400 : 16) },
    'behind pauses of this computer': { workers: 1, work: () => 16, pause: () => (random() < 0.01 ? 200 : 0) },
  });
  for (let seed = 1; seed <= 3; seed++) {
    for (const [name, traits] of Object.entries(kinds(chance(seed)))) {
      const window = new RequestWindow('auto');
      const first = runWindow(window, traits, 0, hourMs / 6);
      assert.ok(share(first, [1]) > 0.9, `${name}, seed ${seed}: ${shown(first)}`);
      const later = runWindow(window, traits, hourMs / 6, hourMs / 2);
      assert.ok(share(later, [1]) > 0.98, `${name}, seed ${seed}: ${shown(later)}`);
      assert.ok(later.changes <= 10, `${name}, seed ${seed}: ${later.changes} changes in half an hour`);
    }
  }
});

test('a device that loses what overlaps loses a handful of requests in half a day', () => {
  const window = new RequestWindow('auto');
  const random = chance(9);
  const run = runWindow(window, { workers: 1, work: () => 50 + random() * 20, room: 1 }, 0, 12 * hourMs);
  assert.ok(run.lost >= 1 && run.lost <= 20, `${run.lost} lost`);
  assert.ok(share(run, [1]) > 0.99, shown(run));
});

test('a device with room for four is asked for four', () => {
  const random = chance(4);
  const window = new RequestWindow('auto');
  const run = runWindow(window, { workers: 4, work: () => 30 + random() * 10, room: 4 }, 0, 2 * hourMs);
  assert.ok(share(run, [4]) > 0.95, shown(run));
  assert.ok(run.lost <= 40, `${run.lost} lost`);
});

test('a fixed window stays what it is', () => {
  const window = new RequestWindow(3);
  runWindow(window, { workers: 1, work: () => 5, room: 1 }, 0, 60_000);
  assert.equal(window.size, 3);
});
