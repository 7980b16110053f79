import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality, valueAt, type Micros } from '@omh/core';
import { conversionOf, engineeringOf, Scaling } from './engineering.ts';
import { toRaw } from './scaling.ts';
import { testTag } from './testing/fake-driver.ts';

test('tenths become engineering values without binary noise', () => {
  const tags = [testTag(1, 't', { decimal: 0.1 }), testTag(2, 'raw'), testTag(3, 'k', { decimal: 1, bias: -273.15 })];
  const batch = createBatch(3, 0 as Micros);
  batch.num.set([291, 291, 300]);
  new Scaling(tags).apply(batch);
  assert.deepEqual([...batch.num], [29.1, 291, 26.85]);
});

test('small factors keep their digits, and decimals that were read are kept', () => {
  const of = (raw: number, decimal: number, bias = 0): number => engineeringOf(raw, conversionOf({ decimal, bias }));
  assert.equal(of(5, 1e-10), 5e-10);
  assert.equal(of(3, 1e-7, 1), 1.0000003);
  assert.equal(of(1, 1e-30), 1e-30);
  assert.equal(of(291, 0.1), 29.1);
  assert.equal(of(-291, 0.1), -29.1);
  assert.equal(of(300, 1, -273.15), 26.85);
  assert.equal(of(12_345, 0.25), 3086.25);
  assert.equal(of(1.23456789, 0.1), 1.23456789 * 0.1);
  assert.equal(of(4e-12, 0.1), 4e-12 * 0.1);
  assert.equal(of(2 ** 53, 0.1), 2 ** 53 * 0.1);
  assert.equal(of(1e300, 1e300), Infinity);
  for (let raw = -32_768; raw <= 32_767; raw++) {
    assert.equal(of(raw, 0.1), Number(`${raw}e-1`));
    assert.equal(of(raw, 0.001), Number(`${raw}e-3`));
    assert.equal(of(raw, 1e-7), Number(`${raw}e-7`));
  }
});

test('a value-less row is left alone', () => {
  const batch = createBatch(1, 0 as Micros);
  batch.num[0] = Number.NaN;
  batch.quality[0] = Quality.badTimeout;
  const tag = testTag(1, 't', { decimal: 0.1 });
  new Scaling([tag]).apply(batch);
  assert.equal(valueAt(batch, 0, tag), undefined);
});

test('a scaled 64-bit integer becomes a double, an unscaled one stays exact', () => {
  const batch = createBatch(2, 0 as Micros, { i64: true });
  batch.i64!.set([9007199254740993n, 12345n]);
  const tags = [testTag(1, 'exact', { type: 'int64' }), testTag(2, 'scaled', { type: 'int64', decimal: 0.01 })];
  new Scaling(tags).apply(batch);
  assert.equal(valueAt(batch, 0, tags[0]!), 9007199254740993n);
  assert.equal(valueAt(batch, 1, tags[1]!), 123.45);
});

test('raw values are rounded for integers and refused outside the type', () => {
  const cases: [Parameters<typeof testTag>[2], unknown, unknown][] = [
    [{ decimal: 0.1 }, 23.56, 236],
    [{ decimal: 0.1 }, 23.4, 234],
    [{}, 32767, 32767],
    [{}, 32768, 'ACQUISITION_OUT_OF_RANGE'],
    [{}, 1.5, 'ACQUISITION_WRONG_TYPE'],
    [{ type: 'uint16' }, -1, 'ACQUISITION_OUT_OF_RANGE'],
    [{ type: 'bool' }, 1, true],
    [{ type: 'bool' }, 'on', 'ACQUISITION_WRONG_TYPE'],
    [{ type: 'uint64' }, '18446744073709551615', 18446744073709551615n],
    [{ type: 'uint64' }, '18446744073709551616', 'ACQUISITION_OUT_OF_RANGE'],
    [{ type: 'float' }, 1e39, 'ACQUISITION_OUT_OF_RANGE'],
    [{ type: 'double' }, '7', 7],
    [{ type: 'string' }, 'x', 'x'],
    [{ type: 'string' }, 7, 'ACQUISITION_WRONG_TYPE'],
    [{}, null, 'ACQUISITION_WRONG_TYPE'],
    [{}, Number.NaN, 'ACQUISITION_WRONG_TYPE'],
  ];
  for (const [more, value, expected] of cases) {
    const raw = toRaw(testTag(1, 't', more), value);
    assert.equal(raw.ok ? raw.value : raw.error.code, expected, `${JSON.stringify(more)} ${String(value)}`);
  }
});
