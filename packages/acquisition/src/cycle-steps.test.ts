import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Quality, qualityName, type TagSource, type TagValue } from '@omh/core';
import { MemoryStaticValues } from './static-values.ts';
import { bench } from './testing/bench.ts';
import { testTag } from './testing/fake-driver.ts';
import { surroundings } from './testing/surroundings.ts';
import { LastValues } from './last-values.ts';

const derived = (expression: string): { address: string; source: TagSource } => ({ address: '', source: { kind: 'derived', expression } });
const fixed = (value: TagValue): { address: string; source: TagSource } => ({ address: '', source: { kind: 'static', value } });
const group = (name: string, ...tags: ReturnType<typeof testTag>[]) => ({ name, intervalMs: 1000, tags });

test('a derived tag is computed once a cycle from its group, other groups and other devices', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'a'),
      testTag(2, 'sum', { type: 'double', ...derived('a * 2 + "h/b" + "demo/h/b"') }),
      testTag(3, 'hot', { type: 'bool', ...derived('a > 10') }),
    ),
    group('h', testTag(4, 'b', { group: 'h' })),
  ]);
  b.fake.values.set('a', 20).set('b', 3);
  await b.device.start();
  await b.clock.advance(1500);
  assert.deepEqual([b.last('sum'), b.last('hot')], [46, true]);
  assert.deepEqual(b.fake.plans, [['a'], ['b']]);
  await b.device.stop();
});

test('derived tags are computed in the order of what they read, however they stand in the file and name it', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'third', { type: 'double', ...derived('"demo/g/second" + 1') }),
      testTag(2, 'second', { type: 'double', ...derived('"g/first" + 1') }),
      testTag(3, 'first', { type: 'double', ...derived('a + 1') }),
      testTag(4, 'a'),
    ),
  ]);
  b.fake.values.set('a', 10);
  await b.device.start();
  await b.clock.advance(10);
  assert.deepEqual([b.last('first'), b.last('second'), b.last('third')], [11, 12, 13]);
  await b.device.stop();
});

test('expressions that read each other in a ring cost nobody else a value', async () => {
  const tags = [testTag(1, 'x', derived('y + 1')), testTag(2, 'y', derived('x + 1')), testTag(3, 'a')];
  const b = bench([group('g', ...tags)]);
  await b.device.start();
  await b.clock.advance(2500);
  assert.deepEqual([b.quality('x'), b.quality('y'), b.quality('a')], ['bad', 'bad', 'good']);
  await b.device.stop();
});

test('a derived tag is as good as the worst of its inputs and names it', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'a', { clamp: { max: 5 } }),
      testTag(2, 'b'),
      testTag(3, 'sum', { type: 'double', ...derived('a + b') }),
      testTag(4, 'wrong', { type: 'double', ...derived('a + missing') }),
      testTag(5, 'text', { type: 'double', ...derived("concat('x', a)") }),
    ),
  ]);
  b.fake.values.set('a', 9).set('b', 1);
  await b.device.start();
  await b.clock.advance(10);
  assert.deepEqual([b.last('sum'), b.quality('sum')], [6, 'uncertain']);
  assert.match(b.reason('sum')!, /computed from a/);
  assert.match(b.reason('wrong')!, /missing has no value/);
  assert.match(b.reason('text')!, /no double/);
  b.fake.refused.add('b');
  await b.clock.advance(1000);
  assert.deepEqual([b.last('sum'), b.quality('sum')], [6, 'bad']);
  assert.match(b.reason('sum')!, /b has no value/);
  await b.device.stop();
});

test('a derived result outside its type is bad, one outside its bounds is the bound', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'a'),
      testTag(2, 'small', { type: 'int8', ...derived('a * 100') }),
      testTag(3, 'wide', { type: 'int64', ...derived('a * 2') }),
      testTag(4, 'capped', { type: 'double', clamp: { max: 5 }, ...derived('a * 100') }),
    ),
  ]);
  b.fake.values.set('a', 3);
  await b.device.start();
  await b.clock.advance(10);
  assert.equal(qualityName(b.values.get(2)!.qualityCode), 'badTypeMismatch');
  assert.equal(b.last('wide'), 6n);
  assert.deepEqual([b.last('capped'), b.quality('capped')], [5, 'uncertain']);
  await b.device.stop();
});

test('static tags of every type have their value in each cycle', async () => {
  const bytes = Uint8Array.of(1, 2);
  const values: [Parameters<typeof testTag>[2] & object, TagValue][] = [
    [{ type: 'int16' }, 7],
    [{ type: 'int64' }, -9007199254740993n],
    [{ type: 'uint64' }, 18446744073709551615n],
    [{ type: 'bool' }, true],
    [{ type: 'string' }, 'line 1'],
    [{ type: 'bytes' }, bytes],
    [{ type: 'double' }, 0.25],
    [{ type: 'int16', count: 2 }, [1, 2]],
  ];
  const b = bench([group('g', ...values.map(([more, value], i) => testTag(i + 1, `t${i}`, { ...more, ...fixed(value) })))]);
  await b.device.start();
  await b.clock.advance(10);
  assert.deepEqual(
    values.map((_, i) => [b.last(`t${i}`), b.quality(`t${i}`)]),
    values.map(([, value]) => [value, 'good']),
  );
  assert.equal(b.fake.reads, 0);
  await b.device.stop();
});

