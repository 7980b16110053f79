import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cancel, Clock } from '@omh/core';
import { VirtualClock } from '@omh/core/testing';
import type { GroupOptions } from './device-options.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';
import { GroupGrid } from './group-grid.ts';
import { GroupPhases } from './group-phases.ts';
import { MemoryStaticValues } from './static-values.ts';
import { PollingGroup } from './polling-group.ts';

const group = (i: number, intervalMs = 1000): GroupOptions => ({
  name: `g${i}`,
  intervalMs,
  tags: [testTag(i + 1, `t${i}`, { group: `g${i}` })],
});
const groups = (n: number, intervalMs = 1000): GroupOptions[] => Array.from({ length: n }, (_, i) => group(i, intervalMs));

test('fifty groups of a second are spread over it and begin when they are due', async () => {
  const { clock, fake, device } = bench(groups(50));
  await device.start();
  await clock.advance(1000);
  for (let i = 0; i < 50; i++) fake.readAt.set(`t${i}`, []);
  await clock.advance(10_000);
  const phases = Array.from({ length: 50 }, (_, i) => {
    const starts = fake.readAt.get(`t${i}`)!;
    assert.equal(starts.length, 10);
    for (const [n, at] of starts.entries()) assert.ok(Math.abs(at - starts[0]! - n * 1000) < 1e-6);
    return starts[0]! % 1000;
  }).sort((a, b) => a - b);
  const gaps = phases.map((at, i) => (i === 0 ? at + 1000 - phases.at(-1)! : at - phases[i - 1]!));
  assert.ok(Math.min(...gaps) >= 5 && Math.max(...gaps) < 50, `${Math.min(...gaps)} to ${Math.max(...gaps)} ms`);
  for (const { jitterP99Ms, skipped } of device.status().groups) assert.deepEqual([jitterP99Ms! < 50, skipped], [true, 0]);
  await device.stop();
  await clock.advance(10);
  assert.equal(clock.pending, 0);
});

test('at connect the first group is read at once and the others a few milliseconds one after the other', async () => {
  const { clock, fake, device } = bench(groups(50, 60_000));
  fake.openMs = 100;
  await device.start();
  await clock.advance(10);
  await clock.advance(700);
  const firsts = Array.from({ length: 50 }, (_, i) => fake.readAt.get(`t${i}`)![0]!);
  for (const [i, at] of firsts.entries()) assert.ok(Math.abs(at - firsts[0]! - i * 4) < 1e-6, `group ${i} at ${at}`);
  assert.equal(fake.plans.length, 50);
  await device.stop();
  assert.equal(clock.pending, 0);
});

test('a thousand groups have their first values within half a second', async () => {
  const clock = new VirtualClock();
  const due: number[] = [];
  const grid = new GroupGrid({ clock, isOn: () => true, due: (_group, _dueMs, nowMs) => due.push(nowMs) });
  const made = groups(1000, 3_600_000).map((g) => polling(g, clock));
  grid.start(made);
  grid.soon(made);
  await clock.advance(500);
  assert.equal(due.length, 1000);
  grid.stop();
  assert.equal(clock.pending, 0);
});

test('a group that comes, goes or changes moves no other', async () => {
  const { clock, fake, device } = bench(groups(5));
  await device.start();
  await clock.advance(2000);
  const steps = [
    [...groups(5).slice(0, 4), group(4, 500)],
    groups(4),
    [...groups(4), group(7)],
    [...groups(4), { ...group(7), tags: [testTag(8, 't7', { group: 'g7' }), testTag(9, 't8', { group: 'g7' })] }],
  ];
  for (const step of steps) {
    device.regroup({ path: 'site/demo', groups: step });
    await clock.advance(2000);
  }
  for (let i = 0; i < 4; i++) {
    const starts = fake.readAt.get(`t${i}`)!.slice(1);
    assert.ok(starts.length >= 9);
    for (const [n, at] of starts.entries()) assert.ok(Math.abs(at - starts[0]! - n * 1000) < 1e-6, `group ${i}: ${starts.join()}`);
  }
  await device.stop();
});

