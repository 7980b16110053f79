import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quality, qualityName, valueAt, type DataType, type Tag } from '@omh/core';
import { bound, good, missing, PlanBench, registers, spans } from '../testing/plan-bench.ts';
import { tag } from '../testing/tag.ts';

test('a gap is read along where that is cheaper, and never again where the device refuses it', async () => {
  for (const at of [0, 1, 2, 3, 7, 20, 38]) {
    const bench = new PlanBench();
    // 40 registers, and three that nobody names after the one at `at`.
    const tags = [...registers(0, at + 1), ...registers(at + 4, 39 - at)].map((t, i) => ({ ...t, id: (i + 1) as Tag['id'] }));
    assert.deepEqual(spans(bench.compile(tags)), ['0+43']);
    bench.rule = missing([at + 2]);
    const plan = bench.compile(tags);
    assert.equal(
      (await bench.read(plan)).quality.every((q) => q === Quality.good),
      true,
      `gap after ${at}`,
    );
    assert.ok(bench.asked.length - 1 <= bound(43), `gap after ${at}: ${bench.asked.length - 1} extra`);
    assert.deepEqual(spans(plan), [`0+${at + 1}`, `${at + 4}+${39 - at}`]);
    assert.equal(await bench.count(plan), 2);
  }
  assert.deepEqual(spans(new PlanBench().compile([...registers(0, 1), ...registers(9, 1)])), ['0+10'], '8 registers');
  assert.deepEqual(spans(new PlanBench().compile([...registers(0, 1), ...registers(10, 1)])), ['0+1', '10+1'], '9 registers');
  assert.deepEqual(spans(new PlanBench({ maxGap: 0 }).compile([...registers(0, 1), ...registers(2, 1)])), ['0+1', '2+1']);
});

test('arrays of every kind are read whole, over as many requests as they take', async () => {
  const bench = new PlanBench();
  const array = (id: number, address: string, type: DataType, count: number): Tag => ({ ...tag(id, address, type), count });
  const tags = [
    array(1, '1!400001', 'uint16', 300),
    array(2, '1!401001#BL', 'uint32', 2),
    array(3, '1!402001', 'uint64', 100),
    array(4, '1!000001', 'bit', 2500),
    array(5, '1!403002.14', 'bit', 20),
    array(6, '1!403004', 'bool', 2),
    array(7, '1!424898.2', 'string', 2),
    tag(8, '1!400001', 'uint16'),
  ];
  const plan = bench.compile(tags);
  const batch = await bench.read(plan);
  assert.ok(batch.quality.every((q) => q === Quality.good));
  const values = tags.map((t, i) => valueAt(batch, i, t));
  assert.deepEqual(
    values[0],
    Array.from({ length: 300 }, (_, i) => i),
  );
  assert.deepEqual(values[1], [1001 * 65536 + 1000, 1003 * 65536 + 1002]);
  assert.equal((values[2] as bigint[]).length, 100);
  assert.equal((values[2] as bigint[])[99], (2396n << 48n) | (2397n << 32n) | (2398n << 16n) | 2399n);
  assert.deepEqual(
    values[3],
    Array.from({ length: 2500 }, (_, i) => i % 3 === 0),
  );
  const bits = (3001 | (3002 << 16)) >>> 0;
  assert.deepEqual(
    (values[4] as boolean[]).slice(0, 18),
    Array.from({ length: 18 }, (_, i) => ((bits >>> (14 + i)) & 1) === 1),
  );
  assert.deepEqual(values[5], [true, true]);
  assert.deepEqual(values[6], ['aA', 'aB']);
  assert.equal(values[7], 0);
  assert.ok(plan.requests.every((r) => r.count <= (r.area === 'coil' ? 2000 : 125)));
});

test('an array is good only when all of it came, and finds the limit as values do', async () => {
  const bench = new PlanBench();
  const array: Tag = { ...tag(1, '1!400001', 'uint16'), count: 300 };
  bench.rule = missing([200]);
  const plan = bench.compile([array, tag(2, '1!400401', 'uint16')]);
  const batch = await bench.read(plan);
  assert.deepEqual(
    [...batch.quality].map((q) => qualityName(q)),
    ['badAddressRefused', 'good'],
  );
  await bench.read(plan);
  bench.asked.length = 0;
  await bench.read(plan);
  assert.ok(bench.asked.every((a) => bench.rule(a) === undefined));
  const small = new PlanBench();
  small.rule = ({ start, end }) => (end - start > 30 ? 3 : undefined);
  const one = small.compile([array]);
  const first = await small.read(one);
  assert.deepEqual(
    valueAt(first, 0, array),
    Array.from({ length: 300 }, (_, i) => i),
  );
  assert.equal(await small.count(one), 10);
});

test('bits: a gap of sixteen bytes is read along, and several tags of one register are one unit of the search', async () => {
  const bench = new PlanBench();
  const bit = (id: number, n: number): Tag => tag(id, `1!0${String(n + 1).padStart(5, '0')}`, 'bit');
  assert.deepEqual(spans(bench.compile([bit(1, 0), bit(2, 129)])), ['0+130']);
  assert.deepEqual(spans(bench.compile([bit(1, 0), bit(2, 130)])), ['0+1', '130+1']);
  bench.rule = missing([31]);
  const tags = Array.from({ length: 64 * 16 }, (_, i) => tag(i + 1, `1!4${String((i >> 4) + 1).padStart(5, '0')}.${i & 15}`, 'bit'));
  const plan = bench.compile(tags);
  assert.equal(good(await bench.read(plan)).length, 63 * 16);
  assert.ok(bench.asked.length - 1 <= bound(64));
});
