import assert from 'node:assert/strict';
import { test } from 'node:test';
import { good, missing, others, PlanBench, registers } from '../testing/plan-bench.ts';

test('what one plan learnt serves fifty others', async () => {
  const bench = new PlanBench();
  bench.rule = missing([7]);
  await bench.read(bench.compile(registers(0, 100)));
  bench.asked.length = 0;
  const plans = Array.from({ length: 50 }, () => bench.compile(registers(0, 100)));
  for (const batch of await Promise.all(plans.map((plan) => bench.read(plan)))) assert.deepEqual(good(batch), others(100, [7]));
  assert.equal(bench.asked.length, 100);
});

test('plans that meet the same hole at the same time all read what is readable', async () => {
  const bench = new PlanBench();
  bench.rule = missing([41]);
  const plans = Array.from({ length: 10 }, () => bench.compile(registers(0, 64)));
  for (const batch of await Promise.all(plans.map((plan) => bench.read(plan)))) assert.deepEqual(good(batch), others(64, [41]));
  for (const plan of plans) assert.equal(await bench.count(plan), 2);
});

test('what was learnt is there after a restart, and gone when somebody forgets it', async () => {
  const bench = new PlanBench();
  bench.rule = (asked) => (asked.function === 3 && asked.end - asked.start > 50 ? 3 : missing([5])(asked));
  const first = bench.compile(registers(0, 100));
  await bench.read(first);
  await bench.read(first);
  assert.deepEqual(bench.learnt.holes(), [{ unit: 1, area: 'holding', start: 5, count: 1, code: 2 }]);
  bench.restart();
  const plan = bench.compile(registers(0, 100));
  assert.equal(await bench.count(plan), 3);
  assert.deepEqual(good(await bench.read(plan)), others(100, [5]));
  bench.rule = () => undefined;
  bench.learnt.forget();
  assert.equal(await bench.count(plan), 1);
  bench.restart();
  assert.deepEqual([bench.learnt.holes(), bench.learnt.limits()], [[], []]);
});

test('another device at the same place is asked anew', async () => {
  const bench = new PlanBench();
  bench.learnt.identified(1, 'a');
  bench.rule = missing([5]);
  await bench.read(bench.compile(registers(0, 10)));
  bench.learnt.identified(1, 'a');
  bench.learnt.identified(2, 'b');
  assert.equal(bench.learnt.holes().length, 1);
  bench.restart();
  bench.learnt.identified(1, 'c');
  assert.equal(bench.learnt.holes().length, 0);
});

test('a memory of another version or with rubbish in it is no fault', () => {
  const bench = new PlanBench();
  for (const saved of [
    null,
    7,
    { learnt: { version: 2, areas: [{ unit: 1 }] } },
    { learnt: { version: 1, areas: [null, { unit: 999, area: 'holding' }, { unit: 1, area: 'x' }] } },
    {
      learnt: {
        version: 1,
        areas: [{ unit: 1, area: 'coil', limit: -1, holes: [[1], ['a', 1, 2, 3], [-1, 1, 2, 3], 7], fences: 9 }],
        identities: 3,
      },
    },
  ]) {
    bench.saved = saved;
    bench.restart();
    assert.deepEqual([bench.learnt.holes(), bench.learnt.limits()], [[], []]);
  }
  bench.saved = { other: 1 };
  bench.restart();
  bench.learnt.of(1, 'coil').refuse(3, 4, 2);
  bench.learnt.save();
  assert.equal((bench.saved as { other: number }).other, 1, 'what others keep there is theirs');
});

test('refused spans are asked again after ten minutes, ever more seldom, a few at a time', async () => {
  const bench = new PlanBench();
  bench.rule = missing([3, 50, 51, 90]);
  const plan = bench.compile(registers(0, 100));
  await bench.read(plan);
  const usual = await bench.count(plan);
  const probesAfter = async (ms: number): Promise<number> => {
    await bench.clock.advance(ms);
    let n = 0;
    for (let i = 0; i < 6; i++) n += (await bench.count(plan)) - usual;
    return n;
  };
  assert.equal(await probesAfter(599_000), 0);
  assert.equal(await probesAfter(2_000), 5, 'neighbours together first, then each alone');
  assert.equal(await probesAfter(1_190_000), 0);
  assert.equal(await probesAfter(20_000), 5);
  await bench.clock.advance(86_400_000 * 3);
  bench.rule = missing([3]);
  await bench.read(plan);
  await bench.read(plan);
  assert.deepEqual(good(await bench.read(plan)), others(100, [3]));
  assert.equal(await bench.count(plan), 2);
});

test('a device that refuses everything for a while is whole again soon after', async () => {
  const bench = new PlanBench();
  const plan = bench.compile(registers(0, 1000));
  await bench.read(plan);
  bench.rule = () => 2;
  for (let i = 0; i < 12; i++) assert.ok((await bench.count(plan)) <= 8 + 2 * 256 + 8);
  assert.equal(await bench.count(plan), 0);
  bench.rule = () => undefined;
  await bench.clock.advance(60_001);
  for (let i = 0; i < 3; i++) await bench.read(plan);
  assert.equal(good(await bench.read(plan)).length, 1000);
  assert.equal(await bench.count(plan), 8);
});
