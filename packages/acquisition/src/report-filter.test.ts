import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, type Micros, type ReportOnChange, type Tag, type TagValue } from '@omh/core';
import { ReportFilter } from './report-filter.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';

/** One row after the other, a second apart; `null` is a read that brings nothing. What goes on, as `second:value`. */
function passed(report: ReportOnChange, values: readonly (number | null)[], stepsS: readonly number[] = []): string[] {
  const tag = testTag(1, 't', { type: 'double', report });
  const filter = ReportFilter.of([tag])!;
  const out: string[] = [];
  let now = 0;
  for (const [i, value] of values.entries()) {
    now += i === 0 ? 0 : (stepsS[i - 1] ?? 1);
    const batch = createBatch(1, (now * 1e6) as Micros);
    batch.num[0] = value ?? Number.NaN;
    batch.quality[0] = value === null ? Quality.badTimeout : Quality.good;
    const selection = filter.select(batch, i * 1000);
    for (const held of selection?.before ?? []) out.push(`${held.time / 1e6}:${held.value}`);
    if (selection === undefined || selection.rows.includes(0)) out.push(`${now}:${value ?? '-'}`);
  }
  for (const held of filter.flush()) out.push(`${held.time / 1e6}:${held.value}`);
  return out;
}

test('without a deadband only a changed value goes on', () => {
  assert.deepEqual(passed({}, [1, 1, 2, 2, 1]), ['0:1', '2:2', '4:1']);
});

test('an absolute deadband is measured from the value that was reported last', () => {
  const report: ReportOnChange = { deadband: { kind: 'absolute', width: 1 } };
  assert.deepEqual(passed(report, [10, 10.6, 11, 11.2, 10.3, 10.1]), ['0:10', '3:11.2', '5:10.1']);
});

test('a percentage is one of the value that was reported last', () => {
  const report: ReportOnChange = { deadband: { kind: 'percent', width: 10 } };
  assert.deepEqual(passed(report, [100, 109, 111, 121, 123, -100]), ['0:100', '2:111', '4:123', '5:-100']);
});

test('a swinging door keeps the corners of a ramp with their own times', () => {
  const report: ReportOnChange = { deadband: { kind: 'door', width: 0.1 } };
  assert.deepEqual(passed(report, [0, 1, 2, 3, 3, 3, 3, 0]), ['0:0', '3:3', '6:3', '7:0']);
});

test('a swinging door stays within its width of every value it holds back', () => {
  const width = 0.5;
  const values = Array.from({ length: 500 }, (_, i) => Math.sin(i / 20) * 10 + Math.sin(i * 1.7) * 0.2);
  const points = passed({ deadband: { kind: 'door', width } }, values).map((p) => p.split(':').map(Number) as [number, number]);
  assert.ok(points.length < 200, `${points.length} of 500 points`);
  for (const [i, value] of values.entries()) {
    const after = points.findIndex(([t]) => t >= i);
    const [t1, v1] = points[after]!;
    const [t0, v0] = points[Math.max(0, after - 1)]!;
    const line = t1 === t0 ? v1 : v0 + ((v1 - v0) * (i - t0)) / (t1 - t0);
    assert.ok(Math.abs(line - value) <= 2 * width + 1e-9, `${i}: ${value} against ${line}`);
  }
});

test('what a swinging door holds back goes first when the quality turns', () => {
  const report: ReportOnChange = { deadband: { kind: 'door', width: 0.1 } };
  assert.deepEqual(passed(report, [0, 1, 2, null, null, 5]), ['0:0', '2:2', '3:-', '5:5']);
});

test('what a swinging door holds back goes first when the heartbeat comes', () => {
  const report: ReportOnChange = { deadband: { kind: 'door', width: 0.1 }, heartbeatMs: 3000 };
  assert.deepEqual(passed(report, [0, 1, 2, 2.5, 2.5]), ['0:0', '2:2', '3:2.5', '4:2.5']);
});

test('a clock that goes back does not shut a swinging door', () => {
  const report: ReportOnChange = { deadband: { kind: 'door', width: 0.1 } };
  assert.deepEqual(passed(report, [0, 1, 2, 3, 9], [1, 1, -3600, 1]), ['0:0', '2:2', '-3598:3', '-3597:9']);
});