test('groups of ten milliseconds are read a hundred times a second', async () => {
  const { clock, fake, device } = bench(groups(4, 10));
  fake.delayMs = 3;
  await device.start();
  await clock.advance(10);
  await clock.advance(1000);
  for (const { cycles, skipped, jitterP99Ms } of device.status().groups) {
    assert.ok(cycles >= 99 && cycles <= 102, `${cycles} cycles`);
    assert.ok(skipped <= 1 && jitterP99Ms! < 1, `${skipped} skipped, ${jitterP99Ms} ms`);
  }
  await device.stop();
});

test('an overrun is skipped and counted per group, and no cycle of a group runs beside itself', async () => {
  const { clock, fake, device } = bench([group(0, 100), group(1, 1000)]);
  fake.delayMs = 250;
  await device.start();
  await clock.advance(10);
  await clock.advance(10_000);
  const [fast, slow] = device.status().groups;
  assert.ok(fast!.skipped >= 60 && fast!.skipped <= 70, `${fast!.skipped} skipped`);
  assert.ok(Math.abs(fast!.cycles + fast!.skipped - 101) <= 3, `${fast!.cycles} and ${fast!.skipped}`);
  assert.equal(slow!.skipped, 0);
  const starts = fake.readAt.get('t0')!;
  for (const [i, at] of starts.entries()) if (i > 0) assert.ok(at - starts[i - 1]! >= 250);
  await device.stop();
});

/** Fires each timer later than asked for. */
class LateClock extends VirtualClock {
  #n = 0;
  override after(delayMs: number, callback: () => void): Cancel {
    return super.after(delayMs + (this.#n++ % 5) * 9, callback);
  }
}
const polling = (options: GroupOptions, clock: Clock, phase = 0): PollingGroup =>
  new PollingGroup({ device: 'demo', ...options, phase, clock, around: { statics: new MemoryStaticValues(), lastValue: () => undefined } });

test('timers that come late move no later tick, and a long pause is counted and not made up for', async () => {
  const clock = new LateClock();
  const due: number[] = [];
  const grid = new GroupGrid({ clock, isOn: () => true, due: (_group, dueMs) => due.push(dueMs) });
  const one = polling(group(0, 100), clock, 0.5);
  grid.start([one]);
  await clock.advance(1000);
  assert.deepEqual(due, [50, 150, 250, 350, 450, 550, 650, 750, 850, 950]);
  assert.ok(one.status().jitterP99Ms! <= 36);
  grid.stop();
  const asleep = new VirtualClock();
  let late = 0;
  const sleeper: Clock = {
    now: () => asleep.now(),
    monotonicMs: () => asleep.monotonicMs() + late,
    after: (delayMs, callback) => asleep.after(delayMs, callback),
    sleep: (delayMs, signal) => asleep.sleep(delayMs, signal),
  };
  const ticks: number[] = [];
  const other = new GroupGrid({ clock: sleeper, isOn: () => true, due: (_group, dueMs) => ticks.push(dueMs) });
  const two = polling(group(1, 100), sleeper);
  other.start([two]);
  await asleep.advance(250);
  late = 1000;
  await asleep.advance(250);
  assert.deepEqual([ticks, two.skipped], [[100, 200, 300, 1400, 1500], 10]);
  other.stop();
  assert.equal(asleep.pending, 0);
});

test('places are on a grid of 20 ms, and all of it is given before a place is given again', () => {
  for (const intervalMs of [10, 25, 100, 250, 1000, 60_000]) {
    const phases = new GroupPhases();
    const slots = Math.max(1, Math.floor(intervalMs / 20));
    for (let round = 0; round < 2; round++) {
      const places = Array.from({ length: slots }, () => phases.next(intervalMs) * intervalMs).sort((a, b) => a - b);
      for (const [i, place] of places.entries()) assert.ok(Math.abs(place - i * 20) < 1e-6, `${place} of ${intervalMs} ms`);
    }
  }
});

test('groups of one interval get places far from each other, however many came before', () => {
  const phases = new GroupPhases();
  for (let i = 0; i < 12_345; i++) phases.next(1000);
  const places = Array.from({ length: 50 }, () => phases.next(1000)).sort((a, b) => a - b);
  const gaps = places.map((at, i) => (i === 0 ? at + 1 - places.at(-1)! : at - places[i - 1]!));
  assert.ok(Math.min(...gaps) > 0.005, String(Math.min(...gaps)));
});
