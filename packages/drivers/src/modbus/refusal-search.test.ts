import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quality, qualityName } from '@omh/core';
import { bound, good, missing, others, PlanBench, registers, spans } from '../testing/plan-bench.ts';
import { tag } from '../testing/tag.ts';

test('one hole at any place costs at most 1 + 2·log2(n) requests once, and none afterwards', async () => {
  for (const n of [1, 2, 3, 5, 9, 10, 17, 33, 65, 100, 125]) {
    for (let hole = 0; hole < n; hole++) {
      const bench = new PlanBench();
      bench.rule = missing([hole]);
      const plan = bench.compile(registers(0, n));
      const batch = await bench.read(plan);
      assert.deepEqual(good(batch), others(n, [hole]), `${n} registers, hole at ${hole}`);
      assert.equal(qualityName(batch.quality[hole]!), 'badAddressRefused');
      assert.match(batch.reasons![hole]!.text, /^demo refuses to read 1!4\d+: it has no such address \(exception 2\)\.$/);
      assert.ok(bench.asked.length - 1 <= bound(n), `${n} registers, hole at ${hole}: ${bench.asked.length - 1} extra`);
      const parts = (hole > 0 ? 1 : 0) + (hole < n - 1 ? 1 : 0);
      assert.equal(await bench.count(plan), parts, `${n} registers, hole at ${hole}: afterwards`);
      assert.deepEqual(good(await bench.read(plan)), others(n, [hole]));
    }
  }
});

test('each of several holes keeps to the bound, with every exception that may concern one register', async () => {
  for (const code of [1, 2, 3, 4]) {
    for (const holes of [[0, 99], [3, 17, 18, 60, 99], [10, 11, 12, 13], Array.from({ length: 21 }, (_, i) => i * 4)]) {
      const bench = new PlanBench();
      bench.rule = missing(holes, code);
      // Something of the area is answered, so that exception 1 does not speak of the function.
      const plan = bench.compile([...registers(0, 100), tag(200, '1!40300', 'uint16')]);
      bench.learnt.of(1, 'holding').answers();
      const batch = await bench.read(plan);
      assert.deepEqual(good(batch), others(101, holes), `exception ${code}, holes ${holes}`);
      assert.ok(bench.asked.length - 2 <= holes.length * bound(100));
      bench.asked.length = 0;
      assert.deepEqual(good(await bench.read(plan)), others(101, holes));
      assert.ok(
        bench.asked.every((a) => bench.rule(a) === undefined),
        'nothing refused is asked again',
      );
    }
  }
});

test('a device that refuses only what is missing altogether loses nothing', async () => {
  const bench = new PlanBench();
  const holes = new Set([20, 21, 22]);
  bench.rule = ({ start, end }) => {
    for (let i = start; i < end; i++) if (!holes.has(i)) return undefined;
    return 2;
  };
  const plan = bench.compile(registers(0, 40));
  assert.equal(await bench.count(plan), 1);
  const alone = bench.compile(registers(20, 3));
  assert.deepEqual(good(await bench.read(alone)), []);
  assert.equal(await bench.count(alone), 0);
});

test('a device that refuses half of a 32-bit value is read value by value', async () => {
  const bench = new PlanBench();
  const isInside = (at: number): boolean => at >= 100 && at < 200 && (at - 100) % 2 === 1;
  bench.rule = ({ start, end }) => (isInside(start) || isInside(end) || (start <= 130 && end > 130) ? 2 : undefined);
  // 130 is missing: the search may not split another value to find it.
  const plan = bench.compile(registers(100, 50, 2, 'float'));
  assert.deepEqual(good(await bench.read(plan)), others(50, [15]));
  assert.ok(bench.asked.every((a) => !isInside(a.start) && !isInside(a.end)));
  assert.ok(bench.asked.length - 1 <= bound(50));
  assert.equal(await bench.count(plan), 2);
});

