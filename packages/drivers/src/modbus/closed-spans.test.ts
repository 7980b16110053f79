import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValueBatch } from '@omh/core';
import { good, missing, others, PlanBench, registers } from '../testing/plan-bench.ts';
import { tag } from '../testing/tag.ts';
import { ClosedSpans } from './closed-spans.ts';

const spansOf = ({ asked }: PlanBench): string[] => asked.map(({ start, end }) => `${start}-${end}`);
const reasonAt = (batch: ValueBatch, row: number): string | undefined => batch.reasons?.[row]?.text;

test('a hole of the settings is never asked for and never read over, and its tags say why', async () => {
  const bench = new PlanBench({ holes: [{ area: 'holding', start: 10, count: 2 }] });
  bench.rule = missing([10, 11]);
  const batch = await bench.read(bench.compile(registers(0, 20)));
  assert.deepEqual(good(batch), others(20, [10, 11]));
  assert.deepEqual(spansOf(bench), ['0-10', '12-20']);
  assert.match(reasonAt(batch, 10)!, /lies in a hole/);
  assert.deepEqual(bench.learnt.holes(), [], 'nothing had to be found out');
});

test('a gap that holds a hole splits the request, others are read along', async () => {
  const apart = [...registers(0, 2), ...registers(5, 2), ...registers(9, 2)].map((t, i) => ({ ...t, id: (i + 1) as typeof t.id }));
  const bench = new PlanBench({ holes: [{ area: 'holding', start: 7 }] });
  await bench.read(bench.compile(apart));
  assert.deepEqual(spansOf(bench), ['0-7', '9-11']);
});

test('holes stand beside what is learnt', async () => {
  const bench = new PlanBench({ holes: [{ area: 'holding', start: 3 }] });
  bench.rule = missing([3, 12]);
  const plan = bench.compile(registers(0, 16));
  assert.deepEqual(good(await bench.read(plan)), others(16, [3, 12]));
  assert.equal(await bench.count(plan), 3);
  assert.deepEqual(spansOf(bench), ['0-3', '4-12', '13-16']);
});

test('a hole of one unit or of another area closes nothing else', async () => {
  const bench = new PlanBench({
    holes: [
      { unit: 2, area: 'holding', start: 3 },
      { area: 'input', start: 3 },
    ],
  });
  assert.deepEqual(good(await bench.read(bench.compile(registers(0, 8)))), others(8, []));
  assert.equal(bench.asked.length, 1);
});

test('a value that only reaches into a hole is asked for alone', async () => {
  const bench = new PlanBench({ holes: [{ area: 'holding', start: 3 }] });
  await bench.read(bench.compile([tag(1, '1!40001'), tag(2, '1!40003', 'uint32'), tag(3, '1!40005')]));
  assert.deepEqual(spansOf(bench).sort(), ['0-1', '2-4', '4-5']);
});

test('ranges that overlap or touch are one', () => {
  const spans = new ClosedSpans([
    [10, 12],
    [0, 3],
    [2, 5],
    [5, 6],
  ]);
  assert.equal(spans.covers(0, 6), true);
  assert.equal(spans.covers(4, 7), false);
  assert.deepEqual([spans.touches(6, 10), spans.touches(6, 11), spans.touches(12, 99), spans.touches(0, 1)], [false, true, false, true]);
});