test('a static value that is none of its type is bad with a reason, and the other tags go on', async () => {
  const wrong: [Parameters<typeof testTag>[2] & object, unknown][] = [
    [{ type: 'int64' }, 1.5],
    [{ type: 'int64' }, 'abc'],
    [{ type: 'int16' }, 40_000],
    [{ type: 'double' }, 'warm'],
    [{ type: 'double' }, Number.NaN],
    [{ type: 'bool' }, 'yes'],
    [{ type: 'string' }, 7],
    [{ type: 'int16', count: 2 }, [1]],
  ];
  const tags = wrong.map(([more, value], i) => testTag(i + 1, `t${i}`, { ...more, ...fixed(value as TagValue) }));
  const b = bench([group('g', ...tags, testTag(20, 'a'))]);
  await b.device.start();
  await b.clock.advance(1500);
  for (const [i, tag] of tags.entries()) {
    assert.equal(b.values.get(i + 1)!.qualityCode, Quality.badConfiguration, tag.type);
    assert.match(b.reason(tag.name)!, new RegExp(`is to hold .* which is no ${tag.type}`));
  }
  assert.equal(b.quality('a'), 'good');
  await b.device.stop();
});

test('a value that was written to a static tag is told at once, stands over a restart, and gives way when the type changes', async () => {
  const statics = new MemoryStaticValues();
  const kept = (): ReturnType<typeof surroundings>['around'] => ({ ...surroundings(new LastValues()).around, statics });
  const tag = testTag(1, 'target', { type: 'int64', access: 'readwrite', ...fixed(1n) });
  const first = bench([group('g', tag)], { around: kept() });
  await first.device.start();
  await first.clock.advance(10);
  await first.clock.advance(1000);
  await first.device.write(tag, 42);
  assert.deepEqual([first.last('target'), first.cycles.length], [42n, 3]);
  await first.clock.advance(1000);
  assert.equal(first.last('target'), 42n);
  await first.device.stop();
  const again = bench([group('g', tag)], { around: kept() });
  await again.device.start();
  await again.clock.advance(10);
  assert.equal(again.last('target'), 42n);
  await again.device.stop();
  const changed = bench([group('g', { ...tag, type: 'string', source: { kind: 'static', value: 'none' } })], { around: kept() });
  await changed.device.start();
  await changed.clock.advance(10);
  assert.deepEqual([changed.last('target'), changed.quality('target')], ['none', 'good']);
  await changed.device.stop();
});

test('a scaled static tag holds the engineering value that was written', async () => {
  const tag = testTag(1, 'target', { access: 'readwrite', decimal: 0.1, ...fixed(1.5) });
  const b = bench([group('g', tag)]);
  await b.device.start();
  await b.device.write(tag, 29.1);
  await b.clock.advance(1500);
  assert.equal(b.last('target'), 29.1);
  await b.device.stop();
});

test('values outside their bounds become the bound and uncertain', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'low', { clamp: { min: 0 } }),
      testTag(2, 'high', { clamp: { max: 100 }, decimal: 0.1 }),
      testTag(3, 'inside', { clamp: { min: 0, max: 100 } }),
      testTag(4, 'wide', { type: 'int64', clamp: { max: 10 } }),
    ),
  ]);
  b.fake.values.set('low', -3).set('high', 2000).set('inside', 50).set('wide', 11);
  await b.device.start();
  await b.clock.advance(10);
  assert.deepEqual(
    ['low', 'high', 'inside', 'wide'].map((name) => [b.last(name), b.quality(name)]),
    [
      [0, 'uncertain'],
      [100, 'uncertain'],
      [50, 'good'],
      [10n, 'uncertain'],
    ], // prettier-ignore
  );
  assert.equal(b.values.get(1)!.qualityCode, Quality.uncertainEngineeringUnitsExceeded);
  await b.device.stop();
});

test('arrays are scaled and clamped element by element', async () => {
  const b = bench([
    group(
      'g',
      testTag(1, 'list', { count: 3, decimal: 0.1, bias: 1 }),
      testTag(2, 'capped', { count: 2, clamp: { min: 0, max: 5 } }),
      testTag(3, 'words', { type: 'string', count: 2, clamp: { max: 5 } }),
    ),
  ]);
  b.fake.values.set('list', [291, -5, 0]).set('capped', [9, 3]).set('words', ['a', 'b']);
  await b.device.start();
  await b.clock.advance(10);
  assert.deepEqual(b.last('list'), [30.1, 0.5, 1]);
  assert.deepEqual([b.last('capped'), b.quality('capped')], [[5, 3], 'uncertain']);
  assert.deepEqual([b.last('words'), b.quality('words')], [['a', 'b'], 'good']);
  await b.device.stop();
});