test('half of a 32-bit value that is refused does not spoil the whole value of another plan', async () => {
  const bench = new PlanBench();
  bench.rule = ({ start, end }) => (start === 11 || end === 11 ? 2 : undefined);
  const half = bench.compile([tag(1, '1!400011', 'uint16')]);
  assert.deepEqual(good(await bench.read(half)), []);
  const whole = bench.compile([tag(1, '1!400011', 'uint32'), ...registers(12, 5)]);
  assert.equal(
    (await bench.read(whole)).quality.every((q) => q === Quality.good),
    true,
  );
  assert.equal(bench.asked.length, 3);
  assert.equal(await bench.count(whole), 1, 'once it is known to be answered, it is read with its neighbours');
});

test('a border that no request may cross is found and kept', async () => {
  const bench = new PlanBench();
  bench.rule = ({ start, end }) => (start < 37 && end > 37 ? 2 : undefined);
  const plan = bench.compile(registers(0, 100));
  assert.equal(good(await bench.read(plan)).length, 100);
  assert.ok(bench.asked.length - 1 <= bound(100), `${bench.asked.length - 1} extra`);
  assert.deepEqual(spans(plan), ['0+37', '37+63']);
  assert.equal(await bench.count(plan), 2);
});

test("a device's smaller limit is found exactly, is no hole, and counts for every plan", async () => {
  for (const [limit, code] of [
    [124, 3],
    [120, 2],
    [64, 3],
    [60, 2],
    [32, 3],
    [10, 2],
    [2, 3],
    [1, 3],
  ] as const) {
    const bench = new PlanBench();
    bench.rule = ({ start, end }) => (end - start > limit ? code : undefined);
    const plan = bench.compile(registers(0, 1000));
    assert.equal(good(await bench.read(plan)).length, 1000, `limit ${limit}`);
    assert.deepEqual(bench.learnt.limits(), [{ unit: 1, area: 'holding', count: limit }]);
    assert.deepEqual(bench.learnt.holes(), []);
    assert.equal(await bench.count(plan), Math.ceil(1000 / limit));
    const other = bench.compile(registers(2000, 300));
    assert.equal(await bench.count(other), Math.ceil(300 / limit));
  }
});

test('a function that the device does not know is learnt once for the area', async () => {
  const bench = new PlanBench();
  bench.rule = (asked) => (asked.function === 4 ? 1 : undefined);
  const input = Array.from({ length: 50 }, (_, i) => tag(100 + i, `1!3${String(i * 100 + 1).padStart(5, '0')}`, 'uint16'));
  const plan = bench.compile([...registers(0, 10), ...input]);
  const batch = await bench.read(plan);
  assert.deepEqual(good(batch), others(10, []));
  assert.match(batch.reasons![59]!.text, /it does not know this function \(exception 1\)/);
  assert.equal(await bench.count(plan), 1);
  assert.equal(await bench.count(bench.compile(input.slice(5, 20))), 0, 'another plan knows it');
  bench.rule = () => undefined;
  await bench.clock.advance(600_001);
  await bench.read(plan);
  assert.equal(good(await bench.read(plan)).length, 60, 'the function is there now');
});

test('a failing device is not taken for one with holes', async () => {
  const bench = new PlanBench();
  bench.rule = () => 4;
  const plan = bench.compile(registers(0, 100));
  assert.ok((await bench.count(plan)) <= 64);
  bench.rule = () => undefined;
  await bench.clock.advance(10_001);
  for (let i = 0; i < 4; i++) await bench.read(plan);
  assert.equal(good(await bench.read(plan)).length, 100);
});

test('a time-out teaches nothing', async () => {
  const bench = new PlanBench();
  bench.rule = () => 'silent';
  const plan = bench.compile(registers(0, 100));
  assert.equal(await bench.count(plan), 1);
  let n = 0;
  bench.rule = () => (n++ === 0 ? 2 : 'silent');
  const batch = await bench.read(plan);
  assert.deepEqual(
    [...new Set(batch.quality)].map((q) => qualityName(q)),
    ['badTimeout'],
  );
  bench.rule = () => undefined;
  assert.deepEqual([await bench.count(plan), bench.learnt.holes().length], [1, 0]);
});