test('the heartbeat counts by a clock that nobody sets', () => {
  const report: ReportOnChange = { heartbeatMs: 2000 };
  assert.deepEqual(passed(report, [1, 1, 1, 1], [3600, -3600, 1]), ['0:1', '0:1']);
});

test('a missing value goes on once, and the value after it', () => {
  assert.deepEqual(passed({ heartbeatMs: 60_000 }, [1, null, null, 1, 1]), ['0:1', '1:-', '3:1']);
});

test('text, 64-bit integers and lists go on when they differ', () => {
  const batchOf = (tag: Tag, value: TagValue) => {
    const batch = createBatch(1, 0 as Micros, { i64: typeof value === 'bigint', any: typeof value !== 'bigint' });
    if (typeof value === 'bigint') batch.i64![0] = value;
    else batch.any![0] = value;
    return batch;
  };
  const count = (more: Partial<Tag>, values: readonly TagValue[]): number => {
    const tag = testTag(1, 't', { ...more, report: more.report ?? {} });
    const filter = ReportFilter.of([tag])!;
    return values.filter((value) => filter.select(batchOf(tag, value), 0) === undefined).length;
  };
  assert.equal(count({ type: 'string' }, ['a', 'a', 'b']), 2);
  assert.equal(count({ type: 'bytes' }, [Uint8Array.of(1), Uint8Array.of(1), Uint8Array.of(1, 2)]), 2);
  assert.equal(
    count({ count: 2 }, [
      [1, 2],
      [1, 2],
      [1, 3],
    ]),
    2,
  ); // prettier-ignore
  assert.equal(count({ type: 'int64' }, [9007199254740993n, 9007199254740993n, 9007199254740992n]), 2);
  assert.equal(count({ type: 'int64', report: { deadband: { kind: 'absolute', width: 5 } } }, [1n, 5n, 7n]), 2);
});

test('a group without news emits nothing, and its last values know that it was read', async () => {
  const tag = testTag(1, 'a', { report: {}, expireMs: 3000 });
  const { clock, fake, device, values, cycles } = bench([{ name: 'g', intervalMs: 1000, tags: [tag] }]);
  fake.values.set('a', 7);
  await device.start();
  await clock.advance(10_500);
  values.expire(clock.now());
  const last = values.get(1)!;
  assert.equal(cycles.length, 1);
  assert.deepEqual([last.value, last.quality, last.expired], [7, 'good', false]);
  assert.ok(clock.now() - last.valueTime! < 1e6);
  assert.equal(device.status().groups[0]!.cycles, 11);
  await device.stop();
});

test('only the tags that have news go on, those without report on change always', async () => {
  const tags = [testTag(1, 'always'), testTag(2, 'seldom', { report: {} })];
  const { clock, fake, device, cycles } = bench([{ name: 'g', intervalMs: 1000, tags }]);
  await device.start();
  await clock.advance(2500);
  fake.values.set('seldom', 1);
  await clock.advance(1000);
  assert.deepEqual(
    cycles.map((c) => c.tags.map(({ name }) => name).join()),
    ['always,seldom', 'always', 'always', 'always,seldom'],
  );
  await device.stop();
});

test('history gets what a swinging door held back before a device is paused, regrouped and stopped', async () => {
  const tag = testTag(1, 'a', { type: 'double', report: { deadband: { kind: 'door', width: 0.1 } } });
  const { clock, fake, device, reported } = bench([{ name: 'g', intervalMs: 1000, tags: [tag] }]);
  let n = 0;
  const ramp = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      fake.values.set('a', n++);
      await clock.advance(1000);
    }
  };
  await device.start();
  await clock.advance(10);
  await ramp();
  assert.deepEqual(reported('a'), ['1:0', '1001:0']);
  await device.control('pause', { by: 'anna' });
  assert.deepEqual(reported('a').slice(-2), ['3001:2', '3010:-']);
  await device.control('resume', { by: 'anna' });
  await clock.advance(10);
  await ramp();
  device.regroup({ path: 'site/demo', groups: [{ name: 'g', intervalMs: 500, tags: [tag] }] });
  assert.equal(reported('a').at(-1), '6001:5');
  await clock.advance(10);
  await ramp();
  const before = reported('a').length;
  await device.stop();
  assert.equal(reported('a').length, before + 1);
  assert.match(reported('a').at(-1)!, /:8$/);
});
