import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch, Quality } from '@omh/core';
import type { Micros, Tag, TagValue } from '@omh/core';
import type { CurrentValue } from './current-values.ts';
import { vqtOfLast, vqtOfRow, vqtPayload } from './vqt-payload.ts';
import { plantValues, tagOf } from './testing/plant.ts';

const at = 1_700_000_000_123_900;

test('a payload is JSON with value, quality and the ms of the value itself; a reason only when it is not good', () => {
  const payload = (value: TagValue | undefined, quality: number = Quality.good, reason?: string): string =>
    vqtPayload(value, quality, at, reason);
  assert.equal(payload(21.5), '{"v":21.5,"q":"good","t":1700000000123}');
  const cases: readonly (readonly [TagValue | undefined, unknown])[] = [
    [true, true],
    ['he said "ja"\n', 'he said "ja"\n'],
    [-0, 0],
    [1e300, 1e300],
    [9_007_199_254_740_991n, 9_007_199_254_740_991],
    [9_007_199_254_740_993n, '9007199254740993'],
    [-9_223_372_036_854_775_808n, '-9223372036854775808'],
    [Uint8Array.of(0, 255), [0, 255]],
    [
      [1, 2.5],
      [1, 2.5],
    ],
    [
      [1n, 2n ** 63n],
      [1, '9223372036854775808'],
    ],
    [[], []],
  ];
  for (const [value, v] of cases) assert.deepEqual(JSON.parse(payload(value)), { v, q: 'good', t: 1700000000123 });
  assert.deepEqual(JSON.parse(payload(7, Quality.uncertain)), { v: 7, q: 'uncertain', t: 1700000000123, r: 'Usable with care.' });
  assert.deepEqual(JSON.parse(payload(undefined, Quality.badTimeout, 'Press is off.')), {
    v: null,
    q: 'bad',
    t: 1700000000123,
    r: 'Press is off.',
  });
});

test('what is not a number is null and says so, alone and in an array', () => {
  const said = { q: 'bad', t: 1700000000123, r: 'The value is not a number.' };
  for (const value of [NaN, Infinity, -Infinity]) assert.deepEqual(JSON.parse(vqtPayload(value, 0, at)), { v: null, ...said });
  assert.deepEqual(JSON.parse(vqtPayload([1, NaN], 0, at)), { v: [1, null], ...said });
});

test('a missed cycle shows the last usable value with its own time while it is uncertain, and null once it is bad', () => {
  const values = plantValues();
  const tag = tagOf(1, 'a/x');
  values.put(tag, 20, 'uncertain', 1_000_000);
  const batch = createBatch(1, 9_000_000 as Micros);
  batch.ids[0] = 1;
  batch.quality[0] = Quality.uncertainNoCommunicationLastUsable;
  const uncertain = JSON.parse(vqtOfRow(batch, 0, tag, values)) as Record<string, unknown>;
  assert.deepEqual([uncertain['v'], uncertain['q'], uncertain['t']], [20, 'uncertain', 1000]);
  batch.quality[0] = Quality.badTimeout;
  const bad = JSON.parse(vqtOfRow(batch, 0, tag, values)) as Record<string, unknown>;
  assert.deepEqual([bad['v'], bad['q'], bad['t']], [null, 'bad', 9000]);
});

test('what a new subscriber gets is what the last cycle said', () => {
  const tag: Tag = tagOf(1, 'a/x');
  const last = (fields: Partial<CurrentValue>): unknown =>
    JSON.parse(
      vqtOfLast({
        tag,
        value: 5,
        valueTime: 2_000_000 as Micros,
        quality: 'good',
        qualityCode: 0,
        since: 3_000_000 as Micros,
        reason: undefined,
        ...fields,
      }),
    );
  assert.deepEqual(last({}), { v: 5, q: 'good', t: 2000 });
  assert.deepEqual(last({ quality: 'bad', qualityCode: Quality.badTimeout, reason: 'Silent.' }), {
    v: null,
    q: 'bad',
    t: 3000,
    r: 'Silent.',
  });
  const nothing = { value: undefined, valueTime: undefined, quality: 'bad', qualityCode: Quality.badWaitingForInitialData } as const;
  assert.deepEqual(last(nothing), { v: null, q: 'bad', t: 3000, r: 'No value was read yet.' });
});
